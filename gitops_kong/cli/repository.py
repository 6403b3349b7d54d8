"""The repository that a command works on: its root, its states, its configuration."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitops_kong.cli.cluster_base import snapshot_in
from gitops_kong.cli.inputs import Revision
from gitops_kong.cli.say import say
from gitops_kong.errors import UserError
from gitops_kong.sources import git
from gitops_kong.sources.base import Tree
from gitops_kong.sources.config import FILE, Config, read_config, relocated
from gitops_kong.sources.revisions import Revisions
from gitops_kong.sources.snapshot import ReadSnapshot
from gitops_kong.sources.tree import FileTree, MemoryTree, WorkTree

STDIN = "stdin.yaml"


@dataclass(frozen=True)
class Repository:
    """`paths` are relative to `root`, which is that of both states."""

    head: Revision
    base: Revision | None
    config: Config
    paths: tuple[str, ...]
    root: Path = Path()


def open_repository(
    paths: Sequence[str],
    base: str | None = None,
    compare: bool = False,
    staged: bool = False,
    revision: str | None = None,
) -> Repository:
    """The repository that holds `paths` (default: the working directory); `-` reads manifests from stdin.

    With `compare` the state before the change is opened too: `base`, or what the CI or the upstream say. With
    `staged` the head is what would be committed now, and the base is the last commit unless another is asked for; with
    `revision` the head is that one.
    Raises UserError for a path that is not there, and for a base that is asked for and cannot be had.
    """
    cluster = snapshot_in(base) if base is not None else None
    if tuple(paths) == ("-",):
        stdin = MemoryTree({STDIN: sys.stdin.buffer.read()})
        return Repository(Revision("stdin", stdin), _of_cluster(base, cluster, stdin), Config(), (".",))
    places = [Path(path).resolve() for path in paths or (".",)]
    for path, place in zip(paths or (".",), places, strict=True):
        if not place.exists():
            raise UserError(f"{path}: no such file or directory")
    repository = git.open_repository(places[0], os.environ)
    if repository is None and cluster is None:
        _no_git(places[0], paths[0] if paths else "the working directory", base, compare or staged)
    root = repository.root.resolve() if repository else _plain_root(places[0])
    for path, place in zip(paths or (".",), places, strict=True):
        if not place.is_relative_to(root):
            raise UserError(f"{path}: not in {root}; check one repository at a time")
    tree = git.work_tree(repository) if repository else WorkTree(root)
    if staged and cluster is not None:
        raise UserError(f"--staged compares with a commit, and --base {base} is a snapshot of the cluster")
    revisions = Revisions(repository, os.environ, base, tree) if repository else None
    if revisions:
        tree.at = revisions.of(tree)
    if staged:
        return _staged(repository, tree, places, base, revisions)
    relative = tuple(place.relative_to(root).as_posix() for place in places)
    before = _of_cluster(base, cluster, tree)
    if before is None and repository and compare:
        before = _base(repository, tree, base, relative[0], revisions, revision is None)
    if revision is not None:
        return _at(repository, tree, revision, before, relative, revisions)
    config = _inside(_config(tree, relative[0]), root)
    return Repository(Revision("the work tree", tree), before, config, relative, root)


def _no_git(place: Path, name: str, base: str | None, compare: bool) -> None:
    """Says why there is no Git where something looks like it. Raises UserError where it is needed."""
    if git.is_bare(place):
        raise UserError(f"{name}: a bare repository has no files; check a clone of it")
    found = git.root_of(place) if compare else None
    broken = found and f"{found / '.git'}: no repository that Git can read (its files may lie on another machine)"
    if base is not None:
        raise UserError(f"--base {base}: {broken or f'{name} is in no Git repository'}")
    if broken:
        say(f"{broken}; nothing is compared")


def _at(
    repository: git.Repository | None,
    tree: WorkTree,
    revision: str,
    before: Revision | None,
    paths: tuple[str, ...],
    revisions: Revisions | None,
) -> Repository:
    """The repository with a revision as its head."""
    if repository is None or revisions is None:
        raise UserError(f"revision {revision}: {tree.root} is in no Git repository")
    root = repository.root.resolve()
    head = git.revision_tree(repository, git.resolve(repository, revision, "revision"), tree)
    head.at = revisions.of(head)
    return Repository(Revision(revision, head), before, _inside(_config(head, paths[0]), root), paths, root)


def _of_cluster(name: str | None, cluster: ReadSnapshot | None, tree: Tree) -> Revision | None:
    """What the cluster has as the base; files (schemas of plugins) are those of the head."""
    if name is None or cluster is None:
        return None
    return Revision(f"{name}, taken {cluster.about.get('taken')}", tree, cluster=cluster)


def _staged(
    repository: git.Repository | None,
    tree: WorkTree,
    places: Sequence[Path],
    base: str | None,
    revisions: Revisions | None,
) -> Repository:
    if repository is None or revisions is None:
        raise UserError("--staged: in no Git repository")
    root = repository.root.resolve()
    relative = tuple(place.relative_to(root).as_posix() for place in places)
    index = git.staged_tree(repository, tree)
    index.at = revisions.of(index)
    before = None
    if repository.repo.head.is_valid():
        commit = git.resolve(repository, base or "HEAD")
        changed = frozenset(git.changed_files(repository, commit, staged=True))
        earlier = git.revision_tree(repository, commit, tree)
        earlier.at = revisions.of(earlier)
        before = Revision(base or "HEAD", earlier, changed, _earlier_config(earlier, changed, relative[0]))
    config = _inside(_config(index, relative[0]), root)
    return Repository(Revision("the index", index), before, config, relative, root)


def _plain_root(place: Path) -> Path:
    folder = place if place.is_dir() else place.parent
    return next((f for f in (folder, *folder.parents) if (f / FILE).exists()), folder)


def _config(tree: FileTree, path: str) -> Config:
    """The nearest `.gitops-kong.yaml` at or above `path`; its own paths start at its folder."""
    folder = path if tree.is_directory(path) else path.rpartition("/")[0] or "."
    while True:
        file = FILE if folder == "." else f"{folder}/{FILE}"
        if file in tree.files:
            return relocated(read_config(tree, file), folder)
        if folder == ".":
            return Config()
        folder = folder.rpartition("/")[0] or "."


def _inside(config: Config, root: Path) -> Config:
    """`config` with its other repositories as absolute paths. A pull request can change it: only --repo leads out."""
    places = {}
    for url, path in config.repositories.items():
        place = (root / path).resolve()
        if not place.is_relative_to(root):
            raise UserError(f"{config.file}: repositories: {path} is outside of the repository; give it with --repo")
        places[url] = str(place)
    return replace(config, repositories=places)


def _base(
    repository: git.Repository,
    tree: WorkTree,
    requested: str | None,
    path: str,
    revisions: Revisions | None,
    of_work_tree: bool = True,
) -> Revision | None:
    """The state before; what differs is known where the head is the work tree."""
    if requested is None and not repository.repo.head.is_valid():
        return None  # no commit yet
    commit = git.base_revision(repository, os.environ, requested)
    name = commit[:12] if requested is None or requested.startswith(commit[:7]) else f"{requested} ({commit[:12]})"
    before = git.revision_tree(repository, commit, tree)
    if revisions:
        before.at = revisions.of(before)
    if not of_work_tree:
        return Revision(name, before, None, _config_or_none(before, path))
    changed = frozenset(git.changed_files(repository, commit))
    return Revision(name, before, changed, _earlier_config(before, changed, path))


def _earlier_config(tree: FileTree, changed: frozenset[str], path: str) -> Config | None:
    """What the base's own file says, where the change touches it and it can be read."""
    if not any(file.rpartition("/")[2] == FILE for file in changed):
        return None
    return _config_or_none(tree, path)


def _config_or_none(tree: FileTree, path: str) -> Config | None:
    try:
        return _config(tree, path)
    except UserError:
        return None
