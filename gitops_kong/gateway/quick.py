"""Entities that are surely valid, found without validating all of each again.

Most of a large configuration repeats itself: an entity differs from another in its name, id, tags and host, which no
check across fields looks at. Such fields are judged by themselves; what remains of the entity is its shape, and a shape
that the full validation took once is taken again. Whatever is not surely valid goes the long way.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Mapping
from typing import Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.expressions import expression_error
from gitops_kong.gateway.fields import Field
from gitops_kong.gateway.formats import text
from gitops_kong.gateway.formats.plain_regex import is_plain
from gitops_kong.gateway.records import Record

_LIMIT = 200_000  # values and shapes that are remembered at most
_PREFIX = re.compile(r"/[^~\"#]*").fullmatch


def _plain_path(path: str) -> bool:
    return is_plain(path[1:]) if path.startswith("~/") else _PREFIX(path) is not None


_PLAIN_ELEMENT: dict[str, Callable[[str], Any]] = {
    # What is valid as an element is also valid in the router expression made of it.
    "hosts": re.compile(r"[a-z0-9.-]+").fullmatch,
    "paths": _plain_path,
}
_OF_SUBSCHEMA = {
    "plugins": frozenset(("name", "config", "protocols", "consumer", "service", "route")),
    "vaults": frozenset(("name", "config")),
}
_PRIORITIES = ("priority", "regex_priority")  # for the check of a route only zero and absent differ from others
_SURE_ELEMENT = {
    # Valid beyond doubt: a prefix without dots and escapes, a regular expression of plain characters.
    "paths": re.compile(r"(?:/[A-Za-z0-9_-]+)*/?|~(?:/[A-Za-z0-9_.-]+)+/?\$?").fullmatch,
}
Judge = Callable[[Any], Any]  # a verdict that becomes part of the shape, or a falsy one: see `Shapes`


class Shapes:
    """The shapes of one kind of entity that are known to be valid."""

    def __init__(
        self, entity: str, record: Record, children: frozenset[str], judges: dict[tuple[str, str], Judge]
    ) -> None:
        """`judges` keeps those of fields that are the same in all kinds of an entity."""
        self._record = record
        self.children = children
        self._subschema_fields = _OF_SUBSCHEMA.get(entity, frozenset())
        dependent = dependent_fields(record) | self._subschema_fields
        self._alone: dict[str, Judge] = {}  # judged by themselves, no part of the shape
        self._present: dict[str, Judge] = {}  # judged by themselves; part of the shape is only whether they are set
        for name, field in record.fields.items():
            if name == "updated_at":
                self._alone[name] = _anything
            elif name in _PLAIN_ELEMENT and entity == "routes":
                self._present[name] = judges.setdefault(
                    (entity, name), _elements(field, _PLAIN_ELEMENT[name], _SURE_ELEMENT.get(name))
                )
            elif name == "expression" and entity == "routes":
                self._present[name] = _expression(field)
            elif name in _PRIORITIES and entity == "routes":
                self._present[name] = _priority(field)
            elif field.type == "foreign" or (name in self._subschema_fields and "on_delete" in field.spec):
                self._present[name] = _foreign(field)
            elif name not in dependent and not field.spec.get("abstract"):
                needed = field.required and field.default is lua.MISSING and not field.auto
                judge = judges.setdefault((entity, name), _alone(field))
                if needed:
                    self._present[name] = _or_none(judge)
                else:
                    self._alone[name] = judge
        self._known: set[tuple[Any, ...]] = set()

    def shape(self, item: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """What is left of an entity once the fields that stand alone are judged valid; None when one is not."""
        alone, present = self._alone, self._present
        shape: list[Any] = []
        try:
            for name, value in item.items():
                judge = alone.get(name)
                if judge is not None:
                    if not judge(value):
                        return None
                    continue
                judge = present.get(name)
                if judge is not None:
                    verdict = judge(value)
                    if verdict is None:
                        return None
                    shape += (name, verdict)
                elif name not in self.children:
                    shape += (name, marshal.dumps(value, 2))
        except (TypeError, ValueError):
            return None
        return tuple(shape)

    def knows(self, shape: tuple[Any, ...] | None) -> bool:
        """Whether entities of this shape are valid."""
        return shape in self._known

    def learn(self, shape: tuple[Any, ...] | None, data: Mapping[str, Any]) -> None:
        """Remember the shape of an entity that is valid; its elements are from now on valid by themselves."""
        if shape is None:
            return
        subschema = self._record.subschema(dict(data))
        if self._subschema_fields and subschema and not self._subschema_fields.issuperset(subschema.fields):
            return
        if len(self._known) > _LIMIT:
            self._known.clear()
        self._known.add(shape)


def dependent_fields(record: Record) -> frozenset[str]:
    """Fields that checks across fields, transformations, shorthands or subschemas look at."""
    names = {name.split(".")[0] for check in record.checks for name in check.names}
    for transformation in record.transformations:
        names.update(name.split(".")[0] for part in transformation.values() for name in part)
    names.update(shorthand.name for shorthand in record.shorthands)
    subschemas = record.spec.get("subschemas") or {}
    for spec in subschemas.values():
        if isinstance(spec, dict):
            names.update(spec["fields"])
            for check in spec["entity_checks"]:
                for argument in check.values():
                    names.add(argument["if_field"])
                    names.update(argument["then_at_least_one_of"])
    return frozenset(names - {"id"})  # checks name it to run always; none looks at it


def _anything(_: Any) -> bool:
    return True


def _alone(field: Field) -> Judge:
    if field.type in ("set", "array") and field.elements.type == "string" and "len_min" not in field.spec:
        return _strings(field)
    seen: dict[Any, type] = {}
    validate = field.validate

    def judge(value: Any) -> bool:
        if seen.get(value) is type(value):
            return True
        if value is None and field.required:
            return False
        if validate(value) is not None:
            return False
        if len(seen) > _LIMIT:
            seen.clear()
        seen[value] = type(value)
        return True

    return judge


def _or_none(judge: Judge) -> Judge:
    """A judge of a field that must be set: a value that is not valid has no shape."""
    return lambda value: judge(value) or None


def _strings(field: Field) -> Judge:
    seen: set[str] = set()
    validate = field.elements.validate

    def judge(value: Any) -> bool:
        if type(value) is not list:
            return False
        for item in value:
            if item not in seen:
                if validate(item) is not None:
                    return False
                if len(seen) > _LIMIT:
                    seen.clear()
                seen.add(item)
        return True

    return judge


def _elements(field: Field, plain: Callable[[str], Any], sure: Callable[[str], Any] | None) -> Judge:
    seen: set[str] = set()
    validate = field.elements.validate

    def judge(value: Any) -> bool | None:
        if type(value) is not list:
            return None
        for item in value:
            if item not in seen:
                if sure is not None and isinstance(item, str) and item and sure(item):
                    continue
                if not isinstance(item, str) or not plain(item) or validate(item) is not None:
                    return None
                if len(seen) > _LIMIT:
                    seen.clear()
                seen.add(item)
        return bool(value)

    return judge


def _expression(field: Field) -> Judge:
    """For which routes an expression is valid; whether this route is one of them is left to the shape."""
    has_segments = field.compiler.version >= "3.6"

    def judge(value: Any) -> tuple[bool, bool] | None:
        if not isinstance(value, str) or field.validate(value) is not None:
            return None
        http, stream = (expression_error(value, is_stream, has_segments) is None for is_stream in (False, True))
        return (http, stream) if http or stream else None

    return judge


def _priority(field: Field) -> Judge:
    return lambda value: None if value is None or field.validate(value) is not None else value != 0


def _foreign(field: Field) -> Judge:
    """A foreign key by name, or with an id; whether a subschema forbids it is left to the shape."""

    def judge(value: Any) -> bool | None:
        if value is None:
            return False
        if field.type == "string":
            return True if isinstance(value, str) and value else None
        if type(value) is dict and len(value) == 1 and field.eq is lua.MISSING:
            own = value.get("id")
            return True if isinstance(own, str) and text.is_uuid(own) else None
        return None

    return judge
