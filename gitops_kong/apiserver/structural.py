"""Structural validation of custom resources, compiled once a schema (kube-openapi `validate`).

`compile_schema` gives a function that appends to a list what is wrong with a value, `compile_lists` one that looks at
`x-kubernetes-list-type` (apiextensions `listtype.ValidateListSetsAndMaps`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gitops_kong.apiserver import formats
from gitops_kong.apiserver.problems import (
    Problem,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    wrong_type,
)
from gitops_kong.apiserver.schema import CLASSES, Schema
from gitops_kong.manifests.go_regex import go_regex

Problems = list[Problem]
Check = Callable[[Any, str, Problems], None]

# Not wrong, but CEL rules that read such a value fail: a marker, taken out again before anybody sees it.
WHOLE_FLOAT = "whole float"
_MAX_WHOLE_FLOAT = 2**53 - 1

_TYPE_NAMES: Mapping[type, str] = {
    bool: "boolean",
    str: "string",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def compile_schema(schema: Schema) -> Check:
    """The check of one value against `schema`; its path is '' at the root."""
    checks: list[Check] = []
    if schema.type:
        checks.append(_type_check(schema))
    if schema.junctors or schema.negation is not None:
        checks.append(_junctors(schema))
    for build in (_string_check, _format_check, _number_check, _list_check, _enum_check, _object_check):
        check = build(schema)
        if check is not None:
            checks.append(check)
    if len(checks) == 1:
        return checks[0]
    null = _null_check(schema)

    def check_all(value: Any, path: str, problems: Problems) -> None:
        if value is None:
            null(value, path, problems)
            return
        for one in checks:
            one(value, path, problems)

    return check_all


def _null_check(schema: Schema) -> Check:
    enum = _enum_check(schema)

    def check(value: Any, path: str, problems: Problems) -> None:
        if schema.type and not schema.nullable:
            problems.append(_wrong_type(schema, value, path))
        if enum is not None:
            enum(value, path, problems)

    return check


def _wrong_type(schema: Schema, value: Any, path: str) -> Problem:
    wanted = "integer,string" if schema.type == "int-or-string" else schema.type
    return wrong_type(
        path, value, f'{path} in body must be of type {wanted}: "{_TYPE_NAMES.get(type(value), "object")}"'
    )


def _type_check(schema: Schema) -> Check:
    kind = schema.type
    classes = CLASSES.get(kind, ())
    whole_floats = kind in ("integer", "int-or-string")
    # A format makes the type validator let any list through where a string is wanted.
    lists_too = bool(schema.limits.get("format")) and kind not in ("integer", "number")
    nullable = schema.nullable

    def check(value: Any, path: str, problems: Problems) -> None:
        cls = value.__class__
        if cls in classes or (value is None and nullable) or (lists_too and cls is list):
            return
        if whole_floats and cls is float and value.is_integer() and abs(value) <= _MAX_WHOLE_FLOAT:
            problems.append(Problem(path, WHOLE_FLOAT, ""))
            return
        problems.append(_wrong_type(schema, value, path))

    return check


def _string_check(schema: Schema) -> Check | None:
    longest, shortest = schema.limits.get("maxLength"), schema.limits.get("minLength")
    pattern = schema.limits.get("pattern")
    regex = go_regex(pattern) if pattern else None
    if longest is None and shortest is None and regex is None:
        return None
    matches = lru_cache(1024)(lambda text: regex is None or regex.search(text) is not None)

    def check(value: Any, path: str, problems: Problems) -> None:
        if value.__class__ is not str:
            return
        if longest is not None and len(value) > longest:
            problems.append(too_long(path, longest))
        elif shortest is not None and len(value) < shortest:
            problems.append(invalid(path, value, f"{path} in body should be at least {shortest} chars long"))
        elif not matches(value):
            problems.append(invalid(path, value, f"{path} in body should match '{pattern}'"))

    return check


def _format_check(schema: Schema) -> Check | None:
    name = schema.limits.get("format")
    known = formats.FORMATS.get(name.replace("-", "")) if name else None
    if known is None:
        return None

    def check(value: Any, path: str, problems: Problems) -> None:
        if value.__class__ is str and not known(value):
            # A wrong format counts as a wrong type, so that CEL rules are not evaluated beside it.
            problems.append(wrong_type(path, value, f"{path} in body must be of type {name}: {json.dumps(value)}"))

    return check


def _number_check(schema: Schema) -> Check | None:
    limits = schema.limits
    high, low, step = limits.get("maximum"), limits.get("minimum"), limits.get("multipleOf")
    if high is None and low is None and step is None:
        return None
    above, below = bool(limits.get("exclusiveMinimum")), bool(limits.get("exclusiveMaximum"))

    def check(value: Any, path: str, problems: Problems) -> None:
        if value.__class__ is not int and value.__class__ is not float:
            return
        if step is not None and value % step:
            problems.append(invalid(path, value, f"{path} in body should be a multiple of {step}"))
        if high is not None and (value > high or (below and value == high)):
            than = "less than" if below else "less than or equal to"
            problems.append(invalid(path, value, f"{path} in body should be {than} {high}"))
        if low is not None and (value < low or (above and value == low)):
            than = "greater than" if above else "greater than or equal to"
            problems.append(invalid(path, value, f"{path} in body should be {than} {low}"))

    return check


def _list_check(schema: Schema) -> Check | None:
    most, fewest = schema.limits.get("maxItems"), schema.limits.get("minItems")
    unique = schema.limits.get("uniqueItems")
    check_item = compile_schema(schema.items) if schema.items is not None else None
    if check_item is None and most is None and fewest is None and not unique:
        return None

    def check(value: Any, path: str, problems: Problems) -> None:
        if value.__class__ is not list:
            return
        if check_item is not None:
            for i, item in enumerate(value):
                check_item(item, f"{path}[{i}]", problems)
        if fewest is not None and len(value) < fewest:
            problems.append(invalid(path, len(value), f"{path} in body should have at least {fewest} items"))
        if most is not None and len(value) > most:
            problems.append(too_many(path, len(value), most))
        if unique and len({_identity(item) for item in value}) < len(value):
            problems.append(invalid(path, "", f"{path} in body shouldn't contain duplicates"))

    return check


def _enum_check(schema: Schema) -> Check | None:
    enum = schema.limits.get("enum")
    if not enum:
        return None
    allowed = {_identity(item) for item in enum}

    def check(value: Any, path: str, problems: Problems) -> None:
        if value is None or _identity(value) not in allowed:
            problems.append(not_supported(path, value, enum))

    return check


def _identity(value: Any) -> Any:
    """A value in a form that is equal only for equal JSON: 1 is not true, 1.0 is 1."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, sort_keys=True), type(value)
    return value


