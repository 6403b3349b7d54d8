"""Which Kubernetes objects have entities in a declarative configuration, read from the entities' tags.

The controller tags every entity with the object that it was made from (KIC `util.GenerateTagsForObject`); the same
tags lead it from a rejected entity back to its object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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


def consumer_losses(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[Ref, str]]:
    """What consumers of `before` no longer have in `after`, a configuration that was read back from a gateway.

    It carries no memberships in consumer groups, and takes the hash of a basic-auth password for the password.
    """
    were, members = _members(before), _members(after)
    now = {consumer.get("username"): consumer for consumer in after.get("consumers") or ()}
    for consumer in before.get("consumers") or ():
        ref, kept = _object_of_tags(tuple(consumer.get("tags") or ())), now.get(consumer.get("username"))
        if ref is None or kept is None:
            continue
        if _names(consumer) & (were - members):
            yield ref, "is in none of its consumer groups any more: their plugins do not apply to it"
        if _passwords(consumer) != _passwords(kept):
            yield ref, "cannot log in with basic-auth any more: the hash of its password is hashed again"


def _members(config: Mapping[str, Any]) -> set[Any]:
    """What names the consumers that are in a group."""
    return {membership.get("consumer") for membership in config.get("consumer_group_consumers") or ()}


def _names(consumer: Mapping[str, Any]) -> set[Any]:
    return {consumer.get(key) for key in ("username", "id")} - {None}


def _passwords(consumer: Mapping[str, Any]) -> set[tuple[str, str]]:
    credentials = consumer.get("basicauth_credentials") or ()
    return {(str(c.get("username")), str(c.get("password"))) for c in credentials}
