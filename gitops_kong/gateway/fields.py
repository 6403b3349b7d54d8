"""A field of a schema: which values it takes and with which words it rejects others.

The behaviour is that of Kong's `Schema:validate_field` (kong/db/schema/init.lua): first null, then the type, then
every validator in a fixed order; the first that fails gives the message.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.formats import lua_pattern, pcre, text
from gitops_kong.gateway.lua import MISSING

if TYPE_CHECKING:
    from gitops_kong.gateway.records import Compiler, Record

Error = Any  # a message, or errors by field name or index (from 1); "@entity" holds a list of messages
Validator = Callable[[Any], "str | None"]

REQUIRED = "required field missing"
EXPECTED = {
    "array": "expected an array",
    "set": "expected a set",
    "map": "expected a map",
    "record": "expected a record",
    "string": "expected a string",
    "number": "expected a number",
    "boolean": "expected a boolean",
    "integer": "expected an integer",
}
MISSING_PRIMARY_KEY = "missing primary key"


class Field:
    """One field, compiled from its specification (`schemas/`); inner fields are compiled when first needed."""

    __slots__ = (
        "_elements", "_keys", "_record", "_validators", "_values", "abstract", "auto", "compiler", "default", "eq",
        "err", "in_element", "ne", "referenceable", "required", "spec", "type", "unique",
    )  # fmt: skip

    def __init__(self, spec: Mapping[str, Any], compiler: Compiler, *, in_element: bool = False) -> None:
        self.spec = spec
        self.compiler = compiler
        self.type: str = spec["type"]
        self.in_element = in_element  # elements, keys and values are always required
        self.required = in_element or spec.get("required") is True
        self.default = spec.get("default", MISSING)
        self.eq = spec.get("eq", MISSING)
        self.ne = spec.get("ne", MISSING)
        self.err: str | None = spec.get("err")
        self.abstract = bool(spec.get("abstract"))
        self.auto = bool(spec.get("auto"))
        self.unique = bool(spec.get("unique"))
        self.referenceable = bool(spec.get("referenceable"))
        self._validators: list[Validator] | None = None
        self._elements: Field | None = None
        self._keys: Field | None = None
        self._values: Field | None = None
        self._record: Record | None = None

    @property
    def elements(self) -> Field:
        """What an array or set holds."""
        if self._elements is None:
            self._elements = Field(self.spec.get("elements", {"type": "any"}), self.compiler, in_element=True)
        return self._elements

    @property
    def keys(self) -> Field:
        """What the keys of a map are."""
        if self._keys is None:
            self._keys = Field(self.spec.get("keys", {"type": "any"}), self.compiler, in_element=True)
        return self._keys

    @property
    def values(self) -> Field:
        """What the values of a map are."""
        if self._values is None:
            self._values = Field(self.spec.get("values", {"type": "any"}), self.compiler, in_element=True)
        return self._values

    @property
    def record(self) -> Record:
        """The schema of a record."""
        if self._record is None:
            self._record = self.compiler.record(self.spec)
        return self._record

    def overlaid(self, match: Mapping[str, Any]) -> Field:
        """This field with what a conditional check sets differently."""
        return Field({**self.spec, **match}, self.compiler)

    def validate(self, value: Any) -> Error | None:
        """The error that this value has, or None."""
        if value is None:
            return self._validate_null()
        if self.eq is None:
            return self.err or "value must be null"
        if self.abstract:
            return "error in schema definition: abstract field was not specialized"
        error = _TYPES[self.type](self, value)
        if error is not None:
            return None if error is _TAKEN else error
        if self._validators is None:
            self._validators = list(self._make_validators())
        for validator in self._validators:
            message = validator(value)
            if message is not None:
                return self.err or message
        return None

    def _validate_null(self) -> str | None:
        if self.ne is None:
            return self.err or "value must not be null"
        if self.eq is not MISSING and self.eq is not None:
            return f"value must be {lua.tostring(self.eq)}"
        return REQUIRED if self.required else None

    def _make_validators(self) -> list[Validator]:
        made = []
        for name, make in _VALIDATORS:
            argument = self.spec.get(name, MISSING)
            if name == "len_min" and self.type == "string" and argument is MISSING:
                argument = 1
            if argument is not MISSING and argument is not None:
                made.append(_of_text(make(argument, self)) if name in _OF_TEXT else make(argument, self))
        return made


# Validators that only text has; a custom schema may put them on a field without a type.
_OF_TEXT = frozenset({"match", "not_match", "match_all", "match_none", "match_any", "starts_with"})


def _of_text(validate: Validator) -> Validator:
    return lambda value: validate(value) if isinstance(value, str) else None


_TAKEN = object()  # the value is a reference to a vault: no validator looks at it


def _array(field: Field, value: Any) -> Error | None:
    items = lua.as_sequence(value)
    if items is None:
        return EXPECTED[field.type]
    validate = field.elements.validate
    errors = {index: error for index, item in enumerate(items, 1) if (error := validate(item)) is not None}
    return errors or None


def _map(field: Field, value: Any) -> Error | None:
    if not lua.is_table(value):
        return EXPECTED["map"]
    for key, item in lua.as_table(value).items():
        error = field.keys.validate(key)
        if error is None:
            error = field.values.validate(item)
        if error is not None:
            return error
    return None


def _record(field: Field, value: Any) -> Error | None:
    if not lua.is_table(value):
        return EXPECTED["record"]
    return field.record.check(value)


def _foreign(field: Field, value: Any) -> Error | None:
    record = field.compiler.entity(field.spec["reference"])
    error = record.check_primary_key(value)
    if error is not None and lua.is_table(value):
        return record.validate(lua.as_table(value), full=False) or error
    return error


def _string(field: Field, value: Any) -> Error | None:
    if not isinstance(value, str):
        return EXPECTED["string"]
    return _TAKEN if field.referenceable and lua.is_reference(value) else None


def _integer(_: Field, value: Any) -> Error | None:
    if lua.is_number(value) and (isinstance(value, int) or (math.isfinite(value) and value == math.floor(value))):
        return None
    return EXPECTED["integer"]


def _number(_: Field, value: Any) -> Error | None:
    return None if lua.is_number(value) else EXPECTED["number"]


def _boolean(_: Field, value: Any) -> Error | None:
    return None if isinstance(value, bool) else EXPECTED["boolean"]


def _filter_config(_: Field, value: Any) -> Error | None:
    """A Wasm filter without a schema of its own takes only text (wasm_filter.lua)."""
    if isinstance(value, str):
        return None
    return f"wrong type: expected one of string, null, got {lua.type_name(value)}"


def _any(_: Field, __: Any) -> Error | None:
    return None


_TYPES: dict[str, Callable[[Field, Any], Error | None]] = {
    "array": _array,
    "set": _array,
    "map": _map,
    "record": _record,
    "foreign": _foreign,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "json": _filter_config,
    "any": _any,
}


def _eq(wanted: Any, _: Field) -> Validator:
    return lambda value: None if lua.equal(value, wanted) else f"value must be {lua.tostring(wanted)}"


def _ne(wanted: Any, _: Field) -> Validator:
    return lambda value: f"value must not be {lua.tostring(value)}" if lua.equal(value, wanted) else None


def _one_of(options: list[Any], _: Field) -> Validator:
    message = f"expected one of: {', '.join(map(lua.tostring, options))}"
    return lambda value: None if any(lua.equal(value, option) for option in options) else message


def _not_one_of(options: list[Any], _: Field) -> Validator:
    message = f"must not be one of: {', '.join(map(lua.tostring, options))}"
    return lambda value: message if any(lua.equal(value, option) for option in options) else None


def _gt(limit: float, _: Field) -> Validator:
    return lambda value: None if value > limit else f"value must be greater than {lua.tostring(limit)}"


def _timestamp(_: bool, __: Field) -> Validator:
    return lambda value: None if value > 0 else "expected a valid timestamp"


def _uuid(_: bool, __: Field) -> Validator:
    return lambda value: None if text.is_uuid(value) else "expected a valid UUID"


def _is_regex(_: bool, field: Field) -> Validator:
    pcre2 = field.compiler.pcre2
    return lambda value: None if pcre.error(value, pcre2) is None else f"not a valid regex: {value}"


def _between(limits: list[float], _: Field) -> Validator:
    low, high = limits
    message = f"value should be between {int(low)} and {int(high)}"
    return lambda value: None if low <= value <= high else message


def _length(field: Field) -> Callable[[Any], int]:
    def length(value: Any) -> int:
        if isinstance(value, str):
            return lua.size(value)
        count = len(value) if isinstance(value, list) else 0
        return count + len(value) if field.type == "map" else count

    return length


def _len_eq(wanted: int, field: Field) -> Validator:
    length = _length(field)
    return lambda value: None if length(value) == wanted else f"length must be {wanted}"


def _len_min(least: int, field: Field) -> Validator:
    length = _length(field)
    return lambda value: None if length(value) >= least else f"length must be at least {least}"


def _len_max(most: int, field: Field) -> Validator:
    length = _length(field)
    return lambda value: None if length(value) <= most else f"length must be at most {most}"


def _starts_with(prefix: str, _: Field) -> Validator:
    return lambda value: None if value.startswith(prefix) else f"should start with: {prefix}"


def _match(pattern: str, _: Field) -> Validator:
    return lambda value: None if lua_pattern.matches(pattern, value) else f"invalid value: {value}"


def _not_match(pattern: str, _: Field) -> Validator:
    return lambda value: f"invalid value: {value}" if lua_pattern.matches(pattern, value) else None


def _match_all(rules: list[dict[str, str]], _: Field) -> Validator:
    return lambda value: next((r["err"] for r in rules if not lua_pattern.matches(r["pattern"], value)), None)


def _match_none(rules: list[dict[str, str]], _: Field) -> Validator:
    return lambda value: next((r["err"] for r in rules if lua_pattern.matches(r["pattern"], value)), None)


def _match_any(rule: dict[str, Any], _: Field) -> Validator:
    error = rule.get("err", "invalid value")
    return lambda value: None if any(lua_pattern.matches(p, value) for p in rule["patterns"]) else error


def _contains(wanted: Any, _: Field) -> Validator:
    return lambda value: None if any(lua.equal(v, wanted) for v in value) else f"expected to contain: {wanted}"


def _check(name: str, field: Field) -> Validator:
    return field.compiler.check(name)


def _mutually_exclusive_subsets(subsets: list[list[str]], _: Field) -> Validator:
    def validate(value: Any) -> str | None:
        found = [subset for subset in subsets if any(item in subset for item in value)]
        if len(found) <= 1:
            return None
        found.sort(key=lambda subset: next(i for i, item in enumerate(value) if item in subset))
        return f"these sets are mutually exclusive: {lua.quoted_list(found)}"

    return validate


_VALIDATORS: tuple[tuple[str, Callable[[Any, Field], Validator]], ...] = (
    ("eq", _eq),
    ("ne", _ne),
    ("not_one_of", _not_one_of),
    ("one_of", _one_of),
    ("gt", _gt),
    ("timestamp", _timestamp),
    ("uuid", _uuid),
    ("is_regex", _is_regex),
    ("between", _between),
    ("len_eq", _len_eq),
    ("len_min", _len_min),
    ("len_max", _len_max),
    ("starts_with", _starts_with),
    ("not_match", _not_match),
    ("match_none", _match_none),
    ("match", _match),
    ("match_all", _match_all),
    ("match_any", _match_any),
    ("contains", _contains),
    ("check", _check),
    ("mutually_exclusive_subsets", _mutually_exclusive_subsets),
)
