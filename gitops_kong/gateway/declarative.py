"""A whole declarative configuration against the schemas: what is wrong with which entity.

Source: kong/db/schema/others/declarative_config.lua. The gateway validates twice. First foreign keys of top-level
entities are names, and nested entities must not have the foreign key of what they are nested in. If that fails
anywhere, everything is validated again with ids made and foreign keys filled in; what the second validation finds
counts, and from the first only "value must be null".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from gitops_kong.gateway import ids, lua
from gitops_kong.gateway.fields import EXPECTED, REQUIRED, Error
from gitops_kong.gateway.lua import MISSING, GatewayCrash, Table
from gitops_kong.gateway.quick import Judge, Shapes
from gitops_kong.gateway.records import UNKNOWN, Compiler, Record
from gitops_kong.gateway.relations import Relations

if TYPE_CHECKING:
    from gitops_kong.gateway.catalogue import Schema

Errors = dict[Any, Error]
Kind = Literal["top", "nested", "full"]  # foreign keys by name, none to what it is nested in, or by id
FORMAT_VERSIONS = ("1.1", "2.1", "3.0")
_EXTRA = {"_comment": {"type": "string"}, "_ignore": {"type": "array", "elements": {"type": "any"}}}
NULL = "value must be null"


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
        self.lost: set[int] = set()  # nested entities of the configuration at hand that the gateway loses, by `id()`
        self._variants: dict[tuple[str, Kind], Record] = {}
        self._judges: dict[tuple[str, str], Judge] = {}
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

    def begin(self) -> None:
        """Forget what was noted about the configuration before."""
        self.lost.clear()
        self.compiler.unverified.clear()

    # Validating

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

    def check_item(self, entity: str, item: Any, kind: Kind = "top") -> Error | None:
        """Errors of one entity and of what is nested in it, in the first validation."""
        if item is None:
            return REQUIRED
        if not lua.is_table(item):
            return EXPECTED["record"]
        own = item if isinstance(item, dict) else lua.as_table(item)
        errors, with_children = self._own_errors(entity, kind, own)
        if with_children:
            for relation in self.relations.children[entity]:
                value = own.get(relation.child)
                if value is not None:
                    error = self._children_errors(value, partial(self.check_item, relation.child, kind="nested"))
                    if error is not None:
                        errors = {**(errors or {}), relation.child: error}
        return errors

    def _own_errors(self, entity: str, kind: Kind, item: Table) -> tuple[Errors | None, bool]:
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
        errors = record.validate(data)
        if errors is None and not self.compiler.enterprise:
            shapes.learn(shape, data)
        return errors, errors is None or _has_subschema(record, data)

    def _children_errors(self, value: Any, check: Callable[[Any], Error | None]) -> Error | None:
        """Errors of nested entities. One with a broken shorthand field is lost without an error, if it is the last."""
        if value is None:
            return None
        items = lua.as_sequence(value)
        if items is None:
            return EXPECTED["array"]
        errors: Errors = {}
        lost = False
        for index, item in enumerate(items, 1):
            try:
                error = check(item)
            except lua.ShorthandFailure:
                self.lost.add(id(item))
                lost = True
                continue
            if lost:
                return EXPECTED["array"]
            if error is not None:
                errors[index] = error
        return errors or None

    def check_filled(self, entity: str, item: Any, names: Names, parent: Table | None = None) -> Error | None:
        """Errors of one entity in the second validation; `parent` has the foreign key to what it is nested in."""
        if item is None:
            return REQUIRED
        if not lua.is_table(item):
            return EXPECTED["record"]
        own = names.filled(entity, item, parent)
        errors, with_children = self._own_errors(entity, "full", own)
        if with_children:
            for relation in self.relations.children[entity]:
                value = own.get(relation.child)
                if value is None:
                    continue
                key = None if relation in self.own_field else {relation.field: _key_of(own)}
                error = self._children_errors(value, partial(self._check_filled_child, relation.child, names, key))
                if error is not None:
                    errors = {**(errors or {}), relation.child: error}
        return errors

    def _check_filled_child(self, child: str, names: Names, parent: Table | None, item: Any) -> Error | None:
        return self.check_filled(child, item, names, parent)


class Names:
    """Ids and names of all entities of a file, as they are filled in for the second validation."""

    def __init__(self, declarative: Declarative, config: Mapping[str, Any]) -> None:
        self._declarative = declarative
        self._random = 0
        self._ids: dict[str, dict[str, Any]] = {}
        self._names: dict[str, dict[Any, Any]] = {}
        self._last: dict[str, dict[str, int]] = {}
        self._own: dict[tuple[int, int], Table] = {}
        self._note_all(config, None, {})

    def _note_all(self, table: Mapping[Any, Any], parent: str | None, key: Table) -> None:
        """Note every entity of a file, or of the entity of type `parent` whose key is given."""
        relations = self._declarative.relations
        entities = [name for name in table if name in relations.foreign]
        if len(entities) > 1:
            entities.sort(key=relations.order.index)
        for entity in entities:
            items = table[entity]
            if not lua.is_table(items):
                continue
            child_key = None
            if parent is not None:
                if entity in self._declarative.schemas[parent]["fields"]:
                    continue
                children = relations.children[parent]
                relation = next((r for r in children if r.child == entity), None)
                if not children or (relation is None and isinstance(items, list) and items):
                    raise GatewayCrash
                child_key = None if relation is None else {relation.field: key}
            for item in items if isinstance(items, list) else ():
                if isinstance(item, str) and self._declarative.schemas[entity]["primary_key"] != ["id"]:
                    continue  # it gets no id, so nothing is written into it
                if not lua.is_table(item):
                    raise GatewayCrash
                self._note(entity, item, child_key)

    def _note(self, entity: str, item: Any, parent: Table | None) -> None:
        schema = self._declarative.schemas[entity]
        own = self._with_id(entity, item, parent)
        text = self._identity(entity, own)
        self._ids.setdefault(entity, {})[text] = own.get("id")
        self._last.setdefault(entity, {})[text] = id(item)
        name = own.get(schema.get("endpoint_key"))
        if name is not None and not lua.is_table(name) and name is not False:
            self._names.setdefault(entity, {}).setdefault(name, own.get("id"))
        self._note_all(own, entity, _key_of(own))

    def _with_id(self, entity: str, item: Any, parent: Table | None) -> Table:
        """The entity as a table of its own, with an id if it can have one."""
        field, key = next(iter(parent.items())) if parent else (None, {})
        parent_id = key.get("id", MISSING)
        place = (id(item), id(parent_id))
        known = self._own.get(place)
        if known is None:
            schema = self._declarative.schemas[entity]
            known = lua.as_table(item)
            if "id" not in known and schema["primary_key"] == ["id"]:
                made = ids.key_of(entity, schema, known, parent_id, field)
                if made is None:
                    self._random += 1
                    known["id"] = f"00000000-0000-4000-8000-{self._random:012x}"
                elif made is not ids.UNUSABLE:
                    known["id"] = ids.made_of(entity, made)
            self._own[place] = known
        return known

    def _identity(self, entity: str, own: Table) -> str:
        """The primary key as text; all entities without one have the same."""
        parts = [own.get(name, MISSING) for name in self._declarative.schemas[entity]["primary_key"]]
        return ":".join("nil" if part is MISSING else _text_of(part) for part in parts)

    def filled(self, entity: str, item: Any, parent: Table | None) -> Table:
        """A new table with the id, the parent's key, and ids in place of names of other entities.

        Of entities with the same id only the last one gets the latter.
        """
        own = dict(self._with_id(entity, item, parent))
        if parent:
            for field, key in parent.items():
                if own.get(field, False) is False:
                    own[field] = key
        if self._last.get(entity, {}).get(self._identity(entity, own), id(item)) != id(item):
            return own
        for field, reference in self._declarative.relations.foreign[entity].items():
            value = own.get(field)
            if isinstance(value, str):
                names, known = self._names.get(reference, {}), self._ids.get(reference, {})
                if value in names:
                    own[field] = {"id": names[value]}
                elif value in known:
                    own[field] = {"id": known[value]}
        return own


def _key_of(entity: Table) -> Table:
    return {"id": entity["id"]} if "id" in entity else {}


def _text_of(part: Any) -> str:
    return f"table {id(part)}" if lua.is_table(part) else lua.tostring(part)


def _foreign_as(field: Mapping[str, Any], kind: Kind) -> Mapping[str, Any]:
    if kind == "top":
        return {**field, "type": "string"}
    return {**field, "eq": None, "default": None, "required": False} if kind == "nested" else field


def _has_subschema(record: Record, data: Table) -> bool:
    return record.subschema_key is None or record.subschema(data) is not None


def _missing_items(items: list[Any]) -> Error | None:
    return {i: REQUIRED for i, item in enumerate(items, 1) if item is None} or None


def null_errors(error: Error) -> Error:
    """Of errors only those that say that a value must be null (`extract_null_errors`)."""
    if isinstance(error, dict):
        return {key: kept for key, inner in error.items() if (kept := null_errors(inner))}
    if isinstance(error, list):
        return [message for message in error if message == NULL]
    return error if error == NULL else None


def merged(one: Error, two: Error) -> Error:
    """Two errors, the second over the first (`cycle_aware_deep_merge`)."""
    if isinstance(one, dict) and isinstance(two, dict):
        return {**one, **{key: merged(one[key], inner) if key in one else inner for key, inner in two.items()}}
    return two
