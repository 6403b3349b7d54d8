"""Objects as Go types hold them.

A null field is as good as none, a null item of a list or map is the type's zero value (`encoding/json`).
`sigs.k8s.io/yaml` besides writes a number or a boolean as text where the Go type wants a string: `method: y` becomes
"true", `retries: 5` in an annotation "5" (`convertToJSONableObject`). kubectl reads without types, so an API server
refuses such objects; the controller's own reader of scenario files (`intake: cache`) has them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from gitops_kong.apiserver import catalogue
from gitops_kong.apiserver.schema import Schema
from gitops_kong.controller.versions import Version
from gitops_kong.manifests.objects import K8sObject

Convert = Callable[[Any], Any]

# Fields that the Go type keeps as raw JSON, whatever the CRD says of them.
RAW_JSON: Mapping[str, tuple[str, ...]] = {
    "KongPlugin": ("config",),
    "KongClusterPlugin": ("config",),
    "KongVault": ("spec", "config"),
    "KongCustomEntity": ("spec", "fields"),
}


def typed(obj: K8sObject, version: Version, *, as_text: bool) -> K8sObject:
    """`obj` as its Go type holds it, `obj` itself where nothing changes; `as_text` with scalars as text for strings."""
    convert = _converter(obj.api_version, obj.kind, version, as_text)
    if convert is None:
        return obj
    data = convert(obj.data)
    return obj if data is obj.data else obj.with_data(data)


def without_raw_json(obj: K8sObject) -> K8sObject:
    """`obj` without the fields that its Go type does not look into."""
    path = RAW_JSON.get(obj.kind)
    if path is None:
        return obj
    return obj.with_data(_without(obj.data, path))


def _without(data: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    head, *rest = path
    if not rest:
        return {k: v for k, v in data.items() if k != head}
    inner = data.get(head)
    return {**data, head: _without(inner, tuple(rest))} if isinstance(inner, dict) else dict(data)


@cache
def _converter(api_version: str, kind: str, version: Version, as_text: bool) -> Convert | None:
    group, slash, short = api_version.partition("/")
    found: catalogue.CustomKind | catalogue.CoreKind | None
    if slash and group in catalogue.CUSTOM_GROUPS:
        found = catalogue.custom_kind(version, group, kind, short)
    else:
        found = catalogue.core_kind(api_version, kind)
    if found is None:
        return None
    fields = {**found.schema.fields, "metadata": catalogue.object_meta()}
    return _object(fields, as_text)


def _convert(schema: Schema, as_text: bool) -> Convert | None:
    if schema.type == "string":
        return text if as_text else None
    if isinstance(schema.values, Schema):
        return _map(schema.values, as_text)
    if schema.fields:
        return _object(schema.fields, as_text)
    if schema.items is not None:
        return _list(schema.items, as_text)
    return None


# The zero values of items that are null; of other types an item stays null.
_ZEROS: Mapping[str, Callable[[], Any]] = {"object": dict, "string": str, "array": list}


def text(value: Any) -> Any:
    """A scalar as Go writes it into a string field; what is no number or boolean stays as it is."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return _float32_text(value) if isinstance(value, float) else value


def _float32_text(value: float) -> str:
    """`strconv.FormatFloat(value, 'g', -1, 32)`."""
    try:
        single = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return "+Inf" if value > 0 else "-Inf"
    digits = next(p for p in range(1, 18) if struct.pack("<f", float(f"{single:.{p}g}")) == struct.pack("<f", single))
    mantissa, _, exponent = f"{single:.{digits - 1}e}".partition("e")
    if -4 <= int(exponent) < max(digits, 6) and int(exponent) < 6:
        return f"{single:.{max(digits - 1 - int(exponent), 0)}f}"
    return f"{mantissa}e{int(exponent):+03d}"


def _object(schemas: Mapping[str, Schema], as_text: bool) -> Convert:
    known = {name: _convert(schema, as_text) for name, schema in schemas.items()}

    def convert_object(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out: dict[str, Any] | None = None
        for name, item in value.items():
            if item is None:
                if name in known:
                    out = dict(value) if out is None else out
                    del out[name]
                continue
            convert = known.get(name)
            if convert is not None and (new := convert(item)) is not item:
                out = dict(value) if out is None else out
                out[name] = new
        return value if out is None else out

    return convert_object


def _map(schema: Schema, as_text: bool) -> Convert:
    item = _item(schema, as_text)

    def convert_map(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        new = {name: item(v) for name, v in value.items()}
        return value if all(new[name] is v for name, v in value.items()) else new

    return convert_map


def _list(schema: Schema, as_text: bool) -> Convert:
    item = _item(schema, as_text)

    def convert_list(value: Any) -> Any:
        if value.__class__ is not list:
            return value
        new = [item(v) for v in value]
        return value if all(a is b for a, b in zip(value, new, strict=True)) else new

    return convert_list


def _item(schema: Schema, as_text: bool) -> Convert:
    convert, zero = _convert(schema, as_text), _ZEROS.get(schema.type or "")

    def convert_item(value: Any) -> Any:
        if value is None:
            return None if zero is None else zero()
        return value if convert is None else convert(value)

    return convert_item
