from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_kong.errors import UserError
from gitops_kong.sources.base import Target
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
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
from gitops_kong.sources.render import render
from tests.sources.build import service, tools, write


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


def test_a_branch_that_was_pushed_goes_into_the_default_branch(origin: Path) -> None:
    directory = clone(origin)
    base, _ = branch(directory)
    git(directory, "push", "-q", "-u", "origin", "feature")
    commit(origin, {"c.yaml": service("c")})
    git(directory, "fetch", "-q")
    assert base_revision(opened(directory), {}) == base
    git(directory, "checkout", "-q", "main")
    later = commit(directory, {"d.yaml": service("d")})
    assert base_revision(opened(directory), {}) == base
    git(directory, "checkout", "-qb", "local", "--track", "main")
    assert base_revision(opened(directory), {}) == later


def test_a_branch_that_only_the_remote_has(origin: Path) -> None:
    git(origin, "checkout", "-qb", "other")
    head = commit(origin, {"o.yaml": service("o")})
    git(origin, "checkout", "-q", "main")
    assert resolve(opened(clone(origin)), "other") == head


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


def test_the_first_parent_of_a_merge_that_the_ci_made(origin: Path) -> None:
    branch(origin)
    git(origin, "checkout", "-q", "main")
    base = commit(origin, {"c.yaml": service("c")})
    git(origin, "merge", "-q", "--no-edit", "feature")
    directory = clone(origin, "merged", "--depth", "2")
    git(directory, "checkout", "-q", "--detach")
    git(directory, "branch", "-rd", "origin/main")
    for environ in (
        {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "target", "GITHUB_REF": "refs/pull/1/merge"},
        {"SYSTEM_PULLREQUEST_TARGETBRANCH": "target", "BUILD_SOURCEBRANCH": "refs/pull/1/merge"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": base, "CI_MERGE_REQUEST_DIFF_BASE_SHA": "f" * 40},
    ):
        assert base_revision(opened(directory), environ) == base


def test_pushes_to_another_branch_are_compared_with_the_default_branch(origin: Path, tmp_path: Path) -> None:
    directory = clone(origin)
    base, _ = branch(directory)
    earlier = git(directory, "rev-parse", "HEAD")
    commit(directory, {"a.yaml": service("a3")})
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"before": earlier, "repository": {"default_branch": "main"}}))
    github = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}
    gitlab = {"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": earlier}
    repository = opened(directory)
    assert base_revision(repository, {**github, "GITHUB_REF_NAME": "feature"}) == base
    assert base_revision(repository, {**gitlab, "CI_COMMIT_BRANCH": "feature"}) == base
    assert base_revision(repository, {**github, "GITHUB_REF_NAME": "main"}) == earlier
    assert base_revision(repository, {**gitlab, "CI_COMMIT_BRANCH": "main"}) == earlier
    assert base_revision(repository, {"CI_COMMIT_BEFORE_SHA": "e" * 40}) == base  # rewritten: what was there is gone


def test_what_was_pushed_to_a_pull_request_is_not_its_base(origin: Path, tmp_path: Path) -> None:
    base, head = branch(origin)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"before": head}))
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event), "GITHUB_BASE_REF": "gone"}
    with pytest.raises(UserError, match=r"base gone: the target branch is not in this clone"):
        base_revision(opened(origin), environ)
    assert base_revision(opened(origin), {**environ, "GITHUB_BASE_REF": "main"}) == base


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


DEPTH = {
    "GITHUB_ACTIONS": "actions/checkout: `fetch-depth: 0`",
    "GITLAB_CI": "GitLab: `GIT_DEPTH: 0` in `variables`",
    "TF_BUILD": "Azure Pipelines: `fetchDepth: 0` of `checkout: self`",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines: `clone: {depth: full}`",
    "JENKINS_URL": "Jenkins: a checkout without `shallow` in its clone options",
    "": "actions/checkout: `fetch-depth: 0`; GitLab: `GIT_DEPTH: 0` in `variables`",
}


