"""Git: the state of a repository before a change, without touching the work tree.

Everything goes through GitPython. Blobs come from one `git cat-file --batch`; files that are the same on disk are read
from there. Programs that the repository's or the user's settings name (filters, file system monitors, external diffs)
are not run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gitops_kong.errors import RenderError, UserError
from gitops_kong.manifests.yaml import MAX_BYTES
from gitops_kong.sources import lfs
from gitops_kong.sources.base import join, parent
from gitops_kong.sources.ci import CiBase, ci_bases, depth_hint
from gitops_kong.sources.tree import FileTree, ObjectCache, WorkTree

if TYPE_CHECKING:
    import git

_LINK, _SUBMODULE = "120000", "160000"
_DIFF = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=none", "--raw", "--no-abbrev", "-z")
_ENCRYPTED = b"\0GITCRYPT\0"
_one_at_a_time = threading.Lock()  # questions to `git cat-file`
_MAX_NESTED = 10  # submodules within submodules


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository with a work tree at `root`; `environ` tells which CI this is."""

    root: Path
    repo: git.Repo
    environ: Mapping[str, str] = field(default_factory=dict)
    submodules: dict[str, Repository | None] = field(default_factory=dict)
    differences: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    @property
    def shallow(self) -> bool:
        """Whether history was cut off."""
        return (Path(self.repo.common_dir) / "shallow").exists()

    def submodule(self, path: str) -> Repository | None:
        """The repository of a submodule, None where it is not checked out."""
        if path not in self.submodules:
            place = self.root / path
            self.submodules[path] = _open(place, self.environ) if (place / ".git").exists() else None
        return self.submodules[path]


def open_repository(start: Path, environ: Mapping[str, str] | None = None) -> Repository | None:
    """The repository that `start` lies in (a clone, a worktree, a submodule), None where there is none.

    Only what has a `.git` counts: files of a bare repository, which a commit can hold, would bring a configuration
    that runs programs. Raises `UserError` where Git refuses the repository.
    """
    root = root_of(start)
    return _open(root, environ or {}) if root is not None else None


def root_of(start: Path) -> Path | None:
    """The directory with a `.git` that `start` lies in."""
    directory = start if start.is_dir() else start.parent
    return next((place for place in (directory, *directory.parents) if (place / ".git").exists()), None)


def is_bare(place: Path) -> bool:
    """Whether a directory is a repository without a work tree."""
    return (place / "HEAD").is_file() and (place / "objects").is_dir() and (place / "refs").is_dir()


def _open(root: Path, environ: Mapping[str, str]) -> Repository | None:
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
    try:
        repo.git.rev_parse("--git-dir")
    except git.GitCommandError as e:
        if "dubious ownership" in str(e.stderr) or "unsafe repository" in str(e.stderr):
            raise UserError(
                f"{root}: Git refuses a repository that belongs to another user; run `git config --global --add "
                f"safe.directory {root}`"
            ) from None
        raise UserError(f"{root}: {_words(e)}") from None
    repo.git.set_persistent_git_options(c=_without_programs(repo))
    return Repository(Path(repo.working_tree_dir), repo, environ)


def _without_programs(repo: git.Repo) -> list[str]:
    """Settings under which Git runs no program of the settings that are there: content is compared as it is."""
    import git  # noqa: PLC0415

    try:
        listed = str(repo.git.config("--name-only", "--get-regexp", r"^filter\..")).splitlines()
    except git.GitCommandError:
        listed = []
    drivers = dict.fromkeys(name.removeprefix("filter.").rpartition(".")[0] for name in listed)
    off = [f"filter.{name}.{part}=" for name in drivers for part in ("clean", "smudge", "process")]
    return ["core.fsmonitor=false", *off, *(f"filter.{name}.required=false" for name in drivers)]


def work_tree(repository: Repository, cache: ObjectCache | None = None) -> WorkTree:
    """The files as they are on disk, with reasons for those that Git has and the disk has not."""
    tree = WorkTree(repository.root, cache)
    tree.missing = _Absent(repository)
    tree.absent = _not_checked_out(repository)
    tree.remotes = remotes(repository)
    tree.lfs = partial(lfs.content, store=Path(repository.repo.common_dir) / "lfs")
    return tree


def revision_tree(repository: Repository, revision: str, work: FileTree | None = None) -> FileTree:
    """The files of a revision. With `work`, files that are equal there are read and parsed once for both.

    Files of submodules are among them where those are checked out. What a sparse checkout leaves out of the work tree
    is left out here, too.
    """
    commit = resolve(repository, revision)
    entries = _entries(repository, _tree_entries(_call(repository, "ls_tree", "-r", "-z", "--full-tree", commit)))
    return _tree(repository, entries, work, {*_differing(repository, commit)}, commit)


