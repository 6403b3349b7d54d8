"""A table with named fields: filling in what is missing, validating every field, then the checks across fields.

The behaviour is that of `Schema:process_auto_fields`, `Schema:validate` and `run_entity_check` of Kong
(kong/db/schema/init.lua). A record with a subschema (a plugin by its name, a route by its protocols) takes fields
and checks of that subschema over its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from gitops_kong.gateway import catalogue, entity_checks, lua
from gitops_kong.gateway.checks import strings, tables
from gitops_kong.gateway.fields import MISSING_PRIMARY_KEY, REQUIRED, Error, Field, Validator
from gitops_kong.gateway.lua import MISSING, GatewayCrash, ShorthandFailure, Table
from gitops_kong.gateway.shorthands import Shorthand

if TYPE_CHECKING:
    from gitops_kong.cluster.options import RouterFlavor
    from gitops_kong.gateway.catalogue import Catalogue

Edition = Literal["oss", "enterprise"]

UNKNOWN = "unknown field"
_GENERATED_ID = "00000000-0000-4000-8000-000000000000"


class Compiler:
    """Compiled records of one gateway version and router flavor; everything is compiled once, when it is needed.

    Of the enterprise edition no schemas are known: its plugins, entities and further fields are accepted, and noted
    in `unverified`.
    """

    def __init__(self, schemas: Catalogue, flavor: RouterFlavor, edition: Edition = "oss") -> None:
        self.catalogue = schemas
        self.enterprise = edition == "enterprise"
        self.unverified: set[str] = set()
        self.noted = 0  # how often something was noted there, known before or not
        self.flavor = flavor
        self.version = schemas.version
        self.pcre2 = self.version >= "3.7"
        self._checks: dict[str, Validator] = {}
        self._entities: dict[str, Record] = {}
        self._plugins: dict[str, Record | None] = {}
        self._vaults: dict[str, Record | None] = {}

    def check(self, name: str) -> Validator:
        """The check of one value that schemas call by this name."""
        known = self._checks.get(name)
        if known is None:
            known = self._checks[name] = strings.CHECKS.get(name) or strings.by_version(name, self.version)
        return known

    def entity_check(self, name: str) -> Callable[[Table], str | None]:
        """The check of a whole table that schemas call by this name."""
        return tables.entity_check(name, self.version)

    def record(self, spec: Mapping[str, Any]) -> Record:
        """A record compiled from its specification."""
        return Record(spec, self)

    def entity(self, name: str) -> Record:
        """An entity as a foreign key refers to it: without nested entities."""
        known = self._entities.get(name)
        if known is None:
            spec = self.catalogue.entity(name, self.flavor)
            if spec is None:
                raise GatewayCrash
            known = self._entities[name] = self.record(spec)
        return known

    def _note(self, what: str) -> None:
        self.noted += 1
        self.unverified.add(what)

    def skips_entity(self, name: str) -> bool:
        """Whether a list of entities is one of the enterprise edition's, which nothing here judges."""
        if not self.enterprise or name not in catalogue.enterprise_names()["entities"]:
            return False
        self._note(name)
        return True

    def skips_field(self, name: Any) -> bool:
        """Whether a field that no schema knows may be one of the enterprise edition's."""
        if self.enterprise:
            self._note(f"field {name}")
        return self.enterprise

    def subschema(self, spec: Mapping[str, Any], key: Any) -> Record | None:
        """The subschema of a record for the value of its subschema key."""
        if isinstance(key, str):
            return self._subschema(spec, key)
        items = lua.as_sequence(key) or ()
        return next((found for item in items if isinstance(item, str) and (found := self._subschema(spec, item))), None)

    def _subschema(self, spec: Mapping[str, Any], name: str) -> Record | None:
        own = spec.get("subschemas")
        if own is not None:
            found = own.get(name)
            return self._route(own, found if isinstance(found, str) else name) if found else None
        vaults = spec["subschemas_are"] == "vaults"
        known = self._vaults if vaults else self._plugins
        if name not in known:
            found = self.catalogue.vault(name) if vaults else self.catalogue.plugin(name)
            if found is None and self.enterprise and name in catalogue.enterprise_names()[spec["subschemas_are"]]:
                found = {"fields": {"config": {"type": "any"}}}
            known[name] = None if found is None else self.record(found)
        record = known[name]
        if record is not None and "unverified" in record.spec:
            for what in record.spec["unverified"]:
                self._note(f"plugin {name}: {what}")
        if self.enterprise and name in catalogue.enterprise_names()[spec["subschemas_are"]]:
            self._note(f"{spec['subschemas_are'][:-1]} {name}")
        return record

    def _route(self, own: Mapping[str, Any], name: str) -> Record:
        key = f"routes/{name}"
        if key not in self._entities:
            self._entities[key] = self.record(own[name])
        return self._entities[key]


