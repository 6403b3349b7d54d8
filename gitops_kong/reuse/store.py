"""The cache folder: values by name, checked when they are read, bounded in size, and safe to share between processes.

Only this user's own files are read, from a folder that nobody else can write to. A value is stored as `marshal` data
(plain values only, nothing in it is run when it is read) behind a checksum; what was cut off, changed, or written by
another version of this tool or of Python counts as not there. A file is written beside its place and moved there.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gitops_kong import __version__
from gitops_kong.errors import UserError

LIMIT = 512 * 2**20  # bytes of all values together, and of some small ones more; those used longest ago go first
_LARGEST = 128 * 2**20  # bytes of one value
_SUFFIX = ".cache"
_DIGEST = 32
_MAGIC = f"gitops-kong {__version__} {sys.version_info[0]}.{sys.version_info[1]} {marshal.version}\n".encode()


class Info(NamedTuple):
    """What the cache holds: number of values, and bytes of all together."""

    values: int
    size: int


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/gitops-kong/results`, in `~/.cache` where that is not set. Raises UserError without a home."""
    told = environ.get("XDG_CACHE_HOME") or ""
    if not told.startswith("/"):  # the specification: a relative path is passed over
        try:
            told = str(Path.home() / ".cache")
        except RuntimeError:
            raise UserError("no home directory is known; set XDG_CACHE_HOME to a folder") from None
    return Path(told) / "gitops-kong" / "results"


@dataclass(frozen=True)
class Store:
    """Values by name in one folder."""

    folder: Path
    limit: int = LIMIT

    def get(self, name: str) -> Any | None:
        """The value, None where there is none that can be trusted."""
        try:
            handle = os.open(self._file(name), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return None
        with open(handle, "rb") as file:  # noqa: PTH123 - by its handle, so that nothing can take its place
            if not _is_own(os.fstat(handle)) or not self._is_safe():
                return None
            content = file.read(_LARGEST + len(_MAGIC) + _DIGEST)
        with contextlib.suppress(OSError):
            os.utime(self._file(name))
        start = len(_MAGIC) + _DIGEST
        value = content[start:]
        if content[: len(_MAGIC)] != _MAGIC or content[len(_MAGIC) : start] != _checksum(value):
            return None
        try:
            return marshal.loads(value)  # noqa: S302 - plain values, from this user's own file, with a checksum
        except (ValueError, EOFError, TypeError):
            return None

    def put(self, name: str, value: Any) -> None:
        """Keep a value of plain values. What cannot be written is not kept: the next run does without."""
        content = marshal.dumps(value)
        if len(content) > min(_LARGEST, self.limit):
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_safe():
                return
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".new")
            try:
                with open(handle, "wb") as file:  # noqa: PTH123
                    file.write(_MAGIC + _checksum(content) + content)
                os.replace(temporary, self._file(name))  # noqa: PTH105
            except BaseException:
                os.unlink(temporary)  # noqa: PTH108
                raise
            if len(content) > self.limit // 64 or self._file(name).name.startswith("0"):
                self._evict()  # all values are looked at: not after each small one
        except OSError:
            return

    def info(self) -> Info:
        """How much is kept."""
        found = [size for _, size, _ in self._all()]
        return Info(len(found), sum(found))

    def clear(self) -> Info:
        """Delete all values; gives what was there."""
        before = self.info()
        for _, _, file in self._all():
            with contextlib.suppress(OSError):
                file.unlink()
        return before

    def _file(self, name: str) -> Path:
        return self.folder / (hashlib.sha256(name.encode()).hexdigest()[:40] + _SUFFIX)

    def _is_safe(self) -> bool:
        """Whether the folder is this user's own, and nobody else's to write to or to look into."""
        try:
            found = self.folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and _is_own(found) and not found.st_mode & 0o077

    def _all(self) -> Iterator[tuple[float, int, Path]]:
        """Time of last use, size and place of every value, and of what an interrupted run left behind."""
        try:
            entries = [*os.scandir(self.folder)] if self._is_safe() else []
        except OSError:
            return
        for entry in entries:
            if entry.name.endswith((_SUFFIX, ".new")):
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    yield found.st_mtime, found.st_size, Path(entry.path)

    def _evict(self) -> None:
        found = sorted(self._all())
        size = sum(each for _, each, _ in found)
        for _, each, file in found:
            if size <= self.limit:
                return
            with contextlib.suppress(OSError):
                file.unlink()
            size -= each


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
