"""What Lua makes of JSON values: types, equality, lengths, text.

A JSON object is a dict, an array a list, null None; a key that is not there is MISSING (Lua's nil). Lua does not tell
an empty object from an empty array. Whatever makes the gateway's Lua code raise an error is a `GatewayCrash` here.
"""

from __future__ import annotations

import re
from typing import Any

from gitops_kong.lazy import regex

MISSING: Any = object()
Table = dict[Any, Any]

_REFERENCE = regex(r"\{vault://.*\}", re.DOTALL)


class GatewayCrash(Exception):  # noqa: N818 - not an error of ours: the gateway's code would raise one
    """The gateway's own code fails on this input: it answers 500."""


class ShorthandFailure(GatewayCrash):
    """A shorthand field has an error: what holds it is lost, which the gateway survives only inside an array."""


def is_table(value: Any) -> bool:
    """An object or an array."""
    return isinstance(value, (dict, list))


def is_number(value: Any) -> bool:
    """A number; `True` is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_table(value: Any) -> Table:
    """A new table of an object or an array; arrays count from 1, as in Lua."""
    return dict(value) if isinstance(value, dict) else dict(enumerate(value, 1))


def as_sequence(value: Any) -> list[Any] | None:
    """The items of an array (an empty object is an empty array), or None for anything else."""
    if isinstance(value, list):
        return value
    return [] if isinstance(value, dict) and not value else None


def equal(left: Any, right: Any) -> bool:
    """`==` of two values that are not tables; `1` and `1.0` are equal, `1` and `true` are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def deep_equal(left: Any, right: Any) -> bool:
    """`deepcompare`: equal values, equal tables."""
    if is_table(left) and is_table(right):
        one, two = as_table(left), as_table(right)
        return one.keys() == two.keys() and all(deep_equal(value, two[key]) for key, value in one.items())
    return equal(left, right)


def size(text: str) -> int:
    """`#text`: its length in bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def tostring(value: Any) -> str:
    """`tostring`; a table's address is not known, so it is `table`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "userdata: NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if is_number(value) else "table"


def number_text(value: float) -> str:
    """A number as Lua writes it (`%.14g`)."""
    if isinstance(value, int) and -(10**14) < value < 10**14:
        return str(value)
    if not abs(value) < 10**308:
        return "nan" if value != value else "inf" if value > 0 else "-inf"  # noqa: PLR0124 - only NaN differs from itself
    text = f"{float(value):.14g}"
    return re.sub(r"e([+-])0?(\d)$", r"e\g<1>0\2", text)


def type_name(value: Any) -> str:
    """`type(value)`."""
    if value is None:
        return "userdata"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    return "string" if isinstance(value, str) else "table"


def is_reference(value: Any) -> bool:
    """Whether a value is a reference to a vault (`kong.vault.is_reference`)."""
    return isinstance(value, str) and value.startswith("{vault://") and _REFERENCE.fullmatch(value) is not None


def is_nonempty(value: Any) -> bool:
    """Neither nil nor null, nor an empty text or table."""
    return value is not MISSING and value is not None and value != "" and not (is_table(value) and not value)


def get_field(table: Any, name: str) -> Any:
    """A field by its dotted name, MISSING when there is none; indexing a number or boolean is a crash."""
    head, _, rest = name.partition(".")
    if table is None or table is MISSING:
        return MISSING
    if isinstance(table, dict):
        value = table.get(head, MISSING)
    elif isinstance(table, (list, str)):
        value = MISSING
    else:
        raise GatewayCrash
    return get_field(value, rest) if rest else value


def set_field(table: Any, name: str, value: Any) -> None:
    """Set a field by its dotted name, making tables on the way; MISSING sets nothing."""
    head, _, rest = name.partition(".")
    if not isinstance(table, dict):
        raise GatewayCrash
    if not rest:
        if value is not MISSING:
            table[head] = value
        return
    set_field(table.setdefault(head, {}), rest, value)


def quoted_list(words: list[Any]) -> str:
    """`'a', 'b'`; a list within the list goes into parentheses."""
    return ", ".join(f"({quoted_list(w)})" if isinstance(w, list) else f"'{w}'" for w in words)
