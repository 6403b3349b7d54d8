"""Git: the state of a repository before a change, without touching the work tree.

Everything goes through GitPython. Blobs come from one `git cat-file --batch`; files that are the same on disk are read
from there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_kong.errors import RenderError, UserError
from gitops_kong.manifests.yaml import MAX_BYTES
from gitops_kong.sources.tree import FileTree, ObjectCache, WorkTree

if TYPE_CHECKING:
    import git

_ZERO = "0" * 40
_LINK, _SUBMODULE = "120000", "160000"
# variables of GitLab, Azure, Bitbucket and Jenkins with the branch that a pull request is merged into
_TARGETS = (
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
)
_one_at_a_time = threading.Lock()  # questions to `git cat-file`
DEEPEN = "run `git fetch --unshallow` (actions/checkout: `fetch-depth: 0`; GitLab: `GIT_DEPTH: 0`)"


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository with a work tree at `root`."""

    root: Path
    repo: git.Repo

    @property
    def shallow(self) -> bool:
        """Whether history was cut off."""
        return (Path(self.repo.common_dir) / "shallow").exists()


def open_repository(start: Path) -> Repository | None:
    """The repository that `start` lies in (a clone, a worktree, a submodule), None where there is none.

    Only what has a `.git` counts: files of a bare repository, which a commit can hold, would bring a configuration
    that runs programs.
    """
    directory = start if start.is_dir() else start.parent
    root = next((place for place in (directory, *directory.parents) if (place / ".git").exists()), None)
    if root is None:
        return None
    try:
        import git  # noqa: PLC0415  # not needed for plain directories, and slow to load
    except ImportError:
        raise UserError("git is missing: install it and put it on PATH") from None

    try:
        repo = git.Repo(root, expand_vars=False)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        return None
    if repo.working_tree_dir is None:
        return None
    return Repository(Path(repo.working_tree_dir), repo)


def work_tree(repository: Repository, cache: ObjectCache | None = None) -> WorkTree:
    """The files as they are on disk, with reasons for those that Git has and the disk has not."""
    tree = WorkTree(repository.root, cache)
    tree.missing = _Absent(repository)
    tree.remotes = remotes(repository)
    return tree


def revision_tree(repository: Repository, revision: str, work: FileTree | None = None) -> FileTree:
    """The files of a revision. With `work`, files that are equal there are read and parsed once for both."""
    commit = resolve(repository, revision)
    changed = set(_paths(repository, "diff", "--no-ext-diff", "--no-renames", "--name-only", "-z", commit, "--"))
    entries = _tree_entries(_call(repository, "ls_tree", "-r", "-z", "--full-tree", commit))
    return _tree(repository, entries, work, changed)


def staged_tree(repository: Repository, work: FileTree | None = None) -> FileTree:
    """What would be committed now, for pre-commit."""
    changed = set(_paths(repository, "diff", "--no-ext-diff", "--no-renames", "--name-only", "-z", "--"))
    return _tree(repository, _staged_entries(_call(repository, "ls_files", "--stage", "-z")), work, changed)


def changed_files(repository: Repository, revision: str, *, staged: bool = False) -> list[str]:
    """Files that differ between a revision and the work tree (with what Git does not track yet) or the index."""
    commit = resolve(repository, revision)
    kind = ["--cached"] if staged else []
    found = [
        *_paths(repository, "diff", *kind, "--no-ext-diff", "--no-renames", "--name-only", "-z", commit, "--"),
        *([] if staged else _paths(repository, "ls_files", "--others", "--exclude-standard", "-z")),
    ]
    return sorted(set(found))


def resolve(repository: Repository, revision: str, what: str = "base") -> str:
    """The commit of a revision. Raises `UserError` that says what it was wanted for, and what to run."""
    import git  # noqa: PLC0415

    if revision.startswith("-"):
        raise UserError(f"{revision}: no revision")
    try:
        return str(repository.repo.git.rev_parse("--verify", "--quiet", "--end-of-options", revision + "^{commit}"))
    except git.GitCommandError:
        hint = DEEPEN if repository.shallow else f"run `git fetch origin {revision.removeprefix('origin/')}`"
        why = "this shallow clone does not have it" if repository.shallow else "no such revision here"
        raise UserError(f"{what} {revision}: {why}; {hint}") from None


def remotes(repository: Repository) -> tuple[str, ...]:
    """The URLs of the repository's remotes."""
    return tuple(sorted({url for remote in repository.repo.remotes for url in remote.urls}))


def base_revision(repository: Repository, environ: Mapping[str, str], requested: str | None = None) -> str:
    """The commit to compare with: the one asked for, else the CI's base, else the merge base with the upstream.

    Raises `UserError` where a CI names a base that is not here.
    """
    if requested is not None:
        return resolve(repository, requested)
    for name, exact in ci_bases(environ):
        if exact:
            return resolve(repository, name)
        return _merge_base(repository, _branch(repository, name))
    for name in ("@{upstream}", "origin/HEAD", "origin/main", "origin/master", "main", "master"):
        try:
            commit = resolve(repository, name)
        except UserError:
            continue
        return _merge_base(repository, commit)
    return resolve(repository, "HEAD")


