"""Which entities refer to which: the order in which the gateway goes through them, and what nests in what.

Source: `schema_topological_sort`, `nest_foreign_relationships` and `populate_references` of Kong
(kong/db/schema/topological_sort.lua, kong/db/schema/others/declarative_config.lua).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]

CORE = (
    "workspaces", "consumers", "certificates", "services", "routes", "snis", "upstreams", "targets", "plugins",
    "ca_certificates", "clustering_data_planes", "parameters", "vaults", "key_sets", "keys", "filter_chains",
)  # fmt: skip


class Relation(NamedTuple):
    """`child` has the foreign key `field` that names a row of `parent`."""

    child: str
    field: str
    parent: str


class Relations:
    """All foreign keys among the entities of one gateway version."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.all = tuple(
            Relation(child, name, field["reference"])
            for child, schema in schemas.items()
            for name, field in schema["fields"].items()
            if field["type"] == "foreign"
        )
        self.order = _order(schemas, self.all)
        position = {name: index for index, name in enumerate(self.order)}
        self.children: dict[str, tuple[Relation, ...]] = {
            name: tuple(sorted((r for r in self.all if r.parent == name), key=lambda r: position[r.child]))
            for name in schemas
        }
        self.foreign: dict[str, dict[str, str]] = {
            name: {r.field: r.parent for r in self.all if r.child == name} for name in schemas
        }


def _order(schemas: Mapping[str, Schema], relations: tuple[Relation, ...]) -> tuple[str, ...]:
    """Entities before those that refer to them, core entities before those of plugins, else by name."""
    score = {**dict.fromkeys(CORE, 1), "workspaces": 2}
    items = sorted(schemas, reverse=True)
    items.sort(key=lambda name: score.get(name, 0))
    referring = {
        name: [child for child in items for relation in relations if (relation.child, relation.parent) == (child, name)]
        for name in schemas
    }
    placed: list[str] = []

    def visit(name: str) -> None:
        if name not in placed:
            for child in referring[name]:
                visit(child)
            placed.append(name)

    for name in items:
        visit(name)
    return tuple(reversed(placed))
