"""Functions of the Kubernetes CEL libraries (`k8s.io/apiserver/pkg/cel/library`) that need no types of their own.

Those with their own types (`url`, `ip`, `cidr`, `quantity`) do not exist here; a rule that calls one does not compile.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from gitops_kong.lazy import regex
from gitops_kong.manifests.go_regex import Pattern, go_regex

_QUANTITY = regex(r"[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")


def functions() -> list[Any]:
    """The declarations, with their implementations, for an environment of `cel-expr-python`."""
    from cel_expr_python import cel  # noqa: PLC0415

    kinds = cel.Type
    items, text = kinds.List(kinds.DYN), kinds.STRING

    def declare(name: str, run: Callable[..., Any], result: Any, *parameters: Any, member: bool = True) -> Any:
        return cel.FunctionDecl(name, [cel.Overload(f"kubernetes_{name}", result, list(parameters), member, run)])

    return [
        declare("matchesPattern", matches_pattern, kinds.BOOL, text, text),
        declare("find", _find, text, text, text),
        declare("findAll", _find_all, items, text, text),
        declare("isSorted", lambda values: values == sorted(values), kinds.BOOL, items),
        declare("sum", sum, kinds.DYN, items),
        declare("min", min, kinds.DYN, items),
        declare("max", max, kinds.DYN, items),
        declare("isURL", _is_url, kinds.BOOL, text, member=False),
        declare("isIP", _reads(ipaddress.ip_address), kinds.BOOL, text, member=False),
        declare("isCIDR", _is_cidr, kinds.BOOL, text, member=False),
        declare("isQuantity", lambda value: _QUANTITY.fullmatch(value) is not None, kinds.BOOL, text, member=False),
    ]


def matches_pattern(text: str, pattern: str) -> bool:
    """CEL's `matches` with a pattern that is compiled once: RE2's, which the library compiles each time, takes longer.

    Raises ValueError for what is no pattern.
    """
    return _compiled(pattern).search(text) is not None


def _compiled(pattern: str) -> Pattern:
    compiled = go_regex(pattern)
    if compiled is None:
        raise ValueError(f"{pattern}: no pattern")
    return compiled


def _find(text: str, pattern: str) -> str:
    found = _compiled(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [match[0] for match in _compiled(pattern).finditer(text)]


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme) or text.startswith("/")
    except ValueError:
        return False


def _reads(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return check


def _is_cidr(text: str) -> bool:
    return "/" in text and _reads(lambda value: ipaddress.ip_network(value, strict=False))(text)
