"""Patterns of Go's `regexp` (RE2 syntax) for Python's `re`."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(1024)
def go_regex(pattern: str) -> re.Pattern[str] | None:
    """A pattern of Go's `regexp` for Python's `re`, None where Python cannot read it.

    `$` matches only at the very end in Go.
    """
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
    try:
        return re.compile("".join(out), re.ASCII)
    except re.error:
        return None
