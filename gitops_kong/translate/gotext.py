"""How Go reads and writes values: the controller's rules for annotation values and the texts of its messages."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from gitops_kong.lazy import regex

_DECIMAL = regex(r"[+-]?[0-9]+")
_RFC_3339 = regex(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_BOOLEANS = dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True)
_BOOLEANS |= dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False)
_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def integer(text: str) -> int | None:
    """A decimal integer of 64 bits (`strconv.Atoi`), None where the text is none."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def boolean(text: str) -> bool | None:
    """A boolean (`strconv.ParseBool`), None where the text is none."""
    return _BOOLEANS.get(text)


def quote(text: str) -> str:
    """The text in double quotes (`%q`, `strconv.Quote`)."""
    return f'"{"".join(_quoted(c) for c in text)}"'


def _quoted(char: str) -> str:
    if escape := _ESCAPES.get(char):
        return escape
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def instant(text: object) -> str:
    """A time of RFC 3339 as a text that sorts by time; '' (before all others) where there is none."""
    if not isinstance(text, str):
        return ""
    if len(text) == 20 and text[-1] == "Z":
        return text[:19]
    found = _RFC_3339.fullmatch(text)
    try:
        time = datetime.fromisoformat(found[1] + (found[3] if found[3] != "Z" else "+00:00")) if found else None
    except ValueError:
        time = None
    if found is None or time is None:
        return ""
    return time.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + (found[2] or "").rstrip(".0")
