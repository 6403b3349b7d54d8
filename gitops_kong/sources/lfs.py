"""Git LFS: the file that a pointer stands for, where this clone holds it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.yaml import MAX_BYTES

POINTER = b"version https://git-lfs.github.com/spec/v1"
_DIGEST = regex(rb"(?m)^oid sha256:([0-9a-f]{64})$")


def content(pointer: bytes, path: str, store: Path | None = None, fetch: str = "git lfs pull") -> bytes:
    """The file from the `store` (`.git/lfs`). Raises `RenderError` that says what to run where it is not there."""
    found = _DIGEST.search(pointer)
    if found is not None and store is not None:
        digest = found[1].decode()
        try:
            file = store / "objects" / digest[:2] / digest[2:4] / digest
            if file.stat().st_size <= MAX_BYTES and hashlib.sha256(text := file.read_bytes()).hexdigest() == digest:
                return text
        except OSError:
            pass  # not here
    raise RenderError(f"{path}: a Git LFS pointer, not the file; run `{fetch}`")
