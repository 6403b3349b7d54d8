"""The annotations that the controller reads, and the values that it silently passes over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gitops_kong import lazy
from gitops_kong.translate.gotext import boolean, integer
from gitops_kong.translate.overrides import PROTOCOLS, REDIRECT_CODES, VALID_HOST, VALID_METHOD, VALID_SNI

if TYPE_CHECKING:
    import difflib
else:
    difflib = lazy.module("difflib")

PREFIX = "konghq.com/"

# Annotations that some version of the controller reads (KIC `internal/annotations`).
KNOWN = frozenset(
    PREFIX + name
    for name in (
        "ca-certificates-configmaps",
        "ca-certificates-secrets",
        "client-cert",
        "connect-timeout",
        "gatewayclass-unmanaged",
        "headers",
        "headers-separator",
        "host-aliases",
        "host-header",
        "https-redirect-status-code",
        "methods",
        "override",
        "path",
        "path-handling",
        "plugins",
        "preserve-host",
        "protocol",
        "protocols",
        "publish-service",
        "read-timeout",
        "regex-prefix",
        "regex-priority",
        "request-buffering",
        "response-buffering",
        "retries",
        "rewrite",
        "snis",
        "strip-path",
        "tags",
        "tls-verify",
        "tls-verify-depth",
        "upstream-policy",
        "write-timeout",
    )
)
_FREE = f"{PREFIX}headers."


@lru_cache(maxsize=1024)
def nearest(name: str) -> str:
    """The known annotation that `name` most resembles, '' where none is near."""
    return next(iter(difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.6)), "")


def unknown(annotations: Mapping[str, str]) -> list[dict[str, str]]:
    """Annotations with Kong's prefix that no controller version reads: `{name, nearest}`."""
    return [
        {"name": name, "nearest": nearest(name)}
        for name in annotations
        if name.startswith(PREFIX) and name not in KNOWN and not name.startswith(_FREE)
    ]


def _items(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _true_or_false(text: str) -> bool:
    return text.lower() in ("true", "false")


def _number(text: str) -> bool:
    return integer(text) is not None


# What the controller takes (KIC `Route.override*`, `Service.override*`): another value leaves the field as it was.
_ON_ROUTES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "strip-path": (_true_or_false, "true or false"),
    "preserve-host": (_true_or_false, "true or false"),
    "request-buffering": (lambda text: boolean(text.lower()) is not None, "true or false"),
    "response-buffering": (lambda text: boolean(text.lower()) is not None, "true or false"),
    "regex-priority": (_number, "an integer"),
    "https-redirect-status-code": (lambda text: integer(text) in REDIRECT_CODES, "426, 301, 302, 307 or 308"),
    "protocols": (lambda text: PROTOCOLS.issuperset(_items(text)), "protocols such as http, https, grpc, grpcs"),
    "methods": (
        lambda text: all(VALID_METHOD.fullmatch(m.upper()) for m in _items(text) if m),
        "HTTP methods such as GET, POST",
    ),
    "snis": (lambda text: all(VALID_SNI.fullmatch(s) for s in _items(text) if s), "host names"),
    "host-aliases": (lambda text: all(VALID_HOST.fullmatch(h) for h in _items(text) if h), "host names"),
}
_ON_SERVICES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "connect-timeout": (_number, "milliseconds, an integer"),
    "read-timeout": (_number, "milliseconds, an integer"),
    "write-timeout": (_number, "milliseconds, an integer"),
    "retries": (_number, "an integer"),
    "path": (lambda text: text.startswith("/"), "a path that starts with /"),
}


def without_effect(kind: str, annotations: Mapping[str, str]) -> list[dict[str, str]]:
    """Annotations whose value the controller passes over: `{name, value, expected}`."""
    checks = _ON_SERVICES if kind == "Service" else _ON_ROUTES
    found = []
    for name, value in annotations.items():
        if name.startswith(PREFIX) and value:
            check = checks.get(name[len(PREFIX) :])
            if check is not None and not check[0](value):
                found.append({"name": name, "value": value, "expected": check[1]})
    return found
