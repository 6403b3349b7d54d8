"""CustomResourceDefinitions found in a repository or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from gitops_kong.apiserver.catalogue import CustomKind
from gitops_kong.apiserver.schema import ANYTHING, Schema, from_openapi
from gitops_kong.manifests.objects import K8sObject

_GROUP, _KIND = "apiextensions.k8s.io", "CustomResourceDefinition"


def served_kinds(objects: Iterable[K8sObject]) -> dict[tuple[str, str], Callable[[], CustomKind]]:
    """By apiVersion and kind, every served version of the CRDs among `objects`, read when it is asked for.

    What is no CRD is skipped.
    """
    found: dict[tuple[str, str], Callable[[], CustomKind]] = {}
    for obj in objects:
        if obj.kind == _KIND and obj.group == _GROUP:
            found.update(_versions(obj.spec))
    return found


def _versions(spec: Mapping[str, Any]) -> dict[tuple[str, str], Callable[[], CustomKind]]:
    found: dict[tuple[str, str], Callable[[], CustomKind]] = {}
    group, kind = spec.get("group"), _mapping(spec.get("names")).get("kind")
    versions = spec.get("versions")
    for version in versions if isinstance(versions, list) else ():
        if isinstance(version, Mapping) and version.get("served"):
            found[f"{group}/{version.get('name')}", str(kind)] = _once(spec, version)
    return found


def _once(spec: Mapping[str, Any], version: Mapping[str, Any]) -> Callable[[], CustomKind]:
    @lru_cache(1)
    def read() -> CustomKind:
        schema = _mapping(version.get("schema")).get("openAPIV3Schema")
        return CustomKind(
            schema=_schema(schema),
            namespaced=spec.get("scope") != "Cluster",
            status="status" in _mapping(version.get("subresources")),
            deprecated=bool(version.get("deprecated")),
        )

    return read


def _schema(node: Any) -> Schema:
    """The schema, or one that takes anything where it is not one that an API server would take."""
    try:
        return from_openapi(node) if isinstance(node, Mapping) else ANYTHING
    except (AttributeError, TypeError, ValueError):
        return ANYTHING


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
