"""Argo CD's Go templates as helm can render them: its own functions, and keys that must be there."""

from __future__ import annotations

import re
from collections.abc import Callable

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex

_ACTION = regex(r"\{\{(?:-(?=\s))?\s*(?:/\*.*?\*/\s*-?\}\})?", re.DOTALL)
_TOKEN = regex(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*')"""
    r"|(?P<end>(?:(?<=\s)-)?\}\})"
    r"|(?P<number>[+-]?\.?\d[\w.]*)"
    r"|(?P<after>(?<=\))(?:\.\w+)+)"
    r"|(?P<chain>\$\w*(?:\.\w+)*|(?:\.\w+)+|\.)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<other>\s+|:=|.)",
    re.DOTALL,
)
_OWN = frozenset(("normalize", "slugify"))
# helm has these functions, Argo CD has not
_UNKNOWN = frozenset(
    ("env", "expandenv", "getHostByName", "include", "tpl", "required", "lookup", "toYamlPretty", "mustToYaml")
) | {"toToml", "mustToToml", "fromToml", "fromJsonArray"}


def adapted(text: str, missing: str) -> str:
    """A template of Argo CD for helm. Raises `RenderError` for a function that Argo CD does not have.

    `missing` says what a field is that a map has no key for: an `error`, `zero` as in helm, or by `default` nothing,
    also where a field of it is asked for.
    """
    found = []
    position = 0
    while (opened := _ACTION.search(text, position)) is not None:
        found.append(text[position : opened.end()])
        position = opened.end()
        if opened[0].endswith("}}"):
            continue  # a comment
        pieces, position = _action(text, position, missing)
        found += pieces
    return "".join(found) + text[position:]


def _action(text: str, position: int, missing: str) -> tuple[list[str], int]:
    """The pieces of an action from behind its braces to its end, and the position behind it."""
    found: list[str] = []
    calls: list[list[str]] = [[]]  # calls of Argo CD's own functions, by how deep in parentheses they are
    for token in _TOKEN.finditer(text, position):
        piece = token[0]
        if token["name"] in _UNKNOWN:
            raise RenderError(f"function {piece!r} is not defined in templates of Argo CD")
        if token["name"] in _OWN:
            calls[-1].append(piece)
            piece = "list"
        elif token["chain"]:
            piece = _FIELDS[missing](piece)
        elif token["end"] or piece in ("|", ")"):
            piece = _called(calls[-1]) + piece
            calls[-1].clear()
            if token[0] == ")" and len(calls) > 1:
                calls.pop()
        elif piece == "(":
            calls.append([])
        found.append(piece)
        position = token.end()
        if token["end"]:
            break
    return found, position


def _called(names: list[str]) -> str:
    return "".join(f' | include "gk.{name}" ' for name in names)


def _guarded(chain: str) -> str:
    """`.a.b` as an expression that fails where a map has no such key."""
    start, *fields = chain.split(".")
    if not any(fields):
        return chain
    tests, base = [], start or "."
    for field in fields:
        message = f'(fail "map has no entry for key \\"{field}\\"")'
        tests.append(f'(and (not (hasKey {base} "{field}")) {message})')
        base = f"{start}.{field}" if base in (".", start) else f"{base}.{field}"
    return f"(or {' '.join(tests)} {chain})"


def _lenient(chain: str) -> str:
    """`.a.b` as an expression that is nothing where there is no `.a`."""
    start, *fields = chain.split(".")
    if len(fields) < 2:
        return chain
    keys = " ".join(f'"{field}"' for field in fields)
    return f'(dig {keys} (index (dict) "") {start or "."})'


_FIELDS: dict[str, Callable[[str], str]] = {"error": _guarded, "default": _lenient, "zero": str}
