"""Reading parts of objects that nobody has checked: a wrong type counts as missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EMPTY: Mapping[str, Any] = {}


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, empty where `value` is none."""
    return value if isinstance(value, dict) else _EMPTY


def items(value: Any) -> list[Any]:
    """A list, empty where `value` is none."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [each for each in items(value) if isinstance(each, dict)]


def text(value: Any) -> str:
    """Text, empty where `value` is none."""
    return value if isinstance(value, str) else ""
