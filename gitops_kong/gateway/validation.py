"""A whole declarative configuration against the schemas: what is wrong with which entity.

Source: `flatten` of Kong (kong/db/schema/others/declarative_config.lua). The gateway validates twice. First foreign
keys of top-level entities are names, and nested entities must not have the foreign key of what they are nested in. If
that fails anywhere, everything is validated again with ids made and foreign keys filled in; what the second validation
finds counts, and from the first only "value must be null".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gitops_kong import parallel
from gitops_kong.gateway import lua
from gitops_kong.gateway.declarative import Declarative, Errors, Kind
from gitops_kong.gateway.fields import EXPECTED, REQUIRED, Error
from gitops_kong.gateway.formats import text
from gitops_kong.gateway.lua import MISSING, Table
from gitops_kong.gateway.names import Names, key_of

NULL = "value must be null"


class Validation:
    """Both validations of one configuration."""

    def __init__(self, declarative: Declarative, config: Mapping[str, Any]) -> None:
        self._declarative = declarative
        self._config = config
        self._children = declarative.relations.children
        self.lost: set[int] = set()  # nested entities that the gateway loses, by `id()`
        self._fine: set[int] = set()  # entities without errors of their own in the first validation, by `id()`

    def errors(self, while_waiting: Callable[[], None] = lambda: None) -> Errors | None:
        """Errors by key of the file and position, None when the schemas take everything.

        `while_waiting` is called where other processes are still at work and no error was found yet.
        """
        other: Errors = {}
        lists: dict[str, list[Any]] = {}
        for key, value in self._config.items():
            if key not in self._declarative.schemas:
                error = self._declarative.check_top_level(key, value)
                if error is not None:
                    other[key] = error
            elif value is not None:
                items = lua.as_sequence(value)
                if items is None:
                    other[key] = EXPECTED["array"]
                else:
                    lists[key] = items
        first = self._first_of_all(lists, (lambda: None) if other else while_waiting)
        if self._config.get("_format_version", MISSING) in (None, MISSING):
            other["_format_version"] = REQUIRED
        if not first and not other:
            return None
        second = {**self._second_errors(), **other}
        errors: Errors | None = merged(second, null_errors(first)) if second else None
        return errors

    def _first_of_all(self, lists: Mapping[str, list[Any]], while_waiting: Callable[[], None]) -> Errors:
        """Errors of the first validation by key and position; other processes look at some keys of a large file."""

        def errors_of(key: str) -> Errors:
            return {i: e for i, item in enumerate(lists[key], 1) if (e := self._first(key, "top", item))}

        def is_plain(key: str) -> bool:
            noted = self._declarative.compiler.noted
            return not errors_of(key) and not self.lost and self._declarative.compiler.noted == noted

        own, *others = parallel.shares(list(lists), lambda key: len(lists[key])) if lists else [[]]
        with parallel.Ahead(others, is_plain) as ahead:
            found = {key: errors_of(key) for key in own}
            if others and not any(found.values()) and not self.lost:
                while_waiting()
            plain = [key for key in lists if key not in found and ahead.plain(key)]
            found |= {key: errors_of(key) for key in lists if key not in found and key not in plain}
        first = {key: found[key] for key in lists if found.get(key)}
        for key in plain if first else ():
            self._note_fine(key, lists[key])
        return first

    def _note_fine(self, entity: str, items: list[Any]) -> None:
        """Note what another process found: none of these and of what is nested in them has an error."""
        for item in items:
            self._fine.add(id(item))
            for relation in self._children[entity] if isinstance(item, dict) else ():
                nested = item.get(relation.child)
                if isinstance(nested, list):
                    self._note_fine(relation.child, nested)

    def _first(self, entity: str, kind: Kind, item: Any) -> Error | None:
        """Errors of one entity and of what is nested in it, in the first validation."""
        if item is None:
            return REQUIRED
        if not lua.is_table(item):
            return EXPECTED["record"]
        own = item if isinstance(item, dict) else lua.as_table(item)
        errors, with_children = self._declarative.own_errors(entity, kind, own)
        if errors is None:
            self._fine.add(id(item))
        if with_children:
            for relation in self._children[entity]:
                value = own.get(relation.child)
                if value is not None:
                    error = self._nested(value, partial(self._first, relation.child, "nested"))
                    if error is not None:
                        errors = {**(errors or {}), relation.child: error}
        return errors

    def _nested(self, value: Any, check: Callable[[Any], Error | None]) -> Error | None:
        """Errors of nested entities. One with a broken shorthand field is lost without an error, if it is the last."""
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

    def _second_errors(self) -> Errors:
        names = Names(self._declarative, self._config)
        errors: Errors = {}
        for key, value in self._config.items():
            if key in self._declarative.schemas and value is not None:
                items = lua.as_sequence(value) or ()
                found = {i: e for i, item in enumerate(items, 1) if (e := self._second(key, names, None, item))}
                if found:
                    errors[key] = found
        return errors

    def _second(self, entity: str, names: Names, parent: Table | None, item: Any) -> Error | None:
        """The same in the second validation; `parent` has the foreign key to what the entity is nested in."""
        if item is None:
            return REQUIRED
        if not lua.is_table(item):
            return EXPECTED["record"]
        own = names.filled(entity, item, parent)
        errors: Errors | None = None
        with_children = True
        if id(item) not in self._fine or not self._foreign_keys_fit(entity, own):
            errors, with_children = self._declarative.own_errors(entity, "full", own)
        if with_children:
            for relation in self._children[entity]:
                value = own.get(relation.child)
                if value is None:
                    continue
                key = None if relation in self._declarative.own_field else {relation.field: key_of(own)}
                error = self._nested(value, partial(self._second, relation.child, names, key))
                if error is not None:
                    errors = {**(errors or {}), relation.child: error}
        return errors

    def _foreign_keys_fit(self, entity: str, own: Table) -> bool:
        """Whether an entity that is fine but for its foreign keys is surely fine with these."""
        free = self._declarative.free_foreign_keys(entity, own)
        if free is None:
            return False
        for field, required in free.items():
            value = own.get(field)
            if value is None:
                if required:
                    return False
            elif not (isinstance(value, dict) and len(value) == 1 and _is_uuid(value.get("id"))):
                return False
        return True


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and text.is_uuid(value)


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
