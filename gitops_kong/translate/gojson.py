"""JSON as Go reads and writes it: what a configuration becomes between a Kubernetes object and the gateway.

The controller reads plugin configurations into `map[string]interface{}`, where every number is a float64, and writes
them again (`encoding/json`).
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any, NoReturn

_EXACT = 2**53  # every whole number up to here is a float64 of its own
_PLAIN = 1e21  # from here on Go writes an exponent


def text_of(data: bytes) -> str:
    """Bytes as a string: each byte that is no UTF-8 becomes U+FFFD (`encoding/json`)."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        loose = data.decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in loose)


def read(data: bytes | str) -> Any:
    """The value of a JSON text, numbers as float64. Raises ValueError for what is no JSON."""
    text = text_of(data) if isinstance(data, bytes) else data
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return float64(_paired(value) if "\\u" in text else value)


def float64(value: Any) -> Any:
    """`value` with every number as it looks after being a float64; `value` itself where that changes nothing.

    Raises ValueError for a whole number that is too large.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        for key, inner in value.items():
            if float64(inner) is not inner:
                return {key: float64(inner) for key, inner in value.items()}
        return value
    if kind is list:
        for inner in value:
            if float64(inner) is not inner:
                return [float64(inner) for inner in value]
        return value
    return _number(value)


def kind_of(value: Any) -> str:
    """What Go's messages call a JSON value that they cannot read into a type."""
    return _KINDS.get(type(value), "number")


_KINDS: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}


def _number(value: int | float) -> int | float:
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return value
        try:
            value = float(value)
        except OverflowError:
            raise ValueError("a whole number that is no float64") from None
    elif not value.is_integer():
        return value
    if abs(value) >= _PLAIN:
        return value
    return int(value) if abs(value) <= _EXACT else int(Decimal(repr(value)))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is no float64")
    return value


def _paired(value: Any) -> Any:
    """`value` with every half of a surrogate pair replaced."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
    if isinstance(value, dict):
        return {_paired(key): _paired(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_paired(inner) for inner in value]
    return value
