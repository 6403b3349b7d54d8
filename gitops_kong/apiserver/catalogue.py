"""The schemas that ship with this project: CRDs by controller version, core kinds; read from files when asked for.

`schemas/KIND.json` holds one custom kind: for each API version its schema since a controller version (null: gone
again), with shared parts. `schemas/core.json` holds the core kinds that the controller reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gitops_kong.apiserver.schema import Reader, Schema

Version = tuple[int, int, int]

CUSTOM_GROUPS = frozenset(
    (
        "configuration.konghq.com",
        "incubator.ingress-controller.konghq.com",
        "gateway.networking.k8s.io",
        "gateway.networking.x-k8s.io",
    )
)


@dataclass(frozen=True, slots=True)
class CustomKind:
    """One served version of a custom kind. `status` says whether it has the status subresource."""

    schema: Schema
    namespaced: bool
    status: bool
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class CoreKind:
    """A kind that is a Go type in the API server."""

    schema: Schema
    namespaced: bool


@cache
def document(name: str) -> Any:
    """A file of `schemas/`, None where there is none of that name."""
    file = Path(__file__).parent / "schemas" / name
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def version(text: str) -> Version:
    """`3.4.11` as numbers."""
    major, minor, patch = text.split(".")
    return int(major), int(minor), int(patch)


@cache
def custom_kind(controller: Version, group: str, kind: str, api_version: str) -> CustomKind | None:
    """The CRD of `controller` for a kind, None where it has none that is served."""
    data = document(f"{kind.lower()}.json") if group in CUSTOM_GROUPS else None
    if data is None or data["group"] != group or data["kind"] != kind:
        return None
    node = _at(data["versions"].get(api_version), controller)
    if node is None:
        return None
    deprecated = data.get("deprecated", {}).get(api_version)
    return CustomKind(
        Reader(data["parts"]).read(node),
        data["scope"] == "Namespaced",
        api_version in data["status"],
        deprecated is not None and version(deprecated) <= controller,
    )


def _at(since: Mapping[str, Any] | None, controller: Version) -> Any:
    """The entry of the newest version that is not newer than `controller`; the oldest for older controllers."""
    found = None
    for i, (first, node) in enumerate((since or {}).items()):
        if version(first) <= controller or (i == 0 and first == "3.2.0"):
            found = node
    return found


@cache
def served_versions(controller: Version, group: str, kind: str) -> tuple[str, ...]:
    """The versions in which a kind of this name is served; none for a kind that is not known."""
    if group not in CUSTOM_GROUPS:
        names = (name.rpartition("/") for name in document("core.json")["kinds"])
        core = [api_version for api_version, _, name in names if name == kind]
        return tuple(v.rpartition("/")[2] for v in core if v.rpartition("/")[0] == group)
    data = document(f"{kind.lower()}.json")
    if data is None or data["group"] != group or data["kind"] != kind:
        return ()
    return tuple(version for version, nodes in data["versions"].items() if _at(nodes, controller) is not None)


def kinds_of(group: str) -> list[str]:
    """The custom kinds of a group that are known here."""
    files = sorted(file.name for file in (Path(__file__).parent / "schemas").glob("*.json"))
    return [data["kind"] for name in files if (data := document(name)).get("group") == group]


@cache
def _core_reader() -> Reader:
    return Reader(document("core.json")["parts"])


@cache
def core_kind(api_version: str, kind: str) -> CoreKind | None:
    """The Go type of a core kind that the controller reads, None for any other kind."""
    node = document("core.json")["kinds"].get(f"{api_version}/{kind}")
    if node is None:
        return None
    fields = {"apiVersion": "string", "kind": "string", "metadata": "@metadata", **node["fields"]}
    return CoreKind(_core_reader().read({"type": "object", "fields": fields}), node["scope"] == "Namespaced")


@cache
def object_meta() -> Schema:
    """The Go type ObjectMeta."""
    return _core_reader().read("@metadata")
