"""Sources that name a revision of this very repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_kong.cli.repository import open_repository
from gitops_kong.sources.base import Rendered
from gitops_kong.sources.ci import ci_target
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tree import FileTree
from tests.sources.build import names, service, tools, write
from tests.sources.test_argocd import URL, app
from tests.sources.test_flux import flux
from tests.sources.test_git import commit, git


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose app had another Service at v1 and has another on the branch `develop`."""
    for name in ("GITHUB_ACTIONS", "GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "remote", "add", "origin", URL)
    commit(tmp_path, {"m/s.yaml": service("old")})
    git(tmp_path, "tag", "v1")
    git(tmp_path, "checkout", "-qb", "develop")
    commit(tmp_path, {"m/s.yaml": service("develop")})
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path, {"m/s.yaml": service("main")})
    git(tmp_path, "checkout", "-qb", "change")
    return tmp_path


def deployed(root: Path, base: str | None = None) -> Rendered:
    opened = open_repository((str(root),), base)
    tree = opened.head.tree
    assert isinstance(tree, FileTree)
    (target,) = (each for each in discover(tree, opened.config) if each.source == "argocd")
    return render(target, tree, tools())


def application(root: Path, revision: str) -> Path:
    return write(root, {"apps/a.yaml": app("a", {"path": "m", "targetRevision": revision}), "m/s.yaml": service("new")})


@pytest.mark.parametrize("revision", ["", "HEAD", "main", "refs/heads/main", "change"])
def test_the_branch_that_is_merged_is_the_checkout(revision: str, repository: Path) -> None:
    result = deployed(application(repository, revision))
    assert names(result) == ["Service new"]
    assert result.assumptions == []


@pytest.mark.parametrize("revision", ["v1", "refs/tags/v1"])
def test_tags_are_read_from_git(revision: str, repository: Path) -> None:
    assert names(deployed(application(repository, revision))) == ["Service old"]


def test_commits_are_read_from_git(repository: Path) -> None:
    first = git(repository, "rev-parse", "v1")
    assert names(deployed(application(repository, first))) == ["Service old"]
    assert names(deployed(application(repository, first[:10]))) == ["Service old"]


def test_other_branches_are_taken_for_the_checkout_where_the_merged_one_is_not_known(repository: Path) -> None:
    result = deployed(application(repository, "develop"))
    assert names(result) == ["Service new"]
    (assumption,) = result.assumptions
    assert assumption.message.startswith("Application argocd/a takes revision develop: this checkout is taken for it")


def test_other_branches_are_read_from_git_where_the_merged_one_is_known(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(repository, "develop")
    assert names(deployed(repository, "main")) == ["Service develop"]
    assert names(deployed(repository, "develop")) == ["Service new"]
    monkeypatch.setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
    assert names(deployed(repository)) == ["Service develop"]


@pytest.mark.parametrize("revision", ["v9", "0123456789abcdef0123456789abcdef01234567", "refs/tags/no"])
def test_revisions_that_are_not_here_are_named(revision: str, repository: Path) -> None:
    result = deployed(application(repository, revision), "main")
    assert names(result) == []
    (absent,) = result.not_seen
    assert absent.what == f"m of {URL} at {revision}"
    assert absent.why == (
        f"Application argocd/a deploys it; this clone does not hold that revision; run `git fetch origin {revision}`"
    )


@pytest.mark.parametrize("revision", ["--upload-pack=touch", "v1^{/old}", "HEAD~1", "main:m", "@{-1}", "v1..main"])
def test_expressions_are_not_evaluated(revision: str, repository: Path) -> None:
    result = deployed(application(repository, revision), "main")
    assert (names(result), len(result.not_seen)) == ([], 1)


def test_values_of_another_revision(repository: Path) -> None:
    chart = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: '{{ .Values.name }}'}\n",
        "values/prod.yaml": "name: before\n",
    }
    commit(repository, chart)
    git(repository, "tag", "v2")
    sources = (
        {"path": "c", "targetRevision": "main", "helm": {"valueFiles": ["$v/values/prod.yaml"]}},
        {"ref": "v", "targetRevision": "v2"},
    )
    write(repository, {"apps/a.yaml": app("a", *sources), "values/prod.yaml": "name: now\n"})
    assert names(deployed(repository)) == ["Service before"]


