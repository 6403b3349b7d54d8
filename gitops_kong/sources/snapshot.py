"""What a cluster has, as `gitops-kong snapshot` wrote it: a List of objects and what is known of how it was read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.errors import ManifestError
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.yaml import to_object

ABOUT = "gitopsKong"
_START = b'{"apiVersion": "v1", "kind": "List", "gitopsKong": '
_VERSION = "1"


@dataclass(frozen=True)
class ReadSnapshot:
    """The objects, and the header of the file (format `snapshot` of `gitops-kong schema`)."""

    objects: list[K8sObject] = field(default_factory=list)
    about: Mapping[str, Any] = field(default_factory=dict)


def is_snapshot(text: bytes) -> bool:
    """Whether a file's content is a snapshot, as it is written."""
    return text.startswith(_START)


def read_snapshot(text: bytes, file: str) -> ReadSnapshot:
    """Reads a snapshot of any size. Raises `ManifestError` for what is broken or of another version."""
    try:
        content = json.loads(text)
    except ValueError as e:
        line, column = getattr(e, "lineno", 1), getattr(e, "colno", 1)
        raise ManifestError(f"{file}:{line}:{column}: the snapshot is broken; take it again") from None
    about = content.get(ABOUT) if isinstance(content, dict) else None
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(about, dict) or not isinstance(items, list):
        raise ManifestError(f"{file}:1:1: no snapshot; `gitops-kong snapshot` writes one")
    if about.get("schemaVersion") != _VERSION:
        raise ManifestError(
            f"{file}:1:1: a snapshot of format {about.get('schemaVersion')}; this version reads format {_VERSION}"
        )
    objects = [to_object(item, Origin(file, 0, ("items", i)), 0) for i, item in enumerate(items)]
    return ReadSnapshot(objects, about)
