"""The ids and foreign keys that the gateway fills in for its second validation.

Source: `populate_ids_for_validation` of Kong (kong/db/schema/others/declarative_config.lua).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops_kong.gateway import ids, lua
from gitops_kong.gateway.lua import MISSING, GatewayCrash, Table

if TYPE_CHECKING:
    from gitops_kong.gateway.declarative import Declarative


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
        self._note_all(own, entity, key_of(own))

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
        own_id = own.get("id")
        if isinstance(own_id, str) and self._declarative.schemas[entity]["primary_key"] == ["id"]:
            return own_id
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


def key_of(entity: Table) -> Table:
    """The foreign key that leads to an entity; empty when it has no id."""
    return {"id": entity["id"]} if "id" in entity else {}


def _text_of(part: Any) -> str:
    return f"table {id(part)}" if lua.is_table(part) else lua.tostring(part)
