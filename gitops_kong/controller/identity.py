"""What the API server assigns to every object: uid, resource version, generation.

Manifests seldom carry them, but the controller's cache snapshot, its statuses and its fallback depend on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from gitops_kong.manifests.objects import K8sObject, Ref

_NOT_IN_GENERATION = frozenset({"metadata", "status"})
_ASSIGNED = frozenset({"uid", "resourceVersion", "generation"})


def assign(objects: Iterable[K8sObject], previous: Mapping[Ref, K8sObject]) -> list[K8sObject]:
    """`objects` with uid, resourceVersion and generation, where they lack them.

    `previous` is the result of the step before, by reference: an object that did not change keeps its version; one
    that changed outside `metadata` and `status` gets the next generation (CONTRACT.md, 'Scenario files and simulate').
    """
    return [_assign(obj, previous.get(obj.ref)) for obj in objects]


def generation(obj: K8sObject) -> int:
    """`metadata.generation`, 0 where missing."""
    value = obj.metadata.get("generation")
    return value if isinstance(value, int) else 0


def snapshot_key(obj: K8sObject) -> tuple[str, str]:
    """What tells one version of an object from another (KIC `TakeSnapshotIfChanged`: uid and resource version)."""
    return obj.uid, str(obj.metadata.get("resourceVersion") or "")


def _assign(obj: K8sObject, before: K8sObject | None) -> K8sObject:
    metadata = obj.metadata
    uid, version, number = metadata.get("uid"), metadata.get("resourceVersion"), metadata.get("generation")
    if uid and version and number:
        return obj
    if before is None:
        number, version = number or 1, version or "1"
    else:
        number = number or generation(before) + _content_changed(obj, before)
        version = version or _next_version(obj, before)
    added = {"uid": uid or _uid(obj.ref), "resourceVersion": version, "generation": number}
    return obj.with_data({**obj.data, "metadata": {**metadata, **added}})


def _uid(ref: Ref) -> str:
    """A UUID of version 5, made of the reference."""
    digest = hashlib.sha1("/".join(ref).encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _content_changed(obj: K8sObject, before: K8sObject) -> bool:
    new = {k: v for k, v in obj.data.items() if k not in _NOT_IN_GENERATION}
    old = {k: v for k, v in before.data.items() if k not in _NOT_IN_GENERATION}
    return new != old


def _next_version(obj: K8sObject, before: K8sObject) -> str:
    version = str(before.metadata.get("resourceVersion") or "0")
    kept = {k: v for k, v in before.metadata.items() if k in obj.metadata or k not in _ASSIGNED}
    if {**before.data, "metadata": kept} == {**obj.data, "metadata": obj.metadata}:
        return version
    return str(int(version) + 1) if version.isdecimal() else f"{version}-1"
