"""What rendering a target looks at: a change of anything else cannot reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.base import At, Tree, upwards
from gitops_kong.sources.view import View


@dataclass(slots=True)
class Reads:
    """The paths that were asked for, the directories that were listed, the words and names that were searched for."""

    paths: set[str] = field(default_factory=set)
    directories: set[str] = field(default_factory=set)
    words: set[bytes] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def reached_by(self, changed: Iterable[str], states: Iterable[Tree]) -> bool:
        """Whether a change of these files, which differ between the `states`, can change what was read."""
        asked = {above for path in self.paths for above in upwards(path)}
        trees = [*states]
        for path in changed:
            if path in asked or path.rpartition("/")[2] in self.names:
                return True
            if not self.directories.isdisjoint(upwards(path)):
                return True
            # a link or a submodule that was, or is, a directory: what is listed lies below it
            if any(directory.startswith(path + "/") for directory in self.directories):
                return True
            if self.words and any(_holds(tree, path, self.words) for tree in trees):
                return True
        return False


def _holds(tree: Tree, path: str, words: Iterable[bytes]) -> bool:
    if path not in tree.files:
        return False
    try:
        text = tree.read(path)
    except UserError:
        return True  # nobody knows
    return any(word in text for word in words)


class _Files(Mapping[str, Any]):
    """The files of a tree; to ask for one is to look at it, to go through them is to look at all."""

    def __init__(self, files: Mapping[str, Any], reads: Reads) -> None:
        self._files = files
        self._reads = reads

    def __contains__(self, path: object) -> bool:
        self._reads.paths.add(str(path))
        return path in self._files

    def __getitem__(self, path: str) -> Any:
        self._reads.paths.add(path)
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        self._reads.directories.add(".")
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class Recorded(View):
    """A tree that remembers in `reads` what it was asked for, links followed."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree)
        self.reads = Reads()
        self._files = _Files(tree.files, self.reads)

    @property
    def files(self) -> Mapping[str, Any]:
        """All files."""
        return self._files

    @property
    def at(self) -> Callable[[str, str], At]:
        """The files of a revision; this tree where they are those of the tree that is recorded."""

        def found(revision: str, path: str) -> At:
            self.reads.directories.add(path) if path != "." else None
            at = self._tree.at(revision, path)
            return At(self, at.assumed) if at.tree is self._tree else at

        return found

    def read(self, path: str) -> bytes:
        """Content of a file."""
        self._asked(self.reads.paths, path)
        return self._tree.read(path)

    def under(self, directory: str) -> list[str]:
        """The files in a directory and below it."""
        self._asked(self.reads.directories, directory)
        return self._tree.under(directory)

    def is_directory(self, path: str) -> bool:
        """Whether there is a file below `path`."""
        if path != ".":
            self._asked(self.reads.directories, path)
        return self._tree.is_directory(path)

    def objects(self, path: str) -> list[K8sObject]:
        """The objects of a file."""
        self._asked(self.reads.paths, path)
        return self._tree.objects(path)

    def mentioning(self, word: bytes) -> list[str]:
        """Manifests and values that contain a word."""
        self.reads.words.add(word)
        return self._tree.mentioning(word)

    def named(self, name: str) -> list[str]:
        """The files of a name, in any directory."""
        self.reads.names.add(name)
        return self._tree.named(name)

    def _asked(self, which: set[str], path: str) -> None:
        which.add(path)
        if self._tree.links:
            try:
                which.add(self._tree.resolve(path))
            except UserError:
                return  # out of the repository: reading it says so
