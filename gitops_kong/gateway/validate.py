"""The answer to `POST /config?flatten_errors=1`, offline.

`validate` is the entry. What the gateway would do is either known, or accepted: a rejection is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_kong.gateway.declarative import Declarative
from gitops_kong.gateway.flatten import Flattener
from gitops_kong.gateway.lua import GatewayCrash
from gitops_kong.gateway.migrations import migrate_route_paths
from gitops_kong.gateway.records import Compiler, Edition
from gitops_kong.gateway.references import References
from gitops_kong.gateway.validation import Validation

if TYPE_CHECKING:
    from gitops_kong.cluster.options import RouterFlavor
    from gitops_kong.gateway.catalogue import Catalogue


class Verdict(NamedTuple):
    """The gateway's answer: 201 accepted, 400 rejected, 500 where its own code fails on the input.

    `errors` are its `flattened_errors`, each `{"entityType", "entityName", "entityTags", "errors": [{"type",
    "field", "message"}]}`. A 400 without errors is about the whole file, a broken reference or a name given twice;
    `general` says it in words for people. `unverified` names what was accepted without a schema to judge it by.
    """

    status: int
    errors: list[dict[str, Any]]
    general: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


def validate(
    config: Mapping[str, Any],
    catalogue: Catalogue,
    router_flavor: RouterFlavor = "traditional_compatible",
    edition: Edition = "oss",
) -> Verdict:
    """What a gateway with this catalogue answers to the declarative configuration; `config` is not changed."""
    declarative = declarative_schema(catalogue, router_flavor, edition)
    declarative.compiler.unverified.clear()
    try:
        config = migrate_route_paths(config)
        validation = Validation(declarative, config)
        errors = validation.errors() or References(declarative, validation.lost).check(config)
        unverified = tuple(sorted(declarative.compiler.unverified))
        if not errors:
            return Verdict(201, [], (), unverified)
        flattener = Flattener(declarative.relations, catalogue.version)
        entries = flattener.flatten(config, errors)
        return Verdict(400, entries, tuple(flattener.general), unverified)
    except GatewayCrash:
        return Verdict(500, [])


def declarative_schema(catalogue: Catalogue, router_flavor: RouterFlavor, edition: Edition) -> Declarative:
    """The declarative configuration's schema, compiled once for each router flavor and edition."""
    declarative: Declarative = catalogue.remember(
        f"declarative/{router_flavor}/{edition}", lambda: Declarative(Compiler(catalogue, router_flavor, edition))
    )
    return declarative
