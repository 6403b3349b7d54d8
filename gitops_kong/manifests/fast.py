"""A fast reader for the part of YAML that most manifests are written in.

One regular expression takes all lines of a document apart; a loop builds the values. Whatever is not surely simple
(anchors, tags, folded text, text over several lines, unusual keys, every error) raises `Unsure`, and the caller reads
the document with libyaml instead. `tests/manifests/test_fast.py` holds that both give the same.
"""

from __future__ import annotations

import re
from typing import Any

from gitops_kong.lazy import regex
from gitops_kong.manifests.scalars import MAX_DEPTH, NotJSON, key_text, plain_value, resolve


class Unsure(Exception):  # noqa: N818
    """This document needs the full parser."""


# All that libyaml reads without thought: no tabs, no control characters, no line breaks but \n.
_UNUSUAL = re.compile("[^\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# indentation, dashes of a sequence, key, value
_LINE = re.compile(
    r"^( *)((?:- +)*)(?:([A-Za-z0-9_./$][\w./$@-]*|\"[^\"\\\n]*\"|'[^'\n]*') *:(?: +|$))?(.*)$",
    re.MULTILINE | re.ASCII,
)
_PLAIN_START = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./$+(~=\\^;<-")
_DOUBLE = re.compile(r'"([^"\\]*)"(?: +#.*)?')
_SINGLE = re.compile(r"'([^']*(?:''[^']*)*)'(?: +#.*)?")
_DOUBLE_ESCAPED = regex(r'"((?:[^"\\]|\\["\\nrt])*)"(?: +#.*)?')
_ESCAPE = regex(r"\\(.)")
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_FLOW_TOKEN = regex(
    r" *(?:([\[\]{},])|(\"[^\"\\]*\"|'[^']*')(?= *[,\]}:])|([A-Za-z0-9_./$][\w./$@*-]*)(?= *[,\]}]|: )|(: +))",
    re.ASCII,
)
_FLOW_END = regex(r" *(?: #.*)?")
_BLOCK = regex(r"[|>]([+-]?)(?: +#.*)?")
_BLOCK_ENDS = {"": "\n", "-": "", "+": None}

_MAX_KEY = 1000  # libyaml takes keys of up to 1024 characters
_MAX_FLOW = 1000
_MAX_FLOW_DEPTH = 20
_CACHED = 100_000

_keys: dict[str, str] = {}
_scalars: dict[str, Any] = {}


def parse(text: str) -> Any:
    """The value of one document without `---`. Raises `Unsure`."""
    if _UNUSUAL.search(text):
        raise Unsure
    return _parse(text)


def _parse(text: str) -> Any:  # noqa: C901, PLR0915
    keys, scalars = _keys, _scalars
    matches = _LINE.findall(text)
    root: Any = None
    stack: list[Any] = []  # open containers
    columns: list[int] = []  # and the column of each
    top: Any = None
    column = -1
    slot: str | None = None  # key of `top` that waits for a nested block
    number, end = -1, len(matches)
    lines: list[str] | None = None
    while (number := number + 1) < end:
        indent, dashes, key, value = matches[number]
        if not key and not dashes and (not value or value[0] == "#"):
            continue
        at = len(indent)
        is_item = bool(dashes)
        while dashes:
            # a sequence item at column `at`
            if slot is not None and at >= column:
                fresh: Any = []
                top[slot] = fresh
                slot = None
            else:
                slot = None
                while column > at:
                    stack.pop()
                    columns.pop()
                    if not stack:
                        raise Unsure
                    top, column = stack[-1], columns[-1]
                if column == at and type(top) is list:
                    fresh = None
                elif root is None:
                    fresh = root = []
                else:
                    raise Unsure
            if fresh is not None:
                if len(stack) >= MAX_DEPTH:
                    raise Unsure
                stack.append(fresh)
                columns.append(at)
                top, column = fresh, at
            width = len(dashes) - len(dashes[1:].lstrip(" "))
            at += width
            dashes = dashes[width:]
            if dashes:
                inner: list[Any] = []
                top.append(inner)
                if len(stack) >= MAX_DEPTH:
                    raise Unsure
                stack.append(inner)
                columns.append(at)
                top, column = inner, at
                width = len(dashes) - len(dashes[1:].lstrip(" "))
            elif key:
                item: dict[str, Any] = {}
                top.append(item)
                if len(stack) >= MAX_DEPTH:
                    raise Unsure
                stack.append(item)
                columns.append(at)
                top, column = item, at
        if key:
            if column != at or type(top) is not dict:
                if slot is not None and at > column:
                    nested: dict[str, Any] = {}
                    top[slot] = nested
                elif root is None:
                    nested = root = {}
                else:
                    while column > at:
                        stack.pop()
                        columns.pop()
                        if not stack:
                            raise Unsure
                        top, column = stack[-1], columns[-1]
                    if column == at and type(top) is list:
                        # a sequence at the column of its key ends
                        stack.pop()
                        columns.pop()
                        if not stack:
                            raise Unsure
                        top, column = stack[-1], columns[-1]
                    if column != at or type(top) is not dict:
                        raise Unsure
                    nested = top
                if nested is not top:
                    if len(stack) >= MAX_DEPTH:
                        raise Unsure
                    stack.append(nested)
                    columns.append(at)
                    top, column = nested, at
            slot = None
            try:
                name = keys[key]
            except KeyError:
                name = _key(key)
            if name in top:
                raise Unsure
            if not value or value[0] == "#":
                top[name] = None
                slot = name
                continue
        elif not is_item:
            raise Unsure
        try:
            found = scalars[value]
        except KeyError:
            first = value[:1]
            if first in ("|", ">"):
                if lines is None:
                    lines = text.split("\n")
                found, number = _block(lines, number, value, column)
            elif first in ("{", "["):
                found = _flow(value)
            else:
                found = _scalar(value)
        if key:
            top[name] = found
        else:
            top.append(found)
    return root


def _key(text: str) -> str:
    if len(text) > _MAX_KEY:
        raise Unsure
    if text[0] in "\"'":
        name = text[1:-1]
    else:
        try:
            name = key_text(resolve(text))
        except NotJSON:
            raise Unsure from None
    if len(_keys) < _CACHED:
        _keys[text] = name
    return name


def _scalar(text: str) -> Any:
    """The value of a scalar on one line, with a comment behind it or not."""
    first = text[:1]
    value: Any
    if first in _PLAIN_START and first:
        plain = text
        comment = plain.find(" #")
        if comment >= 0:
            plain = plain[:comment]
        plain = plain.rstrip(" ")
        if ": " in plain or plain[-1] == ":" or plain == "-" or plain[:2] == "- " or plain == "<<":
            raise Unsure
        try:
            value = plain_value(plain)
        except NotJSON:
            raise Unsure from None
    else:
        value = _quoted(text.rstrip(" "))
    if len(text) < 64 and len(_scalars) < _CACHED:
        _scalars[text] = value
    return value


def _quoted(text: str) -> str:
    first = text[:1]
    if first == '"':
        match = _DOUBLE.fullmatch(text)
        if match is not None:
            return match[1]
        match = _DOUBLE_ESCAPED.fullmatch(text)
        if match is not None:
            return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], match[1])
    elif first == "'":
        match = _SINGLE.fullmatch(text)
        if match is not None:
            return match[1].replace("''", "'")
    raise Unsure


