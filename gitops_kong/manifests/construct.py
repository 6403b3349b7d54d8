"""Nodes to plain values: tags, merge keys, aliases and duplicate keys as goyaml v2 and sigs.k8s.io/yaml treat them."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from gitops_kong.errors import ManifestError
from gitops_kong.lazy import regex
from gitops_kong.manifests.nodes import ALIAS, MAPPING, SCALAR, SEQUENCE, Node, place
from gitops_kong.manifests.scalars import (
    INT64_MAX,
    INT64_MIN,
    MAX_DEPTH,
    NotJSON,
    Scalar,
    json_value,
    key_text,
    resolve,
)

_TAG = "tag:yaml.org,2002:"
_RESOLVED = frozenset(("", *(_TAG + name for name in ("str", "bool", "int", "float", "null", "timestamp"))))
_TIMESTAMP = regex(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?")

# `allowedAliasRatio` of goyaml: which share of all values may come from aliases, by the number of values
_RATIO_LOW, _RATIO_HIGH = 400_000, 4_000_000


def construct(node: Node, file: str, first_line: int = 0, unique_keys: bool = True) -> Any:
    """The value of a document. Raises `ManifestError` with the position of what is wrong.

    Without `unique_keys` the last of equal keys counts (goyaml's `Unmarshal`, not `UnmarshalStrict`).
    """
    return _Constructor(file, first_line, unique_keys).value(node, 0)


class _Constructor:
    def __init__(self, file: str, first_line: int, unique_keys: bool) -> None:
        self.file = file
        self.first_line = first_line
        self.unique_keys = unique_keys
        self.values = 0
        self.from_aliases = 0
        self.open_aliases: set[int] = set()

    def error(self, node: Node, message: str) -> ManifestError:
        return ManifestError(f"{place(self.file, self.first_line + node.line, node.column)}: {message}")

    def count(self, node: Node) -> None:
        self.values += 1
        if not self.open_aliases:
            return
        self.from_aliases += 1
        if self.from_aliases > 100 and self.values > 1000 and self.from_aliases > self.values * _allowed(self.values):
            raise self.error(node, "the document contains excessive aliasing")

    def value(self, node: Node, depth: int) -> Any:
        self.count(node)
        if depth > MAX_DEPTH:
            raise self.error(node, f"nested deeper than {MAX_DEPTH} levels")
        if node.kind == SCALAR:
            try:
                return json_value(self.scalar(node))
            except NotJSON as e:
                raise self.error(node, f"JSON has no such value: {e}") from None
        if node.kind == MAPPING:
            return self.mapping(node, depth)
        if node.kind == SEQUENCE:
            return [self.value(child, depth + 1) for child in node.children]
        target = self.open_alias(node)
        value = self.value(target, depth)
        self.open_aliases.discard(id(node))
        return value

    def open_alias(self, node: Node) -> Node:
        if id(node) in self.open_aliases or node.alias is None:
            raise self.error(node, "the value of an anchor contains itself")
        self.open_aliases.add(id(node))
        return node.alias

    def mapping(self, node: Node, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        self.fill(node, out, depth)
        return out

    def fill(self, node: Node, out: dict[str, Any], depth: int) -> None:
        own: set[str] = set()
        children = iter(node.children)
        for key_node, value_node in zip(children, children, strict=True):
            if key_node.is_merge:
                self.merge(value_node, out, depth)
                continue
            key = self.key(key_node)
            value = self.value(value_node, depth + 1)
            if key in own and self.unique_keys:
                raise self.error(key_node, f"duplicate key {key!r}; remove one of the two")
            own.add(key)
            out[key] = value

    def merge(self, node: Node, out: dict[str, Any], depth: int) -> None:
        """Merges a mapping or a list of them into `out`; later keys of the document win, as in goyaml."""
        if depth > MAX_DEPTH:
            raise self.error(node, f"nested deeper than {MAX_DEPTH} levels")
        parts = reversed(node.children) if node.kind == SEQUENCE else (node,)
        for part in parts:
            self.count(part)
            target = part.alias if part.kind == ALIAS else part
            if target is None or target.kind != MAPPING:
                raise self.error(part, "map merge requires map or sequence of maps as the value")
            self.fill(self.open_alias(part) if part.kind == ALIAS else part, out, depth + 1)
            self.open_aliases.discard(id(part))

    def key(self, node: Node) -> str:
        target = node
        while target.kind == ALIAS and target.alias is not None:
            target = target.alias
        self.count(node)
        if target.kind != SCALAR:
            raise self.error(node, "a key must be text, not a list or a mapping")
        try:
            return key_text(self.scalar(target))
        except NotJSON as e:
            raise self.error(node, f"unsupported key: {e}") from None

    def scalar(self, node: Node) -> Scalar:
        """`resolve` of goyaml with its explicit tags."""
        text, tag = node.value, node.tag
        if not tag:
            return resolve(text) if node.implicit else text
        if tag == _TAG + "binary":
            return self.binary(node)
        if tag not in _RESOLVED or tag == _TAG + "str":
            return text
        kind = tag.removeprefix(_TAG)
        if kind == "timestamp" and _TIMESTAMP.fullmatch(text):
            return text
        value = resolve(text)
        if kind == "float" and type(value) is int and INT64_MIN <= value <= INT64_MAX:
            return float(value)
        if _KINDS.get(type(value)) != kind:
            raise self.error(node, f"this text is no !!{kind}")
        return value

    def binary(self, node: Node) -> str:
        try:
            data = base64.b64decode(node.value.replace("\n", "").replace("\r", ""), validate=True)
        except (binascii.Error, ValueError):
            raise self.error(node, "!!binary value contains invalid base64 data") from None
        text = data.decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in text)


_KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", type(None): "null", str: "str"}


def _allowed(values: int) -> float:
    if values <= _RATIO_LOW:
        return 0.99
    if values >= _RATIO_HIGH:
        return 0.10
    return 0.99 - 0.89 * (values - _RATIO_LOW) / (_RATIO_HIGH - _RATIO_LOW)
