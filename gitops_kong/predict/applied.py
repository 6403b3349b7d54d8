"""Manifests applied to objects that a cluster has: what is there afterwards.

Git decides what it says, and all annotations and labels of the controller. What the API server and others have added
stays: status, identity, allocated fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import K8sObject

Prepare = Callable[[K8sObject], K8sObject]
Path = tuple[str | int, ...]

# Fields that the API server sets where a manifest does not (`pkg/registry/core/service/storage`, `pkg/apis/core/v1`)
_SET_BY_SERVER: Mapping[str, frozenset[str]] = {
    "Service": frozenset(
        (
            "allocateLoadBalancerNodePorts",
            "clusterIP",
            "clusterIPs",
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "internalTrafficPolicy",
            "ipFamilies",
            "ipFamilyPolicy",
            "nodePort",
            "protocol",
            "sessionAffinity",
            "targetPort",
            "type",
        )
    )
}
_NOT_CONTENT = frozenset(("metadata", "status"))


def applied(manifest: K8sObject, live: K8sObject | None, prepare: Prepare) -> K8sObject:
    """What the cluster has of `manifest`: `live` itself, at the manifest's place, where nothing changes."""
    if live is None:
        return manifest
    wanted = prepare(manifest)
    if not differences(wanted, prepare(live)):
        return K8sObject(live.data, manifest.origin)
    known = _SET_BY_SERVER.get(manifest.kind, frozenset())
    data: dict[str, Any] = {k: _filled(v, live.data.get(k), known) for k, v in wanted.data.items() if k != "metadata"}
    if "status" in live.data:
        data["status"] = live.data["status"]
    kept = {key: live.metadata[key] for key in ("uid", "creationTimestamp") if key in live.metadata}
    data["metadata"] = {
        **wanted.metadata,
        **kept,
        **_more("labels", wanted, live),
        **_more("annotations", wanted, live),
    }
    return manifest.with_data(data)


def differences(wanted: K8sObject, live: K8sObject) -> list[Path]:
    """The fields in which `live` is not as `wanted` says, both prepared as the API server does; empty where it is."""
    known = _SET_BY_SERVER.get(wanted.kind, frozenset())
    found: list[Path] = []
    for key in dict.fromkeys((*wanted.data, *live.data)):
        if key not in _NOT_CONTENT:
            _compare(wanted.data.get(key), live.data.get(key), (key,), known, found)
    for part in ("labels", "annotations"):
        want, have = mapping(wanted.metadata.get(part)), mapping(live.metadata.get(part))
        for name in dict.fromkeys((*want, *have)):
            if (name in want or _of_controller(name)) and want.get(name) != have.get(name):
                found.append(("metadata", part, name))
    return found


def _compare(wanted: Any, live: Any, path: Path, known: frozenset[str], found: list[Path]) -> None:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for key in dict.fromkeys((*wanted, *live)):
            if key in wanted or key not in known:
                _compare(wanted.get(key), live.get(key), (*path, key), known, found)
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for i, (want, have) in enumerate(zip(wanted, live, strict=True)):
            _compare(want, have, (*path, i), known, found)
    elif wanted != live and not _nothing(wanted, live):
        found.append(path)


def _nothing(wanted: Any, live: Any) -> bool:
    """Whether both say nothing: a field that is missing, null, or an empty mapping or list."""
    return all(value is None or value in ({}, []) for value in (wanted, live))


def _of_controller(name: str) -> bool:
    domain = name.partition("/")[0]
    return domain == "konghq.com" or domain.endswith(".konghq.com") or name == "kubernetes.io/ingress.class"


def _more(part: str, wanted: K8sObject, live: K8sObject) -> dict[str, Any]:
    others = {k: v for k, v in mapping(live.metadata.get(part)).items() if not _of_controller(k)}
    merged = {**others, **mapping(wanted.metadata.get(part))}
    return {part: merged} if merged else {}


def _filled(wanted: Any, live: Any, known: frozenset[str]) -> Any:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        both = {key: _filled(value, live.get(key), known) for key, value in wanted.items()}
        return {**both, **{key: value for key, value in live.items() if key in known and key not in wanted}}
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        return [_filled(want, have, known) for want, have in zip(wanted, live, strict=True)]
    return wanted
