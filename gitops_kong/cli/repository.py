"""The repository that a command works on: its root, its states, its configuration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gitops_kong.cli.pipeline import Revision
from gitops_kong.errors import UserError
from gitops_kong.sources.config import FILE, Config, read_config
from gitops_kong.sources.tree import MemoryTree, WorkTree

STDIN = "stdin.yaml"


@dataclass(frozen=True)
class Repository:
    """`paths` are relative to the root of both states."""

    head: Revision
    base: Revision | None
    config: Config
    paths: tuple[str, ...]


def open_repository(paths: Sequence[str]) -> Repository:
    """The repository that holds `paths` (default: the working directory); `-` reads manifests from stdin.

    Its root is the nearest folder above the first path that holds `.gitops-kong.yaml` or `.git`, else the path itself.
    """
    if tuple(paths) == ("-",):
        stdin = MemoryTree({STDIN: sys.stdin.buffer.read()})
        return Repository(Revision("stdin", stdin), None, Config(), (".",))
    places = [Path(path).resolve() for path in paths or (".",)]
    for path, place in zip(paths or (".",), places, strict=True):
        if not place.exists():
            raise UserError(f"{path}: no such file or directory")
    root = _root(places[0])
    for place in places:
        if not place.is_relative_to(root):
            raise UserError(f"{place}: not in {root}, where {places[0]} is; check one repository at a time")
    tree = WorkTree(root)
    relative = tuple(place.relative_to(root).as_posix() for place in places)
    return Repository(Revision("the work tree", tree), None, read_config(tree), relative)


def _root(place: Path) -> Path:
    folder = place if place.is_dir() else place.parent
    for candidate in (folder, *folder.parents):
        if (candidate / FILE).exists() or (candidate / ".git").exists():
            return candidate
    return folder
