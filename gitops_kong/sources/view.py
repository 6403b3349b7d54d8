"""A tree seen in another way: what one kind of view does not change is that of the tree below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

from gitops_kong.sources.base import At, Tree


class View:
    """What every view takes from the tree that it shows."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    @property
    def links(self) -> Mapping[str, str]:
        """Symbolic links."""
        return self._tree.links

    @property
    def remotes(self) -> tuple[str, ...]:
        """The URLs of the repository."""
        return self._tree.remotes

    @property
    def missing(self) -> Callable[[str], str]:
        """Why a file is not there."""
        return self._tree.missing

    @property
    def absent(self) -> tuple[str, ...]:
        """Directories whose files are not here."""
        return self._tree.absent

    @property
    def at(self) -> Callable[[str, str], At]:
        """The files of a revision."""
        return self._tree.at

    def resolve(self, path: str) -> str:
        """`path` with symbolic links followed."""
        return self._tree.resolve(path)

    def parsing(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Other processes parse a part of these files ahead while the context lasts."""
        return self._tree.parsing(paths)
