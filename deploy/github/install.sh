#!/usr/bin/env bash
# The step of action.yml that installs: gitops-kong in a virtual environment of its own, from the action's checkout and lock file.
set -euo pipefail
export PIP_CACHE_DIR=$RUNNER_TEMP/gitops-kong-pip
environment=$RUNNER_TEMP/gitops-kong
python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
  -r "$GITHUB_ACTION_PATH/requirements.lock"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$GITHUB_ACTION_PATH"
echo "$environment/bin" >> "$GITHUB_PATH"
