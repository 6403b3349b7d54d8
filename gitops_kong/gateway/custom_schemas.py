"""Schemas of plugins that Kong does not bring along: read, brought into the form of `schemas/`, stored, loaded.

A schema comes as ``schema.lua``, or as the JSON that ``/schemas/plugins/NAME`` of an Admin API answers, and is stored
in the user's repository as ``.gitops-kong/schemas/NAME.json``. What Lua functions decide cannot be carried over: the
value is accepted, and ``unverified`` of the schema says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.gateway import lua_sandbox
from gitops_kong.gateway.formats import lua_pattern
from gitops_kong.lazy import regex
from gitops_kong.manifests import lenient

Schema = dict[str, Any]

FOLDER = Path(".gitops-kong") / "schemas"
UNVERIFIED = "unverified"
_DUMP = "functions, which a dump leaves out"
_NAME = regex(r"[A-Za-z0-9_.-]{1,128}")
_TYPES = frozenset(
    ("string", "number", "integer", "boolean", "array", "set", "map", "record", "foreign", "json", "any")
)
_MARKERS = ("<function>", "<unknown>")
_LIST_CHECKS = (
    "at_least_one_of",
    "only_one_of",
    "mutually_required",
    "mutually_exclusive",
    "distinct",
)
_CONDITIONAL = ("if_field", "then_field")
_CONDITIONAL_LISTS = ("then_at_least_one_of", "else_then_at_least_one_of")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _is_options(value: Any) -> bool:
    return isinstance(value, list) and all(_is_scalar(item) for item in value)


def _is_limits(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(item) for item in value)


def _is_pattern(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        lua_pattern.matches(value, "")
    except (lua_pattern.LuaPatternError, re.error):
        return False
    return True


def _is_rules(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(rule, dict) and _is_pattern(rule.get("pattern")) and _is_text(rule.get("err")) for rule in value
    )


def _is_any_rule(value: Any) -> bool:
    patterns = value.get("patterns") if isinstance(value, dict) else None
    if not isinstance(patterns, list) or not all(map(_is_pattern, patterns)):
        return False
    return isinstance(value.get("err", ""), str)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_subsets(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_names, value))


# Attributes of a field that are data, and what they must look like to be taken over.
_ATTRIBUTES: dict[str, Callable[[Any], bool]] = {
    "abstract": _is_flag,
    "auto": _is_flag,
    "between": _is_limits,
    "check": _is_text,
    "contains": _is_scalar,
    "eq": _is_scalar,
    "err": _is_text,
    "gt": _is_number,
    "is_regex": _is_flag,
    "len_eq": _is_size,
    "len_max": _is_size,
    "len_min": _is_size,
    "match": _is_pattern,
    "match_all": _is_rules,
    "match_any": _is_any_rule,
    "match_none": _is_rules,
    "mutually_exclusive_subsets": _is_subsets,
    "ne": _is_scalar,
    "not_match": _is_pattern,
    "not_one_of": _is_options,
    "on_delete": _is_text,
    "one_of": _is_options,
    "reference": _is_text,
    "referenceable": _is_flag,
    "required": _is_flag,
    "starts_with": _is_text,
    "timestamp": _is_flag,
    "unique": _is_flag,
    "uuid": _is_flag,
}
# What a field says beside that, without a meaning for what the gateway accepts.
_IGNORED = frozenset(
    ("description", "encrypted", "type", "default", "elements", "keys", "values", "fields", "deprecation")
)


class _Reader:
    """Brings one schema into shape and notes what could not be taken over."""

    def __init__(self) -> None:
        self.unverified: list[str] = []

    def note(self, path: str, what: str) -> None:
        text = f"{path}: {what}" if path else what
        if text not in self.unverified:
            self.unverified.append(text)

    def fields(self, raw: Any, path: str) -> Schema:
        """Fields by name, from a list of single-key objects or from an object."""
        if isinstance(raw, list):
            pairs = [pair for entry in raw if isinstance(entry, dict) for pair in entry.items()]
        else:
            pairs = list(raw.items()) if isinstance(raw, dict) else []
        return {name: self.field(spec, f"{path}.{name}" if path else name) for name, spec in pairs}

    def field(self, raw: Any, path: str, *, partial: bool = False) -> Schema:
        """One field; ``partial`` is what a condition says of it, where the type is not repeated."""
        kind = lenient.text(raw.get("type")) if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or (kind not in _TYPES and not partial) or _is_marker(raw):
            self.note(path, "the whole field")
            return {"type": "any"}
        field: Schema = {} if kind not in _TYPES else {"type": kind}
        if kind == "foreign" and not _is_text(raw.get("reference")):
            self.note(path, "the whole field")
            return {"type": "any"}
        for name, value in raw.items():
            if name == "custom_validator" or _is_marker(value):
                self.note(path, str(name))
                field["check"] = UNVERIFIED
            elif name in _ATTRIBUTES:
                if _ATTRIBUTES[name](value):
                    field.setdefault(name, value)
                else:
                    self.note(path, str(name))
            elif name not in _IGNORED and name not in ("entity_checks", "shorthand_fields"):
                self.note(path, str(name))
        if "default" in raw and not _is_marker(raw["default"]):
            empty_list = kind in ("array", "set") and raw["default"] == {}
            field["default"] = [] if empty_list else raw["default"]
        for part in ("elements", "keys", "values"):
            if part in raw:
                field[part] = self.field(raw[part], f"{path}.{part}", partial=partial)
        return self.record(field, raw, path) if kind == "record" else field

    def record(self, field: Schema, raw: Mapping[str, Any], path: str) -> Schema:
        """What a record holds; with shorthand fields, which Lua expands, it takes anything."""
        if raw.get("shorthand_fields"):
            self.note(path, "shorthand_fields")
            return {"type": "any", **{name: field[name] for name in ("required", "default") if name in field}}
        field["fields"] = self.fields(raw.get("fields"), path)
        checks = self.checks(raw.get("entity_checks"), path)
        if checks:
            field["entity_checks"] = checks
        return field

    def checks(self, raw: Any, path: str) -> list[Schema]:
        """Entity checks whose arguments are data."""
        entries = raw if isinstance(raw, list) else []
        found = []
        for entry in entries:
            for name, argument in entry.items() if isinstance(entry, dict) else ():
                check = self.check(name, argument, path)
                if check is None:
                    self.note(path, str(name))
                else:
                    found.append(check)
        return found

    def check(self, name: str, argument: Any, path: str) -> Schema | None:
        if name in _LIST_CHECKS:
            return {name: argument} if _is_names(argument) else None
        if name == "mutually_exclusive_sets" and isinstance(argument, dict):
            sets = {part: argument.get(part) for part in ("set1", "set2")}
            return {name: sets} if all(map(_is_names, sets.values())) else None
        if name == "conditional" and isinstance(argument, dict):
            return self.conditional(argument, path)
        return None

    def conditional(self, argument: Mapping[str, Any], path: str) -> Schema | None:
        if not all(_is_text(argument.get(part)) for part in _CONDITIONAL):
            return None
        check: Schema = {part: argument[part] for part in _CONDITIONAL}
        before = len(self.unverified)
        for part in ("if_match", "then_match"):
            if not isinstance(argument.get(part), dict):
                return None
            check[part] = self.field(argument[part], f"{path}.{check['if_field']}".lstrip("."), partial=True)
        if len(self.unverified) > before:
            return None  # half a condition would say something else
        if _is_text(argument.get("then_err")):
            check["then_err"] = argument["then_err"]
        return {"conditional": check}


def _is_marker(value: Any) -> bool:
    return isinstance(value, dict) and any(marker in value for marker in _MARKERS)


def normalized(raw: Mapping[str, Any]) -> Schema:
    """A plugin's schema in the form of `schemas/plugins`; raises UserError when it holds no configuration.

    It takes what `schema.lua` returns, what an Admin API answers, and its own result.
    """
    reader = _Reader()
    for text in raw.get(UNVERIFIED) or ():
        if _is_text(text):
            reader.note("", text)
    fields = reader.fields(raw.get("fields"), "")
    if "config" not in fields:
        raise UserError("no plugin's schema: it has no field `config`")
    fields["config"]["required"] = True
    schema: Schema = {"fields": fields}
    checks = reader.checks(raw.get("entity_checks"), "")
    if checks:
        schema["entity_checks"] = checks
    if reader.unverified:
        schema[UNVERIFIED] = reader.unverified
    return schema


def read(path: Path) -> dict[str, Schema]:
    """Schemas by plugin name from a ``schema.lua``, a JSON dump, or a folder of either; raises UserError."""
    if path.is_dir():
        found: dict[str, Schema] = {}
        for file in sorted([*path.rglob("schema.lua"), *path.rglob("*.json")]):
            found.update(read(file))
        if not found:
            raise UserError(f"{path}: no schema.lua and no JSON file in this folder")
        return found
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
    if path.suffix == ".json":
        return from_json(text, str(path))
    raw = lua_sandbox.run(text, str(path))
    if not isinstance(raw, dict):
        raise UserError(f"{path}: the file returns no schema")
    default = path.resolve().parent.name if path.name == "schema.lua" else path.stem
    name = raw.get("name")
    return dict([_named(name if isinstance(name, str) else default, raw, str(path))])


def from_json(text: str, path: str) -> dict[str, Schema]:
    """Schemas by plugin name from JSON: one schema, or an object of several; `path` names the file in errors."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    if isinstance(raw, dict) and "fields" in raw:
        raw = {str(raw.get("name") or PurePath(path).stem): raw}
    if not isinstance(raw, dict) or not all(isinstance(schema, dict) for schema in raw.values()):
        raise UserError(f"{path}: not a schema: an object is needed")
    return dict(_named(name, {**schema, UNVERIFIED: _functions(schema)}, path) for name, schema in raw.items())