@pytest.mark.parametrize("ci", DEPTH)
def test_a_shallow_clone_says_what_to_run(origin: Path, ci: str) -> None:
    first = git(origin, "rev-parse", "HEAD")
    commit(origin, {"c.yaml": service("c")})
    directory = clone(origin, "shallow", "--depth", "1")
    repository = open_repository(directory, {ci: "1"} if ci else {})
    assert repository is not None
    with pytest.raises(UserError) as caught:
        resolve(repository, first)
    assert str(caught.value) == (
        f"base {first}: this shallow clone does not have it; run `git fetch --unshallow` ({DEPTH[ci]})"
    )
    git(directory, "checkout", "-qb", "feature")
    with pytest.raises(UserError) as caught:
        base_revision(repository, {"CHANGE_TARGET": "other"})
    assert str(caught.value) == (
        "base other: the target branch is not in this clone; run `git fetch --unshallow origin "
        f"+refs/heads/other:refs/remotes/origin/other` ({DEPTH[ci]})"
    )


def test_what_a_clone_says_to_run_helps(origin: Path) -> None:
    base, _ = branch(origin)
    git(origin, "checkout", "-q", "main")
    commit(origin, {"c.yaml": service("c")})
    for depth in (["--depth", "1"], ["--single-branch"]):
        directory = clone(origin, f"clone{len(depth)}", *depth, "--branch", "feature")
        with pytest.raises(UserError) as caught:
            base_revision(opened(directory), {"CHANGE_TARGET": "main"})
        run = str(caught.value).split("`")[1]
        subprocess.run(run.split(), cwd=directory, check=True, capture_output=True)
        assert base_revision(opened(directory), {"CHANGE_TARGET": "main"}) == base


def test_a_partial_clone_gets_what_it_needs(origin: Path) -> None:
    first = git(origin, "rev-parse", "HEAD")
    commit(origin, {"a.yaml": service("a2")})
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    directory = clone(origin, "partial", "--filter=blob:none")
    assert revision_tree(opened(directory), first).read("a.yaml").decode() == service("a")


def test_unknown_revisions(origin: Path) -> None:
    for name in ("nowhere", "--output=x", "origin/gone"):
        with pytest.raises(UserError, match=r"no (?:such )?revision"):
            resolve(opened(origin), name)


@pytest.fixture
def with_submodule(origin: Path, tmp_path: Path) -> Path:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    commit(other, {"x.yaml": service("x"), "y.yaml": service("y")})
    git(origin, "submodule", "add", "-q", f"file://{other}", "vendor")
    commit(origin, {})
    return origin


def test_files_of_submodules_are_those_of_each_state(with_submodule: Path) -> None:
    first = git(with_submodule, "rev-parse", "HEAD")
    inner = with_submodule / "vendor"
    commit(inner, {"x.yaml": service("x2"), "new.yaml": service("new")})
    write(inner, {"untracked.yaml": service("u")})
    repository = opened(with_submodule)
    work = work_tree(repository)
    before = revision_tree(repository, first, work)
    assert work.read("vendor/x.yaml").decode() == service("x2")
    assert before.read("vendor/x.yaml").decode() == service("x")
    assert before.objects("vendor/y.yaml")[0] is work.objects("vendor/y.yaml")[0]
    assert "vendor/new.yaml" not in before.files
    assert changed_files(repository, first) == ["vendor/new.yaml", "vendor/untracked.yaml", "vendor/x.yaml"]
    git(with_submodule, "add", "vendor")
    repository = opened(with_submodule)
    assert changed_files(repository, first, staged=True) == ["vendor/new.yaml", "vendor/x.yaml"]
    assert staged_tree(repository, work).read("vendor/x.yaml").decode() == service("x2")
    commit(with_submodule, {".gitmodules": (with_submodule / ".gitmodules").read_text() + "\tignore = all\n"})
    assert "vendor/x.yaml" in changed_files(opened(with_submodule), first)


