#!/usr/bin/env bash
# Makes a Git repository of this example: `main` holds a healthy state, `pull-request` breaks one team's plugin.
#   make-history.sh DIRECTORY
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:?usage: make-history.sh DIRECTORY}

if [ -e "$directory" ] && [ -n "$(ls -A "$directory")" ]; then
  echo "make-history.sh: $directory is not empty" >&2
  exit 2
fi
mkdir -p "$directory"
cp -R "$here/repository/." "$directory"
cd "$directory"

export GIT_AUTHOR_NAME="Shop" GIT_AUTHOR_EMAIL="shop@example.com" GIT_AUTHOR_DATE="2026-11-02T09:00:00Z"
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL" GIT_COMMITTER_DATE="$GIT_AUTHOR_DATE"
git init --quiet --initial-branch main
git add --all
git commit --quiet --message "The shop, healthy"
git checkout --quiet -b pull-request
cp -R "$here/pull-request/." .
git add --all
git commit --quiet --message "checkout: allow 120 requests a minute; search: serve suggestions"
echo "$directory: main is healthy, pull-request (checked out) has one broken plugin"
