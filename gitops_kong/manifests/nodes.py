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
_CONFLICT = regex(r"^<{7} .*\n(?:.*\n)*?={7}\n(?:.*\n)*?>{7} ", re.MULTILINE)
_ESCAPE = regex(r"\\.", re.DOTALL)
_CParser: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)
_LONG_TAG = "tag:yaml.org,2002:"
_MAX_RESPELT = 20  # each is one more reading of the document
_STAND_INS = range(0xE000, 0xF8FF)  # characters for private use


class _Respell(Exception):  # noqa: N818
    """libyaml reads the character at `index` unlike goyaml v2; with `char` there it reads the same."""

    def __init__(self, index: int, char: str) -> None:
        super().__init__(index, char)
        self.index = index
        self.char = char


class Node:
    """A YAML node. `children` of a mapping alternate keys and values; `alias` is what an alias stands for."""

    __slots__ = ("alias", "children", "column", "implicit", "kind", "line", "tag", "value")

    def __init__(self, kind: int, event: Any, stand_ins: dict[int, str]) -> None:
        value: str = (event.anchor if kind == ALIAS else getattr(event, "value", None)) or ""
        self.kind = kind
        self.value = value.translate(stand_ins) if stand_ins else value
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

    def scan_plain(self) -> Any:
        """A colon before a bracket or comma belongs to plain text, as in goyaml v2."""
        token: Any = super().scan_plain()
        if self.flow_level and self.index == token.end_mark.index and self.peek() == ":" and self.peek(1) in ",[]{}":
            self.forward()
            return yaml.ScalarToken(token.value + ":", True, token.start_mark, self.get_mark())
        return token


def _parser(text: str) -> Any:
    return _CParser(text) if _CParser else _PurePythonParser(text)


def place(file: str, line: int, column: int) -> str:
    """`file:line:column` from a line and a column that count from 0."""
    return f"{file}:{line + 1}:{column + 1}"


def compose(text: str, file: str, first_line: int = 0) -> Node | None:
    """The first YAML document in `text`, None where there is none. What follows it is not looked at, as in goyaml.

    `first_line` is the line of `file`, from 0, at which `text` starts. Raises `ManifestError`.
    """
    spelling = text
    stand_ins: dict[int, str] = {}
    if text.find("\ufeff", 1) >= 0:  # libyaml leaves them out where they start a line
        spelling = text[0] + text[1:].replace("\ufeff", _stand_in("\ufeff", text, stand_ins))
    for _ in range(_MAX_RESPELT):
        try:
            return _parse(spelling, stand_ins, file, first_line)
        except _Respell as e:
            char = _stand_in(":", text, stand_ins) if e.char == ":" else e.char
            spelling = f"{spelling[: e.index]}{char}{spelling[e.index + 1 :]}"
    raise ManifestError(f"{place(file, first_line, 0)}: not YAML: too many colons and tags before brackets and commas")


def _stand_in(meaning: str, text: str, stand_ins: dict[int, str]) -> str:
    """The character, which `text` does not have, that stands for `meaning` as a character like any other."""
    for code in _STAND_INS:
        if stand_ins.get(code) == meaning:
            break
        if code not in stand_ins and chr(code) not in text:
            stand_ins[code] = meaning
            break
    return chr(code)


def _parse(text: str, stand_ins: dict[int, str], file: str, first_line: int) -> Node | None:
    """The first document in `text`, in which `stand_ins` mean other characters."""
    parser: Any = None
    try:
        parser = _parser(text)
        return _compose(parser, text, stand_ins, file, first_line)
    except yaml.MarkedYAMLError as e:
        if e.problem == "found unexpected ':'" and e.problem_mark:
            raise _Respell(e.problem_mark.index, ":") from None
        mark = e.problem_mark or e.context_mark
        if mark and e.context_mark and mark.index >= len(text.rstrip()):
            mark = e.context_mark  # what was opened and never closed says more than the end of the file
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = " ".join(filter(None, (e.context, e.problem)))
        if (conflict := _CONFLICT.search(text)) is not None:
            line, column = text.count("\n", 0, conflict.start()), 0
            problem = "a merge conflict that is not resolved"
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


def _compose(parser: Any, text: str, stand_ins: dict[int, str], file: str, first_line: int) -> Node | None:
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
            _check_version(event, file, first_line)
            continue
        node = Node(kind, event, stand_ins)
        if kind == ALIAS:
            node.alias = _anchored(node, anchors, file, first_line)
        elif event.anchor:
            anchors[event.anchor] = node
        if kind == SCALAR and (event.tag or escaped_slash):
            _check_tag(event, text)
            if _escapes_slash(event, text):
                raise _error(file, first_line, node, "not YAML: found unknown escape character '\\/'")
        if stack:
            stack[-1].children.append(node)
        elif kind in (SCALAR, ALIAS):
            return _ended(parser, node)
        if kind in (SEQUENCE, MAPPING):
            if len(stack) >= MAX_DEPTH:
                raise _error(file, first_line, node, f"nested deeper than {MAX_DEPTH} levels")
            stack.append(node)


def _anchored(node: Node, anchors: dict[str, Node], file: str, first_line: int) -> Node:
    """What an alias stands for."""
    if node.value not in anchors:
        raise _error(file, first_line, node, "an alias without an anchor; quote text that starts with *")
    return anchors[node.value]


def _ended(parser: Any, root: Node) -> Node:
    """`root`, after the end of its document was read: an error there is one of the document."""
    parser.get_event()
    return root


def _check_version(event: Any, file: str, first_line: int) -> None:
    if isinstance(event, yaml.DocumentStartEvent) and event.version not in (None, (1, 1)):
        message = "not YAML: found incompatible YAML document; %YAML 1.1 is read, or no version"
        raise ManifestError(f"{place(file, first_line + getattr(event.start_mark, 'line', 0), 0)}: {message}")


def _check_tag(event: Any, text: str) -> None:
    """A comma right after a tag is part of it for goyaml v2, as other punctuation (`;`) is."""
    end: int = event.end_mark.index
    if event.tag and not event.value and text[end : end + 1] == ",":
        last = text[event.start_mark.index : end].rsplit(maxsplit=1)[-1]
        if last[0] == "!":
            raise _Respell(end, ";")


def _error(file: str, first_line: int, node: Node, message: str) -> ManifestError:
    return ManifestError(f"{place(file, first_line + node.line, node.column)}: {message}")


def _escapes_slash(event: Any, text: str) -> bool:
    r"""Whether quoted text has `\/`, which YAML 1.2 and libyaml know and goyaml v2 does not."""
    if event.style != '"':
        return False
    return "\\/" in _ESCAPE.findall(text[event.start_mark.index : event.end_mark.index])
