"""What the cluster has beyond the repository: manifests, other repositories, dumps of kubectl, snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gitops_kong.cli.cluster_base import snapshot_in, unseen_secrets
from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources import assumed, files
from gitops_kong.sources.base import Rendered, Tree, join, normal
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import MemoryTree, WorkTree


def context_of(tree: Tree, config: Config, paths: Sequence[str], tools: Tools) -> list[K8sObject]:
    """The objects of `context` in the file, which lie in the repository, then those of `--context`, which lie anywhere.

    A directory is rendered as one that is checked. Secrets that these objects will make are among them. Raises
    `UserError` for what is not there, or cannot be read.
    """
    found: list[K8sObject] = []
    for path in config.context:
        found += _objects(path, _here(path, tree, tools))
    for path in paths:
        snapshot = snapshot_in(path)
        if snapshot is not None:
            found += snapshot.objects
            found += (a.stand_in for a in unseen_secrets(snapshot, snapshot.objects) if a.stand_in)
        else:
            found += _objects(path, _anywhere(path, tree, tools))
    return found


def _objects(path: str, rendered: Rendered) -> Iterator[K8sObject]:
    if rendered.problems:
        raise UserError(f"context {path}: {rendered.problems[0].message}")
    yield from rendered.objects
    yield from (each.stand_in for each in rendered.assumptions if each.stand_in)


def _anywhere(path: str, tree: Tree, tools: Tools) -> Rendered:
    place = Path(path).resolve()
    if isinstance(tree, WorkTree) and place.is_relative_to(tree.root.resolve()):
        inside = place.relative_to(tree.root.resolve()).as_posix()
        if inside in tree.files or tree.is_directory(inside):
            return _here(inside, tree, tools)
    if place.is_dir():
        rendered = _here(".", WorkTree(place), tools)
        rendered.objects[:] = [*_elsewhere(path, rendered.objects)]
        return rendered
    if place.is_file():
        try:
            return _here(path, MemoryTree({path: place.read_bytes()}), tools)
        except OSError as e:
            raise UserError(f"{path}: {e.strerror}") from None
    if path.startswith("/") or not (path in tree.files or tree.is_directory(normal(path))):
        raise UserError(f"context {path}: no such file or directory")
    return _here(normal(path), tree, tools)  # relative to the repository's root


def _elsewhere(path: str, objects: Iterable[K8sObject]) -> Iterator[K8sObject]:
    """Objects with files of their own: a file of the repository can have the same name."""
    for each in objects:
        file = each.origin and join(path, each.origin.file)
        yield K8sObject(each.data, replace(each.origin, file=file, patches=()) if each.origin and file else None)


def _here(path: str, tree: Tree, tools: Tools) -> Rendered:
    if path in tree.files:
        rendered = files.read_files([path], tree)
        rendered.assumptions.extend(assumed.secrets(rendered.objects))
        return rendered
    together = Rendered()
    for target in discover(tree, Config(), (path,)):
        together.extend(render(target, tree, tools))
    return together
