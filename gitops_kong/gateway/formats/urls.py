"""URLs, as ``socket.url`` of LuaSocket 3.0-rc1 takes them apart (all of Kong 3.4 to 3.9).

Source: LuaSocket ``url.lua`` (``parse``), Kong ``typedefs.url``, ``entities/services.lua`` (shorthand ``url``),
``plugins/oauth2/daos.lua`` (``validate_uri``).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from gitops_kong.lazy import regex

_SCHEME = regex(r"([0-9A-Za-z][0-9A-Za-z+\-.]*):")
_AUTHORITY = regex(r"//([^/]*)")
_USER = regex(r"([^@]*)@")
_PORT = regex(r":([^:\]]*)\Z")
_BRACKETS = regex(r"\[(.+)\]", re.DOTALL)
_PASSWORD = regex(r":([^:]*)\Z")
_DECIMAL = regex(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL = regex(r"([+-]?)0[xX]([0-9A-Fa-f]*)(?:\.([0-9A-Fa-f]*))?(?:[pP]([+-]?[0-9]{1,5}))?")
_BINARY = regex(r"([+-]?)0[bB]([01]+)")


class Url(NamedTuple):
    """The parts that are there; ``None`` is no such part, an empty text one that is empty."""

    scheme: str | None = None
    authority: str | None = None
    userinfo: str | None = None
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: str | None = None
    path: str | None = None
    params: str | None = None
    query: str | None = None
    fragment: str | None = None


def _cut(text: str, mark: str) -> tuple[str, str | None]:
    before, found, after = text.partition(mark)
    return before, after if found else None


def parse(url: str) -> Url | None:
    """``socket.url.parse``: ``None`` for an empty text, else its parts, however odd."""
    if url == "":
        return None
    scheme = authority = None
    rest, fragment = _cut(url, "#")
    if found := _SCHEME.match(rest):
        scheme, rest = found[1], rest[found.end() :]
    if found := _AUTHORITY.match(rest):
        authority, rest = found[1], rest[found.end() :]
    rest, query = _cut(rest, "?")
    rest, params = _cut(rest, ";")
    parts = Url(scheme=scheme, authority=authority, path=rest or None, params=params, query=query, fragment=fragment)
    if authority is None:
        return parts
    userinfo = user = password = port = host = None
    if found := _USER.match(authority):
        userinfo, authority = found[1], authority[found.end() :]
        user = userinfo
        if colon := _PASSWORD.search(userinfo):
            user, password = userinfo[: colon.start()], colon[1]
    if found := _PORT.search(authority):
        port, authority = found[1], authority[: found.start()]
    if authority:
        bracketed = _BRACKETS.fullmatch(authority)
        host = bracketed[1] if bracketed else authority
    return parts._replace(userinfo=userinfo, user=user, password=password, port=port, host=host)


def url(value: str) -> str | None:
    """``typedefs.url``: a scheme and a host are there."""
    parts = parse(value)
    if parts is None:
        return "could not parse url. invalid url"
    if parts.host is None:
        return "missing host in url"
    return "missing scheme in url" if parts.scheme is None else None


def redirect_uri(value: str) -> str | None:
    """An element of ``redirect_uris`` of an OAuth2 credential."""
    parts = parse(value)
    if parts is None or parts.host is None or parts.scheme is None:
        return f"cannot parse '{value}'"
    return None if parts.fragment is None else f"fragment not allowed in '{value}'"


def lua_number(text: str) -> int | float | None:
    """``tonumber`` of LuaJIT: decimal, hexadecimal, binary, ``inf``, ``nan``, white space around it."""
    text = text.strip(" \t\n\v\f\r")
    if _DECIMAL.fullmatch(text):
        number = float(text)
    elif found := _HEXADECIMAL.fullmatch(text):
        whole, part = found[2], found[3] or ""
        if not whole and not part:
            return None
        try:
            number = float(int(whole + part, 16)) * 2.0 ** (int(found[4] or 0) - 4 * len(part))
        except OverflowError:
            number = float("inf")
        number = -number if found[1] == "-" else number
    elif found := _BINARY.fullmatch(text):
        number = float(min(int(found[2], 2), 2**1023)) * (-1 if found[1] == "-" else 1)
    elif text.lstrip("+-").lower() in ("inf", "infinity", "nan") and len(text) - len(text.lstrip("+-")) < 2:
        number = float(text)
    else:
        return None
    return int(number) if number.is_integer() else number


def service_url(value: str) -> dict[str, Any] | None:
    """What the shorthand ``url`` of a service stands for; ``None`` where nothing is set.

    ``port`` stays text where it is no number: the schema then answers for it.
    """
    parts = parse(value)
    if parts is None:
        return None
    port: int | float | str | None = None if parts.port is None else lua_number(parts.port)
    protocol = parts.scheme or {80: "http", 443: "https"}.get(port if isinstance(port, int) else 0, "http")
    if port is None:
        port = parts.port if parts.port is not None else 443 if protocol == "https" else 80
    return {"protocol": protocol, "host": parts.host, "port": port, "path": parts.path}