def ci_bases(environ: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """What a CI says that a change is compared with: commits (True) and branches (False), the surest first."""
    if environ.get("GITHUB_ACTIONS"):
        event = _github_event(environ.get("GITHUB_EVENT_PATH", ""))
        if base := environ.get("GITHUB_BASE_REF"):
            yield base, False
        for commit in (event.get("merge_group", {}).get("base_sha"), event.get("before")):
            if isinstance(commit, str) and commit.strip("0"):
                yield commit, True
    commits = (
        "CI_MERGE_REQUEST_DIFF_BASE_SHA",
        "BITBUCKET_PR_DESTINATION_COMMIT",
        "PRE_COMMIT_FROM_REF",
    )
    pushes = ("CI_COMMIT_BEFORE_SHA", "GIT_PREVIOUS_SUCCESSFUL_COMMIT")
    # a merge base is what a pull request is compared with; the tip of the target branch is not
    for name in commits:
        if environ.get(name):
            yield environ[name], name != "BITBUCKET_PR_DESTINATION_COMMIT"
    for name in _TARGETS:
        if environ.get(name):
            yield environ[name].removeprefix("refs/heads/"), False
    for name in pushes:
        if environ.get(name, "").strip("0"):
            yield environ[name], True


def ci_target(environ: Mapping[str, str]) -> str | None:
    """The branch that a pull request is merged into, where a CI says so; None for pushes and outside of a CI."""
    event = _github_event(environ.get("GITHUB_EVENT_PATH", "")) if environ.get("GITHUB_ACTIONS") else {}
    queue = event.get("merge_group")
    names = [environ.get("GITHUB_BASE_REF"), queue.get("base_ref") if isinstance(queue, dict) else None]
    names += [environ.get(name) for name in _TARGETS]
    return next((name.removeprefix("refs/heads/") for name in names if isinstance(name, str) and name), None)


def _github_event(path: str) -> dict[str, Any]:
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _branch(repository: Repository, name: str) -> str:
    for candidate in (f"origin/{name}", f"refs/remotes/origin/{name}", name):
        try:
            return resolve(repository, candidate)
        except UserError:
            continue
    hint = DEEPEN if repository.shallow else f"run `git fetch origin {name}`"
    raise UserError(f"base {name}: the target branch is not in this clone; {hint}")


def _merge_base(repository: Repository, commit: str) -> str:
    import git  # noqa: PLC0415

    try:
        return str(repository.repo.git.merge_base(commit, "HEAD")).split("\n", 1)[0]
    except git.GitCommandError:
        if repository.shallow:
            raise UserError(f"base {commit[:12]}: this shallow clone ends before the merge base; {DEEPEN}") from None
        return commit  # unrelated histories


def _call(repository: Repository, command: str, *arguments: str) -> str:
    import git  # noqa: PLC0415

    try:
        return str(getattr(repository.repo.git, command)(*arguments, strip_newline_in_stdout=False))
    except git.GitCommandError as e:
        raise UserError(f"git {command.replace('_', '-')}: {str(e.stderr).strip()[-300:]}") from None


def _paths(repository: Repository, command: str, *arguments: str) -> list[str]:
    return [path for path in _call(repository, command, *arguments).split("\0") if path]


_Entry = tuple[str, str, str]  # mode, blob, path


def _tree_entries(text: str) -> Iterator[_Entry]:
    for line in text.split("\0"):
        if line:
            head, _, path = line.partition("\t")
            mode, _, blob = head.split(" ")
            yield mode, blob, path


def _staged_entries(text: str) -> Iterator[_Entry]:
    for line in text.split("\0"):
        if line:
            head, _, path = line.partition("\t")
            mode, blob, stage = head.split(" ")
            if stage in ("0", "2"):  # of a conflict, our side
                yield mode, blob, path


def _tree(repository: Repository, entries: Iterator[_Entry], work: FileTree | None, changed: set[str]) -> FileTree:
    blobs: dict[str, str] = {}
    links: dict[str, str] = {}
    submodules: list[str] = []
    for mode, blob, path in entries:
        if mode == _LINK:
            links[path] = _blob(repository, blob, path).decode("utf-8", "replace")
        elif mode == _SUBMODULE:
            submodules.append(path)
        else:
            blobs[path] = blob

    def read(path: str) -> bytes:
        if work is not None and path not in changed and path in work.files:
            return work.read(path)
        return _blob(repository, blobs[path], path)

    tree = FileTree(blobs, links, read, work.cache if work else None)
    tree.remotes = remotes(repository)
    tree.missing = lambda path: _in_submodule(path, submodules) or "no such file in this revision"
    return tree


def _blob(repository: Repository, blob: str, path: str) -> bytes:
    try:
        with _one_at_a_time:
            _, _, size, stream = repository.repo.git.stream_object_data(blob)
            data: bytes = stream.read()
    except ValueError as e:
        raise RenderError(f"{path}: {e}; fetch it with `git fetch` (a partial clone does not hold it)") from None
    if size > MAX_BYTES:
        raise RenderError(f"{path}: {size / 1e6:.0f} MB is too large; split the file or leave it out")
    return data


def _in_submodule(path: str, submodules: list[str]) -> str | None:
    for submodule in submodules:
        if path == submodule or path.startswith(submodule + "/"):
            return f"in the submodule {submodule}, which is not read here; run `git submodule update --init`"
    return None


class _Absent:
    """Why a file of a work tree is not on disk: in a submodule, outside of a sparse checkout, or not at all."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: Callable[[str], str] | None = None

    def __call__(self, path: str) -> str:
        if self._known is None:
            self._known = self._load()
        return self._known(path)

    def _load(self) -> Callable[[str], str]:
        entries = [*_staged_entries(_call(self._repository, "ls_files", "--stage", "-z"))]
        submodules = [path for mode, _, path in entries if mode == _SUBMODULE]
        sparse = {line[2:] for line in _paths(self._repository, "ls_files", "-t", "-z") if line.startswith("S ")}

        def why(path: str) -> str:
            if path in sparse or any(other.startswith(path + "/") for other in sparse):
                return f"outside of the sparse checkout; run `git sparse-checkout add {path.rpartition('/')[0] or '/'}`"
            return _in_submodule(path, submodules) or "no such file"

        return why
