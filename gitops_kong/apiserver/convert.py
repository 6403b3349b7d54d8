"""Pruning and defaulting, compiled once a schema into closures that return their argument where nothing changes.

Two readings of a schema exist. A custom resource is pruned and defaulted by its structural schema (apiextensions
1.33, `pruning.Prune`, `defaulting.PruneNonNullableNullsWithoutDefaults`, `defaulting.Default`, in that order). A
core kind goes through its Go type: unknown fields vanish, null is the zero value, zero values are written or not as
the type's JSON tags say.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from gitops_kong.apiserver.schema import MISSING, Schema
from gitops_kong.lazy import regex

Convert = Callable[[Any], Any]

_UNKNOWN = object()
_RFC_3339 = regex(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_ROOT_FIELDS = frozenset(("apiVersion", "kind", "metadata"))
_ZEROS: Mapping[str, Any] = {"string": "", "boolean": False, "int32": 0, "int64": 0, "int-or-string": 0, "bytes": ""}


def structural(schema: Schema, root: bool = False) -> Convert | None:
    """What pruning and defaulting by a structural schema do to a value; None where they do nothing."""
    if schema.fields or schema.values is not None or (schema.type == "object" and not schema.preserve):
        return _structural_object(schema, root or schema.embedded)
    if schema.items is not None:
        return _structural_list(schema.items)
    return None


def _structural_object(schema: Schema, is_resource: bool) -> Convert:
    children: dict[str, Convert | None] = {}
    on_null: dict[str, Any] = {}  # the value that a null becomes: MISSING removes it, None keeps it
    defaults: list[tuple[str, Any]] = []
    for name, child in schema.fields.items():
        convert = children[name] = structural(child)
        default = _converted_default(child, convert)
        on_null[name] = None if child.nullable else default
        if default is not MISSING:
            defaults.append((name, default))
    if is_resource:
        for name in _ROOT_FIELDS:
            children[name] = on_null[name] = None
        defaults = [d for d in defaults if d[0] not in _ROOT_FIELDS]
    values: Any = None if schema.values or schema.preserve else _UNKNOWN
    values_on_null: Any = None
    if isinstance(schema.values, Schema):
        values = structural(schema.values)
        values_on_null = None if schema.values.nullable else _converted_default(schema.values, values)
    return _fields_of(children, on_null, values, values_on_null, defaults)


def _fields_of(
    children: Mapping[str, Convert | None],
    on_null: Mapping[str, Any],
    values: Any,
    values_on_null: Any,
    defaults: list[tuple[str, Any]],
) -> Convert:
    known, null = children.get, on_null.get

    def convert_object(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out: dict[str, Any] | None = None
        for name, item in value.items():
            convert = known(name, values)
            if convert is _UNKNOWN:
                new: Any = MISSING
            elif item is None:
                new = null(name, values_on_null)
            elif convert is None:
                continue
            else:
                new = convert(item)
            if new is not item:
                out = dict(value) if out is None else out
                if new is MISSING:
                    del out[name]
                else:
                    out[name] = new
        return _with_missing(value, out, defaults)

    return convert_object


def _with_missing(value: dict[str, Any], out: dict[str, Any] | None, wanted: list[tuple[str, Any]]) -> dict[str, Any]:
    """`out` (or `value` where there is none yet) with those of `wanted` that `value` lacks."""
    for name, item in wanted:
        if name not in value:
            out = dict(value) if out is None else out
            out[name] = item
    return value if out is None else out


def _converted_default(schema: Schema, convert: Convert | None) -> Any:
    if schema.default is MISSING or convert is None:
        return schema.default
    return convert(schema.default)


def _structural_list(items: Schema) -> Convert | None:
    convert = structural(items)
    default = MISSING if items.nullable else _converted_default(items, convert)
    if convert is None and default is MISSING:
        return None

    def convert_item(item: Any) -> Any:
        if item is None:
            return None if default is MISSING else default
        return item if convert is None else convert(item)

    return _list_of(convert_item)


def _list_of(convert_item: Convert) -> Convert:
    def convert_list(value: Any) -> Any:
        if value.__class__ is not list:
            return value
        out: list[Any] | None = None
        for i, item in enumerate(value):
            new = convert_item(item)
            if new is not item:
                if out is None:
                    out = list(value)
                out[i] = new
        return value if out is None else out

    return convert_list


def go_type(schema: Schema, full: bool) -> Convert | None:
    """What reading a value into a Go type and writing it again do; values of a wrong type stay as they are.

    `full` writes absent fields that are never left out (`status: {loadBalancer: {}}`); without it they stay absent,
    which says the same to every reader.
    """
    if schema.type == "object":
        if schema.values is not None:
            return _go_map(schema, full)
        return _go_struct(schema, full) if schema.fields else None
    if schema.type == "array" and schema.items is not None:
        items = schema.items
        convert, zero = go_type(items, full), _zero(items, full)

        def convert_item(item: Any) -> Any:
            if item is None:
                return zero
            return item if convert is None else convert(item)

        return _list_of(convert_item)
    return {"bytes": _normal_base64, "time": _normal_time}.get(schema.type)


def _zero(schema: Schema, full: bool) -> Any:
    if schema.type == "object" and schema.values is None:
        convert = go_type(schema, full)
        return convert({}) if convert else {}
    return None if schema.nullable else _ZEROS.get(schema.type)


def _go_map(schema: Schema, full: bool) -> Convert | None:
    if not isinstance(schema.values, Schema):
        return None
    convert, zero = go_type(schema.values, full), _zero(schema.values, full)

    def convert_map(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out: dict[str, Any] | None = None
        for name, item in value.items():
            new = zero if item is None else item if convert is None else convert(item)
            if new is not item:
                if out is None:
                    out = dict(value)
                out[name] = new
        return value if out is None else out

    return convert_map


def _go_struct(schema: Schema, full: bool) -> Convert:
    fields: dict[str, tuple[Convert | None, bool]] = {}  # conversion; whether a zero value is left out
    always: list[tuple[str, Any]] = []
    for name, child in schema.fields.items():
        is_struct = child.type == "object" and child.values is None
        fields[name] = go_type(child, full), child.written == "non-zero" and not is_struct
        if full and child.written == "always":
            always.append((name, _zero(child, full)))
    known, zeros = fields.get, dict(always)

    def convert_struct(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out: dict[str, Any] | None = None
        for name, item in value.items():
            rule = known(name)
            new: Any
            if rule is None:
                new = MISSING
            elif item is None:
                new = zeros.get(name, MISSING)
            else:
                convert, only_non_zero = rule
                new = item if convert is None else convert(item)
                if not new and (only_non_zero or (name in zeros and new == [])):
                    new = zeros.get(name, MISSING)
            if new is not item:
                out = dict(value) if out is None else out
                if new is MISSING:
                    del out[name]
                else:
                    out[name] = new
        return _with_missing(value, out, always)

    return convert_struct


def is_byte_list(value: Any) -> bool:
    """Whether a JSON list reads into Go's `[]byte`, as base64 text does."""
    return value.__class__ is list and all(b is None or (b.__class__ is int and 0 <= b <= 255) for b in value)


def _normal_base64(value: Any) -> Any:
    if is_byte_list(value):
        return base64.b64encode(bytes(b or 0 for b in value)).decode()
    if isinstance(value, str):
        try:
            text = base64.b64encode(base64.b64decode(value)).decode()
        except (binascii.Error, ValueError):
            return value
        if text != value:
            return text
    return value


def parse_time(value: str) -> datetime | None:
    """A time in RFC 3339, which is all that `metav1.Time` reads; None where it is not one."""
    found = _RFC_3339.fullmatch(value)
    if found is None:
        return None
    try:
        time = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    zone = found[2]
    if zone == "Z":
        return time.replace(tzinfo=timezone.utc)
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return time.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


def _normal_time(value: Any) -> Any:
    if isinstance(value, str) and (time := parse_time(value)) is not None:
        text = time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value if text == value else text
    return value
