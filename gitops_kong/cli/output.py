"""Files that are written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from gitops_kong.errors import UserError


@contextlib.contextmanager
def replacing(target: Path, mode: int = 0o600) -> Iterator[TextIO]:
    """A file to write, which takes the place of `target` once everything is written. Raises UserError."""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as e:
        raise UserError(f"{target}: {e.strerror}") from e
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        Path(name).chmod(mode)
        Path(name).replace(target)
    except OSError as e:
        Path(name).unlink(missing_ok=True)
        raise UserError(f"{target}: {e.strerror}") from e
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def written(target: Path, text: str) -> None:
    """`text` as the whole of a file that others may read (node_exporter reads metrics while they are replaced)."""
    with replacing(target, 0o644) as file:
        file.write(text)
