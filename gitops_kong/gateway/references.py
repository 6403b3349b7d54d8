"""What holds between entities: names and ids that are declared twice, and foreign keys that lead nowhere.

Source: `generate_ids`, `validate_references` and the end of `flatten` of Kong
(kong/db/schema/others/declarative_config.lua).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_kong.gateway import ids, lua
from gitops_kong.gateway.lua import MISSING, GatewayCrash, Table

if TYPE_CHECKING:
    from gitops_kong.gateway.declarative import Declarative
    from gitops_kong.gateway.relations import Relation

Errors = dict[Any, Any]


class _Schema:
    """What this pass needs of an entity's schema."""

    def __init__(self, declarative: Declarative, entity: str) -> None:
        schema = declarative.schemas[entity]
        self.spec = schema
        self.primary_key: list[str] = schema["primary_key"]
        endpoint = schema.get("endpoint_key")
        fields = schema["fields"]
        self.endpoint: str | None = endpoint if endpoint and fields[endpoint].get("unique") else None
        self.unique = tuple(n for n, f in fields.items() if f.get("unique") and n != self.endpoint)
        self.workspaceable = bool(schema.get("workspaceable"))
        self.foreign = declarative.relations.foreign[entity]
        self.children = declarative.relations.children[entity]
        self.makes_ids = self.primary_key == ["id"]


class _Expected(NamedTuple):
    """A foreign key of an entity, and the place that the gateway would note its error at."""

    entity: str
    field: str
    parent_type: str
    value: Any
    place: Any
    own: Table