def _object_check(schema: Schema) -> Check | None:
    most, fewest = schema.limits.get("maxProperties"), schema.limits.get("minProperties")
    fields = {name: compile_schema(child) for name, child in schema.fields.items() if not _accepts_all(child)}
    values = compile_schema(schema.values) if isinstance(schema.values, Schema) else None
    required_fields, names = schema.required, schema.fields
    if not (fields or values or required_fields) and most is None and fewest is None:
        return None

    def check(value: Any, path: str, problems: Problems) -> None:
        if value.__class__ is not dict:
            return
        if fewest is not None and len(value) < fewest:
            problems.append(invalid(path, len(value), f"{path} in body should have at least {fewest} properties"))
        if most is not None and len(value) > most:
            problems.append(too_many(path, len(value), most))
        dotted = f"{path}." if path else ""
        for name, item in value.items():
            one = fields.get(name)
            if one is not None:
                one(item, dotted + name, problems)
            elif values is not None and name not in names:
                values(item, dotted + name, problems)
        for name in required_fields:
            if name not in value:
                problems.append(required(dotted + name))

    return check


def _accepts_all(schema: Schema) -> bool:
    return (
        not schema.type and not schema.limits and not schema.junctors and schema.negation is None and not schema.fields
    )


def _junctors(schema: Schema) -> Check:
    """allOf, anyOf, oneOf and not, which blame no field but the one that an alternative names."""
    parts = {name: [compile_schema(child) for child in children] for name, children in schema.junctors.items()}
    negation = compile_schema(schema.negation) if schema.negation is not None else None

    def attempt(checks: list[Check], value: Any, path: str) -> list[Problems]:
        found: list[Problems] = []
        for one in checks:
            problems: Problems = []
            one(value, path, problems)
            found.append(problems)
        return found

    def check(value: Any, path: str, problems: Problems) -> None:
        if any_of := parts.get("anyOf"):
            found = attempt(any_of, value, path)
            if all(found):
                problems.append(_unnamed(f'"{path}" must validate at least one schema (anyOf)'))
                problems.extend(_nearest(found, schema.junctors["anyOf"], value))
        if one_of := parts.get("oneOf"):
            found = attempt(one_of, value, path)
            valid = sum(not f for f in found)
            if valid != 1:
                what = f"Found {valid} valid alternatives" if valid else "Found none valid"
                problems.append(_unnamed(f'"{path}" must validate one and only one schema (oneOf). {what}'))
                if not valid:
                    problems.extend(_nearest(found, schema.junctors["oneOf"], value))
        if all_of := parts.get("allOf"):
            found = attempt(all_of, value, path)
            for failed in found:
                problems.extend(failed)
            if any(found):
                none = ". None validated" if all(found) else ""
                problems.append(_unnamed(f'"{path}" must validate all the schemas (allOf){none}'))
        if negation is not None and not attempt([negation], value, path)[0]:
            problems.append(_unnamed(f'"{path}" must not validate the schema (not)'))

    return check


