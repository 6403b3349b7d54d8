"""CustomResourceDefinitions found in a repository or a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.apiserver.catalogue import CustomKind
from gitops_kong.apiserver.schema import ANYTHING, from_openapi
from gitops_kong.manifests.objects import K8sObject

_GROUP, _KIND = "apiextensions.k8s.io", "CustomResourceDefinition"


def served_kinds(objects: Iterable[K8sObject]) -> dict[tuple[str, str], CustomKind]:
    """By apiVersion and kind, every served version of the CRDs among `objects`; what is no CRD is skipped."""
    found: dict[tuple[str, str], CustomKind] = {}
    for obj in objects:
        if obj.group == _GROUP and obj.kind == _KIND:
            found.update(_versions(obj.spec))
    return found


def _versions(spec: Mapping[str, Any]) -> dict[tuple[str, str], CustomKind]:
    found: dict[tuple[str, str], CustomKind] = {}
    group, kind = spec.get("group"), (_mapping(spec.get("names"))).get("kind")
    for version in spec.get("versions") or ():
        if not isinstance(version, Mapping) or not version.get("served"):
            continue
        schema = _mapping(version.get("schema")).get("openAPIV3Schema")
        found[f"{group}/{version.get('name')}", str(kind)] = CustomKind(
            schema=from_openapi(schema) if isinstance(schema, Mapping) else ANYTHING,
            namespaced=spec.get("scope") != "Cluster",
            status="status" in _mapping(version.get("subresources")),
            deprecated=bool(version.get("deprecated")),
        )
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
