"""What renderers print: equal runs are run once, and kept for later runs where that is known to hold.

A renderer sees its private copy of files, its arguments, and nothing else, so that what it prints follows from these
and from the program. Two things are never kept beyond a run: what differs from one time to the next (templates with
random values, keys, the time), and what holds a Secret.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gitops_kong.lazy import regex
from gitops_kong.sources.base import Limits
from gitops_kong.sources.once import Once

_MEMORY = 64 * 2**20  # bytes that are held at most during a run
_LARGEST = 16 * 2**20  # bytes of a text that is kept
_PROGRAM = "program"
# functions of Sprig and Helm whose result differs from one time to the next, in an action of a template
_VARYING = regex(
    rb"\{\{(?:(?!\}\}).)*?\b(?:now|ago|rand[A-Z]\w*|shuffle|uuidv4|gen[A-Z]\w*|bcrypt|htpasswd|encryptAES|getHostByName"
    rb")\b",
    16,  # re.DOTALL
)
_GZIP = b"\x1f\x8b"
_DOCUMENT = regex(rb"(?m)^---")
_SECRET = regex(rb"\bSecret(?:List)?\b")
_DATA = regex(rb"\b(?:data|stringData)[\"']?\s*:")


class Kept(Protocol):
    """Values that outlast a run, by name."""

    def get(self, name: str) -> Any | None:
        """The value, None where there is none."""

    def put(self, name: str, value: Any) -> None:
        """Keeps a plain value."""


class Outputs:
    """What renderers print, by all that goes into it."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._kept = kept
        self._known: Once[str, bytes] = Once(_MEMORY, len)
        self._programs: Once[str, str] = Once(100)

    def get(
        self,
        arguments: Sequence[str],
        programs: Sequence[str],
        texts: Mapping[str, bytes],
        limits: Limits,
        run: Callable[[], bytes],
    ) -> bytes:
        """What a command prints, which `run` runs: its arguments, the programs that it runs, the files that it sees.

        Raises what `run` raises.
        """
        key = self._key(arguments, programs, texts, limits)
        return self._known.get(key, lambda: self._made(key, arguments, texts, run))

    def _made(self, key: str, arguments: Sequence[str], texts: Mapping[str, bytes], run: Callable[[], bytes]) -> bytes:
        if self._kept is None:
            return run()
        found = self._kept.get(key)
        if isinstance(found, bytes):
            return found
        output = run()
        if (
            len(output) <= _LARGEST
            and not _holds_secret(output)
            and not _varies(" ".join(arguments).encode("utf-8", "surrogateescape"))
            and not any(map(_varies, texts.values()))
        ):
            self._kept.put(key, output)
        return output

    def _key(
        self, arguments: Sequence[str], programs: Sequence[str], texts: Mapping[str, bytes], limits: Limits
    ) -> str:
        found = hashlib.sha256()
        named = [
            (f"argument {number}", each.encode("utf-8", "surrogateescape")) for number, each in enumerate(arguments)
        ]
        for name, text in (
            *((f"program {number}", self._program(path).encode()) for number, path in enumerate(programs)),
            *named,
            ("limits", repr(limits).encode()),
            *((f"file {path}", text) for path, text in sorted(texts.items())),
        ):
            start = name.encode("utf-8", "surrogateescape")
            found.update(b"%d %d\n%s%s" % (len(start), len(text), start, text))
        return f"rendered {found.hexdigest()}"

    def _program(self, path: str) -> str:
        """The digest of a program; the one of a file that has not changed is known."""
        try:
            stat = os.stat(path)  # noqa: PTH116
        except OSError:
            return path
        state = f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
        return self._programs.get(state, lambda: self._digest(path, f"{_PROGRAM} {state}"))

    def _digest(self, path: str, name: str) -> str:
        if self._kept is None:
            return name  # nothing outlasts this run, in which the program stays what it is
        found = self._kept.get(name)
        if not isinstance(found, str):
            with Path(path).open("rb") as file:
                found = _sha256(file.read)
            self._kept.put(name, found)
        return found


def _sha256(read: Callable[[int], bytes]) -> str:
    found = hashlib.sha256()
    while part := read(1 << 20):
        found.update(part)
    return found.hexdigest()


def files_of(directory: Path) -> dict[str, bytes]:
    """All files of a private copy."""
    found = (Path(place, file) for place, _, files in os.walk(directory) for file in files)
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in found}


def _holds_secret(output: bytes) -> bool:
    """Whether a document may be a Secret with values."""
    return any(_SECRET.search(text) and _DATA.search(text) for text in _DOCUMENT.split(output))


def _varies(text: bytes) -> bool:
    """Whether a template can render to something else the next time; packed charts are looked into."""
    if text.startswith(_GZIP):
        unpacked = zlib.decompressobj(31)
        try:
            text = unpacked.decompress(text, _LARGEST)
        except zlib.error:
            return True
        if unpacked.unconsumed_tail:
            return True
    return b"{{" in text and _VARYING.search(text) is not None
