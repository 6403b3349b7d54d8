"""A structural schema as one immutable tree, read from a CustomResourceDefinition or from this project's own form.

Own form (`schemas/*.json`): a node is a type's name (`"string"`), a shared part (`"@7"`) or an object with `type`,
`fields` and `required`, `values` (of a map), `items`, `default`, `nullable`, `preserve` and `embedded`, `list` with
`keys`, `rules` (CEL) and the limits under their OpenAPI names. Kinds that are Go types in the API server (core
kinds) say besides how a field is written: `string` is left out when it is zero, `string!` is always written,
`string?` is a pointer and left out only when it is null; in an object this is `written: always | pointer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Written = Literal["non-zero", "always", "pointer"]


class _Missing:
    """The type of MISSING."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
NOTHING: Final[Mapping[str, Any]] = {}

# The Python classes of each type's values, as JSON is read.
CLASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "int-or-string": (int, str),
}

LIMITS = (
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
)
JUNCTORS = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule of `x-kubernetes-validations`."""

    rule: str
    message: str = ""
    message_expression: str = ""
    reason: str = ""
    field_path: str = ""
    optional_old_self: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One node. `type` is '' where any type is allowed; `int-or-string` is a type of its own here.

    `values` is the schema of a map's values (`additionalProperties`), True where they may be anything.
    """

    type: str = ""
    fields: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Schema | Literal[True] | None = None
    items: Schema | None = None
    default: Any = MISSING
    nullable: bool = False
    preserve: bool = False
    embedded: bool = False
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    junctors: Mapping[str, tuple[Schema, ...]] = field(default_factory=dict)
    negation: Schema | None = None
    written: Written = "non-zero"


ANYTHING: Final = Schema(preserve=True)
_SUFFIXES: dict[str, Written] = {"!": "always", "?": "pointer"}


def from_openapi(node: Mapping[str, Any]) -> Schema:
    """The schema of a CRD version (`openAPIV3Schema`)."""
    kind = "int-or-string" if node.get("x-kubernetes-int-or-string") else node.get("type") or ""
    values = node.get("additionalProperties")
    items = node.get("items")
    return Schema(
        type=kind,
        fields={name: from_openapi(child) for name, child in (node.get("properties") or NOTHING).items()},
        required=tuple(node.get("required") or ()),
        values=from_openapi(values) if isinstance(values, Mapping) else (True if values else None),
        items=from_openapi(items) if isinstance(items, Mapping) else None,
        default=node["default"] if node.get("default") is not None else MISSING,
        nullable=bool(node.get("nullable")),
        preserve=bool(node.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(node.get("x-kubernetes-embedded-resource")),
        list_type=node.get("x-kubernetes-list-type") or "",
        list_keys=tuple(node.get("x-kubernetes-list-map-keys") or ()),
        rules=tuple(
            Rule(
                r.get("rule") or "",
                r.get("message") or "",
                r.get("messageExpression") or "",
                r.get("reason") or "",
                r.get("fieldPath") or "",
                bool(r.get("optionalOldSelf")),
            )
            for r in node.get("x-kubernetes-validations") or ()
        ),
        limits={name: node[name] for name in LIMITS if node.get(name) is not None},
        junctors={name: tuple(map(from_openapi, node[name])) for name in JUNCTORS if node.get(name)},
        negation=from_openapi(node["not"]) if node.get("not") is not None else None,
    )


class Reader:
    """Reads nodes in the own form; a part that several nodes share becomes one Schema."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._parts = parts
        self._read: dict[str, Schema] = {}

    def read(self, node: str | Mapping[str, Any]) -> Schema:
        """The schema that `node` is or names."""
        if not isinstance(node, str):
            return self._object(node)
        known = self._read.get(node)
        if known is None:
            known = self._read[node] = self._named(node)
        return known

    def _named(self, node: str) -> Schema:
        if node.startswith("@"):
            return self.read(self._parts[node[1:]])
        if node == "any":
            return ANYTHING
        written = _SUFFIXES.get(node[-1])
        return Schema(type=node[:-1], written=written) if written else Schema(type=node)

    def _object(self, node: Mapping[str, Any]) -> Schema:
        values, items = node.get("values"), node.get("items")
        kind = node.get("type") or ""
        return Schema(
            type=kind,
            fields={name: self.read(child) for name, child in (node.get("fields") or NOTHING).items()},
            required=tuple(node.get("required") or ()),
            values=self.read(values) if values is not None else None,
            items=self.read(items) if items is not None else None,
            default=node.get("default", MISSING),
            nullable="nullable" in node,
            preserve="preserve" in node,
            embedded="embedded" in node,
            list_type=node.get("list") or "",
            list_keys=tuple(node.get("keys") or ()),
            rules=tuple(Rule(**r) for r in node.get("rules") or ()),
            limits={name: node[name] for name in LIMITS if name in node},
            junctors={name: tuple(map(self.read, node[name])) for name in JUNCTORS if name in node},
            negation=self.read(node["not"]) if "not" in node else None,
            written=node.get("written", "non-zero"),
        )
