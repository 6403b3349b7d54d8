"""From errors by position to a list of errors by entity, as `POST /config?flatten_errors=1` answers.

Source: `flatten_errors` of Kong (kong/db/errors.lua). Errors of nested entities become entries of their own; errors
that cannot be brought to an entity (an unknown key of the file, a broken reference) are not listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.formats import text
from gitops_kong.gateway.lua import GatewayCrash, Table
from gitops_kong.gateway.relations import Relations

Flattened = list[dict[str, Any]]


class Flattener:
    """Flattens the errors of one configuration; `version` is the gateway's."""

    def __init__(self, relations: Relations, version: str) -> None:
        self._relations = relations
        # A message in place of an entity's errors: 3.4 and 3.5 drop it, 3.6 lists it for top-level entities only.
        self._top_level_messages = version >= "3.6"
        self._nested_messages = version >= "3.7"
        self.entries: Flattened = []
        self.general: list[str] = []  # what no entity could be found for, for people

    def flatten(self, config: Mapping[str, Any], errors: Mapping[Any, Any]) -> Flattened:
        """The entries for all errors; `config` is not changed."""
        for entity_type, section in _sorted(errors):
            entities = config.get(entity_type)
            if not isinstance(section, dict) or not lua.is_table(entities):
                self.general.append(f"{entity_type}: {section}")
                continue
            items = lua.as_table(entities)
            for index, error in _sorted(section):
                item = items.get(index)
                listed = len(self.entries)
                if lua.is_table(item):
                    promoted = isinstance(error, str) and self._top_level_messages
                    self._add(entity_type, lua.as_table(item), {"@entity": [error]} if promoted else error)
                if len(self.entries) == listed:
                    messages = error if isinstance(error, list) else [error]
                    self.general.extend(f"{entity_type} {_text(index)}: {message}" for message in messages)
        return self.entries

    def _add(self, entity_type: str, entity: Table, errors: Any) -> None:
        if isinstance(errors, str) and self._nested_messages:
            errors = {"@entity": [errors]}
        if not isinstance(errors, dict) or not errors:
            return
        left = dict(errors)
        key = _primary_key(entity)
        for relation in self._relations.all:
            if relation.child == entity_type:
                self._add_owned(relation.parent, relation.field, entity, left)
            if relation.parent == entity_type:
                self._add_nested(relation.child, relation.field, entity, left, key)
        if not left:
            return
        found = list(_categorized(left, ""))
        if found:
            self.entries.append({**_identity(entity_type, entity), "errors": found})

    def _add_owned(self, parent_type: str, field: str, entity: Table, errors: dict[Any, Any]) -> None:
        """The entity in place of a foreign key."""
        value = entity.get(field)
        if lua.is_table(value):
            entity[field] = _primary_key(lua.as_table(value))
            self._add(parent_type, lua.as_table(value), errors.pop(field, None))

    def _add_nested(self, child_type: str, field: str, entity: Table, errors: dict[Any, Any], key: Any) -> None:
        """Entities nested under the name of their type."""
        value = entity.get(child_type)
        if not lua.is_table(value):
            return
        entity.pop(child_type)
        inner = errors.pop(child_type, None)
        if not inner:
            return
        for index, item in sorted((i, v) for i, v in lua.as_table(value).items() if isinstance(i, int)):
            if not lua.is_table(item):
                raise GatewayCrash
            table = lua.as_table(item)
            if key is not None:
                table.setdefault(field, key)
            self._add(child_type, table, inner.get(index) if isinstance(inner, dict) else None)


def _primary_key(entity: Table) -> dict[str, str] | None:
    own = entity.get("id")
    return {"id": own} if isinstance(own, str) and text.is_uuid(own) else None


def _identity(entity_type: str, entity: Table) -> dict[str, Any]:
    identity: dict[str, Any] = {"entityType": entity_type.removesuffix("s")}
    name, tags = entity.get("name"), entity.get("tags")
    if isinstance(name, str) and name:
        identity["entityName"] = name
    items = lua.as_sequence(tags)
    if items is not None and all(isinstance(tag, str) for tag in items):
        identity["entityTags"] = items
    return identity


def _categorized(errors: Mapping[Any, Any], namespace: str) -> Iterator[dict[str, Any]]:
    for field, error in _sorted(errors):
        if field == "@entity":
            for message in error if isinstance(error, list) else [error]:
                yield {"type": "entity", "message": message}
            continue
        name = f"{namespace}.{_text(field)}" if namespace else field
        if isinstance(error, dict):
            yield from _categorized(error, _text(name) if isinstance(name, str) else "")
        else:
            yield {"type": "field", "field": name, "message": error}


def _text(key: Any) -> str:
    return key if isinstance(key, str) else lua.tostring(key)


def _sorted(errors: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """By key from the last to the first; names beside positions cannot be sorted, and the gateway fails on them."""
    if len({isinstance(key, str) for key in errors}) > 1:
        raise GatewayCrash
    return sorted(errors.items(), key=lambda pair: pair[0], reverse=True)