def staged_tree(repository: Repository, work: FileTree | None = None) -> FileTree:
    """What would be committed now, for pre-commit."""
    entries = _entries(repository, _staged_entries(_call(repository, "ls_files", "--stage", "-z")))
    return _tree(repository, entries, work, {*_differing(repository)}, "HEAD")


def changed_files(repository: Repository, revision: str, *, staged: bool = False) -> list[str]:
    """Files that differ between a revision and the work tree (with what Git does not track yet) or the index."""
    commit = resolve(repository, revision)
    if staged:
        return sorted({*_differing(repository, "--cached", commit)})
    return sorted({*_differing(repository, commit), *_untracked(repository)})


def resolve(repository: Repository, revision: str, what: str = "base") -> str:
    """The commit of a revision. Raises `UserError` that says what it was wanted for, and what to run.

    A branch that only the remote has is found there, as by `git checkout`.
    """
    if revision.startswith("-"):
        raise UserError(f"{revision}: no revision")
    for name in (revision,) if revision.startswith("refs/") else (revision, f"refs/remotes/origin/{revision}"):
        if (commit := _commit(repository, name)) is not None:
            return commit
    why = "this shallow clone does not have it" if repository.shallow else "no such revision here"
    raise UserError(f"{what} {revision}: {why}; {_fetch(repository, revision, branch=not _is_commit(revision))}")


def _commit(repository: Repository, revision: str) -> str | None:
    import git  # noqa: PLC0415

    try:
        return str(repository.repo.git.rev_parse("--verify", "--quiet", "--end-of-options", revision + "^{commit}"))
    except git.GitCommandError:
        return None


def _is_commit(revision: str) -> bool:
    return len(revision) >= 7 and not set(revision) - set("0123456789abcdef")


def _fetch(repository: Repository, revision: str, *, branch: bool) -> str:
    """What to run, or to set up, so that a revision is here."""
    name = revision.removeprefix("refs/remotes/").removeprefix("origin/").removeprefix("refs/heads/")
    plain = not set(name) & set(" ~^:?*[\\@") and name != "HEAD"
    refspec = f" origin +refs/heads/{name}:refs/remotes/origin/{name}" if branch and plain else ""
    if repository.shallow:
        return f"run `git fetch --unshallow{refspec}` ({depth_hint(repository.environ)})"
    return f"run `git fetch{refspec or f' origin {name}' * plain}`" if plain else "`git log` tells which there are"


def remotes(repository: Repository) -> tuple[str, ...]:
    """The URLs of the repository's remotes."""
    return tuple(sorted({url for remote in repository.repo.remotes for url in remote.urls}))


def base_revision(repository: Repository, environ: Mapping[str, str], requested: str | None = None) -> str:
    """The commit to compare with: the one asked for, else the CI's base, else the merge base with the upstream.

    Raises `UserError` where a CI names a base that is not here.
    """
    if requested is not None:
        return resolve(repository, requested)
    failed: UserError | None = None
    for base in ci_bases(environ):
        try:
            if (commit := _of_ci(repository, base)) is not None:
                return commit
        except UserError as e:
            failed = failed or e
    if failed is not None:
        raise failed
    for name in _upstreams(repository):
        if (commit := _commit(repository, name)) is not None:
            return _merge_base(repository, commit)
    return resolve(repository, "HEAD")


def _of_ci(repository: Repository, base: CiBase) -> str | None:
    """The commit that a CI means; None where what was pushed over is gone. Raises `UserError`."""
    name = base.revision
    if base.kind == "commit":
        return resolve(repository, name)
    if base.kind == "branch":
        return _merge_base(repository, _branch(repository, name))
    if base.kind == "merge":
        return _commit(repository, name) if _commit(repository, "HEAD^2") else None
    commit = _commit(repository, name)
    if commit is None:
        if repository.shallow and _is_commit(name):
            return resolve(repository, name)  # says what to run
        return None
    return commit if _is_commit(name) else _merge_base(repository, commit)


def _upstreams(repository: Repository) -> list[str]:
    """What a branch may go into, the likeliest first.

    A branch that follows its own copy at the remote goes into the default branch: what was pushed is of the change.
    """
    import git  # noqa: PLC0415

    try:
        current = str(repository.repo.git.symbolic_ref("--quiet", "--short", "HEAD"))
        followed = str(repository.repo.git.rev_parse("--abbrev-ref", "@{upstream}"))
    except git.GitCommandError:
        current = followed = ""
    usual = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"]
    local = ["refs/heads/main", "refs/heads/master"]
    own = followed.partition("/")[2] == current and current not in ("", "main", "master")
    return [*usual, "@{upstream}", *local] if own else ["@{upstream}", *usual, *local]


