"""What a scenario file expects of a step, held against what the simulation says.

An expectation is any part of a step (CONTRACT.md, STEP): fields that it does not name are not looked at; each item of
a list must be found once, in any order, and an empty list means that there is nothing; all else must be equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

# What `test --update` writes for a step that names nothing.
DEFAULT_PARTS = ("gatewayConfig", "updateFailed", "statuses", "events")


class Difference(NamedTuple):
    """One thing that is not as expected: where, what was expected and what there is (None: nothing)."""

    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        if self.actual is None:
            return f"{self.path}: expected {_short(self.expected)}"
        return f"{self.path}: expected {_short(self.expected)}, but it is {_short(self.actual)}"


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Difference]:
    """All differences, in the order of `expected`."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            yield from differences(value, actual.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _list_differences(expected, actual, path)
    elif expected != actual:
        yield Difference(path, expected, actual)


def _list_differences(expected: Sequence[Any], actual: Sequence[Any], path: str) -> Iterator[Difference]:
    if not expected and actual:
        yield Difference(path, [], actual)
    left = list(actual)
    for i, item in enumerate(expected):
        found = next((a for a in left if not any(differences(item, a))), None)
        if found is not None:
            left.remove(found)
        elif len(expected) == len(actual) == 1:
            yield from differences(item, actual[0], f"{path}[{i}]")
        else:
            yield Difference(f"{path}[{i}]", item, _nearest(item, left))


def _nearest(item: Any, candidates: Sequence[Any]) -> Any:
    """The candidate about the same object, for the message."""
    if not isinstance(item, Mapping) or "object" not in item:
        return None
    return next((c for c in candidates if isinstance(c, Mapping) and c.get("object") == item["object"]), None)


def filled(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
    """The expectation that the simulation fulfils: the parts that `expected` names, or the usual ones."""
    return {part: actual[part] for part in expected or DEFAULT_PARTS if part in actual}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"
