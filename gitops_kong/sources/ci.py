"""What a CI says of the change that it checks: the base, the branch that it goes into, how its clones get history.

Sources: the lists of predefined variables of GitHub Actions, GitLab CI/CD, Azure Pipelines, Bitbucket Pipelines,
Jenkins (multibranch pipelines and the Git plugin), pre-commit, Buildkite, Woodpecker and Cirrus CI.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

Kind = Literal["commit", "branch", "push", "merge"]

# the branch that a pull request is merged into
_TARGETS = (
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CI_COMMIT_TARGET_BRANCH",
    "CIRRUS_BASE_BRANCH",
)
# commits of the target branch; what a pull request is compared with is the merge base
_TIPS = ("BITBUCKET_PR_DESTINATION_COMMIT",)
# the target branch's commit that GitLab merged for this pipeline (merged results only), the merge base, the remote's
_COMMITS = ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "PRE_COMMIT_FROM_REF")
_PUSHES = ("CI_COMMIT_BEFORE_SHA", "GIT_PREVIOUS_SUCCESSFUL_COMMIT")

# where a CI's clone is told to have all history, by a variable that it always sets
_DEPTH = {
    "GITHUB_ACTIONS": "actions/checkout: `fetch-depth: 0`",
    "GITLAB_CI": "GitLab: `GIT_DEPTH: 0` in `variables`",
    "TF_BUILD": "Azure Pipelines: `fetchDepth: 0` of `checkout: self`",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines: `clone: {depth: full}`",
    "JENKINS_URL": "Jenkins: a checkout without `shallow` in its clone options",
}


class CiBase(NamedTuple):
    """What a change is compared with.

    A `commit` is taken as it is, with a `branch` the merge base; a `push` is the commit before it, which may be gone,
    and a `merge` a commit that the CI made of the target branch (its first parent) and the change.
    """

    kind: Kind
    revision: str


def ci_bases(environ: Mapping[str, str]) -> Iterator[CiBase]:
    """All that a CI says, the surest first."""
    event = _event(environ)
    if environ.get("GITHUB_ACTIONS"):
        if base := environ.get("GITHUB_BASE_REF"):
            yield CiBase("branch", base)
        queued = _mapping(event.get("merge_group")).get("base_sha")
        if isinstance(queued, str) and queued.strip("0"):
            yield CiBase("commit", queued)
    for name in _COMMITS:
        if environ.get(name, "").strip("0"):
            yield CiBase("commit", environ[name])
    for name in (*_TIPS, *_TARGETS):
        if environ.get(name):
            yield CiBase("branch", environ[name].removeprefix("refs/heads/"))
    # GitHub and Azure check out what the pull request's merge would be
    if any(environ.get(name, "").endswith("/merge") for name in ("GITHUB_REF", "BUILD_SOURCEBRANCH")):
        yield CiBase("merge", "HEAD^1")
    if ci_target(environ) is not None:
        return  # an event of a pull request tells what was pushed to it, too
    if (default := _feature_branch_of(environ, event)) is not None:
        yield CiBase("push", default)
    for commit in (event.get("before"), *(environ.get(name) for name in _PUSHES)):
        if isinstance(commit, str) and commit.strip("0"):
            yield CiBase("push", commit)


def ci_target(environ: Mapping[str, str]) -> str | None:
    """The branch that a pull request is merged into, where a CI says so; None for pushes and outside of a CI."""
    queue = _mapping(_event(environ).get("merge_group"))
    names = [environ.get("GITHUB_BASE_REF"), queue.get("base_ref")]
    names += [environ.get(name) for name in _TARGETS]
    return next((name.removeprefix("refs/heads/") for name in names if isinstance(name, str) and name), None)


def depth_hint(environ: Mapping[str, str]) -> str:
    """Where the CI is told to clone with all history; the two most used ones where it is not known."""
    known = [hint for name, hint in _DEPTH.items() if environ.get(name)]
    return known[0] if known else f"{_DEPTH['GITHUB_ACTIONS']}; {_DEPTH['GITLAB_CI']}"


def _feature_branch_of(environ: Mapping[str, str], event: Mapping[str, Any]) -> str | None:
    """The default branch, where what was pushed is another one: all of that branch is the change."""
    github = _mapping(event.get("repository")).get("default_branch") if environ.get("GITHUB_REF_TYPE") != "tag" else ""
    for default, branch in (
        (environ.get("CI_DEFAULT_BRANCH"), environ.get("CI_COMMIT_BRANCH")),
        (github, environ.get("GITHUB_REF_NAME")),
    ):
        if isinstance(default, str) and default and branch and branch != default:
            return f"refs/remotes/origin/{default}"
    return None


def _event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The event that started a workflow of GitHub Actions."""
    path = environ.get("GITHUB_EVENT_PATH", "") if environ.get("GITHUB_ACTIONS") else ""
    try:
        return _mapping(json.loads(Path(path).read_text(encoding="utf-8")) if path else {})
    except (OSError, ValueError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
