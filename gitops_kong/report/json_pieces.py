"""JSON documents in pieces, entry by entry: a large one is never whole in memory twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

ENTRY = "    "  # how far an entry of a list of the document is indented


def pieces(document: Iterable[tuple[str, Any]], entry: Callable[[Any], str]) -> Iterator[str]:
    """The text of an object with these fields; `entry` writes what lists (they may be lazy) hold."""
    before = "{"
    for name, value in document:
        yield f"{before}\n  {json.dumps(name, ensure_ascii=False)}: "
        before = ","
        if isinstance(value, str | int | float | dict) or value is None:
            yield indented(value, "  ")
            continue
        start = "["
        for item in value:
            yield f"{start}\n{ENTRY}{entry(item)}"
            start = ","
        yield "[]" if start == "[" else "\n  ]"
    yield "{}\n" if before == "{" else "\n}\n"


def indented(value: Any, indent: str = ENTRY) -> str:
    """A value over several lines, all but the first one behind `indent`."""
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")