class Record:
    """One table schema; `spec` is in the form of `schemas/`."""

    def __init__(self, spec: Mapping[str, Any], compiler: Compiler) -> None:
        self.spec = spec
        self.compiler = compiler
        self.fields: dict[str, Field] = {name: Field(field, compiler) for name, field in spec["fields"].items()}
        self.shorthands = [Shorthand(n, field, compiler) for n, field in spec.get("shorthand_fields", {}).items()]
        self.subschema_key: str | None = spec.get("subschema_key")
        self.checks = [entity_checks.make(check, compiler) for check in spec.get("entity_checks", ())]
        self.transformations: list[dict[str, list[str]]] = spec.get("transformations", [])
        self.unvalidated = frozenset(("updated_at", "ttl") if spec.get("ttl") else ("updated_at",))

    def field(self, name: str, subschema: Record | None) -> Field | None:
        """A field by its name, the subschema's before the own one."""
        found = self.fields.get(name)
        if found is not None and subschema is not None:
            return subschema.fields.get(name, found)
        return found

    def subschema(self, data: Table) -> Record | None:
        """The subschema for this table, if its schema has any."""
        if self.subschema_key is None:
            return None
        return self.compiler.subschema(self.spec, data.get(self.subschema_key))

    def check(self, value: Any) -> Error | None:
        """What is wrong with an object or array as this record; None when nothing is."""
        return self.validate(self.process(value))

    # Filling in

    def process(self, value: Any) -> Table:
        """A copy with defaults, generated values and what deprecated and shorthand fields stand for."""
        data = lua.as_table(value)
        self._expand_shorthands(data)
        subschema = self.subschema(data)
        for name, own in self.fields.items():
            field = own if subschema is None else subschema.fields.get(name, own)
            filled = _fill(field, _generated(name, field, data.get(name, MISSING)))
            if filled is MISSING:
                data.pop(name, None)
            else:
                data[name] = filled
        return data

    def _expand_shorthands(self, data: Table) -> None:
        for shorthand in self.shorthands:
            value = data.get(shorthand.name, MISSING)
            if value is not MISSING and shorthand.expand(data, value) is not None:
                raise ShorthandFailure

    # Validating

    def validate(self, data: Table, *, full: bool = True) -> dict[Any, Error] | None:
        """Errors of a processed table by field; `full` demands that required fields are there."""
        key = self.subschema_key
        subschema = None
        if key is not None:
            value = data.get(key)
            if value is None:
                return {key: REQUIRED}
            subschema = self.subschema(data)
            if subschema is None:
                return {key: self._unknown_subschema(value)}
        errors = self._field_errors(data, subschema, full=full)
        view = entity_checks.View(self, subschema)
        for check in self.checks:
            check.run(view, data, full, errors)
        if subschema is not None:
            for check in subschema.checks:
                check.run(view, data, full, errors)
        for schema in (self, subschema):
            if schema is not None and schema.transformations:
                _check_transformations(schema.transformations, data, errors)
        return errors or None

    def _unknown_subschema(self, value: Any) -> str:
        if not isinstance(value, str) and not lua.is_table(value):
            raise GatewayCrash
        first = value if isinstance(value, str) else lua.as_table(value).get(1, MISSING)
        text = "nil" if first is MISSING else lua.tostring(first)
        return str(self.spec.get("subschema_error", "unknown type: %s")) % text

    def _field_errors(self, data: Table, subschema: Record | None, *, full: bool) -> dict[Any, Error]:
        errors: dict[Any, Error] = {}
        for key, value in data.items():
            if key in self.unvalidated:
                continue
            field = self.field(key, subschema)
            if field is None and self.compiler.skips_field(key):
                continue
            error = UNKNOWN if field is None else field.validate(value)
            if error is not None:
                errors[key] = error
        for name, own in self.fields.items():
            field = own if subschema is None else subschema.fields.get(name, own)
            if field.required:
                value = data.get(name, MISSING)
                if value is None or (full and value is MISSING):
                    errors[name] = REQUIRED
        return errors

    def check_primary_key(self, value: Any) -> dict[Any, Error] | None:
        """Errors of a foreign key that names a row of this entity; other fields are no matter."""
        if not lua.is_table(value) and not isinstance(value, str):
            raise GatewayCrash
        errors: dict[Any, Error] = {}
        for name in self.spec["primary_key"]:
            field = self.fields[name]
            part = value.get(name, MISSING) if isinstance(value, dict) else MISSING
            if part is MISSING or part is False:
                errors[name] = MISSING_PRIMARY_KEY
            elif part is None and (field.required or field.auto):
                errors[name] = REQUIRED
            elif (error := field.validate(part)) is not None:
                errors[name] = error
        return errors or None


