"""The program as something that results hang on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import gitops_kong
from gitops_kong.reuse.store import Store


@lru_cache(maxsize=4)
def code_digest(store: Store) -> str:
    """What an answer hangs on besides the input: the content of this tool's own files.

    Another installation of the same, as in each run of a CI, has the same digest. That of files which have not changed
    on disk is known from the store.
    """
    files = [*_files()]
    state = hashlib.sha256()
    for file in files:
        stat = os.stat(file)  # noqa: PTH116
        state.update(f"{file} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}\n".encode())
    name = f"code {state.hexdigest()}"
    known = store.get(name)
    if isinstance(known, str):
        return known
    found = hashlib.sha256()
    place = str(Path(gitops_kong.__file__).parents[1])
    for file in files:
        text = Path(file).read_bytes()
        found.update(b"%s %d\n%s" % (file.removeprefix(place).encode(), len(text), text))
    store.put(name, found.hexdigest())
    return found.hexdigest()


def _files() -> Iterator[str]:
    """The files of the program and of its rules, in a stable order."""
    package = Path(gitops_kong.__file__).parent
    for folder in (package, package.parent / "policies"):
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(each for each in folders if each != "__pycache__")
            yield from (f"{place}/{file}" for file in sorted(files))
