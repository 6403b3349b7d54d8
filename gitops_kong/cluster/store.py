"""The objects that a controller holds, with the look-ups that translation needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from gitops_kong.manifests.objects import K8sObject, Ref

T = TypeVar("T")


class ObjectStore:
    """An immutable set of objects, by reference and by kind. Insertion order is kept."""

    def __init__(self, objects: Iterable[K8sObject]) -> None:
        self._by_ref: dict[tuple[str, str, str, str], K8sObject] = {o.ref: o for o in objects}
        self._views: dict[Callable[[ObjectStore], Any], Any] = {}

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], list[K8sObject]]:
        kinds: defaultdict[tuple[str, str], list[K8sObject]] = defaultdict(list)
        for key, obj in self._by_ref.items():
            kinds[key[:2]].append(obj)
        return dict(kinds)

    def get(self, group: str, kind: str, namespace: str, name: str) -> K8sObject | None:
        """The object, or None."""
        return self._by_ref.get((group, kind, namespace, name))

    def by_ref(self, ref: Ref) -> K8sObject | None:
        """The object that `ref` names, or None."""
        return self._by_ref.get(ref)

    def list(self, group: str, kind: str) -> list[K8sObject]:
        """All objects of a kind, in the order in which they were given."""
        return self._by_kind.get((group, kind), [])

    def view(self, build: Callable[[ObjectStore], T]) -> T:
        """What the pure function `build` makes of this store, computed once: for indexes over all objects of a kind."""
        if build not in self._views:
            self._views[build] = build(self)
        result: T = self._views[build]
        return result

    def without(self, refs: Iterable[Ref]) -> ObjectStore:
        """A store that lacks `refs`."""
        left_out = set(refs)
        return ObjectStore(o for r, o in self._by_ref.items() if r not in left_out)

    def replacing(self, objects: Iterable[K8sObject]) -> ObjectStore:
        """A store in which `objects` replace or join those that are there."""
        return ObjectStore((self._by_ref | {o.ref: o for o in objects}).values())

    def __iter__(self) -> Iterator[K8sObject]:
        return iter(self._by_ref.values())

    def __len__(self) -> int:
        return len(self._by_ref)

    def __contains__(self, ref: object) -> bool:
        return ref in self._by_ref
