"""Names, tags and other text that may hold UTF-8, and UUIDs.

Source: Kong ``kong/db/schema/typedefs.lua`` (``validate_utf8_string``, ``validate_utf8_name``, ``validate_name``,
``validate_tag``), ``kong/tools/string.lua`` (``validate_utf8``), ``Schema.validators.uuid``.
"""

from __future__ import annotations

import re

from gitops_kong.lazy import regex

_NAME = regex(r"[0-9A-Za-z.\-_~]+")
_UTF8_NAME = regex(r"(?:[0-9A-Za-z.\-_~]|[^\x00-\x7f])+")
_TAG = regex(r"(?:[\x20-\x2b\x2d\x2e\x30-\x7e]|[^\x00-\x7f])+")
_UUID = regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def utf8_string(value: str) -> str | None:
    """Text must be UTF-8; of what a ``str`` can hold only a lone surrogate is not. Positions count bytes from 1."""
    if value.isascii():
        return None
    try:
        value.encode()
    except UnicodeEncodeError as error:
        position = len(value[: error.start].encode()) + 1
        return f"invalid utf-8 character sequence detected at position {position}"
    return None


def utf8_name(value: str) -> str | None:
    """``typedefs.utf8_name``: names of services, routes, plugin instances, key sets …"""
    error = utf8_string(value)
    if error or _UTF8_NAME.fullmatch(value):
        return error
    return f"invalid value '{value}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"


def name(value: str) -> str | None:
    """``typedefs.name``."""
    if _NAME.fullmatch(value):
        return None
    return f"invalid value '{value}': it must only contain alphanumeric and '., -, _, ~' characters"


def tag(value: str) -> str | None:
    """``typedefs.tag``: an element of ``tags``."""
    error = utf8_string(value)
    if error or _TAG.fullmatch(value):
        return error
    return f"invalid tag '{value}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"


def is_uuid(value: str) -> bool:
    """Whether ``uuid = true`` takes the value (any version, either case)."""
    return _UUID.fullmatch(value) is not None
