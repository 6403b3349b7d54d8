"""The states of a repository that can be rendered: the work tree, a revision, what is staged."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from gitops_kong import parallel
from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import MAX_BYTES, objects_of, read_objects, read_pieces
from gitops_kong.sources import lfs
from gitops_kong.sources.base import At, Tree, normal, parent, upwards
from gitops_kong.sources.files import SUFFIXES, looks_like_manifests
from gitops_kong.sources.view import View

# directories that never hold manifests and can be large
SKIPPED = frozenset((".git", ".hg", ".svn", ".terraform", ".tox", ".venv", "__pycache__", "node_modules"))

_MAX_LINKS = 10
_KEPT = 100_000  # bytes of a file that is kept after reading
# a file that became a link or a pipe after it was listed is not followed and does not block
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

ObjectCache = dict[tuple[str, bytes], list[K8sObject]]


class FileTree:
    """Files by path, with the look-ups that are the same for every state of a repository.

    `read_raw` gives the content of a file that is no link; `links` are symbolic links with what they point to. Two
    trees of one repository share a `cache`, so that a file that did not change is parsed once.
    """

    def __init__(
        self,
        files: Mapping[str, Any],
        links: Mapping[str, str],
        read_raw: Callable[[str], bytes],
        cache: ObjectCache | None = None,
    ) -> None:
        self.files = dict(sorted(files.items()))
        self.links = links
        self.remotes: tuple[str, ...] = ()
        self.missing: Callable[[str], str] = lambda _: "no such file"
        self.absent: tuple[str, ...] = ()
        self.lfs: Callable[[bytes, str], bytes] = lfs.content
        self.at: Callable[[str, str], At] = lambda _revision, _path: At(self)
        self._paths = list(self.files)
        self._read_raw = read_raw
        self.cache: ObjectCache = {} if cache is None else cache
        self._texts: dict[str, bytes] = {}
        self._large: set[str] = set()  # files that were read and not kept
        self._objects: dict[str, list[K8sObject]] = {}
        self._ahead: parallel.Ahead[str] | None = None

    def resolve(self, path: str) -> str:
        """`path` with symbolic links followed, within the repository."""
        for _ in range(_MAX_LINKS):
            if not self.links:
                return path
            head = path
            while head != "." and head not in self.links:
                head = parent(head)
            if head == ".":
                return path
            rest = path[len(head) :].lstrip("/")
            target = self.links[head]
            try:
                if target.startswith("/"):
                    raise RenderError(target)  # noqa: TRY301
                start = normal(target, parent(head))
            except RenderError:
                raise RenderError(
                    f"{head}: a symbolic link out of the repository; nothing outside of it is read"
                ) from None
            path = normal(rest, start)
        raise RenderError(f"{path}: too many symbolic links")

    def read(self, path: str) -> bytes:
        """Content of a file."""
        known = self._texts.get(path)
        if known is not None:
            return known
        real = self.resolve(path)
        if real not in self.files:
            raise RenderError(f"{path}: {self.missing(real)}")
        text = self._read_raw(real)
        if text.startswith(lfs.POINTER):
            text = self.lfs(text, path)
        if len(text) < _KEPT:
            self._texts[path] = text
        else:
            self._large.add(path)
        return text

    def known(self, path: str) -> bytes | None:
        """Content of a file that somebody has read before, None of any other."""
        return self.read(path) if path in self._large else self._texts.get(path)

    def under(self, directory: str) -> list[str]:
        """The files in a directory and below it."""
        if directory == ".":
            return self._paths
        real = self.resolve(directory)
        prefix = "" if real == "." else real + "/"
        found = self._range(prefix)
        if real == directory:
            return found
        return [directory + "/" + path[len(prefix) :] for path in found]

    def is_directory(self, path: str) -> bool:
        """Whether there is a file below `path`."""
        return path == "." or bool(self.under(path))

    def is_file(self, path: str) -> bool:
        """Whether `path` is a file or a link to one."""
        return path in self.files or (bool(self.links) and self.resolve(path) in self.files)

    def objects(self, path: str) -> list[K8sObject]:
        """The objects of a file. Equal content under the same path is parsed once."""
        known = self._objects.get(path)
        if known is not None:
            return known
        text = self.read(path)
        key = (path, text)
        found = self.cache.get(key)
        if found is None:
            documents = self._ahead.of(path) if self._ahead else None
            if documents is None:
                documents = read_pieces(text, path)
            found = self.cache[key] = objects_of(documents, path)
        self._objects[path] = found
        return found

    def parsing(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Other processes parse a part of these files ahead while the context lasts."""
        return self._parsing(paths)

    @contextmanager
    def _parsing(self, paths: Iterable[str]) -> Iterator[None]:
        _, *others = parallel.shares([path for path in paths if path not in self._objects])
        if self._ahead or not others:
            yield
            return
        with parallel.Ahead(others, self._documents) as ahead:
            self._ahead = ahead
            try:
                yield
            finally:
                self._ahead = None

    def _documents(self, path: str) -> list[tuple[int, int, Any]] | None:
        """The documents of a file; None where it has no objects, where it was parsed before, and where it cannot be."""
        try:
            text = self.read(path)
            if not looks_like_manifests(text) or (path, text) in self.cache:
                return None
            return [tuple(document) for document in read_pieces(text, path)]
        except UserError:
            return None

    def mentioning(self, word: bytes) -> list[str]:
        """The YAML and JSON files that contain a word."""
        return [path for path in self._paths if path.endswith(SUFFIXES) and word in self._text_of(path)]

    def named(self, name: str) -> list[str]:
        """The files of a name, in any directory."""
        end = "/" + name
        return [path for path in self._paths if path == name or path.endswith(end)]

    def _text_of(self, path: str) -> bytes:
        try:
            return self.read(path)
        except UserError:
            return b""

    def _range(self, prefix: str) -> list[str]:
        start = bisect_left(self._paths, prefix)
        return self._paths[start : bisect_left(self._paths, prefix + "\U0010ffff")]


