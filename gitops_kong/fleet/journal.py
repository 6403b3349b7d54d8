"""Results that are done, on disk: one file each, written whole or not at all, known by the content of its job.

A file is a line with the SHA-256 of the rest, then the result. One that is torn or was changed counts as not there.
Since the key of a job is that of everything it depends on, changed inputs are simply other jobs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gitops_kong.errors import UserError

_KEY_FILE = "key"
_RESULTS = "results"
_KEY_BYTES = 32


class Journal:
    """The results in a folder. Several runs may share one: results of equal jobs are equal.

    `damaged` counts the files that were not what they should be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged = 0
        try:
            (folder / _RESULTS).mkdir(parents=True, exist_ok=True, mode=0o700)
            self.key = self._key()
        except OSError as e:
            raise UserError(f"{folder}: no place for the state of this run: {(e.strerror or str(e)).lower()}") from None

    def read(self, key: str) -> bytes | None:
        """The result of a job, None where it is not there."""
        try:
            digest, _, result = self._file(key).read_bytes().partition(b"\n")
        except OSError:
            return None
        if digest.decode("ascii", "replace") != hashlib.sha256(result).hexdigest():
            self.damaged += 1
            return None
        with contextlib.suppress(OSError):
            os.utime(self._file(key))  # used: see `forget`
        return result

    def write(self, key: str, result: bytes) -> None:
        """Keep the result of a job. Raises `UserError` where the disk does not take it."""
        file = self._file(key)
        try:
            file.parent.mkdir(exist_ok=True, mode=0o700)
            _write_whole(file, hashlib.sha256(result).hexdigest().encode() + b"\n" + result)
        except OSError as e:
            raise UserError(f"{file}: the result cannot be kept: {(e.strerror or str(e)).lower()}") from None

    def forget(self, older_than: float) -> int:
        """Remove what no run has written or used for so many seconds, and say how many files that were."""
        removed = 0
        for file in self._files():
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < time.time() - older_than:
                    file.unlink()
                    removed += 1
        return removed

    def _files(self) -> Iterator[Path]:
        for folder in sorted((self.folder / _RESULTS).iterdir()):
            if folder.is_dir():
                yield from sorted(folder.iterdir())

    def _file(self, key: str) -> Path:
        return self.folder / _RESULTS / key[:2] / key

    def _key(self) -> bytes:
        """What the digests of masked Secrets are made with, the same for all runs with this folder."""
        file = self.folder / _KEY_FILE
        with contextlib.suppress(FileNotFoundError):
            known = file.read_bytes()
            if len(known) == _KEY_BYTES:
                return known
        made = secrets.token_bytes(_KEY_BYTES)
        _write_whole(file, made)
        return file.read_bytes()


def _write_whole(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".")  # readable by its owner only
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
