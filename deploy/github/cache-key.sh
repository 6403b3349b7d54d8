#!/usr/bin/env bash
# The step of action.yml that names the cache: what is downloaded depends on the lock file, the system and Python.
# A poisoned cache does no harm: pip holds every file against the hashes of the lock file.
set -euo pipefail
lock=$(sha256sum "$GITHUB_ACTION_PATH/requirements.lock" | cut -d' ' -f1)
python=$(python3 -c 'import sys; print(".".join(map(str, sys.version_info[:2])))')
echo "key=gitops-kong-pip-$RUNNER_OS-$RUNNER_ARCH-$python-$lock" >> "$GITHUB_OUTPUT"
