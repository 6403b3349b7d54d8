"""Host names, with or without wildcard and port, and IP addresses and ranges.

Source: Kong ``kong/tools/ip.lua`` (until 3.5 ``kong/tools/utils.lua``, the same), ``kong/db/schema/typedefs.lua``,
``entities/targets.lua``, ``entities/upstreams.lua``; ``resty.ipmatcher`` 0.6.1, which asks ``inet_pton``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gitops_kong import lazy
from gitops_kong.gateway.formats.text import utf8_string
from gitops_kong.lazy import regex

if TYPE_CHECKING:
    import socket
else:
    socket = lazy.module("socket")

_IPV4 = regex(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?::([0-9]+))?")
_IPV4_LIKE = regex(r"[0-9.]+")
_IPV6_GROUPS = regex(r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){7}")
_PORT_AT_END = regex(r":([0-9]+)\Z")
_NAME = regex(r"[0-9A-Za-z\-._]+")
_PORT_AFTER_BRACKETS = regex(r":([0-9]+)")
_BAD_PORT = "invalid port number"


class Address(NamedTuple):
    """``type`` is ``ipv4``, ``ipv6`` or ``name``; ``host`` as Kong normalizes it (a name is left as it is)."""

    type: str
    host: str
    port: int | None


def _port(digits: str) -> int | None:
    """The port, or ``None`` above 65535."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= 5 and int(digits) <= 65535 else None


def _ipv4(text: str) -> Address | str:
    found = _IPV4.fullmatch(text)
    if not found or any(int(part) > 255 for part in found.groups()[:4]):
        return f"invalid ipv4 address: {text}"
    port = None
    if found[5] is not None:
        port = _port(found[5])
        if port is None:
            return _BAD_PORT
    return Address("ipv4", ".".join(str(int(part)) for part in found.groups()[:4]), port)


def _brackets(text: str) -> tuple[str, str] | None:
    """What balanced brackets at the start hold, and what follows them."""
    if not text.startswith("["):
        return None
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if depth == 0:
            return text[1:at], text[at + 1 :]
    return None


def _ipv6(text: str) -> Address | str:
    address, port = text, None
    bracketed = _brackets(text)
    if bracketed:
        address, rest = bracketed
        if rest:
            digits = _PORT_AFTER_BRACKETS.fullmatch(rest)
            if not digits:
                return "invalid ipv6 address"
            port = _port(digits[1])
            if port is None:
                return _BAD_PORT
    if address.startswith(":"):
        address = "0" + address
    if address.endswith(":"):
        address += "0"
    if "::" in address:
        address = address.replace("::", ":" + "0:" * (8 - address.count(":")), 1)
    if not _IPV6_GROUPS.fullmatch(address):
        return f"invalid ipv6 address: {text}"
    return Address("ipv6", ":".join(group.rjust(4, "0") for group in address.lower().split(":")), port)


def _name(text: str) -> Address | str:
    name, port = text, None
    digits = _PORT_AT_END.search(text)
    if digits:
        name = text[: digits.start()]
        port = _port(digits[1])
        if port is None:
            return _BAD_PORT
    if not _NAME.fullmatch(name):
        return f"invalid hostname: {text}"
    labels = name.split(".")
    if "" in labels[:-1] or any(label.endswith("-") for label in labels):
        return f"invalid hostname: {text}"
    return Address("name", name, port)


@lru_cache(maxsize=4096)
def normalize(text: str) -> Address | str:
    """``normalize_ip``: the address, or Kong's message why it is none."""
    colons = text.count(":")
    if colons > 1:
        return _ipv6(text)
    if _IPV4_LIKE.fullmatch(text.replace(":", "")):
        return _ipv4(text)
    return _name(text)


def host(value: str) -> str | None:
    """``typedefs.host``, ``redis_host``: a name or an address, without a port."""
    address = normalize(value)
    if isinstance(address, str):
        return "must not have a port" if address == _BAD_PORT else f"invalid value: {value}"
    return None if address.port is None else "must not have a port"


