"""What the API server finds wrong with an object, in its own words (`field.Error` of apimachinery 1.33)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from gitops_kong.lazy import regex

REQUIRED: Final = "Required value"
INVALID: Final = "Invalid value"
NOT_SUPPORTED: Final = "Unsupported value"
FORBIDDEN: Final = "Forbidden"
TOO_LONG: Final = "Too long"
TOO_MANY: Final = "Too many"
DUPLICATE: Final = "Duplicate value"


class Problem(NamedTuple):
    """One cause: the field (`spec.rules[0].host`, '' where none is named), its kind, and the message of the cause.

    `blocks_rules` says that CEL rules are not evaluated beside it (`hasBlockingErr`).
    """

    field: str
    kind: str
    message: str
    blocks_rules: bool = False


_INDEX = regex(r"\[(\d+)\]")


def path_of(field: str, data: Any) -> tuple[str | int, ...]:
    """The keys and indexes that lead to a field (`spec.rules[0].host`) in `data`, as far as `data` has it.

    Keys may have dots and brackets of their own (`metadata.labels.app.kubernetes.io/name`, `data[tls.crt]`), so they
    are looked up.
    """
    path: list[str | int] = []
    rest = field
    while rest:
        if isinstance(data, list) and (found := _INDEX.match(rest)):
            key: str | int = int(found[1])
            if int(key) >= len(data):
                break
            rest = rest[found.end() :]
        elif isinstance(data, Mapping):
            name = _key_of(rest, data)
            if name is None:
                break
            key, rest = name
        else:
            break
        path.append(key)
        data, rest = data[key], rest.removeprefix(".")
    return tuple(path)


def _key_of(field: str, data: Mapping[str, Any]) -> tuple[str, str] | None:
    """The longest key of `data` that `field` starts with, and what follows it."""
    bracketed = field.startswith("[")
    start = field[1:] if bracketed else field
    for key in sorted((k for k in data if isinstance(k, str) and k and start.startswith(k)), key=len, reverse=True):
        rest = start[len(key) :]
        if bracketed and rest.startswith("]"):
            return key, rest[1:]
        if not bracketed and rest[:1] in ("", ".", "["):
            return key, rest
    return None


def quote(value: Any) -> str:
    """A value as a message shows it: strings quoted, everything else as JSON."""
    return json.dumps(value, ensure_ascii=False)


def required(field: str, detail: str = "") -> Problem:
    """A field that must be set."""
    return Problem(field, REQUIRED, f"{REQUIRED}: {detail}" if detail else REQUIRED, True)


def invalid(field: str, value: Any, detail: str) -> Problem:
    """A value that breaks a rule."""
    return Problem(field, INVALID, f"{INVALID}: {quote(value)}: {detail}")


def hidden(field: str, detail: str) -> Problem:
    """A value that breaks a rule and must not be shown."""
    return Problem(field, INVALID, f"{INVALID}: {detail}")


def wrong_type(field: str, value: Any, detail: str) -> Problem:
    """A value of a wrong JSON type."""
    shown = "" if value is None else value
    return Problem(field, INVALID, f"{INVALID}: {quote(shown)}: {detail}", True)


def not_supported(field: str, value: Any, supported: list[Any]) -> Problem:
    """A value that is none of an enumeration."""
    names = ", ".join(quote(s if isinstance(s, str) else quote(s)) for s in supported)
    return Problem(field, NOT_SUPPORTED, f"{NOT_SUPPORTED}: {quote(value)}: supported values: {names}", True)


def forbidden(field: str, detail: str) -> Problem:
    """A field that may not be set."""
    return Problem(field, FORBIDDEN, f"{FORBIDDEN}: {detail}")


def too_long(field: str, limit: int) -> Problem:
    """A text with more than `limit` bytes."""
    return Problem(field, TOO_LONG, f"{TOO_LONG}: may not be more than {limit} bytes", True)


def too_many(field: str, actual: int, limit: int) -> Problem:
    """A list or map with more than `limit` entries."""
    return Problem(field, TOO_MANY, f"{TOO_MANY}: {actual}: must have at most {limit} items", True)


def duplicate(field: str, value: Any) -> Problem:
    """A value that is there already."""
    return Problem(field, DUPLICATE, f"{DUPLICATE}: {quote(value)}")
