"""YAML text to a tree of nodes with positions, through libyaml's events. goyaml v2 is a port of the same parser."""

from __future__ import annotations

import re
from typing import Any

import yaml

from gitops_kong.errors import ManifestError
from gitops_kong.lazy import regex
from gitops_kong.manifests.scalars import MAX_DEPTH

SCALAR, SEQUENCE, MAPPING, ALIAS = range(4)

_KINDS: dict[type, int] = {
    yaml.ScalarEvent: SCALAR,
    yaml.SequenceStartEvent: SEQUENCE,
    yaml.MappingStartEvent: MAPPING,
    yaml.AliasEvent: ALIAS,
}
_ESCAPE = regex(r"\\.", re.DOTALL)
_CParser: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)
_LONG_TAG = "tag:yaml.org,2002:"


class Node:
    """A YAML node. `children` of a mapping alternate keys and values; `alias` is what an alias stands for."""

    __slots__ = ("alias", "children", "column", "implicit", "kind", "line", "tag", "value")

    def __init__(self, kind: int, event: Any) -> None:
        self.kind = kind
        self.value: str = (event.anchor if kind == ALIAS else getattr(event, "value", None)) or ""
        self.tag: str = getattr(event, "tag", None) or ""
        self.implicit = bool(event.implicit[0]) if kind == SCALAR else False
        self.children: list[Node] = []
        self.alias: Node | None = None
        self.line: int = event.start_mark.line
        self.column: int = event.start_mark.column

    @property
    def is_merge(self) -> bool:
        """Whether this node, as a key, merges other mappings (`isMerge` of goyaml)."""
        return (
            self.kind == SCALAR
            and self.value == "<<"
            and (self.implicit or self.tag in ("!!merge", _LONG_TAG + "merge"))
        )


class _PurePythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser, for installations without libyaml."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def _parser(text: str) -> Any:
    return _CParser(text) if _CParser else _PurePythonParser(text)


def place(file: str, line: int, column: int) -> str:
    """`file:line:column` from a line and a column that count from 0."""
    return f"{file}:{line + 1}:{column + 1}"


def compose(text: str, file: str, first_line: int = 0) -> Node | None:
    """The first YAML document in `text`, None where there is none. What follows it is not looked at, as in goyaml.

    `first_line` is the line of `file`, from 0, at which `text` starts. Raises `ManifestError`.
    """
    parser: Any = None
    try:
        parser = _parser(text)
        return _compose(parser, text, file, first_line)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        if mark and e.context_mark and mark.index >= len(text.rstrip()):
            mark = e.context_mark  # what was opened and never closed says more than the end of the file
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = " ".join(filter(None, (e.context, e.problem)))
        raise ManifestError(f"{place(file, first_line + line, column)}: not YAML: {problem}") from None
    except yaml.reader.ReaderError as e:
        before = text[: e.position] if isinstance(e.position, int) else ""
        line = before.count("\n")
        column = len(before) - before.rfind("\n") - 1
        raise ManifestError(
            f"{place(file, first_line + line, column)}: not YAML: control characters are not allowed"
        ) from None
    finally:
        if parser is not None:
            parser.dispose()


def _compose(parser: Any, text: str, file: str, first_line: int) -> Node | None:
    anchors: dict[str, Node] = {}
    stack: list[Node] = []
    escaped_slash = "\\/" in text
    while True:
        event = parser.get_event()
        kind = _KINDS.get(type(event))
        if kind is None:
            if isinstance(event, yaml.StreamEndEvent):
                return None
            if isinstance(event, yaml.CollectionEndEvent):
                node = stack.pop()
                if not stack:
                    return _ended(parser, node)
            continue
        node = Node(kind, event)
        if kind == ALIAS:
            node.alias = anchors.get(node.value)
            if node.alias is None:
                raise _error(file, first_line, node, "an alias without an anchor; quote text that starts with *")
        elif event.anchor:
            anchors[event.anchor] = node
        if kind == SCALAR and escaped_slash and _escapes_slash(event, text):
            raise _error(file, first_line, node, "not YAML: found unknown escape character '\\/'")
        if stack:
            stack[-1].children.append(node)
        elif kind in (SCALAR, ALIAS):
            return _ended(parser, node)
        if kind in (SEQUENCE, MAPPING):
            if len(stack) >= MAX_DEPTH:
                raise _error(file, first_line, node, f"nested deeper than {MAX_DEPTH} levels")
            stack.append(node)


def _ended(parser: Any, root: Node) -> Node:
    """`root`, after the end of its document was read: an error there is one of the document."""
    parser.get_event()
    return root


def _error(file: str, first_line: int, node: Node, message: str) -> ManifestError:
    return ManifestError(f"{place(file, first_line + node.line, node.column)}: {message}")


def _escapes_slash(event: Any, text: str) -> bool:
    r"""Whether quoted text has `\/`, which YAML 1.2 and libyaml know and goyaml v2 does not."""
    if event.style != '"':
        return False
    return "\\/" in _ESCAPE.findall(text[event.start_mark.index : event.end_mark.index])