class References:
    """One pass over a configuration that passed the schemas."""

    def __init__(self, declarative: Declarative, lost: set[int]) -> None:
        """`lost` are nested entities, by `id()`, that the gateway does not see any more."""
        self._declarative = declarative
        self._lost = lost
        self._nested_by_parent = declarative.compiler.version >= "3.7"
        self._schemas = {name: _Schema(declarative, name) for name in declarative.schemas}
        self._ids: dict[str, dict[str, Table]] = {name: {} for name in self._schemas}
        self._names: dict[str, dict[Any, Table]] = {name: {} for name in self._schemas}
        self._expected: list[_Expected] = []
        self._errors: Errors = {}
        self._holders: dict[int, Table] = {}  # what an entity is nested in, by `id()`
        self.blamed: dict[str, list[Table]] = {}  # the entities that an error is about, by its message

    def check(self, config: Mapping[str, Any]) -> Errors | None:
        """Errors by entity type and position; by name or id where the gateway knows no position."""
        for entity in self._declarative.relations.order:
            items = config.get(entity)
            if lua.is_table(items):
                for index, item in enumerate(items if isinstance(items, list) else (), 1):
                    self._item(entity, item, index, None, MISSING, None)
        self._check_expected()
        return self._errors or self._duplicates() or None

    def _item(
        self, entity: str, item: Table | list[Any], index: int, relation: Relation | None, parent_id: Any, at: Any
    ) -> None:
        """Note one entity; `at` is the type and position of the top-level entity that it is nested in."""
        schema = self._schemas[entity]
        own = item if isinstance(item, dict) else {}
        own_id = own.get("id", MISSING)
        if own_id is MISSING and schema.makes_ids and not (relation and relation in self._declarative.own_field):
            key = ids.key_of(entity, schema.spec, own, parent_id, relation.field if relation else None)
            if isinstance(key, str):
                own_id = ids.made_of(entity, key)
        for inner_relation in schema.children:
            inner = own.get(inner_relation.child)
            if isinstance(inner, list):
                for position, value in enumerate(inner, 1):
                    if id(value) in self._lost:
                        break
                    self._holders[id(value)] = own
                    self._item(inner_relation.child, value, position, inner_relation, own_id, (entity, index))
        name = own.get(schema.endpoint) if schema.endpoint else None
        failed = name is not None and not self._add_name(entity, schema, name, own, index)
        text = self._identity(schema, own, own_id)
        if text is not None:
            known = self._ids[entity]
            if not failed and text in known:
                self._report(entity, index, at, f"primary key set to '{text}'", (known[text], own))
            else:
                known[text] = own
        else:
            self._ids[entity].setdefault(f"random {id(own)}", own)
        for field, parent_type in schema.foreign.items():
            value = own.get(field)
            if value is not None:
                place = name if name is not None else text or index
                self._expected.append(_Expected(entity, field, parent_type, value, place, own))

    def _identity(self, schema: _Schema, own: Table, own_id: Any) -> str | None:
        """The primary key as text; None for one that the gateway makes at random."""
        if schema.makes_ids:
            return None if own_id is MISSING else lua.tostring(own_id)
        parts = [own.get(name, MISSING) for name in schema.primary_key]
        return None if MISSING in parts else ":".join(lua.tostring(part) for part in parts)

    def _add_name(self, entity: str, schema: _Schema, name: Any, own: Table, index: int) -> bool:
        known = self._names[entity]
        if name in known:
            message = f"uniqueness violation: '{entity}' entity with {schema.endpoint} set to '{name}' already declared"
            self._errors.setdefault(entity, {})[index] = message
            self._blame(message, known[name], own)
            return False
        known[name] = own
        return True

    def _report(
        self, entity: str, index: int, at: tuple[str, int] | None, what: str, both: tuple[Table, Table]
    ) -> None:
        message = f"uniqueness violation: '{entity}' entity with {what} already declared"
        self._blame(message, *both)
        section = self._errors
        if at is not None and self._nested_by_parent:
            section = section.setdefault(at[0], {}).setdefault(at[1], {})
            if not isinstance(section, dict):
                raise GatewayCrash
        section.setdefault(entity, {})[index] = message

    def _check_expected(self) -> None:
        for entity, field, parent_type, value, place, own in self._expected:
            key = value.get("id", MISSING) if isinstance(value, dict) else value
            if isinstance(key, str) and (key in self._names[parent_type] or key in self._ids[parent_type]):
                continue
            message = f"invalid reference '{field}: {key}' (no such entry in '{parent_type}')"
            self._blame(message, *(tuple(self._meant(parent_type, key)) or (own,)))
            section = self._errors.setdefault(entity, {})
            if isinstance(section.get(place), str):
                raise GatewayCrash
            section.setdefault(place, []).append(message)

    def _meant(self, parent_type: str, key: Any) -> Iterator[Table]:
        """Entities that a reference may have meant: those that carry its value in a field that is not their name."""
        for own in self._ids[parent_type].values():
            if isinstance(key, str) and key in own.values():
                yield own

    def _blame(self, message: str, *entities: Table) -> None:
        """Note the entities that an error is about; one without tags stands for what it hangs on."""
        known = self.blamed.setdefault(message, [])
        known.extend(owner for own in entities for owner in self._owners(own) if owner not in known)

    def _owners(self, own: Table) -> Iterator[Table]:
        if own.get("tags"):
            yield own
            return
        holder = self._holders.get(id(own))
        if holder is not None:
            yield from self._owners(holder)
        for parent_type in self._schemas:
            key = own.get(parent_type.removesuffix("s"))
            if isinstance(key, str):
                found = self._names[parent_type].get(key) or self._ids[parent_type].get(key)
                if found is not None and found.get("tags"):
                    yield found

    def _duplicates(self) -> Errors:
        """Fields that must be unique, other than the one that the entity is called by."""
        errors: Errors = {}
        for entity, schema in self._schemas.items():
            for field in schema.unique:
                seen: dict[Any, Table] = {}
                for value, own in self._values(entity, schema, field):
                    if value in seen:
                        message = (
                            f"uniqueness violation: '{entity}' entity with {field} set to '{value}' already declared"
                        )
                        errors[entity] = {str(value): message}
                        self._blame(message, seen[value], own)
                    seen.setdefault(value, own)
        return errors

    def _values(self, entity: str, schema: _Schema, field: str) -> Iterator[tuple[Any, Table]]:
        parent_type = schema.foreign.get(field)
        for own in self._ids[entity].values():
            value = own.get(field)
            if parent_type is not None and value is not None:
                value = self._row(parent_type, value) if schema.workspaceable else None
            if value is not None and not lua.is_table(value):
                yield value, own

    def _row(self, parent_type: str, value: Any) -> Any:
        """What identifies the row that a foreign key leads to."""
        key = str(value.get("id") if isinstance(value, dict) else value)
        found = self._names[parent_type].get(key) or self._ids[parent_type].get(key)
        return None if found is None else id(found)
