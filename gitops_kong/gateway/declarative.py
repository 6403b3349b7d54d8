"""The schema of declarative configurations: keys of the file, and every entity in the shapes that it may take there.

Source: `DeclarativeConfig.load` of Kong (kong/db/schema/others/declarative_config.lua).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from gitops_kong.gateway import lua
from gitops_kong.gateway.fields import EXPECTED, REQUIRED, Error
from gitops_kong.gateway.lua import Table
from gitops_kong.gateway.quick import Judge, Shapes, dependent_fields
from gitops_kong.gateway.records import UNKNOWN, Compiler, Record
from gitops_kong.gateway.relations import Relations

if TYPE_CHECKING:
    from gitops_kong.gateway.catalogue import Schema

Errors = dict[Any, Error]
Kind = Literal["top", "nested", "full"]  # foreign keys by name, none to what it is nested in, or by id
FORMAT_VERSIONS = ("1.1", "2.1", "3.0")
_EXTRA = {"_comment": {"type": "string"}, "_ignore": {"type": "array", "elements": {"type": "any"}}}


class Declarative:
    """The declarative configuration's schema for one gateway version and router flavor."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        catalogue = compiler.catalogue
        self.schemas: dict[str, Schema] = {}
        for name in catalogue.entities:
            schema = catalogue.entity(name, compiler.flavor)
            if schema is not None:
                self.schemas[name] = schema
        self.relations = Relations(self.schemas)
        # From 3.8 on certificates have a field `snis` of their own: nested SNIs then get no ids and no certificate.
        self.own_field = frozenset(
            r for rs in self.relations.children.values() for r in rs if r.child in self.schemas[r.parent]["fields"]
        )
        self._variants: dict[tuple[str, Kind], Record] = {}
        self._judges: dict[tuple[str, str], Judge] = {}
        self._free: dict[str, tuple[dict[str, bool], frozenset[str]]] = {}
        self._shapes: dict[tuple[str, Kind], Shapes] = {}
        self.format_version = compiler.record(
            {"fields": {"_": {"type": "string", "required": True, "one_of": FORMAT_VERSIONS}}}
        ).fields["_"]

    def variant(self, entity: str, kind: Kind) -> Record:
        """The record of an entity without what may be nested in it."""
        known = self._variants.get((entity, kind))
        if known is None:
            schema = self.schemas[entity]
            fields = {
                name: _foreign_as(field, kind) if field["type"] == "foreign" else field
                for name, field in schema["fields"].items()
            }
            for relation in self.own_field:
                if relation.parent == entity:
                    del fields[relation.child]
            known = self.compiler.record({**schema, "fields": {**fields, **_EXTRA}})
            self._variants[entity, kind] = known
        return known

    def free_foreign_keys(self, entity: str, own: Table) -> dict[str, bool] | None:
        """The foreign keys of an entity, and whether each is required.

        None when a check or a subschema looks at one that is set: then it matters more than by itself.
        """
        record = self.variant(entity, "full")
        known = self._free.get(entity)
        if known is None:
            foreign = {name: record.fields[name].required for name in self.relations.foreign[entity]}
            known = self._free[entity] = (foreign, dependent_fields(record).intersection(foreign))
        foreign, looked_at = known
        if any(own.get(name) is not None for name in looked_at):
            return None
        subschema = record.subschema(own) if foreign else None
        overridden = subschema is not None and any(own.get(n) is not None and n in subschema.fields for n in foreign)
        return None if overridden else foreign

    def check_top_level(self, key: str, value: Any) -> Error | None:
        """A key of the file that is no list of entities."""
        if key == "updated_at" or self.compiler.skips_entity(key):
            return None
        if key == "_format_version":
            return self.format_version.validate(value)
        if key == "_transform":
            return EXPECTED["boolean"] if value is not None and not isinstance(value, bool) else None
        if key == "_comment":
            return EXPECTED["string"] if value is not None and not isinstance(value, str) else None
        if key == "_ignore":
            if value is None:
                return None
            items = lua.as_sequence(value)
            return EXPECTED["array"] if items is None else _missing_items(items)
        return UNKNOWN

    def own_errors(self, entity: str, kind: Kind, item: Table) -> tuple[Errors | None, bool]:
        """Errors of an entity without what is nested in it, and whether the gateway looks at that at all."""
        shapes = self._shapes.get((entity, kind))
        if shapes is None:
            children = frozenset(r.child for r in self.relations.children[entity])
            shapes = self._shapes[entity, kind] = Shapes(entity, self.variant(entity, kind), children, self._judges)
        shape = shapes.shape(item)
        if shape is not None and shapes.knows(shape):
            return None, True
        record = self.variant(entity, kind)
        data = record.process({name: value for name, value in item.items() if name not in shapes.children})
        noted = self.compiler.noted
        errors = record.validate(data)
        if errors is None and self.compiler.noted == noted:
            shapes.learn(shape, data)
        return errors, errors is None or _has_subschema(record, data)


def _foreign_as(field: Mapping[str, Any], kind: Kind) -> Mapping[str, Any]:
    if kind == "top":
        return {**field, "type": "string"}
    return {**field, "eq": None, "default": None, "required": False} if kind == "nested" else field


def _has_subschema(record: Record, data: Table) -> bool:
    return record.subschema_key is None or record.subschema(data) is not None


def _missing_items(items: list[Any]) -> Error | None:
    return {i: REQUIRED for i, item in enumerate(items, 1) if item is None} or None
