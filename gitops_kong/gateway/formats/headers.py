"""Names of headers and cookies.

Source: Kong ``kong/tools/http.lua`` (``validate_header_name``, ``validate_http_token``), until 3.5
``kong/tools/utils.lua`` (``validate_cookie_name``).
"""

from __future__ import annotations

from gitops_kong.lazy import regex

# `$` of PCRE and Python alike also matches before a final line feed.
_HEADER = regex(r"^[a-zA-Z0-9\-_]+$")
_NOT_TOKEN = regex(r'[\x00-\x20\x7f-\U0010ffff()<>@,;:\\"/?={}\[\]]')


def header_name(value: str) -> str | None:
    """``typedefs.header_name``."""
    if value == "":
        return "no header name provided"
    if _HEADER.match(value):
        return None
    return f"bad header name '{value}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"


def cookie_name(value: str) -> str | None:
    """``typedefs.cookie_name`` since 3.6: a token of RFC 2616."""
    if value == "":
        return "no token provided"
    if _NOT_TOKEN.search(value):
        return (
            "contains one or more invalid characters. ASCII control characters (0-31;127), space, tab and the "
            'characters ()<>@,;:\\"/?={}[] are not allowed.'
        )
    return None


def cookie_name_until_3_5(value: str) -> str | None:
    """``hash_on_cookie`` of 3.4 and 3.5: letters, digits, ``_`` and ``-``."""
    if value == "":
        return "no cookie name provided"
    if _HEADER.match(value):
        return None
    return f"bad cookie name '{value}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