def _nearest(found: list[Problems], schemas: tuple[Schema, ...], value: Any) -> Problems:
    """The problems of the alternative that had most to say about the value (`MatchCount`), the first of equals."""
    weights = [_weight(schema, value) for schema in schemas]
    return found[weights.index(max(weights))]


def _weight(schema: Schema, value: Any) -> int:
    """How many nodes of a schema look at a value."""
    weight = 1 + sum(_weight(one, value) for group in schema.junctors.values() for one in group)
    if schema.negation is not None:
        weight += 1
    if isinstance(value, dict):
        weight += sum(_weight(child, value[name]) for name, child in schema.fields.items() if name in value)
    if isinstance(value, list) and schema.items is not None:
        weight += sum(_weight(schema.items, item) for item in value)
    return weight


def _unnamed(message: str) -> Problem:
    return invalid("", "", message)


def without_whole_floats(schema: Schema, value: Any) -> Any:
    """`value` without its fields that are integers in the schema and floats in JSON."""
    if isinstance(value, dict):
        kept = {}
        for name, item in value.items():
            child = schema.fields.get(name) or (schema.values if isinstance(schema.values, Schema) else None)
            if child is None:
                kept[name] = item
            elif not (isinstance(item, float) and child.type in ("integer", "int-or-string")):
                kept[name] = without_whole_floats(child, item)
        return kept
    if isinstance(value, list) and schema.items is not None:
        return [without_whole_floats(schema.items, item) for item in value]
    return value


def compile_lists(schema: Schema) -> Check | None:
    """The check of `x-kubernetes-list-type` in and below `schema`: no set and no list with keys has an item twice.

    None where there is no such list.
    """
    fields = {name: one for name, child in schema.fields.items() if (one := compile_lists(child)) is not None}
    values = compile_lists(schema.values) if isinstance(schema.values, Schema) else None
    items = compile_lists(schema.items) if schema.items is not None else None
    own = {"set": _check_set, "map": _check_keys}.get(schema.list_type)
    if not (fields or values or items or own):
        return None

    def check(value: Any, path: str, problems: Problems) -> None:
        if value.__class__ is dict:
            dotted = f"{path}." if path else ""
            for name, item in value.items():
                below = fields.get(name)
                if below is not None:
                    below(item, dotted + name, problems)
                elif values is not None and name not in schema.fields:
                    values(item, f"{path}[{name}]", problems)
        elif value.__class__ is list:
            if own is not None:
                own(schema, value, path, problems)
            if items is not None:
                for i, item in enumerate(value):
                    items(item, f"{path}[{i}]", problems)

    return check


def _check_set(_: Schema, value: list[Any], path: str, problems: Problems) -> None:
    _repeated(value, path, problems)


def _check_keys(schema: Schema, value: list[Any], path: str, problems: Problems) -> None:
    for i, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            problems.append(invalid(f"{path}[{i}]", item, "must be an object for an array of list-type map"))
            return
    keys = [{key: item[key] for key in schema.list_keys if key in item} if item else {} for item in value]
    _repeated(keys, path, problems)


def _repeated(keys: list[Any], path: str, problems: Problems) -> None:
    """One problem for each key that is there more than once, at its second place."""
    if len(keys) < 2:
        return
    seen: dict[Any, int] = {}
    for i, key in enumerate(keys):
        identity = _identity(key)
        seen[identity] = seen.get(identity, 0) + 1
        if seen[identity] == 2:
            problems.append(duplicate(f"{path}[{i}]", key))
