"""Plain YAML scalars as `sigs.k8s.io/yaml` resolves them, followed by the JSON number rules of Kubernetes.

Source: `resolve` of go.yaml.in/yaml/v2 (YAML 1.1 without base 60, dates kept as text), `convertToJSONableObject` of
sigs.k8s.io/yaml (keys become text) and `k8s.io/apimachinery/pkg/util/json` (whole numbers that fit are int64, all
others are float64).
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING

from gitops_kong import lazy
from gitops_kong.lazy import regex

if TYPE_CHECKING:
    import decimal
else:
    decimal = lazy.module("decimal")

Scalar = str | int | float | bool | None

MAX_DEPTH = 100  # of values within values
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
UINT64_MAX = 2**64 - 1

WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}

_NUMERIC_START = frozenset("+-.0123456789")
_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_DOT_FLOAT = regex(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_INTEGER = regex(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_BASES = (16, 2, 8, 8, 10)
_MAX_DIGITS = 4000  # Python refuses to read longer whole numbers; Go reads them as float64


class NotJSON(ValueError):  # noqa: N818
    """A value or key that YAML has and JSON has not."""


def number(value: int | float) -> int | float:
    """`value` as Kubernetes keeps it after JSON: int64 where its text is a whole number that fits, else float64."""
    if isinstance(value, int):
        return value if INT64_MIN <= value <= INT64_MAX else float(value)
    if value.is_integer() and -(2.0**63) <= value <= 2.0**63:
        # Go writes the shortest digits that give the same float64, then zeros: 2.0**60 is 1152921504606847000
        whole = int(value) if abs(value) < 2.0**53 else int(decimal.Decimal(repr(value)))
        return whole if INT64_MIN <= whole <= INT64_MAX else value
    return value


def _integer(text: str) -> int | None:
    """`strconv.ParseInt(text, 0, 64)`, then `ParseUint`; None where both fail."""
    match = _INTEGER.fullmatch(text)
    if match is None or len(text) > _MAX_DIGITS:
        return None
    groups = match.groups()
    sign = groups[0]
    value = next(int(digits, base) for digits, base in zip(groups[1:], _BASES, strict=True) if digits is not None)
    if sign == "-":
        value = -value
    if INT64_MIN <= value <= INT64_MAX or (not sign and value <= UINT64_MAX):
        return value
    return None


def resolve(text: str) -> Scalar:
    """What goyaml makes of a plain scalar, before JSON: floats are not yet whole numbers, NaN and infinity remain."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first not in _NUMERIC_START:
        return text
    if first == ".":
        plain, pattern = text, _DOT_FLOAT
    else:
        plain, pattern = text.replace("_", ""), _FLOAT
        whole = _integer(plain)
        if whole is not None:
            return whole
    if pattern.fullmatch(plain):
        value = float(plain)
        if not math.isinf(value):
            return value
    return text


def plain_value(text: str) -> Scalar:
    """The value of a plain scalar. Raises `NotJSON` for NaN and infinity."""
    return json_value(resolve(text))


def json_value(value: Scalar) -> Scalar:
    """A resolved scalar after its way through JSON. Raises `NotJSON` for NaN and infinity."""
    if type(value) is float or type(value) is int:
        if isinstance(value, float) and not math.isfinite(value):
            raise NotJSON(f"{go_float(value)} is no JSON number")
        return number(value)
    return value


def key_text(value: Scalar) -> str:
    """The text of a resolved mapping key. Raises `NotJSON` for null and for whole numbers beyond int64."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not INT64_MIN <= value <= INT64_MAX:
            raise NotJSON(f"{value} is too large for a key")
        return str(value)
    if isinstance(value, float):
        return go_float(value)
    raise NotJSON("null is no key")


def go_float(value: float) -> str:
    """Go's `strconv.FormatFloat(value, 'g', -1, 32)` with YAML's names of infinity: how float keys are written."""
    if math.isnan(value):
        return ".nan"
    try:
        single: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    digits = next(
        text
        for text in (f"{single:.{precision}e}" for precision in range(9))
        if struct.pack("f", float(text)) == struct.pack("f", single)
    )
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        places = max(len(mantissa.replace("-", "").replace(".", "")) - 1 - power, 0)
        return f"{float(digits):.{places}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
