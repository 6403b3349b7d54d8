from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_kong.errors import UserError
from gitops_kong.sources.base import Target
from gitops_kong.sources.git import (
    Repository,
    base_revision,
    changed_files,
    open_repository,
    resolve,
    revision_tree,
    staged_tree,
    work_tree,
)
from tests.sources.build import service, write


def git(directory: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    command = ["git", *settings, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout.strip()


def commit(directory: Path, files: dict[str, str], message: str = "change") -> str:
    write(directory, files)
    git(directory, "add", "-A")
    git(directory, "commit", "-qm", message)
    return git(directory, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    directory = tmp_path / "origin"
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main")
    commit(directory, {"a.yaml": service("a"), "b/b.yaml": service("b")})
    return directory


def opened(directory: Path) -> Repository:
    repository = open_repository(directory)
    assert repository is not None
    return repository


def clone(origin: Path, name: str = "clone", *arguments: str) -> Path:
    git(origin.parent, "clone", "-q", *arguments, f"file://{origin}", name)
    return origin.parent / name


def branch(directory: Path) -> tuple[str, str]:
    """A branch off the first commit, with main gone on; the merge base and the branch's head."""
    base = git(directory, "rev-parse", "HEAD")
    git(directory, "checkout", "-qb", "feature")
    head = commit(directory, {"a.yaml": service("a2")})
    return base, head


def test_no_repository(tmp_path: Path) -> None:
    assert open_repository(tmp_path) is None


def test_a_revision_is_read_without_a_checkout(origin: Path) -> None:
    base, _ = branch(origin)
    write(origin, {"b/b.yaml": service("uncommitted"), "new.yaml": service("new")})
    repository = opened(origin / "b")
    assert repository.root == origin
    work = work_tree(repository)
    before = revision_tree(repository, base, work)
    assert list(before.files) == ["a.yaml", "b/b.yaml"]
    assert before.read("a.yaml").decode() == service("a")
    assert before.read("b/b.yaml").decode() == service("b")
    assert work.read("a.yaml").decode() == service("a2")
    assert changed_files(repository, base) == ["a.yaml", "b/b.yaml", "new.yaml"]
    assert git(origin, "status", "--porcelain") == "M b/b.yaml\n?? new.yaml"


def test_unchanged_files_are_parsed_once(origin: Path) -> None:
    repository = opened(origin)
    work = work_tree(repository)
    before = revision_tree(repository, "HEAD", work)
    assert before.objects("a.yaml")[0] is work.objects("a.yaml")[0]


def test_staged_content(origin: Path) -> None:
    write(origin, {"a.yaml": service("staged")})
    git(origin, "add", "a.yaml")
    write(origin, {"a.yaml": service("later"), "untracked.yaml": service("u")})
    repository = opened(origin)
    staged = staged_tree(repository, work_tree(repository))
    assert staged.read("a.yaml").decode() == service("staged")
    assert "untracked.yaml" not in staged.files
    assert changed_files(repository, "HEAD", staged=True) == ["a.yaml"]


def test_links_of_a_revision_stay_inside(origin: Path) -> None:
    (origin / "in.yaml").symlink_to("b/b.yaml")
    (origin / "out.yaml").symlink_to("/etc/passwd")
    commit(origin, {})
    tree = revision_tree(opened(origin), "HEAD")
    assert tree.read("in.yaml").decode() == service("b")
    with pytest.raises(UserError, match=r"out\.yaml: a symbolic link out of the repository"):
        tree.read("out.yaml")


def test_the_base_is_the_merge_base_with_the_upstream(origin: Path) -> None:
    directory = clone(origin)
    base, _ = branch(directory)
    commit(origin, {"c.yaml": service("c")})
    git(directory, "fetch", "-q")
    assert base_revision(opened(directory), {}) == base
    assert base_revision(opened(directory), {}, "HEAD~0") == git(directory, "rev-parse", "HEAD")


CI = {
    "github": {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main"},
    "gitlab": {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
    "azure": {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"},
    "bitbucket": {"BITBUCKET_PR_DESTINATION_BRANCH": "main"},
    "jenkins": {"CHANGE_TARGET": "main"},
}


@pytest.mark.parametrize("name", CI)
def test_the_base_of_pull_requests(origin: Path, name: str) -> None:
    directory = clone(origin)
    base, _ = branch(directory)
    commit(origin, {"c.yaml": service("c")})
    git(directory, "fetch", "-q")
    git(directory, "checkout", "-q", "--detach")
    assert base_revision(opened(directory), CI[name]) == base


def test_the_base_of_pushes(origin: Path, tmp_path: Path) -> None:
    base, head = branch(origin)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"before": base}))
    repository = opened(origin)
    assert base_revision(repository, {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}) == base
    event.write_text(json.dumps({"merge_group": {"base_sha": base}}))
    assert base_revision(repository, {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}) == base
    assert base_revision(repository, {"CI_COMMIT_BEFORE_SHA": base}) == base
    assert base_revision(repository, {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base}) == base
    assert base_revision(repository, {"GIT_PREVIOUS_SUCCESSFUL_COMMIT": base}) == base
    assert base_revision(repository, {"CI_COMMIT_BEFORE_SHA": "0" * 40}, "HEAD") == head


def test_a_shallow_clone_says_what_to_run(origin: Path) -> None:
    first = git(origin, "rev-parse", "HEAD")
    commit(origin, {"c.yaml": service("c")})
    directory = clone(origin, "shallow", "--depth", "1")
    with pytest.raises(UserError, match=r"shallow clone does not have it; run `git fetch --unshallow`"):
        resolve(opened(directory), first)
    git(directory, "checkout", "-qb", "feature")
    with pytest.raises(UserError, match=r"base other: the target branch is not in this clone; run `git fetch"):
        base_revision(opened(directory), {"CHANGE_TARGET": "other"})


def test_unknown_revisions(origin: Path) -> None:
    for name in ("nowhere", "--output=x", "origin/gone"):
        with pytest.raises(UserError, match=r"no (?:such )?revision"):
            resolve(opened(origin), name)


def test_submodules_say_what_to_run(origin: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    commit(other, {"x.yaml": service("x")})
    git(origin, "submodule", "add", "-q", f"file://{other}", "vendor")
    commit(origin, {})
    repository = opened(origin)
    assert "vendor/x.yaml" in work_tree(repository).files
    with pytest.raises(UserError, match=r"in the submodule vendor.*git submodule update --init"):
        revision_tree(repository, "HEAD").read("vendor/x.yaml")
    directory = clone(origin)
    with pytest.raises(UserError, match=r"in the submodule vendor.*git submodule update --init"):
        work_tree(opened(directory)).read("vendor/x.yaml")


def test_sparse_checkouts_say_what_to_run(origin: Path) -> None:
    directory = clone(origin)
    commit(directory, {"c/c.yaml": service("c")})
    git(directory, "sparse-checkout", "set", "c")
    tree = work_tree(opened(directory))
    assert "b/b.yaml" not in tree.files
    with pytest.raises(UserError, match=r"outside of the sparse checkout; run `git sparse-checkout add b`"):
        tree.read("b/b.yaml")
    assert revision_tree(opened(directory), "HEAD", tree).read("b/b.yaml").decode() == service("b")


def test_worktrees(origin: Path, tmp_path: Path) -> None:
    git(origin, "worktree", "add", "-q", str(tmp_path / "wt"), "-b", "wt")
    repository = opened(tmp_path / "wt")
    assert repository.root == tmp_path / "wt"
    assert list(revision_tree(repository, "main", work_tree(repository)).files) == ["a.yaml", "b/b.yaml"]


def test_lfs_pointers_of_a_revision(origin: Path) -> None:
    commit(origin, {"big.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"})
    with pytest.raises(UserError, match=r"big\.yaml: a Git LFS pointer"):
        revision_tree(opened(origin), "HEAD").read("big.yaml")


def test_odd_names(origin: Path) -> None:
    name = 'ü "quoted"\tname.yaml'
    commit(origin, {name: service("odd")})
    tree = revision_tree(opened(origin), "HEAD")
    assert tree.read(name).decode() == service("odd")


def test_only_reached_targets_are_rendered_twice() -> None:
    target = Target("x", "kustomize", "overlays/x", ("overlays/x", "base/a.yaml"))
    assert target.reached_by(["overlays/x/new.yaml"])
    assert target.reached_by(["base/a.yaml"])
    assert not target.reached_by(["base/b.yaml", "overlays/xy/a.yaml"])
    assert Target("all", "files", ".", ()).reached_by(["anything"])


def test_a_bare_repository_within_the_files_is_not_opened(origin: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    commit(inner, {"s.yaml": service("s")})
    place = origin / "platform"
    shutil.copytree(inner / ".git", place)
    program, mark = place / "program.sh", tmp_path / "ran"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    (place / "config").write_text(f"[core]\nbare = false\nworktree = {place}\nfsmonitor = {program}\n")
    commit(origin, {"platform/s.yaml": service("s")})
    repository = opened(place)
    assert repository.root == origin
    assert changed_files(repository, "HEAD") == []
    shutil.rmtree(origin / ".git")
    assert open_repository(place) is None
    assert not mark.exists()


def test_a_path_with_a_dollar_is_no_variable(tmp_path: Path) -> None:
    directory = tmp_path / "$HOME"
    directory.mkdir()
    git(directory, "init", "-q")
    assert opened(directory).root == directory
