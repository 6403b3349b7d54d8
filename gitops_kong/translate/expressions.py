"""Router expressions (ATC) and what all kinds of routes put into them (KIC `translator/atc`, `atc_utils.go`).

An expression is its text; '' is the empty expression, which matches nothing in particular and is left out of `all_of`
and `any_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_kong.translate.overrides import VALID_HOST, VALID_METHOD, VALID_SNI

EQUAL, PREFIX, SUFFIX, REGEX = "==", "^=", "=^", "~"
PATH = "http.path"

# Which kind of object a route comes from: the highest bits of a priority.
KIND_SHIFT = 44
INGRESS_BITS, HTTP_ROUTE_BITS, GRPC_ROUTE_BITS = 3, 2, 1

CATCH_ALL_HTTP = '(net.protocol == "http") || (net.protocol == "https")'
HEADER_REGEX_PREFIX = "~*"

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def literal(text: str) -> str:
    """A string literal."""
    return f'"{text.translate(_ESCAPES)}"'


def predicate(field: str, operator: str, value: str | int) -> str:
    """One comparison; a text is quoted, a number is not."""
    return f"{field} {operator} {literal(value) if isinstance(value, str) else value}"


def all_of(*expressions: str) -> str:
    """All of the expressions that are not empty."""
    return _joined(expressions, " && ")


def any_of(*expressions: str) -> str:
    """At least one of the expressions that are not empty."""
    return _joined(expressions, " || ")


def _joined(expressions: Iterable[str], operator: str) -> str:
    present = [e for e in expressions if e]
    return present[0] if len(present) == 1 else operator.join(f"({e})" for e in present)


def header_field(name: str) -> str:
    """The field of a request header."""
    return "http.headers." + name.replace("-", "_").lower()


def hosts(names: Iterable[str]) -> str:
    """Any of the hosts; `*.example` matches by suffix; names that are no hosts are left out."""
    return any_of(
        *(
            predicate("http.host", SUFFIX, name[1:]) if name.startswith("*") else predicate("http.host", EQUAL, name)
            for name in names
            if VALID_HOST.fullmatch(name)
        )
    )


def methods(names: Iterable[str]) -> str:
    """Any of the methods; what is no upper-case word is left out."""
    return any_of(*(predicate("http.method", EQUAL, name) for name in names if VALID_METHOD.fullmatch(name)))


def snis(names: Iterable[str]) -> str:
    """Any of the server names; what is no host name is left out."""
    return any_of(*(predicate("tls.sni", EQUAL, name) for name in names if VALID_SNI.fullmatch(name)))


def annotated_headers(headers: Mapping[str, Iterable[str]]) -> str:
    """All of the headers, each with any of its values; `~*` starts a regular expression. `Host` is left out."""
    every = []
    for name in sorted(headers):
        field = header_field(name)
        if field != "http.headers.host":
            every.append(any_of(*(_header_value(field, value) for value in headers[name])))
    return all_of(*every)


def _header_value(field: str, value: str) -> str:
    if value.startswith(HEADER_REGEX_PREFIX):
        return predicate(field, REGEX, value[len(HEADER_REGEX_PREFIX) :])
    return predicate(field, EQUAL, value)
