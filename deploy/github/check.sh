#!/usr/bin/env bash
# The step of action.yml that checks: annotations on stdout, the step summary, and the outputs `result`, `errors`, `report`.
# Inputs come through the environment (INPUT_…), never through the text of a script.
set -euo pipefail

report=$RUNNER_TEMP/gitops-kong.json
summary=$RUNNER_TEMP/gitops-kong.md
arguments=(check --format github --fail-on "${INPUT_FAIL_ON:-error}")
arguments+=(--report "json=$report" --report "markdown=$summary")
[ -z "${INPUT_BASE:-}" ] || arguments+=(--base "$INPUT_BASE")
[ -z "${INPUT_CONTROLLER_VERSION:-}" ] || arguments+=(--controller-version "$INPUT_CONTROLLER_VERSION")
[ -z "${INPUT_GATEWAY_VERSION:-}" ] || arguments+=(--gateway-version "$INPUT_GATEWAY_VERSION")
[ -z "${INPUT_SARIF:-}" ] || arguments+=(--report "sarif=$INPUT_SARIF")
[ -z "${INPUT_HTML:-}" ] || arguments+=(--report "html=$INPUT_HTML")
while IFS= read -r gate; do
  [ -z "$gate" ] || arguments+=(--feature-gate "$gate")
done <<< "${INPUT_FEATURE_GATES:-}"
while IFS= read -r target; do
  [ -z "$target" ] || arguments+=(--target "$target")
done <<< "${INPUT_TARGET:-}"

rm -f "$report" "$summary"
status=0
gitops-kong "${arguments[@]}" -- "$INPUT_PATH" || status=$?

[ ! -f "$summary" ] || cat "$summary" >> "$GITHUB_STEP_SUMMARY"
case $status in
  0) result=passed ;;
  1) result=failed ;;
  *) result=error ;;
esac
errors=""
[ ! -f "$report" ] || errors=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["summary"]["errors"])' "$report")
{
  echo "result=$result"
  echo "errors=$errors"
  echo "report=$report"
} >> "$GITHUB_OUTPUT"
exit "$status"