def _functions(raw: Mapping[str, Any]) -> list[str]:
    """A dump of an Admin API leaves all functions out; what was stored before says itself what is missing."""
    known = raw.get(UNVERIFIED)
    if isinstance(known, list):
        return known
    return [] if isinstance(raw.get("fields"), dict) else [_DUMP]


def _named(name: str, raw: Mapping[str, Any], path: str) -> tuple[str, Schema]:
    if not _NAME.fullmatch(name):
        raise UserError(f"{path}: {name!r} is no name of a plugin")
    try:
        return name, normalized(raw)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except RecursionError as error:
        raise UserError(f"{path}: nested too deeply") from error


def is_dump(schema: Schema) -> bool:
    """Whether a schema comes from an Admin API, and so knows less than one that comes with this package."""
    return _DUMP in schema.get(UNVERIFIED, ())


def store(root: Path, schemas: Mapping[str, Schema]) -> list[Path]:
    """Write schemas into a repository; gives the files."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, schema in sorted(schemas.items()):
        file = folder / f"{name}.json"
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
        files.append(file)
    return files


def load_custom(root: Path) -> dict[str, Schema]:
    """The schemas that a repository brings along, by plugin name; raises UserError for one that is broken."""
    folder = root / FOLDER
    if not folder.is_dir():
        return {}
    found: dict[str, Schema] = {}
    for file in sorted(folder.glob("*.json")):
        found.update(read(file))
    return found
