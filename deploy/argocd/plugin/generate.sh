#!/bin/sh
# Prints the manifests of an Application whose change the cluster can take; runs in the Application's directory.
#   from Argo CD: ARGOCD_APP_NAME, ARGOCD_APP_NAMESPACE, KUBE_VERSION, KUBE_API_VERSIONS, PARAM_…
#   of the sidecar: GITOPS_KONG_ARGS       flags of `gitops-kong check`
#                   GITOPS_KONG_ENFORCE    true (default), or false: findings are told in the log alone
#                   GITOPS_KONG_FAIL_OPEN  false (default), or true: what cannot be checked goes on
#                   GITOPS_KONG_SNAPSHOT   a file of `gitops-kong snapshot`; without one the cluster is asked, at most
#                   GITOPS_KONG_SECONDS    every 60 seconds
set -eu
umask 077
say() { printf 'gitops-kong: %s\n' "$*" >&2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
manifests=$work/manifests
mkdir "$manifests"

chart() {
  set -- --namespace "$ARGOCD_APP_NAMESPACE" --include-crds
  [ -z "${KUBE_VERSION:-}" ] || set -- "$@" --kube-version "$KUBE_VERSION"
  for version in $(printf '%s' "${KUBE_API_VERSIONS:-}" | tr ',' ' '); do set -- "$@" --api-versions "$version"; done
  number=0
  while file=$(printenv "PARAM_VALUES_FILES_$number"); do
    case $file in
      /* | *..*) say "$file: values files lie in the chart" && exit 2 ;;
    esac
    set -- "$@" --values "./$file"
    number=$((number + 1))
  done
  helm template "${PARAM_RELEASE_NAME:-$ARGOCD_APP_NAME}" . "$@"
}

plain() {
  for file in ./*.yaml ./*.yml ./*.json; do
    [ -f "$file" ] || continue
    printf -- '---\n'
    cat "$file"
    printf '\n'
  done
}

if [ -f Chart.yaml ]; then
  chart
elif [ -f kustomization.yaml ] || [ -f kustomization.yml ] || [ -f Kustomization ]; then
  kustomize build .
else
  plain
fi > "$manifests/manifests.yaml"

case $ARGOCD_APP_NAME$ARGOCD_APP_NAMESPACE in
  *[!a-z0-9.-]*) say "no name of an Application or a namespace" && exit 2 ;;
esac
# the same manifests as a target, with the namespace that Argo CD gives to objects without one
cat > "$work/application.yaml" << END
{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "$ARGOCD_APP_NAME", "namespace": "argocd"},
 "spec": {"source": {"repoURL": "https://rendered.invalid/manifests", "path": "manifests"},
          "destination": {"server": "https://kubernetes.default.svc", "namespace": "$ARGOCD_APP_NAMESPACE"}}}
END
cat > "$work/.gitops-kong.yaml" << END
{"targets": [{"name": "$ARGOCD_APP_NAME", "path": "application.yaml", "source": "argocd"}]}
END

snapshot=${GITOPS_KONG_SNAPSHOT:-}
if [ -z "$snapshot" ]; then
  snapshot=${TMPDIR:-/tmp}/gitops-kong-cluster.json
  age=$(($(date +%s) - $(stat -c %Y "$snapshot" 2> /dev/null || echo 0)))
  [ "$age" -le "${GITOPS_KONG_SECONDS:-60}" ] || gitops-kong snapshot --quiet --timeout 20 --output "$snapshot" || {
    [ "${GITOPS_KONG_FAIL_OPEN:-false}" = true ] || exit 2
    say "the cluster could not be read; $ARGOCD_APP_NAME goes on unchecked"
    cat "$manifests/manifests.yaml"
    exit
  }
fi

status=0
# shellcheck disable=SC2086 # flags, separated by spaces
gitops-kong check "$work" --base "$snapshot" --repo "https://rendered.invalid/manifests=$work" ${GITOPS_KONG_ARGS:-} >&2 ||
  status=$?
case $status in
  0) ;;
  1) [ "${GITOPS_KONG_ENFORCE:-true}" != true ] || exit 1 ;;
  *) [ "${GITOPS_KONG_FAIL_OPEN:-false}" = true ] || exit 2 ;;
esac
cat "$manifests/manifests.yaml"
