"""Which Kubernetes objects have entities in a declarative configuration, read from the entities' tags.

The controller tags every entity with the object that it was made from (KIC `util.GenerateTagsForObject`); the same
tags lead it from a rejected entity back to its object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.manifests.objects import Ref

_NESTED = ("routes", "plugins", "targets", "snis")  # lists of entities that stand inside another entity
_object_of_tags = lru_cache(maxsize=65536)(object_of_tags)


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
        ref = _object_of_tags(tuple(entity.get("tags") or ()))
        if ref:
            counted[ref] += 1
        for name in _NESTED:
            children = entity.get(name)
            if isinstance(children, list):
                _count(children, counted)
