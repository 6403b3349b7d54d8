"""The answer to `POST /config?flatten_errors=1`, offline.

`validate` is the entry. What the gateway would do is either known, or accepted: a rejection is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_kong.gateway.declarative import Declarative
from gitops_kong.gateway.flatten import Flattener
from gitops_kong.gateway.lua import GatewayCrash
from gitops_kong.gateway.migrations import migrate_route_paths
from gitops_kong.gateway.records import Compiler, Edition
from gitops_kong.gateway.references import Errors, References
from gitops_kong.gateway.validation import Validation

if TYPE_CHECKING:
    from gitops_kong.cluster.options import RouterFlavor
    from gitops_kong.gateway.catalogue import Catalogue


class Blame(NamedTuple):
    """An error of the whole file, in words, and the tags of the entities that it is about."""

    message: str
    tags: tuple[tuple[str, ...], ...]


class Verdict(NamedTuple):
    """The gateway's answer: 201 accepted, 400 rejected, 500 where its own code fails on the input.

    `errors` are its `flattened_errors`, each `{"entityType", "entityName", "entityTags", "errors": [{"type",
    "field", "message"}]}`. A 400 without errors is about the whole file, a broken reference or a name given twice;
    `general` says it in words for people. `unverified` names what was accepted without a schema to judge it by.
    `blamed` are the entities that such an error, or the gateway's failure, comes from, as far as that can be known.
    """

    status: int
    errors: list[dict[str, Any]]
    general: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    blamed: tuple[Blame, ...] = ()


def validate(
    config: Mapping[str, Any],
    catalogue: Catalogue,
    router_flavor: RouterFlavor = "traditional_compatible",
    edition: Edition = "oss",
) -> Verdict:
    """What a gateway with this catalogue answers to the declarative configuration; `config` is not changed."""
    declarative = declarative_schema(catalogue, router_flavor, edition)
    declarative.compiler.unverified.clear()
    references: References | None = None
    try:
        config = migrate_route_paths(config)
        validation = Validation(declarative, config)
        early: list[tuple[References, Errors | None]] = []

        def check_early() -> None:
            with suppress(GatewayCrash):  # which counts only where the schemas take everything
                unlost = References(declarative, set())
                early.append((unlost, unlost.check(config)))

        errors = validation.errors(check_early)
        if not errors and early and not validation.lost:
            references, errors = early[0]
        elif not errors:
            references = References(declarative, validation.lost)
            errors = references.check(config)
        unverified = tuple(sorted(declarative.compiler.unverified))
        if not errors:
            return Verdict(201, [], (), unverified)
        flattener = Flattener(declarative.relations, catalogue.version)
        entries = flattener.flatten(config, errors)
        blamed = _blamed(references) if references else tuple(_unknown_entities(config, errors, declarative))
        return Verdict(400, entries, tuple(flattener.general), unverified, blamed)
    except GatewayCrash:
        return Verdict(500, [], blamed=_blamed(references) if references else ())


def _blamed(references: References) -> tuple[Blame, ...]:
    return tuple(Blame(message, tuple(map(_tags, entities))) for message, entities in references.blamed.items())


def _unknown_entities(
    config: Mapping[str, Any], errors: Mapping[Any, Any], declarative: Declarative
) -> Iterator[Blame]:
    """What stands in lists that this gateway does not know, such as `consumer_groups` outside Kong Enterprise."""
    for key, error in errors.items():
        items = config.get(key)
        if key not in declarative.schemas and isinstance(items, list):
            owners = [_owner(item, config) for item in items if isinstance(item, dict)]
            yield Blame(f"{key}: {error}", tuple(dict.fromkeys(map(_tags, owners))))


def _owner(entity: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entity, or the consumer whose membership it is: that has no tags."""
    if entity.get("tags"):
        return entity
    consumers = config.get("consumers")
    named = (c for c in consumers if isinstance(c, dict)) if isinstance(consumers, list) else ()
    return next((c for c in named if c.get("username") == entity.get("consumer", "")), entity)


def _tags(entity: Mapping[str, Any]) -> tuple[str, ...]:
    tags = entity.get("tags")
    return tuple(map(str, tags)) if isinstance(tags, list) else ()


def declarative_schema(catalogue: Catalogue, router_flavor: RouterFlavor, edition: Edition) -> Declarative:
    """The declarative configuration's schema, compiled once for each router flavor and edition."""
    declarative: Declarative = catalogue.remember(
        f"declarative/{router_flavor}/{edition}", lambda: Declarative(Compiler(catalogue, router_flavor, edition))
    )
    return declarative
