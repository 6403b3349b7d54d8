"""Where a field of an object stands in its file. Nothing here runs for what is not reported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gitops_kong import lazy
from gitops_kong.errors import ManifestError
from gitops_kong.manifests import yaml
from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.scalars import NotJSON, key_text, resolve

if TYPE_CHECKING:
    from gitops_kong.manifests import nodes
    from gitops_kong.manifests.nodes import Node
else:
    nodes = lazy.module("gitops_kong.manifests.nodes")


class Position(NamedTuple):
    """A place in a file; line and column count from 1."""

    line: int
    column: int


def locate(text: bytes, origin: Origin, path: Sequence[str | int] = ()) -> Position:
    """Where field `path` of the object read from `origin` stands in `text`, the content of its file.

    A field of a mapping is found by its key, an item of a list by its first character. Where the path leads to nothing
    (a field that is missing or was added later), the deepest field on the way to it is given.
    """
    return _walk(text, origin, path)[0]


def holds(text: bytes, origin: Origin, path: Sequence[str | int]) -> bool:
    """Whether the object read from `origin` has the field `path`."""
    return _walk(text, origin, path)[1]


def _walk(text: bytes, origin: Origin, path: Sequence[str | int]) -> tuple[Position, bool]:
    found = _document(text, origin.file, origin.document)
    if found is None:
        return Position(1, 1), False
    root, first_line = found
    place = node = root
    whole = True
    for part in (*origin.item, *path):
        step = _step(node, part)
        if step is None:
            whole = False
            break
        place, node = step
    return Position(first_line + place.line + 1, place.column + 1), whole


@lru_cache(maxsize=64)
def _document(text: bytes, file: str, number: int) -> tuple[Node, int] | None:
    try:
        for piece in yaml.split(yaml.decode(text, file), file):
            if piece.number == number:
                root = nodes.compose(piece.text, file, piece.line)
                return (root, piece.line) if root is not None else None
    except ManifestError:
        pass  # an object of a file in which another document is broken
    return None


def _step(node: Node, part: str | int) -> tuple[Node, Node] | None:
    """The node that shows field `part` of `node`, and the value of that field."""
    node = _target(node)
    if node.kind == nodes.SEQUENCE:
        if isinstance(part, int) and part < len(node.children):
            child = node.children[part]
            return child, child
        return None
    if node.kind != nodes.MAPPING:
        return None
    merged: list[Node] = []
    children = iter(node.children)
    for key, value in zip(children, children, strict=True):
        if key.is_merge:
            merged.extend(reversed(value.children) if value.kind == nodes.SEQUENCE else (value,))
        elif _key(key) == str(part):
            return key, value
    for other in merged:
        target = _target(other)
        step = _step(target, part) if target is not node else None
        if step is not None:
            return step
    return None


def _target(node: Node) -> Node:
    while node.kind == nodes.ALIAS and node.alias is not None:
        node = node.alias
    return node


def _key(node: Node) -> str | None:
    node = _target(node)
    if node.kind != nodes.SCALAR:
        return None
    if node.tag or not node.implicit:
        return node.value
    try:
        return key_text(resolve(node.value))
    except NotJSON:
        return None