def _branch(repository: Repository, name: str) -> str:
    for candidate in (f"refs/remotes/origin/{name}", name):
        if (commit := _commit(repository, candidate)) is not None:
            return commit
    fetch = _fetch(repository, name, branch=not _is_commit(name))
    raise UserError(f"base {name}: the target branch is not in this clone; {fetch}")


def _merge_base(repository: Repository, commit: str) -> str:
    import git  # noqa: PLC0415

    try:
        return str(repository.repo.git.merge_base(commit, "HEAD")).split("\n", 1)[0]
    except git.GitCommandError:
        if repository.shallow:
            fetch = _fetch(repository, commit, branch=False)
            raise UserError(f"base {commit[:12]}: this shallow clone ends before the merge base; {fetch}") from None
        return commit  # unrelated histories


def _call(repository: Repository, command: str, *arguments: str) -> str:
    import git  # noqa: PLC0415

    try:
        return str(getattr(repository.repo.git, command)(*arguments, strip_newline_in_stdout=False))
    except git.GitCommandError as e:
        raise UserError(f"git {command.replace('_', '-')}: {_words(e)}") from None


def _words(error: git.GitCommandError) -> str:
    """The first line of what Git says of an error."""
    lines = str(error.stderr).strip().removeprefix("stderr:").strip(" \n'").splitlines()
    return lines[0].removeprefix("fatal: ")[:300] if lines else f"exit status {error.status}"


def _paths(repository: Repository, command: str, *arguments: str) -> list[str]:
    return [path for path in _call(repository, command, *arguments).split("\0") if path]


def _untracked(repository: Repository) -> list[str]:
    return _paths(repository, "ls_files", "--others", "--exclude-standard", "-z")


def _differing(repository: Repository, *arguments: str) -> tuple[str, ...]:
    """The files in which `git diff` finds a difference, those of submodules one by one where these are checked out."""
    if arguments not in repository.differences:
        found = _changes(_call(repository, "diff", *_DIFF, *arguments, "--"))
        cached = "--cached" in arguments
        names = [name for change in found for name in _within(repository, change, cached, len(repository.root.parts))]
        repository.differences[arguments] = tuple(names)
    return repository.differences[arguments]


class _Change(NamedTuple):
    """One difference; a commit is that of a submodule, empty where there is none on that side."""

    old: str
    new: str
    path: str


def _changes(raw: str) -> Iterator[_Change]:
    """The lines of `git diff --raw -z`: `:MODE MODE BLOB BLOB STATUS`, NUL, path, NUL."""
    parts = raw.split("\0")
    for head, path in zip(parts[::2], parts[1::2], strict=False):
        old_mode, new_mode, old, new, _ = head.removeprefix(":").split(" ")
        yield _Change(old if old_mode == _SUBMODULE else "", new if new_mode == _SUBMODULE else "", path)


def _within(repository: Repository, change: _Change, cached: bool, depth: int) -> Iterator[str]:
    """The files of a difference: those within a submodule, or the path itself."""
    inner = repository.submodule(change.path) if change.old or change.new else None
    if inner is None or len(inner.root.parts) > depth + _MAX_NESTED:
        yield change.path
        return
    try:
        if change.old and change.new:
            names = [*_differing(inner, change.old, *((change.new,) if cached else ()))]
            names += [] if cached else _untracked(inner)
        elif change.old or cached:
            names = _paths(inner, "ls_tree", "-r", "-z", "--full-tree", "--name-only", change.old or change.new)
        else:
            names = _paths(inner, "ls_files", "--cached", "--others", "--exclude-standard", "-z")
    except UserError:  # it does not have that commit
        yield change.path
        return
    yield from (f"{change.path}/{name}" for name in names)


class _Entry(NamedTuple):
    """A path of a state: its mode and blob (of a submodule: its commit), and the repository that holds the blob."""

    mode: str
    blob: str
    path: str
    holder: Repository | None = None


def _tree_entries(text: str) -> Iterator[_Entry]:
    for line in text.split("\0"):
        if line:
            head, _, path = line.partition("\t")
            mode, _, blob = head.split(" ")
            yield _Entry(mode, blob, path)


def _staged_entries(text: str) -> Iterator[_Entry]:
    for line in text.split("\0"):
        if line:
            head, _, path = line.partition("\t")
            mode, blob, stage = head.split(" ")
            if stage in ("0", "2"):  # of a conflict, our side
                yield _Entry(mode, blob, path)