class WorkTree(FileTree):
    """The files below a directory, as they are on disk."""

    def __init__(self, root: Path, cache: ObjectCache | None = None) -> None:
        self.root = root
        files, links = _scan(root)
        super().__init__(files, links, self._read_file, cache)

    def _read_file(self, path: str) -> bytes:
        try:
            handle = os.open(f"{self.root}/{path}", _READ)
            try:
                size = os.fstat(handle).st_size
                if size > MAX_BYTES:
                    raise ManifestError(
                        f"{path}:1:1: {size / 1e6:.0f} MB is too large: files of up to {MAX_BYTES // 2**20} MiB are "
                        "read; split the file or leave it out"
                    )
                text = os.read(handle, size + 1)
                while len(text) < size and (more := os.read(handle, size - len(text))):
                    text += more
                return text
            finally:
                os.close(handle)
        except OSError as e:
            raise RenderError(f"{path}: {(e.strerror or 'cannot be read').lower()}") from None


def _scan(root: Path) -> tuple[dict[str, None], dict[str, str]]:
    files: dict[str, None] = {}
    links: dict[str, str] = {}
    pending = [""]
    base = str(root)
    try:
        while pending:
            directory = pending.pop()
            with os.scandir(f"{base}/{directory}") as entries:
                for entry in entries:
                    name = entry.name
                    if entry.is_symlink():
                        links[directory + name] = os.readlink(entry.path)  # noqa: PTH115
                    elif entry.is_file(follow_symlinks=False):
                        files[directory + name] = None
                    elif entry.is_dir(follow_symlinks=False) and name not in SKIPPED:
                        pending.append(f"{directory}{name}/")
    except OSError as e:
        raise RenderError(f"{e.filename}: {(e.strerror or 'cannot be read').lower()}") from None
    return files, links


class MemoryTree(FileTree):
    """Files held in memory: stdin, and small states in tests."""

    def __init__(self, files: Mapping[str, bytes], cache: ObjectCache | None = None) -> None:
        super().__init__(files, {}, files.__getitem__, cache)


class Selection(FileTree):
    """Some files of another tree, read and parsed there."""

    def __init__(self, under: Tree, keep: Callable[[str], bool]) -> None:
        super().__init__({path: None for path in under.files if keep(path)}, under.links, under.read)
        self._under = under
        self.missing = under.missing
        self.absent = under.absent
        self.remotes = under.remotes

    def objects(self, path: str) -> list[K8sObject]:
        """The objects of a file."""
        if self.resolve(path) not in self.files:
            raise RenderError(f"{path}: {self.missing(path)}")
        return self._under.objects(path)

    def parsing(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Other processes parse a part of these files ahead while the context lasts."""
        return self._under.parsing(paths)


class Overlay(View):
    """A tree with some files added or replaced in memory."""

    def __init__(self, under: Tree, files: Mapping[str, bytes]) -> None:
        super().__init__(under)
        self._added = files
        self.files: Mapping[str, Any] = ChainMap({**files}, under.files)  # type: ignore[arg-type]

    def read(self, path: str) -> bytes:
        """Content of a file."""
        return self._added[path] if path in self._added else self._tree.read(path)

    def under(self, directory: str) -> list[str]:
        """The files in a directory and below it."""
        added = (path for path in self._added if directory in upwards(path))
        return sorted({*self._tree.under(directory), *added})

    def is_directory(self, path: str) -> bool:
        """Whether there is a file below `path`."""
        return any(path in upwards(added) for added in self._added) or self._tree.is_directory(path)

    def objects(self, path: str) -> list[K8sObject]:
        """The objects of a file."""
        return read_objects(self._added[path], path) if path in self._added else self._tree.objects(path)

    def mentioning(self, word: bytes) -> list[str]:
        """The YAML and JSON files that contain a word; those that are added are looked at by whoever adds them."""
        return self._tree.mentioning(word)

    def named(self, name: str) -> list[str]:
        """The files of a name, in any directory."""
        return sorted({*self._tree.named(name), *(p for p in self._added if p.rpartition("/")[2] == name)})

    def parsing(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Other processes parse a part of these files ahead while the context lasts."""
        return super().parsing([path for path in paths if path not in self._added])
