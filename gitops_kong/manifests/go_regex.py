"""Patterns of Go's `regexp` (RE2 syntax)."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any, Protocol

from gitops_kong.lazy import regex

_MAX_REPETITIONS = 3  # of one pattern: time grows with that power of a text's length
_TOKEN = regex(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)]*:?|.", re.DOTALL)


class Pattern(Protocol):
    """A pattern that was compiled."""

    def search(self, text: str, /) -> Any:
        """A match anywhere in the text, with `[0]` what was found; None where there is none."""

    def finditer(self, text: str, /) -> Any:
        """All matches, one after the other."""


@lru_cache(1024)
def go_regex(pattern: str) -> Pattern | None:
    """A pattern of Go's `regexp`, None where it cannot be read.

    Python's engine tries one way after the other: patterns for which that can take long, of CRDs and rules that a pull
    request brings along, are RE2's own.
    """
    written = _for_python(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(written, re.ASCII)
        return compiled if _is_quick(written) else _re2(pattern)
    except (re.error, OverflowError, RecursionError):
        return _re2(pattern)


def _re2(pattern: str) -> Pattern | None:
    import re2  # noqa: PLC0415 - few patterns need it

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except re2.error:
        return None
    return compiled


def _for_python(pattern: str) -> str:
    """The pattern as Python writes it: `$` matches only at the very end in Go."""
    out, in_class, i = [], False, 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\" and i + 1 < len(pattern):
            out.append({"\\z": "\\Z"}.get(pattern[i : i + 2], pattern[i : i + 2]))
            i += 2
            continue
        if char == "[" and not in_class:
            in_class = True
            out.append(char)
            if pattern[i + 1 : i + 2] in ("]", "^") and pattern[i + 1 : i + 3] != "^]":
                out.append("\\]" if pattern[i + 1] == "]" else "^")
                i += 1
        elif char == "[":
            out.append("\\[")
        elif char == "]":
            in_class = False
            out.append(char)
        else:
            out.append("\\Z" if char == "$" and not in_class else char)
        i += 1
    return "".join(out)


def _is_quick(pattern: str) -> bool:
    """Whether no repetition holds another one, or a choice, and there are few."""
    repetitions = 0
    groups: list[bool] = []  # of those that are open: whether one has a repetition or a choice
    varied = False  # whether the part before ended one that has
    for part in _TOKEN.findall(pattern):
        if part in ("*", "+", "{", "?"):
            if part != "?" and varied:
                return False
            repetitions += part != "?"
            groups[-1:] = [True] * bool(groups)
        elif part == "|":
            groups[-1:] = [True] * bool(groups)
        varied = part == ")" and bool(groups) and groups.pop()
        if varied and groups:
            groups[-1] = True
        if part[0] == "(":
            groups.append(False)
    return repetitions <= _MAX_REPETITIONS