def _generated(name: str, field: Field, value: Any) -> Any:
    """What the gateway puts into fields that it fills itself."""
    if not field.auto:
        return value
    if name == "updated_at":
        return 1
    if value is MISSING:
        if field.spec.get("uuid"):
            return _GENERATED_ID
        if field.type == "string":
            return "generated"
    return 1 if name == "created_at" and (value is MISSING or value is None) else value


def _fill(field: Field, value: Any) -> Any:
    """`adjust_field_for_context` for an insert."""
    if field.abstract:
        return value
    if field.type == "record":
        if value is False or (value is MISSING and field.required):
            value = _default(field)
        if lua.is_table(value):
            return field.record.process(value)
    elif lua.is_table(value):
        return _fill_items(field, value)
    return _default(field) if value is MISSING else value


def _fill_items(field: Field, value: Any) -> Any:
    """What an array, set or map holds, filled in."""
    if field.type == "map":
        inner = field.values
        return {key: _fill(inner, item) for key, item in lua.as_table(value).items()}
    if field.type not in ("array", "set"):
        return value
    if not isinstance(value, list):
        return {key: _fill(field.elements, item) for key, item in value.items()}
    items = _without_duplicates(value) if field.type == "set" else value
    if field.elements.type in ("record", "array", "set", "map"):
        return [_fill(field.elements, item) for item in items]
    return items


def _without_duplicates(items: list[Any]) -> list[Any]:
    seen: set[tuple[str, Any]] = set()
    kept = []
    for item in items:
        if not lua.is_table(item):
            key = (lua.type_name(item), item)
            if key in seen:
                continue
            seen.add(key)
        kept.append(item)
    return kept


def _default(field: Field) -> Any:
    if field.default is not MISSING:
        return field.default
    if not field.required:
        return None
    if field.type == "record" and not field.abstract:
        return field.record.process({})
    return MISSING


def _check_transformations(transformations: list[dict[str, list[str]]], data: Table, errors: dict[Any, Error]) -> None:
    """Inputs of a transformation must come with what it needs (`run_transformation_checks`)."""
    for transformation in transformations:
        inputs, needs = transformation.get("input", []), transformation.get("needs", [])
        if not any(lua.is_nonempty(lua.get_field(data, name)) for name in inputs):
            continue
        for names in ([*inputs, *needs], inputs):
            if not all(lua.is_nonempty(lua.get_field(data, name)) for name in names):
                message = f"all or none of these fields must be set: {lua.quoted_list(names)}"
                errors.setdefault("@entity", []).append(message)
                break
