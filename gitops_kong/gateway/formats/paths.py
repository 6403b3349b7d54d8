"""Paths of services, health checks and routes.

Source: Kong ``kong/db/schema/typedefs.lua`` (``validate_path``, ``validate_path_with_regexes``),
``kong/tools/uri.lua`` (``normalize``). The patterns ``^/``, ``^~/`` and ``//`` are in the schema as data.
"""

from __future__ import annotations

import re

from gitops_kong.gateway.formats import pcre
from gitops_kong.lazy import regex

_ALLOWED = regex(r"/[0-9A-Za-z.\-_~/%:@!$&'()*+,;=]*")
_ENCODED_TEXT = regex(r"%[0-9A-Fa-f]{2}")
_ENCODED = regex(rb"%([0-9A-Fa-f]{2})")
_RESERVED = frozenset(b"!*'();:@&=+$,/?%#[]")
_NOT_UTF8 = regex("[\udc80-\udcff]")


def _percent_error(value: str) -> str | None:
    raw = _ENCODED_TEXT.sub("___", value)  # what Kong shows is cut from this text
    at = raw.find("%")
    return None if at < 0 else f"invalid url-encoded value: '{raw[at : at + 3]}'"


def path(value: str) -> str | None:
    """``typedefs.path``: characters of RFC 3986, percent-encoded properly."""
    if not _ALLOWED.fullmatch(value):
        return f"invalid path: '{value}' (characters outside of the reserved list of RFC 3986 found)"
    return _percent_error(value) if "%" in value else None


def _decode(found: re.Match[bytes]) -> bytes:
    code = int(found[1], 16)
    return found[0].upper() if code in _RESERVED else bytes((code,))


def _segments(uri: bytes) -> bytes:
    """Takes ``.``, ``..`` and repeated slashes out, from left to right."""
    out: list[bytes] = []
    while uri:
        if uri in (b"/.", b"/.."):
            if uri == b"/.." and out:
                out.pop()
            uri = b"/"
        if uri in (b".", b".."):
            break
        if uri.startswith(b"../"):
            uri = uri[3:]
        elif uri.startswith((b"./", b"/./")):
            uri = uri[2:]
        elif uri.startswith(b"/../"):
            uri = uri[3:]
            if out:
                out.pop()
        elif uri.startswith(b"//"):
            uri = uri[1:]
        else:
            slash = uri.find(b"/", 1)
            end = len(uri) if slash < 0 else slash
            out.append(uri[:end])
            uri = uri[end:]
    return b"".join(out)


def normalized(value: str) -> str:
    """``normalize(path, true)``: percent-encoding undone but for reserved characters, dots and slashes taken out.

    A byte that is then no UTF-8 is shown as U+FFFD, as the controller reads it.
    """
    if "%" not in value and "." not in value and "//" not in value:
        return value
    uri = value.encode("utf-8", "surrogatepass")
    if b"%" in uri:
        uri = _ENCODED.sub(_decode, uri)
    if b"." in uri or b"//" in uri:
        uri = _segments(uri)
    return _NOT_UTF8.sub("\ufffd", uri.decode("utf-8", "surrogateescape"))


def router_path(value: str, pcre2: bool) -> str | None:
    """``typedefs.router_path``: a normalized prefix, or ``~`` and a regular expression that PCRE compiles.

    ``pcre2`` tells Kong since 3.7, whose messages name ``pcre2_compile()``, from those with PCRE 8.
    """
    if "%" in value and _ALLOWED.fullmatch(value):
        error = _percent_error(value)
        if error:
            return error
    if not value.startswith("~"):
        normal = normalized(value)
        return None if normal == value else f"non-normalized path, consider use '{normal}' instead"
    reason = pcre.error(value[1:], pcre2)
    if reason is None:
        return None
    return f"invalid regex: '{value[1:]}' (PCRE returned: pcre{'2' if pcre2 else ''}_compile() failed: {reason})"