def test_submodules_that_come_and_go(with_submodule: Path) -> None:
    without, there = git(with_submodule, "rev-parse", "HEAD~1"), git(with_submodule, "rev-parse", "HEAD")
    assert changed_files(opened(with_submodule), without) == [".gitmodules", "vendor/x.yaml", "vendor/y.yaml"]
    git(with_submodule, "rm", "-q", "vendor")
    repository = opened(with_submodule)
    assert changed_files(repository, there) == [".gitmodules", "vendor"]
    with pytest.raises(UserError, match=r"in the submodule vendor, which is not checked out"):
        revision_tree(repository, there).read("vendor/x.yaml")


def test_submodules_say_what_to_run(with_submodule: Path) -> None:
    directory = clone(with_submodule)
    say = r"in the submodule vendor, which is not checked out; run `git submodule update --init`"
    for tree in (work_tree(opened(directory)), revision_tree(opened(directory), "HEAD")):
        with pytest.raises(UserError, match=say):
            tree.read("vendor/x.yaml")
        (target,) = discover(tree, Config())
        assert [each.what for each in render(target, tree).not_seen] == ["what lies in the submodule vendor"]
    write(directory, {"k/kustomization.yaml": "resources: [../vendor/x.yaml]\n"})
    tree = work_tree(opened(directory))
    problems = render(Target("k", "kustomize", "k"), tree, tools()).problems
    assert [each.message for each in problems] == [
        f"k/kustomization.yaml: ../vendor/x.yaml lies {say.replace(chr(92), '')}"
    ]
    git(directory, "-c", "protocol.file.allow=always", "submodule", "update", "--init", "-q")
    commit(with_submodule / "vendor", {"x.yaml": service("later")})
    commit(with_submodule, {})
    git(directory, "fetch", "-q", "--no-recurse-submodules")
    with pytest.raises(UserError, match=r"vendor, which lacks this commit; run `git -C vendor fetch`"):
        revision_tree(opened(directory), "origin/main").read("vendor/x.yaml")


@pytest.mark.parametrize("cone", [["c"], ["--no-cone", "/a.yaml", "/c"]])
def test_sparse_checkouts_say_what_to_run(origin: Path, cone: list[str]) -> None:
    directory = clone(origin)
    commit(directory, {"c/c.yaml": service("c")})
    git(directory, "sparse-checkout", "set", *cone)
    tree = work_tree(opened(directory))
    states = (tree, revision_tree(opened(directory), "HEAD", tree), staged_tree(opened(directory), tree))
    for state in states:  # what is left out of one is no difference to the others
        assert "b/b.yaml" not in state.files
        assert state.read("c/c.yaml").decode() == service("c")
        with pytest.raises(UserError, match=r"outside of the sparse checkout; run `git sparse-checkout add b`"):
            state.read("b/b.yaml")
    git(directory, "sparse-checkout", "disable")
    assert revision_tree(opened(directory), "HEAD", tree).read("b/b.yaml").decode() == service("b")


def test_worktrees(origin: Path, tmp_path: Path) -> None:
    git(origin, "worktree", "add", "-q", str(tmp_path / "wt"), "-b", "wt")
    repository = opened(tmp_path / "wt")
    assert repository.root == tmp_path / "wt"
    assert list(revision_tree(repository, "main", work_tree(repository)).files) == ["a.yaml", "b/b.yaml"]


