"""The program as something that results hang on."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import gitops_kong


@cache
def code_digest() -> str:
    """What an answer hangs on besides the input: this tool's own files, by size and time."""
    found = hashlib.sha256()
    for folder in (Path(gitops_kong.__file__).parent, Path(gitops_kong.__file__).parents[1] / "policies"):
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(each for each in folders if each != "__pycache__")
            for file in sorted(files):
                each = os.stat(f"{place}/{file}")  # noqa: PTH116
                found.update(f"{file} {each.st_size} {each.st_mtime_ns}\n".encode())
    return found.hexdigest()
