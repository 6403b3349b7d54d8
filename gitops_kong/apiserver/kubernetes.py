"""Kinds of Kubernetes that the controller does not read: their Go types from the schemas of `kubernetes-validate`.

Only types are taken from there. What else is wrong with such an object is not judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gitops_kong.apiserver.catalogue import CoreKind
from gitops_kong.apiserver.schema import ANYTHING, Schema

_FORMATS = {"int32": "int32", "int64": "int64", "byte": "bytes", "date-time": "time"}


@cache
def native_kind(kubernetes: tuple[int, int], api_version: str, kind: str) -> CoreKind | None:
    """The Go type of a kind, None where this Kubernetes has none of that name or there is no schema for it."""
    group, slash, version = api_version.partition("/")
    if not slash:
        group, version = "", api_version
    folder = _folder(kubernetes)
    if folder is None or not (kind.isalnum() and version.isalnum()):
        return None
    middle = f"-{group.partition('.')[0]}" if group else ""
    file = folder / f"{kind.lower()}{middle}-{version}.json"
    if not file.is_file():
        return None
    node = json.loads(file.read_text(encoding="utf-8"))
    properties = node.get("properties") or {}
    if (properties.get("apiVersion") or {}).get("enum") != [api_version] or "metadata" not in properties:
        return None
    return CoreKind(_Reader(folder).read(node), namespaced=True)


@cache
def _folder(kubernetes: tuple[int, int]) -> Path | None:
    """The schemas of the nearest version that is not newer."""
    package = find_spec("kubernetes_validate")  # its own import takes long
    if package is None or package.origin is None:
        return None
    found: tuple[tuple[int, int], Path] | None = None
    for folder in (Path(package.origin).parent / "kubernetes-json-schema").iterdir():
        version, _, kind = folder.name.removeprefix("v").partition("-")
        if kind != "local":
            continue
        major, minor, _patch = (int(part) for part in version.split("."))
        if (major, minor) <= kubernetes and (found is None or found[0] < (major, minor)):
            found = (major, minor), folder
    return found[1] if found else None


@cache
def _definitions(folder: Path) -> Mapping[str, Any]:
    definitions: Mapping[str, Any] = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return definitions


class _Reader:
    """Reads JSON Schema nodes; a definition that contains itself ends in anything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Schema] = {}

    def read(self, node: Mapping[str, Any]) -> Schema:
        """The types that a node says."""
        if "$ref" in node:
            return self._named(node["$ref"].rpartition("/")[2])
        kinds = _kinds(node)
        if kinds == {"integer", "string"}:
            return Schema(type="int-or-string")
        if len(kinds) != 1:
            return ANYTHING
        (kind,) = kinds
        if kind == "array":
            return Schema(type="array", items=self.read(node.get("items") or {}))
        if kind == "object":
            values = node.get("additionalProperties")
            fields = {name: self.read(child) for name, child in (node.get("properties") or {}).items()}
            return Schema(type="object", fields=fields, values=self.read(values) if isinstance(values, dict) else None)
        return Schema(type=_FORMATS.get(node.get("format") or "", "int64" if kind == "integer" else kind))

    def _named(self, name: str) -> Schema:
        if name not in self._known:
            self._known[name] = ANYTHING
            self._known[name] = self.read(_definitions(self._folder)[name])
        return self._known[name]


def _kinds(node: Mapping[str, Any]) -> set[str]:
    """The JSON types that a node allows, null aside."""
    nodes = node.get("oneOf") or [node]
    found: set[str] = set()
    for one in nodes:
        kind = one.get("type") or ()
        found.update([kind] if isinstance(kind, str) else kind)
    return found - {"null"}