def test_flux_reads_branches_and_tags_alike(repository: Path) -> None:
    source = {"kind": "GitRepository", "name": "r"}
    for reference, expected in (
        ({"tag": "v1"}, "old"),
        ({"branch": "main"}, "new"),
        ({"branch": "develop"}, "develop"),
    ):
        write(
            repository,
            {
                "f/k.yaml": flux("GitRepository", "r", {"url": URL, "ref": reference})
                + "---\n"
                + flux("Kustomization", "k", {"path": "m", "sourceRef": source}),
                "m/s.yaml": service("new"),
            },
        )
        opened = open_repository((str(repository),), "main")
        (target,) = (each for each in discover(opened.head.tree, opened.config) if each.source == "flux")
        assert f"Service {expected}" in names(render(target, opened.head.tree, tools())), reference


def test_ranges_of_versions_are_the_newest_tag_in_them(repository: Path) -> None:
    git(repository, "checkout", "-q", "main")
    for tag in ("v1.2.0", "v1.10.0", "v2.0.0-rc.1", "1.3", "other"):
        commit(repository, {"m/s.yaml": service(f"of-{tag.replace('.', '-')}")})
        git(repository, "tag", tag)
    git(repository, "checkout", "-q", "change")
    for revision, expected in (
        ("1.*", "of-v1-10-0"),
        ("~1.3.0", "of-1-3"),
        (">=1.0.0 <1.5", "of-1-3"),
        ("^2.0.0-0", "of-v2-0-0-rc-1"),
        ("*", "of-v1-10-0"),
        ("v1.2.0", "of-v1-2-0"),
    ):
        assert names(deployed(application(repository, revision), "main")) == [f"Service {expected}"], revision
    assert [each.what for each in deployed(application(repository, "^3"), "main").not_seen] == [f"m of {URL} at ^3"]
    flux_source = {"kind": "GitRepository", "name": "r"}
    for reference, expected in (
        ({"semver": "1.x", "tag": "other", "branch": "main"}, "Service of-v1-10-0"),
        ({"semver": "~1.3", "tag": "other"}, ""),  # two numbers are no version for Flux
        ({"name": "refs/tags/v1.2.0", "semver": "1.x"}, "Service of-v1-2-0"),
    ):
        found = flux("GitRepository", "r", {"url": URL, "ref": reference}) + "---\n"
        write(repository, {"f/k.yaml": found + flux("Kustomization", "k", {"path": "m", "sourceRef": flux_source})})
        opened = open_repository((str(repository),), "main")
        (target,) = (each for each in discover(opened.head.tree, opened.config) if each.source == "flux")
        result = render(target, opened.head.tree, tools())
        assert [name for name in names(result) if name.startswith("Service")] == ([expected] if expected else [])
        if not expected:
            (absent,) = result.not_seen
            assert "this clone has no tag in that range; run `git fetch --tags`" in absent.why
            assert absent.what == f"m of {URL} at ~1.3"


def test_a_branch_with_files_that_the_checkout_lacks_is_another_one(repository: Path) -> None:
    git(repository, "checkout", "-q", "develop")
    commit(repository, {"only/there.yaml": service("there")})
    git(repository, "checkout", "-q", "change")
    write(repository, {"apps/a.yaml": app("a", {"path": "only", "targetRevision": "develop"})})
    assert names(deployed(repository)) == ["Service there"]
    write(repository, {"apps/a.yaml": app("a", {"path": "only", "targetRevision": "gone"})})
    result = deployed(repository)
    assert (result.problems, [each.what for each in result.not_seen]) == ([], [f"only of {URL} at gone"])


def test_the_target_of_a_pull_request(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"merge_group": {"base_ref": "refs/heads/queue"}}')
    assert ci_target({"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main"}) == "main"
    assert ci_target({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}) == "queue"
    assert ci_target({"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}) == "main"
    assert ci_target({"CHANGE_TARGET": "main"}) == "main"
    assert ci_target({"CI_COMMIT_BRANCH": "feature"}) is None
