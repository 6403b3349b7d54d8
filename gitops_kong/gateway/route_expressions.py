"""What the router makes of a route's fields, and whether it can compile that.

Source: Kong ``entities/routes.lua`` (``validate_route``), ``kong/router/compat.lua`` (3.4 to 3.6),
``kong/router/transform.lua`` (since 3.7). The flavor ``traditional`` compiles no expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address
from string import ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple

from gitops_kong.gateway.expressions import expression_error
from gitops_kong.gateway.formats import hosts, rust_regex
from gitops_kong.gateway.formats.urls import lua_number

Route = Mapping[str, Any]

_STREAM = frozenset(("tcp", "udp", "tls", "tls_passthrough"))
_MATCHED = ("snis", "sources", "destinations", "methods", "hosts", "paths", "headers")
_FAILED = "Router Expression failed validation: "
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_THE_OTHERS = "'methods', 'hosts', 'paths', 'headers', 'snis', 'sources' or 'destinations' simultaneously"


class _Rules(NamedTuple):
    """What differs between gateway versions."""

    raw_strings: bool  # 3.6: text as r#"…"#, ports as net.dst.port, headers in lower case, fields by subsystem
    by_protocol: bool  # 3.7: a stream route by its protocol, wildcards in SNIs, sources of HTTP routes
    exclusive: bool  # 3.7: an expression beside other fields is an error of its own
    priorities: bool  # 3.8: so is the priority of the other kind of route


@lru_cache(maxsize=32)
def _rules(version: str) -> _Rules:
    major, minor = (int(part) for part in version.split(".")[:2])
    at = (major, minor)
    return _Rules(at >= (3, 6), at >= (3, 7), at >= (3, 7), at >= (3, 8))


def route_error(route: Route, version: str) -> str | None:
    """Kong's message for a route that the router cannot compile, ``None`` if it can.

    ``route``: the fields that the schema hands to this check (until 3.5 ``paths`` or ``expression`` alone), null or
    absent where not set; all of them valid by themselves. ``version``: that of the gateway, ``3.4`` and later.
    """
    rules = _rules(version)
    expression, others = route.get("expression"), [name for name in _MATCHED if route.get(name)]
    if rules.exclusive:
        if expression is None and not others:
            return None
        wrong = _exclusion_error(route, rules, expression is not None, bool(others))
        if wrong:
            return _FAILED + wrong
    is_stream = _first_protocol(route) in _STREAM
    if expression is not None:
        return expression_error(str(expression), is_stream, rules.raw_strings)
    if not rules.raw_strings and not route.get("paths"):
        return None
    if others and not _may_fail(route):
        return None
    return expression_error(expression_of(route, version), is_stream, rules.raw_strings)


def _exclusion_error(route: Route, rules: _Rules, has_expression: bool, has_others: bool) -> str | None:
    if has_expression and has_others:
        return f"cannot set 'expression' with {_THE_OTHERS}"
    if rules.priorities and has_expression and route.get("regex_priority"):
        return "cannot set 'regex_priority' with 'expression' simultaneously"
    if rules.priorities and has_others and route.get("priority"):
        return f"cannot set 'priority' with {_THE_OTHERS}"
    return None


def _may_fail(route: Route) -> bool:
    """Whether the expression of these valid fields could be wrong: patterns and addresses only."""
    if route.get("sources") or route.get("destinations"):
        return True
    if any(path.startswith("~") and rust_regex.error(_pattern(path)) for path in route.get("paths") or ()):
        return True
    for values in (route.get("headers") or {}).values():
        if any(value.startswith("~*") and rust_regex.error(value[2:].translate(_LOWER)) for value in values):
            return True
    return False


def _first_protocol(route: Route) -> str:
    protocols = route.get("protocols") or ["http"]
    return str(protocols[0])


def _pattern(path: str) -> str:
    return "^" + path[1:].replace("?<", "?P<")


def expression_of(route: Route, version: str) -> str:
    """The expression that Kong writes for a route without one; headers come in the order given."""
    rules = _rules(version)
    parts = [_snis(route, rules)]
    nets = [_nets(f"net.{side}", route.get(name)) for side, name in (("src", "sources"), ("dst", "destinations"))]
    parts += nets
    only_nets = _first_protocol(route) in _STREAM if rules.by_protocol else any(nets)
    if not only_nets:
        parts.append(_either(f"http.method == {_text(name, rules)}" for name in route.get("methods") or ()))
        parts.append(_either(_host(name, rules) for name in route.get("hosts") or ()))
        parts.append(_either(_path(path, rules) for path in route.get("paths") or ()))
        parts += [_header(name, values, rules) for name, values in (route.get("headers") or {}).items()]
    return " && ".join(part for part in parts if part)


def _either(terms: Iterable[str]) -> str:
    joined = " || ".join(terms)
    return f"({joined})" if joined else ""


def _text(value: str, rules: _Rules) -> str:
    if rules.raw_strings and '"#' not in value:
        return f'r#"{value}"#'
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _snis(route: Route, rules: _Rules) -> str:
    names = _either(_sni(name, rules) for name in route.get("snis") or ())
    if not names:
        return ""
    if rules.by_protocol:
        is_stream = _first_protocol(route) in _STREAM
    else:
        is_stream = route.get("sources") is not None or route.get("destinations") is not None
    return f"(net.protocol != {_text('tls' if is_stream else 'https', rules)} || {names})"


def _sni(name: str, rules: _Rules) -> str:
    operator = "=="
    if rules.by_protocol and name.startswith("*"):
        operator = "=^"
    elif rules.by_protocol and name.endswith("*"):
        return f"tls.sni ^= {_text(name[:-1], rules)}"
    if len(name) > 1 and name.endswith("."):
        name = name[:-1]
    return f"tls.sni {operator} {_text(name[1:] if operator == '=^' else name, rules)}"


def _nets(field: str, nets: Any) -> str:
    return _either(_net(field, net) for net in nets or ())


def _net(field: str, net: Mapping[str, Any]) -> str:
    terms = list(_net_terms(field, net))
    return f"({' && '.join(terms)})" if len(terms) > 1 else "".join(terms)


def _net_terms(field: str, net: Mapping[str, Any]) -> Iterator[str]:
    if net.get("ip") is not None:
        address, slash, length = str(net["ip"]).partition("/")
        if slash:
            yield f"{field}.ip in {_network(address, int(length))}/{int(length)}"
        else:
            yield f"{field}.ip == {address}"
    if net.get("port") is not None:
        yield f"{field}.port == {int(net['port'])}"


def _network(address: str, length: int) -> str:
    """An IPv4 address without the bits of the host; shifts of Lua use five bits, so none at a length of 0."""
    if not hosts.is_ipv4(address):
        return address
    shift = (32 - length) & 31
    return str(IPv4Address(int(IPv4Address(address)) >> shift << shift))


def _host(name: str, rules: _Rules) -> str:
    host, colon, rest = name.partition(":")
    port = lua_number(rest) if colon else None
    if port is None:
        host = name
    operator = "=="
    if host.startswith("*"):
        operator, host = "=^", host[1:]
    elif host.endswith("*"):
        operator, host = "^=", host[:-1]
    quoted = f'r#"{host}"#' if rules.raw_strings else f'"{host}"'
    term = f"http.host {operator} {quoted}"
    field = "net.dst.port" if rules.raw_strings else "net.port"
    return term if port is None else f"({term} && {field} == {port})"


def _path(path: str, rules: _Rules) -> str:
    if path.startswith("~"):
        return f"http.path ~ {_text(_pattern(path), rules)}"
    return f"http.path ^= {_text(path, rules)}"


def _header(name: str, values: Iterable[str], rules: _Rules) -> str:
    field = f"http.headers.{name.replace('-', '_').translate(_LOWER)}"
    field = f"any(lower({field}))" if rules.raw_strings else f"any({field})"
    terms = []
    for value in values:
        operator, text = ("~", value[2:]) if value.startswith("~*") else ("==", value)
        terms.append(f"{field} {operator} {_text(text.translate(_LOWER), rules)}")
    return _either(terms) or "()"
