"""`x-kubernetes-validations`: CEL rules of a custom resource over the value and, for an update, the one before.

Follows apiextensions 1.33 `cel.Validator`: a node's rules before those of its children; a rule with `oldSelf` only
where there is a value to compare with (`optionalOldSelf` aside); items correlate only in lists with keys.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitops_kong.apiserver.problems import DUPLICATE, FORBIDDEN, INVALID, REQUIRED, Problem
from gitops_kong.apiserver.schema import Rule, Schema
from gitops_kong.cel import CelError, CelValueError, compile_expression
from gitops_kong.lazy import regex

_OLD_SELF = regex(r"\boldSelf\b")
_REASONS = {"FieldValueRequired": REQUIRED, "FieldValueForbidden": FORBIDDEN, "FieldValueDuplicate": DUPLICATE}
_RESERVED_WORDS = (
    "true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void"
    "|while"
)
_is_reserved = regex(_RESERVED_WORDS).fullmatch
_ROOT_FIELDS = ("apiVersion", "kind", "metadata")
_VARIABLES = ("self", "oldSelf")
_CACHE_LIMIT = 20_000


class Findings(NamedTuple):
    """What rules found, and which could not be evaluated (with why)."""

    problems: list[Problem]
    unknown: list[str]


Run = Callable[[Any, Any, str, Findings], None]


def compile_rules(schema: Schema, root: bool = True) -> Run | None:
    """The evaluation of all rules of `schema` and below it; None where there are none."""
    own = _Rules(schema)
    children: dict[str, Run] = {}
    for name, child in schema.fields.items():
        if root and name in _ROOT_FIELDS:
            continue
        run = compile_rules(child, False)
        if run is not None:
            children[name] = run
    values = compile_rules(schema.values, False) if isinstance(schema.values, Schema) else None
    items = compile_rules(schema.items, False) if schema.items is not None else None
    if not (schema.rules or children or values or items):
        return None
    keys = schema.list_keys if schema.list_type == "map" else ()

    def run_all(value: Any, old: Any, path: str, findings: Findings) -> None:
        if value is None:
            return
        if schema.rules:
            own.run(value, old, path, findings)
        if value.__class__ is dict:
            before = old if old.__class__ is dict else {}
            dotted = f"{path}." if path else ""
            for name, item in value.items():
                run = children.get(name)
                if run is not None:
                    run(item, before.get(name), dotted + name, findings)
                elif values is not None:
                    values(item, before.get(name), f"{path}[{name}]", findings)
        elif value.__class__ is list and items is not None:
            find = _correlation(old, keys)
            for i, item in enumerate(value):
                items(item, find(item), f"{path}[{i}]", findings)

    return _remembering(schema, run_all, root)


def _remembering(schema: Schema, run_all: Run, root: bool) -> Run:
    """`run_all`, in the form that asks as little as possible."""
    if root:
        return _at_once(schema, run_all)
    return _cached(run_all) if schema.rules else run_all


def _at_once(schema: Schema, run_all: Run) -> Run:
    """All rules of an object are first asked in one expression, since nearly always all of them hold.

    What it finds to be broken, or cannot evaluate, is left to `run_all`.
    """
    text = _whole(schema, True)
    if text is None:
        return run_all
    text = text.replace(".matches(", ".matchesPattern(")
    convert = to_cel_value(schema) or _same
    usable = True

    def run(value: Any, old: Any, path: str, findings: Findings) -> None:
        nonlocal usable
        if old is None and usable:
            try:
                program = compile_expression(text, _VARIABLES)
            except CelError:
                usable = False
            else:
                try:
                    if program({"self": convert(value)}) is True:
                        return
                except CelError:
                    pass
        run_all(value, old, path, findings)

    return run


def _whole(schema: Schema, root: bool) -> str | None:
    """The rules of a node and of all below it as one expression over `self`, '' where there are none.

    Rules on changes are left out, since they are for updates. None where a rule asks for an optional `oldSelf`.
    """
    if any(rule.optional_old_self for rule in schema.rules):
        return None
    parts = [f"({rule.rule})" for rule in schema.rules if rule.rule and not _OLD_SELF.search(rule.rule)]
    below = [
        (f"self.{escape(name)}", f"!has(self.{escape(name)})", child)
        for name, child in schema.fields.items()
        if not (root and name in _ROOT_FIELDS)
    ]
    for place, absent, child in below:
        text = _whole(child, False)
        if text is None:
            return None
        if text:
            parts.append(f"({absent} || {place} == null || cel.bind(self, {place}, {text}))")
    for inner, form in (
        (schema.values, "self.all(key, self[key] == null || cel.bind(self, self[key], {}))"),
        (schema.items, "self.all(self, self == null || ({}))"),
    ):
        text = _whole(inner, False) if isinstance(inner, Schema) else ""
        if text is None:
            return None
        if text:
            parts.append(form.replace("{}", text))
    return " && ".join(parts)


def _cached(run: Run) -> Run:
    """Equal values are judged once; paths in the cache are relative to the value."""
    known: dict[bytes, tuple[tuple[Problem, ...], tuple[str, ...]]] = {}

    def run_cached(value: Any, old: Any, path: str, findings: Findings) -> None:
        if old is not None:
            run(value, old, path, findings)
            return
        try:
            key = marshal.dumps(value, 2)
        except ValueError:
            run(value, None, path, findings)
            return
        found = known.get(key)
        if found is None:
            fresh = Findings([], [])
            run(value, None, "\0", fresh)
            if len(known) >= _CACHE_LIMIT:
                known.clear()
            found = known[key] = tuple(fresh.problems), tuple(fresh.unknown)
        for problem in found[0]:
            findings.problems.append(problem._replace(field=problem.field.replace("\0", path, 1)))
        findings.unknown.extend(found[1])

    return run_cached


def _correlation(old: Any, keys: tuple[str, ...]) -> Callable[[Any], Any]:
    if not keys or not isinstance(old, list):
        return lambda _: None

    def find(item: Any) -> Any:
        if not isinstance(item, dict):
            return None
        wanted = [item.get(key) for key in keys]
        same = (o for o in old if isinstance(o, dict) and [o.get(key) for key in keys] == wanted)
        return next(same, None)

    return find


def _same(value: Any) -> Any:
    return value


class _Rules:
    """All rules of a node. They are first asked as one expression, since nearly always all of them hold."""

    def __init__(self, schema: Schema) -> None:
        self._rules = [_Rule(rule, schema) for rule in schema.rules]
        self._to_cel = to_cel_value(schema) or _same
        always = [r for r in self._rules if r.text and not r.transition and not r.optional]
        changes = [r for r in self._rules if r.text and not r.optional]
        self._all_always = " && ".join(f"({r.text})" for r in always)
        self._all_changes = " && ".join(f"({r.text})" for r in changes)
        self._plain = len(changes) == len([r for r in self._rules if r.text])

    def run(self, value: Any, old: Any, path: str, findings: Findings) -> None:
        """Append what the rules find in `value`."""
        values = {"self": self._to_cel(value)}
        if old is not None:
            values["oldSelf"] = self._to_cel(old)
        if self._plain and self._all_hold(values):
            return
        for rule in self._rules:
            rule.run(values, path, findings)

    def _all_hold(self, values: Mapping[str, Any]) -> bool:
        text = self._all_changes if "oldSelf" in values else self._all_always
        try:
            return not text or compile_expression(text, _VARIABLES)(values) is True
        except CelError:
            return False


class _Rule:
    """One rule, compiled when it is first evaluated."""

    def __init__(self, rule: Rule, schema: Schema) -> None:
        self._rule = rule
        self.text = rule.rule
        self.optional = rule.optional_old_self
        self.transition = _OLD_SELF.search(rule.rule) is not None
        self._shown = schema.type
        self._field = rule.field_path.replace("['", "[").replace("']", "]")

    def run(self, values: Mapping[str, Any], path: str, findings: Findings) -> None:
        """Append what the rule finds in `values`, which already are as CEL sees them."""
        rule = self._rule
        if not rule.rule or (self.transition and not self.optional and "oldSelf" not in values):
            return
        if self.optional:
            findings.unknown.append(f"not evaluated, since its oldSelf is an optional value: {rule.rule}")
            return
        try:
            holds = compile_expression(rule.rule, _VARIABLES)(values)
        except CelValueError as e:
            why = str(e).removeprefix(f"{rule.rule}: ")
            text = f'{INVALID}: "{self._shown}": {why} evaluating rule: {rule.message or rule.rule}'
            findings.problems.append(Problem(path, INVALID, text))
            return
        except CelError as e:
            findings.unknown.append(f"not evaluated: {e}")
            return
        if holds is not True:
            kind = _REASONS.get(rule.reason, INVALID)
            value_shown = "" if kind in (REQUIRED, FORBIDDEN) else f': "{self._shown}"'
            text = f"{kind}{value_shown}: {self._message(values)}"
            findings.problems.append(Problem((path + self._field).lstrip("."), kind, text))

    def _message(self, values: Mapping[str, Any]) -> str:
        rule = self._rule
        if rule.message_expression:
            try:
                text = compile_expression(rule.message_expression, _VARIABLES)(values)
            except CelError:
                text = None
            if isinstance(text, str) and text.strip() and "\n" not in text:
                return text.strip()
        return rule.message.strip() or f"failed rule: {rule.rule.strip()}"


def escape(name: str) -> str:
    """A property's name as CEL expressions write it (`__namespace__`, `a__dash__b`)."""
    if _is_reserved(name):
        return f"__{name}__"
    if name.isidentifier() and "__" not in name:
        return name
    replaced = name.replace("__", "__underscores__")
    for char, text in ((".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")):
        replaced = replaced.replace(char, text)
    return replaced


def to_cel_value(schema: Schema) -> Callable[[Any], Any] | None:
    """What turns a value into the one that CEL sees, which is one with escaped names; None where it is the same."""
    if schema.fields:
        return _object_to_cel(schema)
    inner = schema.items if schema.type == "array" else schema.values
    convert = to_cel_value(inner) if isinstance(inner, Schema) else None
    if convert is None:
        return None
    if schema.type == "array":
        return lambda v: [convert(i) for i in v] if v.__class__ is list else v
    return lambda v: {k: convert(i) for k, i in v.items()} if v.__class__ is dict else v


def _object_to_cel(schema: Schema) -> Callable[[Any], Any] | None:
    changes: dict[str, tuple[str, Callable[[Any], Any]]] = {}
    for name, child in schema.fields.items():
        convert = to_cel_value(child)
        if convert is not None or escape(name) != name:
            changes[name] = escape(name), convert or _same
    if not changes:
        return None

    def convert_object(value: Any) -> Any:
        if value.__class__ is not dict or changes.keys().isdisjoint(value):
            return value
        out: dict[str, Any] = {}
        for name, item in value.items():
            new_name, convert = changes.get(name, (name, _same))
            out[new_name] = convert(item)
        return out

    return convert_object