def host_with_optional_port(value: str) -> str | None:
    """``typedefs.host_with_optional_port``."""
    address = normalize(value)
    return address if isinstance(address, str) else None


def host_with_wildcards(value: str) -> str | None:
    """The custom validator of ``hosts`` of a route; the wildcard patterns are in the schema."""
    return host_with_optional_port(value.replace("*", "abc"))


def sni(value: str) -> str | None:
    """``typedefs.sni``, ``redis_server_name``: a name, neither an address nor with a port."""
    return _server_name(value, normalize(value))


def wildcard_host(value: str) -> str | None:
    """``typedefs.wildcard_host``: an SNI with at most one ``*``, first or last."""
    if "*" not in value:
        return sni(value)
    if value.index("*") not in (0, len(value) - 1):
        return "wildcard must be leftmost or rightmost character"
    if value.count("*") > 1:
        return "only one wildcard must be specified"
    mock = value.replace("*", "wildcard")
    return _server_name(mock, normalize(mock))


def _server_name(value: str, address: Address | str) -> str | None:
    if isinstance(address, str):
        return "must not have a port" if address == _BAD_PORT else f"invalid value: {value}"
    if address.type != "name":
        return "must not be an IP"
    return None if address.port is None else "must not have a port"


def _shown(value: str) -> str:
    return "" if utf8_string(value) else f" ('{value}')"


def target(value: str) -> str | None:
    """``target`` of a target: a name or an address, with or without a port."""
    if not isinstance(normalize(value), str):
        return None
    return f"Invalid target{_shown(value)}; not a valid hostname or ip address"


def upstream_name(value: str) -> str | None:
    """``name`` of an upstream: a name, neither an address nor with a port."""
    address = normalize(value)
    if isinstance(address, str):
        wrong = "must be a valid hostname"
    elif address.type != "name":
        wrong = "no ip addresses allowed"
    elif address.port is not None:
        wrong = "no port allowed"
    else:
        return None
    return f"Invalid name{_shown(value)}; {wrong}"


def _is_ip(family: int, value: str) -> bool:
    try:
        socket.inet_pton(family, value.split("\0", 1)[0])  # a C string ends at NUL
    except (OSError, ValueError):
        return False
    return True


def is_ipv4(value: str) -> bool:
    """Whether ``parse_ipv4`` of ``resty.ipmatcher`` takes it: four decimal parts."""
    return _is_ip(socket.AF_INET, value)


def is_ipv6(value: str) -> bool:
    """Whether ``parse_ipv6`` of ``resty.ipmatcher`` takes it, brackets around it or not."""
    if value.startswith("[") and value.endswith("]"):
        value = value[1:-1]
    return _is_ip(socket.AF_INET6, value)


def _is_cidr(value: str, is_address: Callable[[str], bool], bits: int) -> bool:
    slash = value.find("/", 2)
    if slash < 0:
        return False
    prefix = value[slash + 1 :]
    if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 3 and str(int(prefix)) == prefix):
        return False
    return int(prefix) <= bits and is_address(value[:slash])


def ip(value: str) -> str | None:
    """``typedefs.ip``."""
    return None if is_ipv4(value) or is_ipv6(value) else f"not an ip address: {value}"


def ip_or_cidr(value: str) -> str | None:
    """``typedefs.ip_or_cidr``: bits of the address outside the range are no matter."""
    if is_ipv4(value) or is_ipv6(value) or _is_cidr(value, is_ipv4, 32) or _is_cidr(value, is_ipv6, 128):
        return None
    return f"invalid ip or cidr range: '{value}'"


def cidr_v4(value: str) -> str | None:
    """``typedefs.cidr_v4``, ``cidr``: an IPv4 address or range."""
    if is_ipv4(value) or _is_cidr(value, is_ipv4, 32):
        return None
    return f"invalid ipv4 cidr range: '{value}'"
