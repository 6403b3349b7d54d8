"""The store from which the fallback configuration is built (KIC `fallback.Generator`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.fallback.graph import ConfigGraph, Vertex, vertex
from gitops_kong.manifests.objects import K8sObject, Ref

Mode = Literal["exclude", "backfill"]


@dataclass(frozen=True)
class Affected:
    """An object that was excluded or filled back, and the objects that caused it (one entry for each cause found).

    `via` is its own dependency that leads to the first cause, None where it is that cause itself.
    """

    object: K8sObject
    causing: tuple[Ref, ...]
    via: Ref | None = None


@dataclass(frozen=True)
class FallbackCache:
    """The objects of the fallback configuration, and how it came about."""

    mode: Mode
    store: ObjectStore
    broken: tuple[Ref, ...]
    excluded: tuple[Affected, ...]
    backfilled: tuple[Affected, ...] = ()


@dataclass
class _Collector:
    """Affected objects in the order in which they were met, with their causes."""

    objects: dict[Vertex, tuple[K8sObject, list[Ref], Ref | None]] = field(default_factory=dict)

    def add(self, obj: K8sObject, causing: Vertex, via: Ref | None) -> None:
        self.objects.setdefault(vertex(obj), (obj, [], via))[1].append(causing[0])

    def result(self) -> tuple[Affected, ...]:
        return tuple(Affected(obj, tuple(causing), via) for obj, causing, via in self.objects.values())


def exclude(store: ObjectStore, broken: Sequence[Vertex], behaviours: Mapping[str, bool]) -> FallbackCache:
    """`store` without the broken objects and all that depends on them."""
    excluded, _ = _excluded(store, broken, behaviours)
    return FallbackCache(
        "exclude",
        store.without(obj.ref for obj, *_ in excluded.objects.values()),
        tuple(b[0] for b in broken),
        excluded.result(),
    )


def backfill(
    store: ObjectStore, last_valid: ObjectStore | None, broken: Sequence[Vertex], behaviours: Mapping[str, bool]
) -> FallbackCache:
    """`store` in which the broken objects and their dependants are replaced by those of the last valid snapshot.

    What depended on an affected object in the last valid snapshot comes back too, even where it was deleted or changed
    since (KIC `GenerateBackfillingBrokenObjects`).
    """
    excluded, affected = _excluded(store, broken, behaviours)
    remaining = store.without(obj.ref for obj, *_ in excluded.objects.values())
    broken_refs = tuple(b[0] for b in broken)
    if last_valid is None:
        return FallbackCache("backfill", remaining, broken_refs, excluded.result())
    graph = ConfigGraph(last_valid, behaviours)
    backfilled = _Collector()
    for source in affected:
        for obj, via in graph.affected_via(source):
            backfilled.add(obj, source, via)
    return FallbackCache(
        "backfill",
        remaining.replacing(obj for obj, *_ in backfilled.objects.values()),
        broken_refs,
        excluded.result(),
        backfilled.result(),
    )


def _excluded(
    store: ObjectStore, broken: Sequence[Vertex], behaviours: Mapping[str, bool]
) -> tuple[_Collector, list[Vertex]]:
    graph = ConfigGraph(store, behaviours)
    excluded, affected = _Collector(), []
    for source in broken:
        for obj, via in graph.affected_via(source):
            excluded.add(obj, source, via)
            affected.append(vertex(obj))
    return excluded, affected
