# shellcheck shell=bash
# Sourced by .ci/environment.sh: gets etcd and kube-apiserver for the live tests.
# `live_tools` builds kube-apiserver once from its released Go modules (about six minutes on two cores) into the cache folder, and
# installs etcd from the distribution's packages where there is none.

kube_apiserver_version=v1.33.4
live_cache=${XDG_CACHE_HOME:-$HOME/.cache}/gitops-kong/tools/kube-apiserver-$kube_apiserver_version

kube_apiserver() {
  local source=tests/live/kube-apiserver build go
  [ ! -x "$live_cache/kube-apiserver" ] || return 0
  go_toolchain
  say "building kube-apiserver $kube_apiserver_version (once, into the cache folder; about six minutes on two cores)"
  mkdir -p "$live_cache"
  build=$(mktemp "$live_cache/building.XXXXXX")
  # GOTOOLCHAIN=local: no other toolchain is fetched behind our back. -mod=readonly: exactly what go.sum pins.
  (cd "$source" && GOTOOLCHAIN=local GOFLAGS="-mod=readonly -buildvcs=false" CGO_ENABLED=0 nice -n 10 "$go" build -trimpath \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$kube_apiserver_version \
      -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=33" \
    -o "$build" .) || {
    rm -f "$build"
    say "kube-apiserver could not be built; without it the live tests are left out"
    return 1
  }
  chmod 755 "$build"
  mv "$build" "$live_cache/kube-apiserver"
}

etcd_server() {
  ! command -v etcd >/dev/null || return 0
  [ ! -x "$live_cache/etcd" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing etcd-server from the distribution's packages"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends etcd-server >/dev/null && return 0
  fi
  say "etcd is missing: install it (Debian, Ubuntu: apt-get install etcd-server); without it the live tests are left out"
  return 1
}

live_tools() {
  etcd_server && kube_apiserver
}
