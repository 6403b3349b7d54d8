"""Whether an object's JSON fits the Go types that read it: what an API server answers BadRequest for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from gitops_kong.apiserver.catalogue import CoreKind, CustomKind, object_meta
from gitops_kong.apiserver.convert import is_byte_list, parse_time
from gitops_kong.apiserver.schema import Schema
from gitops_kong.lazy import regex

Check = Callable[[Any], "str | None"]

_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)
_BASE64 = regex(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?", re.ASCII)
_LINE_ENDS = str.maketrans("", "", "\r\n")
_ROOT_FIELDS = ("apiVersion", "kind", "metadata")


def problem(kind: CoreKind | CustomKind, data: Mapping[str, Any]) -> str | None:
    """The first field whose JSON type does not fit, as `spec.rules[0]: cannot read number as string`."""
    wrong = _reader(kind)(data)
    return wrong.lstrip(".") if wrong else None


@cache
def _reader(kind: CoreKind | CustomKind) -> Check:
    if isinstance(kind, CoreKind):
        return _check(kind.schema, False) or _nothing_wrong
    fields = {name: child for name, child in kind.schema.fields.items() if name not in _ROOT_FIELDS}
    text = Schema(type="string")
    fields |= {"apiVersion": text, "kind": text}
    body = _object({name: _check(child, True) for name, child in fields.items()})
    metadata = _metadata_reader()

    def check(value: Any) -> str | None:
        wrong = metadata(value.get("metadata"))
        return f".metadata{wrong}" if wrong else body(value)

    return check


def metadata_problem(data: Mapping[str, Any]) -> str | None:
    """What of `apiVersion`, `kind` and `metadata` does not fit: all of a custom resource that has a Go type."""
    wrong = _metadata_reader()(data.get("metadata"))
    if wrong is not None:
        return f"metadata{wrong}"
    return next((f"{k}{w}" for k in ("apiVersion", "kind") if (w := _string(data.get(k))) is not None), None)


@cache
def _metadata_reader() -> Check:
    return _check(object_meta(), False) or _nothing_wrong


def _nothing_wrong(_: Any) -> str | None:
    return None


def _check(schema: Schema, floats: bool) -> Check | None:
    """The check of one value; `floats` reads 80.0 as an integer, as a stored custom resource is written."""
    kind = schema.type
    if kind == "object":
        if isinstance(schema.values, Schema):
            return _map(_check(schema.values, floats))
        return _object({name: _check(child, floats) for name, child in schema.fields.items()})
    if kind == "array":
        return _list(_check(schema.items, floats) if schema.items else None)
    if kind in ("integer", "int32", "int64"):
        fits = _INT32 if kind == "int32" or schema.limits.get("format") == "int32" else _INT64
        return _integer(fits, floats)
    return _SCALARS.get(kind)


def _wrong(value: Any, wanted: str) -> str:
    names = {bool: "bool", str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return f": cannot read {names.get(type(value), 'value')} as {wanted}"


def _object(checks: Mapping[str, Check | None]) -> Check:
    known = {name: check for name, check in checks.items() if check is not None}.get

    def check_object(value: Any) -> str | None:
        if value.__class__ is not dict:
            return None if value is None else _wrong(value, "object")
        for name, item in value.items():
            check = known(name)
            if check is not None:
                wrong = check(item)
                if wrong is not None:
                    return f".{name}{wrong}"
        return None

    return check_object


def _map(check: Check | None) -> Check:
    def check_map(value: Any) -> str | None:
        if value.__class__ is not dict:
            return None if value is None else _wrong(value, "object")
        if check is not None:
            for name, item in value.items():
                wrong = check(item)
                if wrong is not None:
                    return f"[{name}]{wrong}"
        return None

    return check_map


def _list(check: Check | None) -> Check:
    def check_list(value: Any) -> str | None:
        if value.__class__ is not list:
            return None if value is None else _wrong(value, "array")
        if check is not None:
            for i, item in enumerate(value):
                wrong = check(item)
                if wrong is not None:
                    return f"[{i}]{wrong}"
        return None

    return check_list


def _integer(fits: range, floats: bool) -> Check:
    def check_integer(value: Any) -> str | None:
        if value is None or (value.__class__ is int and value in fits):
            return None
        if floats and value.__class__ is float and value.is_integer() and int(value) in fits:
            return None
        return _wrong(value, "integer")

    return check_integer


def _string(value: Any) -> str | None:
    return None if value is None or value.__class__ is str else _wrong(value, "string")


def _boolean(value: Any) -> str | None:
    return None if value is None or value.__class__ is bool else _wrong(value, "bool")


def _number(value: Any) -> str | None:
    return None if value is None or value.__class__ in (int, float) else _wrong(value, "number")


def _int_or_string(value: Any) -> str | None:
    if value is None or value.__class__ is str or (value.__class__ is int and value in _INT32):
        return None
    return _wrong(value, "int32 or string")


def _bytes(value: Any) -> str | None:
    if value is None:
        return None
    if value.__class__ is not str:
        return None if is_byte_list(value) else _wrong(value, "base64")
    return None if _BASE64.fullmatch(value.translate(_LINE_ENDS)) else ": illegal base64 data"


def _time(value: Any) -> str | None:
    if value is None or (value.__class__ is str and parse_time(value) is not None):
        return None
    return _wrong(value, "time in RFC 3339")


_SCALARS: Mapping[str, Check] = {
    "string": _string,
    "boolean": _boolean,
    "number": _number,
    "int-or-string": _int_or_string,
    "bytes": _bytes,
    "time": _time,
}
