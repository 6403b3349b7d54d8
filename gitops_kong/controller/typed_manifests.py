"""Manifests of scenario files, read straight into Go types.

`sigs.k8s.io/yaml` writes a number or a boolean as text where the Go type wants a string: `method: y` becomes "true",
`retries: 5` in an annotation "5" (`convertToJSONableObject`). kubectl reads without types, so an API server refuses
such objects; the controller's own reader of scenario files has them.
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


def typed(obj: K8sObject, version: Version) -> K8sObject:
    """`obj` with text where its Go type has a string; `obj` itself where nothing changes."""
    convert = _converter(obj.api_version, obj.kind, version)
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
    if not rest or not isinstance(data.get(head), dict):
        return {k: v for k, v in data.items() if k != head}
    return {**data, head: _without(data[head], tuple(rest))}


@cache
def _converter(api_version: str, kind: str, version: Version) -> Convert | None:
    group, slash, short = api_version.partition("/")
    found: catalogue.CustomKind | catalogue.CoreKind | None
    if slash and group in catalogue.CUSTOM_GROUPS:
        found = catalogue.custom_kind(version, group, kind, short)
    else:
        found = catalogue.core_kind(api_version, kind)
    if found is None:
        return None
    fields = {**found.schema.fields, "metadata": catalogue.object_meta()}
    return _object({name: _convert(child) for name, child in fields.items()})


def _convert(schema: Schema) -> Convert | None:
    if schema.type == "string":
        return text
    if isinstance(schema.values, Schema):
        return _map(_convert(schema.values))
    if schema.fields:
        return _object({name: _convert(child) for name, child in schema.fields.items()})
    if schema.items is not None:
        return _list(_convert(schema.items))
    return None


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
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return "+Inf" if value > 0 else "-Inf"
    digits = next(p for p in range(1, 18) if struct.pack("f", float(f"{single:.{p}g}")) == struct.pack("f", single))
    mantissa, _, exponent = f"{single:.{digits - 1}e}".partition("e")
    if -4 <= int(exponent) < max(digits, 6) and int(exponent) < 6:
        return f"{single:.{max(digits - 1 - int(exponent), 0)}f}"
    return f"{mantissa}e{int(exponent):+03d}"


def _object(children: Mapping[str, Convert | None]) -> Convert | None:
    known = {name: convert for name, convert in children.items() if convert is not None}
    if not known:
        return None

    def convert_object(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out: dict[str, Any] | None = None
        for name, item in value.items():
            convert = known.get(name)
            if convert is not None and (new := convert(item)) is not item:
                out = dict(value) if out is None else out
                out[name] = new
        return value if out is None else out

    return convert_object


def _map(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None

    def convert_map(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        new = {name: convert(item) for name, item in value.items()}
        return value if all(new[name] is item for name, item in value.items()) else new

    return convert_map


def _list(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None

    def convert_list(value: Any) -> Any:
        if value.__class__ is not list:
            return value
        new = [convert(item) for item in value]
        return value if all(a is b for a, b in zip(value, new, strict=True)) else new

    return convert_list
