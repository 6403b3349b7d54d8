"""Whether a value surely keeps its structural schema, lists with sets and keys included: the quick answer.

`compile_fits` gives a predicate. Where it says no, `structural` says what is wrong, if anything is: the predicate does
not know some schemas (`oneOf`, `not`), nor what only the API server's leniency takes (a whole float as an integer).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gitops_kong.apiserver import formats
from gitops_kong.apiserver.schema import CLASSES, Schema
from gitops_kong.manifests.go_regex import go_regex

Fits = Callable[[Any], bool]

_OBJECT_LIMITS = ("minProperties", "maxProperties")
_NUMBER_LIMITS = ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")


def compile_fits(schema: Schema) -> Fits:
    """The predicate of `schema`."""
    if schema.junctors.keys() - {"anyOf", "allOf"} or schema.negation is not None:
        return _never
    tests = [test for build in (_typed, _limited, _listed, _structured) if (test := build(schema)) is not None]
    for part in schema.junctors.get("allOf", ()):
        tests.append(compile_fits(part))
    if any_of := [compile_fits(part) for part in schema.junctors.get("anyOf", ())]:
        tests.append(lambda v: any(one(v) for one in any_of))
    nullable = schema.nullable or not schema.type
    if schema.limits.get("enum"):
        nullable = False
    return _all_of(tests, nullable)


def _all_of(tests: list[Fits], nullable: bool) -> Fits:
    if not tests:
        return _always
    if not nullable:
        if len(tests) == 1:
            return tests[0]
        if len(tests) == 2:
            one, two = tests
            return lambda v: one(v) and two(v)
        return lambda v: all(test(v) for test in tests)
    return lambda v: v is None or all(test(v) for test in tests)


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _typed(schema: Schema) -> Fits | None:
    if not schema.type:
        return None
    if schema.type == "object" and _structured(schema) is not None:
        return None  # the other test looks at the class
    classes = CLASSES.get(schema.type, ())
    if len(classes) == 1:
        (only,) = classes
        return lambda v: v.__class__ is only
    return lambda v: v.__class__ in classes


def _limited(schema: Schema) -> Fits | None:
    """Limits of texts and numbers, formats and enumerations."""
    limits = schema.limits
    if any(name in limits for name in (*_NUMBER_LIMITS, "uniqueItems")):
        return _numbers(schema)
    if enum := limits.get("enum"):
        texts = frozenset(item for item in enum if isinstance(item, str))
        return lambda v: v.__class__ is str and v in texts
    name = limits.get("format")
    format_of = formats.FORMATS.get(name.replace("-", "")) if name else None
    shortest, longest = limits.get("minLength", 0), limits.get("maxLength")
    pattern = limits.get("pattern")
    if format_of is None and pattern is None and longest is None and not shortest:
        return None
    regex = go_regex(pattern) if pattern else None
    if pattern and regex is None:
        return _never
    search = regex.search if regex is not None else _always
    matches = lru_cache(1024)(lambda text: bool(search(text)) and (format_of is None or format_of(text)))
    most = longest if longest is not None else 2**63

    def test(value: Any) -> bool:
        return value.__class__ is not str or (shortest <= len(value) <= most and matches(value))

    return test


def _numbers(schema: Schema) -> Fits:
    limits = schema.limits
    if any(name in limits for name in ("multipleOf", "exclusiveMinimum", "exclusiveMaximum", "uniqueItems", "enum")):
        return _never
    low, high = limits.get("minimum", float("-inf")), limits.get("maximum", float("inf"))
    return lambda v: v.__class__ is int and bool(low <= v <= high)


def _listed(schema: Schema) -> Fits | None:
    fewest, most = schema.limits.get("minItems", 0), schema.limits.get("maxItems")
    item = compile_fits(schema.items) if schema.items is not None else _always
    keys = schema.list_keys
    if item is _always and not fewest and most is None and not schema.list_type:
        return None
    limit = most if most is not None else 2**63
    is_map, is_set = schema.list_type == "map", schema.list_type == "set"

    def test(value: Any) -> bool:
        if value.__class__ is not list:
            return not schema.type
        size = len(value)
        if not fewest <= size <= limit or not all(map(item, value)):
            return False
        if size < 2 or not (is_map or is_set):
            return True
        # Lists that are equal as Python sees them (1 and True) are left to the exact check.
        try:
            seen = {tuple(map(one.get, keys)) for one in value} if is_map else set(value)
        except (AttributeError, TypeError):
            return False
        return len(seen) == size

    return test


def _structured(schema: Schema) -> Fits | None:
    fields = {name: one for name, child in schema.fields.items() if (one := compile_fits(child)) is not _always}
    values = compile_fits(schema.values) if isinstance(schema.values, Schema) else _always
    required = schema.required
    if any(name in schema.limits for name in _OBJECT_LIMITS):
        fewest, most = schema.limits.get("minProperties", 0), schema.limits.get("maxProperties", 2**63)
    else:
        fewest, most = 0, 2**63
    if not (fields or required or values is not _always or fewest or most < 2**63):
        return None
    known = fields.get
    default = None if values is _always else values
    plain = frozenset(schema.fields) - fields.keys()

    def test(value: Any) -> bool:
        if value.__class__ is not dict:
            return not schema.type
        for name, item in value.items():
            one = known(name, default)
            if one is not None and not one(item) and name not in plain:
                return False
        for name in required:
            if name not in value:
                return False
        return bool(fewest <= len(value) <= most)

    return test