def test_lfs_pointers(origin: Path) -> None:
    text = service("large")
    digest = hashlib.sha256(text.encode()).hexdigest()
    first = commit(origin, {"big.yaml": f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 1\n"})
    with pytest.raises(UserError, match=rf"big\.yaml: a Git LFS pointer.*`git lfs fetch origin {first[:12]}`"):
        revision_tree(opened(origin), "HEAD").read("big.yaml")
    with pytest.raises(UserError, match=r"big\.yaml: a Git LFS pointer.*`git lfs pull`"):
        work_tree(opened(origin)).read("big.yaml")
    place = f".git/lfs/objects/{digest[:2]}/{digest[2:4]}/{digest}"
    write(origin, {place: "not what the pointer says"})
    with pytest.raises(UserError, match=r"big\.yaml: a Git LFS pointer"):
        work_tree(opened(origin)).read("big.yaml")
    write(origin, {place: text})
    for tree in (work_tree(opened(origin)), revision_tree(opened(origin), "HEAD"), staged_tree(opened(origin))):
        assert tree.read("big.yaml").decode() == text


ODD = ['ü "quoted"\tname.yaml', "a b.yaml", "new\nline.yaml", "-dash.yaml", ":(glob)x.yaml", "bad\udcff.yaml"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names(origin: Path, name: str) -> None:
    commit(origin, {name: service("odd")})
    (origin / name).write_text(service("later"))
    repository = opened(origin)
    work = work_tree(repository)
    tree = revision_tree(repository, "HEAD", work)
    assert work.read(name).decode() == service("later")
    assert tree.read(name).decode() == service("odd")
    assert changed_files(repository, "HEAD") == [name]


def test_a_file_whose_name_changes_only_in_case(origin: Path) -> None:
    git(origin, "mv", "a.yaml", "A.yaml")
    repository = opened(origin)
    assert changed_files(repository, "HEAD") == ["A.yaml", "a.yaml"]
    assert revision_tree(repository, "HEAD", work_tree(repository)).read("a.yaml").decode() == service("a")


def test_no_program_of_the_settings_is_run(origin: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = f"touch {ran}; cat"
    for name, value in {
        "filter.evil.clean": program, "filter.evil.smudge": program, "filter.evil.process": program,
        "filter.evil.required": "true", "diff.evil.textconv": program, "diff.evil.command": program,
        "diff.external": program, "core.pager": program,
    }.items():  # fmt: skip
        git(origin, "config", name, value)
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {ran}\n")
    monitor.chmod(0o755)
    git(origin, "config", "core.fsmonitor", str(monitor))
    write(origin, {".gitattributes": "*.yaml filter=evil diff=evil text eol=crlf\n", "a.yaml": service("later")})
    os.utime(origin / "b/b.yaml", (1, 1))
    repository = opened(origin)
    work = work_tree(repository)
    assert changed_files(repository, "HEAD") == [".gitattributes", "a.yaml"]
    assert revision_tree(repository, "HEAD", work).read("a.yaml").decode() == service("a")
    assert staged_tree(repository, work).read("a.yaml").decode() == service("a")
    assert not ran.exists()


def test_files_that_git_crypt_encrypts_are_not_known(origin: Path) -> None:
    (origin / "s.yaml").write_bytes(b"\0GITCRYPT\0" + bytes(40))
    commit(origin, {})
    with pytest.raises(UserError, match=r"s\.yaml: encrypted with git-crypt"):
        revision_tree(opened(origin), "HEAD").read("s.yaml")


def test_a_repository_of_somebody_else(origin: Path) -> None:
    if os.getuid():
        pytest.skip("only root can give files away")
    for path in (origin, origin / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(UserError, match=rf"belongs to another user; run `git config .* safe\.directory {origin}`"):
        open_repository(origin)


def test_what_is_committed_with_a_temporary_index(origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(origin / ".git/index", origin / ".git/next.lock")
    monkeypatch.setenv("GIT_INDEX_FILE", str(origin / ".git/next.lock"))  # as hooks of `git commit -a` see it
    write(origin, {"a.yaml": service("all")})
    git(origin, "add", "-u")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert changed_files(opened(origin), "HEAD", staged=True) == []
    monkeypatch.setenv("GIT_INDEX_FILE", str(origin / ".git/next.lock"))
    repository = opened(origin)
    assert changed_files(repository, "HEAD", staged=True) == ["a.yaml"]
    assert staged_tree(repository, work_tree(repository)).read("a.yaml").decode() == service("all")


def test_a_merge_in_progress(origin: Path) -> None:
    branch(origin)
    git(origin, "checkout", "-q", "main")
    commit(origin, {"a.yaml": service("main")})
    with pytest.raises(subprocess.CalledProcessError):
        git(origin, "merge", "feature")
    repository = opened(origin)
    work = work_tree(repository)
    with pytest.raises(UserError, match=r"a\.yaml:\d+:1: not YAML: a merge conflict that is not resolved"):
        work.objects("a.yaml")
    assert staged_tree(repository, work).read("a.yaml").decode() == service("main")


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