def _entries(repository: Repository, entries: Iterator[_Entry], depth: int = 0) -> Iterator[_Entry]:
    """All entries, submodules that are checked out replaced by theirs."""
    for entry in entries:
        inner = repository.submodule(entry.path) if entry.mode == _SUBMODULE and depth < _MAX_NESTED else None
        if inner is None or _commit(inner, entry.blob) is None:
            yield entry if entry.holder else entry._replace(holder=repository)
            continue
        listed = _tree_entries(_call(inner, "ls_tree", "-r", "-z", "--full-tree", entry.blob))
        for each in _entries(inner, listed, depth + 1):
            yield each._replace(path=join(entry.path, each.path))


def _tree(
    repository: Repository, entries: Iterator[_Entry], work: FileTree | None, changed: set[str], revision: str
) -> FileTree:
    blobs: dict[str, _Entry] = {}
    links: dict[str, str] = {}
    submodules: dict[str, bool] = {}
    sparse = _left_out(repository)
    for entry in entries:
        if entry.path in sparse:
            continue
        if entry.mode == _LINK:
            links[entry.path] = _blob(entry).decode("utf-8", "surrogateescape")
        elif entry.mode == _SUBMODULE:
            submodules[entry.path] = entry.holder is not None and entry.holder.submodule(entry.path) is not None
        else:
            blobs[entry.path] = entry

    def read(path: str) -> bytes:
        if work is not None and path not in changed and path in work.files:
            return work.read(path)
        return _blob(blobs[path])

    tree = FileTree(blobs, links, read, work.cache if work else None)
    tree.remotes = remotes(repository)
    tree.absent = tuple(submodules)
    tree.missing = lambda path: _why(path, submodules, sparse) or "no such file in this revision"
    store = Path(repository.repo.common_dir) / "lfs"
    tree.lfs = partial(lfs.content, store=store, fetch=f"git lfs fetch origin {revision[:12]}")
    return tree


def _blob(entry: _Entry) -> bytes:
    path = entry.path
    if entry.holder is None:
        raise RenderError(f"{path}: no such file")
    try:
        with _one_at_a_time:
            _, _, size, stream = entry.holder.repo.git.stream_object_data(entry.blob)
            data: bytes = stream.read()
    except ValueError as e:
        raise RenderError(f"{path}: {e}; fetch it with `git fetch` (a partial clone does not hold it)") from None
    if size > MAX_BYTES:
        raise RenderError(f"{path}: {size / 1e6:.0f} MB is too large; split the file or leave it out")
    if data.startswith(_ENCRYPTED):
        raise RenderError(f"{path}: encrypted with git-crypt, its content is not known")
    return data


def _left_out(repository: Repository) -> frozenset[str]:
    """Files that a sparse checkout leaves out of the work tree."""
    if not (Path(repository.repo.git_dir) / "info" / "sparse-checkout").exists():
        return frozenset()
    listed = _paths(repository, "ls_files", "-t", "-z")
    return frozenset(line[2:] for line in listed if line.startswith("S "))


def _why(path: str, submodules: Mapping[str, bool], sparse: frozenset[str]) -> str | None:
    """Why a file is not there: outside of a sparse checkout, or in a submodule (False: one that is not checked out)."""
    if path in sparse or any(other.startswith(path + "/") for other in sparse):
        return (
            f"outside of the sparse checkout; run `git sparse-checkout add {parent(path) if path in sparse else path}`"
        )
    for submodule, there in submodules.items():
        if path == submodule or path.startswith(submodule + "/"):
            if there:
                return f"in the submodule {submodule}, which lacks this commit; run `git -C {submodule} fetch`"
            return f"in the submodule {submodule}, which is not checked out; run `git submodule update --init`"
    return None


def _not_checked_out(repository: Repository) -> tuple[str, ...]:
    """The submodules whose files are not here."""
    if not (repository.root / ".gitmodules").exists():
        return ()
    entries = _staged_entries(_call(repository, "ls_files", "--stage", "-z"))
    return tuple(e.path for e in entries if e.mode == _SUBMODULE and repository.submodule(e.path) is None)


class _Absent:
    """Why a file of a work tree is not on disk: in a submodule, outside of a sparse checkout, or not at all."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: Callable[[str], str | None] | None = None

    def __call__(self, path: str) -> str:
        if self._known is None:
            submodules = dict.fromkeys(_not_checked_out(self._repository), False)
            self._known = partial(_why, submodules=submodules, sparse=_left_out(self._repository))
        return self._known(path) or "no such file"
