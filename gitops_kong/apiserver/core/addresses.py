"""IP addresses as Kubernetes reads them (`netutils.ParseIPSloppy`, `ValidateEndpointIP`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from gitops_kong.apiserver.problems import Problem, invalid
from gitops_kong.lazy import regex

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_DOTTED = regex(r"[0-9]+(\.[0-9]+){3}")


def parse(text: str) -> Address | None:
    """An address, leading zeros in its decimal parts allowed; None where it is none."""
    dotted = _DOTTED.fullmatch(text)
    if not dotted and ":" not in text:
        return None
    try:
        if dotted:
            text = ".".join(str(int(part)) for part in text.split("."))
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def is_ip_sloppy(text: str) -> bool:
    """Whether a text is an IP address."""
    return parse(text) is not None


def is_cidr_sloppy(text: str) -> bool:
    """Whether a text is an address with a prefix length."""
    host, slash, prefix = text.partition("/")
    address = parse(host)
    if address is None or not slash or not prefix.isdecimal():
        return False
    return int(prefix) <= address.max_prefixlen


def check_reachable(text: str, field: str) -> Iterator[Problem]:
    """Why an address cannot be that of an endpoint."""
    address = parse(text)
    if address is None:
        yield invalid(field, text, "must be a valid IP address")
        return
    if address.is_unspecified:
        yield invalid(field, text, f"may not be unspecified ({text})")
    if address.is_loopback:
        yield invalid(field, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        yield invalid(field, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    link_local_multicast = ipaddress.ip_network("224.0.0.0/24" if address.version == 4 else "ff02::/16")
    if address in link_local_multicast:
        yield invalid(field, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