def _block(lines: list[str], number: int, header: str, column: int) -> tuple[str, int]:
    """Literal (`|`) or folded (`>`) text below line `number`; gives the text and the number of its last line.

    `column` is that of the mapping or sequence that holds it: the text is indented deeper.
    """
    match = _BLOCK.fullmatch(header.rstrip(" "))
    if match is None:
        raise Unsure
    last = number
    width = 0
    found: list[str] = []
    for text in lines[number + 1 :]:
        stripped = text.lstrip(" ")
        indent = len(text) - len(stripped)
        if not stripped:
            if not width and indent:
                raise Unsure
            found.append(text[width:])
        else:
            if not width:
                width = indent
                if indent <= column:
                    raise Unsure
            if indent < width:
                if indent > column:
                    raise Unsure
                break
            found.append(text[width:])
        last += 1
    if not width or (last == len(lines) - 1 and lines[last]):
        raise Unsure  # empty, or the file ends without a line break
    content = len(found)
    while not found[content - 1]:
        content -= 1
    ending = _BLOCK_ENDS[match[1]]
    if header[0] == ">":
        return _folded(found[:content], ending), last
    if ending is None:
        if last == len(lines) - 1:
            raise Unsure
        return "\n".join(found) + "\n", last
    return "\n".join(found[:content]) + ending, last


def _folded(lines: list[str], ending: str | None) -> str:
    """Lines joined by spaces, and by a line break for each empty one between them."""
    if ending is None or not lines[0] or any(line[:1] == " " for line in lines):
        raise Unsure
    joined = lines[0]
    breaks = 0
    for line in lines[1:]:
        if line:
            joined += ("\n" * breaks or " ") + line
            breaks = 0
        else:
            breaks += 1
    return joined + ending


def _flow(text: str) -> Any:
    """A list or mapping in brackets on one line, of simple scalars."""
    if len(text) > _MAX_FLOW:
        raise Unsure
    value, position = _flow_value(text, 0, 0)
    if not _FLOW_END.fullmatch(text, position):
        raise Unsure
    return value


def _flow_token(text: str, position: int) -> tuple[str, Any, int]:
    """The next token: one of the marks `[]{},:` or 's' for a scalar, its text, and where it ends."""
    match = _FLOW_TOKEN.match(text, position)
    if match is None:
        raise Unsure
    mark, quoted, plain, _ = match.groups()
    return mark or (":" if quoted is None and plain is None else "q" if quoted else "p"), quoted or plain, match.end()


def _flow_value(text: str, position: int, depth: int) -> tuple[Any, int]:
    mark, token, position = _flow_token(text, position)
    if mark == "q":
        return token[1:-1], position
    if mark == "p":
        return _scalar(token), position
    if mark not in "[{" or depth > _MAX_FLOW_DEPTH:
        raise Unsure
    closing = "]" if mark == "[" else "}"
    items: list[Any] = []
    pairs: dict[str, Any] = {}
    following, token, after = _flow_token(text, position)
    if following == closing:
        return (items if mark == "[" else pairs), after
    while True:
        if mark == "[":
            value, position = _flow_value(text, position, depth + 1)
            items.append(value)
        else:
            kind, token, position = _flow_token(text, position)
            if kind not in "qp":
                raise Unsure
            name = token[1:-1] if kind == "q" else _key(token)
            kind, token, position = _flow_token(text, position)
            if kind != ":" or name in pairs:
                raise Unsure
            pairs[name], position = _flow_value(text, position, depth + 1)
        kind, token, position = _flow_token(text, position)
        if kind == closing:
            return (items if mark == "[" else pairs), position
        if kind != ",":
            raise Unsure
