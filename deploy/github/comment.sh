#!/usr/bin/env bash
# The step of action.yml that comments. The step before it has written the summary, so there is nothing to fall back to.
set -euo pipefail
report=$RUNNER_TEMP/gitops-kong.md
[ -f "$report" ] || {
  echo "gitops-kong: no report, so no comment" >&2
  exit 0
}
env -u GITHUB_STEP_SUMMARY gitops-kong comment --github "$report"
