"""The string formats that an API server checks in CRDs (kube-openapi `strfmt`, supported formats of Kubernetes 1.33).

Names are without hyphens, as `strfmt` compares them. Formats that are not here are not checked.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date

from gitops_kong.lazy import regex

_DATE_TIME = regex(r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-](\d{2}):(\d{2}))")
_UUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_DURATION = regex(r"[-+]?(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|m|h|d|w)", re.IGNORECASE)
_MAC = regex(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}([:-][0-9a-fA-F]{2}){0,14}|([0-9a-fA-F]{4}\.){2,}[0-9a-fA-F]{4}")
_BASE64 = regex(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def _address(version: int) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            return ipaddress.ip_address(value).version == version
        except ValueError:
            return False

    return check


def _cidr(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return "/" in value


def _date(value: str) -> bool:
    try:
        return len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _date_time(value: str) -> bool:
    found = _DATE_TIME.fullmatch(value)
    if found is None:
        return False
    month, day, hour, minute, second = (int(found[i]) for i in (2, 3, 4, 5, 6))
    return 1 <= month <= 12 and 1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 60


def _duration(value: str) -> bool:
    text = value.strip().lstrip("+-")
    return text == "0" or (bool(text) and not _DURATION.sub("", text).strip())


def _matches(pattern: str) -> Callable[[str], bool]:
    match = re.compile(pattern, re.IGNORECASE).fullmatch
    return lambda value: match(value) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "byte": lambda value: _BASE64.fullmatch(value) is not None,
    "cidr": _cidr,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "hexcolor": _matches("#?([0-9a-f]{3}|[0-9a-f]{6})"),
    "ipv4": _address(4),
    "ipv6": _address(6),
    "mac": lambda value: _MAC.fullmatch(value) is not None,
    "uuid": _matches(_UUID % ("[0-9a-f]", "[0-9a-f]")),
    "uuid3": _matches(_UUID % ("3", "[0-9a-f]")),
    "uuid4": _matches(_UUID % ("4", "[89ab]")),
    "uuid5": _matches(_UUID % ("5", "[89ab]")),
}
