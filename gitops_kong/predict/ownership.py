"""Which Kubernetes objects have entities in a declarative configuration, read from the entities' tags.

The controller tags every entity with the object that it was made from (KIC `util.GenerateTagsForObject`); the same
tags lead it from a rejected entity back to its object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from gitops_kong.manifests.objects import Ref

# Lists of entities that stand inside another entity.
_NESTED = ("routes", "plugins", "targets", "snis")


def owners(config: Mapping[str, Any]) -> Counter[Ref]:
    """How many entities of `config` each object has."""
    counted: Counter[Ref] = Counter()
    for entities in config.values():
        if isinstance(entities, list):
            _count(entities, counted)
    return counted


def _count(entities: Iterable[Any], counted: Counter[Ref]) -> None:
    for entity in entities:
        if not isinstance(entity, Mapping):
            continue
        ref = reference(tuple(entity.get("tags") or ()))
        if ref:
            counted[ref] += 1
        for children in _children(entity):
            _count(children, counted)


def _children(entity: Mapping[str, Any]) -> Iterator[Iterable[Any]]:
    for name in _NESTED:
        children = entity.get(name)
        if isinstance(children, list):
            yield children


@lru_cache(maxsize=65536)
def reference(tags: tuple[str, ...]) -> Ref | None:
    """The object that `tags` name, or None where they name none."""
    found = {"k8s-group": "", "k8s-kind": "", "k8s-namespace": "", "k8s-name": ""}
    for tag in tags:
        key, colon, value = tag.partition(":")
        if colon and key in found:
            found[key] = value
    if not found["k8s-kind"] or not found["k8s-name"]:
        return None
    return Ref(found["k8s-group"], found["k8s-kind"], found["k8s-namespace"], found["k8s-name"])
