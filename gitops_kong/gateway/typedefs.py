"""The types that schemas of plugins share, `kong.db.schema.typedefs`, in the form of `schemas/`.

Source: Kong 3.9 ``kong/db/schema/typedefs.lua``. What they check beyond data is named as in `checks.strings`.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

_HTTP = ["grpc", "grpcs", "http", "https"]
_ALL = ["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"]
_NO_EMPTY_SEGMENTS = [{"pattern": "//", "err": "must not have empty segments"}]


def _text(check: str | None = None, **rest: Any) -> Spec:
    return {"type": "string", **({"check": check} if check else {}), **rest}


def _protocols(elements: list[str]) -> Spec:
    return {"type": "set", "required": True, "default": _HTTP, "elements": _text(one_of=elements)}


def _foreign(reference: str) -> Spec:
    return {"type": "foreign", "reference": reference, "eq": None}


_NET = {"type": "record", "fields": {"ip": _text("ip_or_cidr"), "port": {"type": "integer", "between": [0, 65535]}}}
_NETS: Spec = {"type": "set", "elements": {**_NET, "entity_checks": [{"at_least_one_of": ["ip", "port"]}]}}
_TAG = _text("tag", required=True)
_HEADERS: Spec = {
    "type": "map",
    "keys": _text("header_name"),
    "values": {"type": "array", "elements": {"type": "string"}},
}
_HOSTS: Spec = {
    "type": "array",
    "elements": _text(
        "host_with_wildcards",
        match_all=[
            {"pattern": "^[^*]*%*?[^*]*$", "err": "invalid wildcard: must have at most one wildcard"},
        ],
        match_any={
            "patterns": ["^%*%.", "%.%*$", "^[^*]*$"],
            "err": "invalid wildcard: must be placed at leftmost or rightmost label",
        },
    ),
}
_ROUTER_PATH = _text(
    "router_path",
    match_any={"patterns": ["^/", "^~/"], "err": "should start with: / (fixed path) or ~/ (regex path)"},
    match_none=_NO_EMPTY_SEGMENTS,
)
_METHODS: Spec = {"type": "set", "elements": _text(match="^%u+$")}

TYPEDEFS: dict[str, Spec] = {
    "auto_timestamp_ms": {"type": "number", "timestamp": True, "auto": True},
    "auto_timestamp_s": {"type": "integer", "timestamp": True, "auto": True},
    "certificate": _text("certificate"),
    "cidr": _text("cidr_v4"),
    "cidr_v4": _text("cidr_v4"),
    "cookie_name": _text("cookie_name"),
    "destinations": _NETS,
    "header_name": _text("header_name"),
    "headers": _HEADERS,
    "host": _text("host"),
    "host_with_optional_port": _text("host_with_optional_port"),
    "hosts": _HOSTS,
    "http_method": _text(match="^%u+$"),
    "ip": _text("ip"),
    "ip_or_cidr": _text("ip_or_cidr"),
    "key": _text("key"),
    "lua_code": {
        "type": "map",
        "keys": _text(len_min=1),
        "values": _text("lua_expression", len_min=1),
    },
    "methods": _METHODS,
    "name": _text("name", unique=True),
    "no_consumer": _foreign("consumers"),
    "no_consumer_group": _foreign("consumer_groups"),
    "no_destinations": {**_NETS, "eq": None},
    "no_headers": {**_HEADERS, "eq": None},
    "no_hosts": {**_HOSTS, "eq": None},
    "no_methods": {**_METHODS, "eq": None},
    "no_paths": {"type": "array", "elements": _ROUTER_PATH, "eq": None},
    "no_route": _foreign("routes"),
    "no_service": _foreign("services"),
    "no_sources": {**_NETS, "eq": None},
    "path": _text("path", starts_with="/", match_none=_NO_EMPTY_SEGMENTS),
    "port": {"type": "integer", "between": [0, 65535]},
    "protocol": _text(one_of=_ALL),
    "protocols": _protocols(_ALL),
    "protocols_http": _protocols(_HTTP),
    "redis_host": _text("host"),
    "redis_server_name": _text("sni"),
    "router_path": _ROUTER_PATH,
    "router_paths": {"type": "array", "elements": _ROUTER_PATH},
    "semantic_version": _text(
        match_any={
            "patterns": ["^%d+[%.%d]*$", "^%d+[%.%d]*%-?.*$"],
            "err": "invalid version number: must be in format of X.Y.Z",
        },
        match_none=[{"pattern": "%.%.", "err": "must not have empty version segments"}],
    ),
    "sni": _text("sni"),
    "sources": _NETS,
    "tag": _TAG,
    "tags": {"type": "set", "elements": _TAG},
    "timeout": {"type": "integer", "between": [0, 2147483646]},
    "ttl": {"type": "number", "between": [0, 100000000]},
    "url": _text("url"),
    "utf8_name": _text("utf8_name", unique=True),
    "uuid": _text(uuid=True, auto=True),
    "wildcard_host": _text("wildcard_host"),
}
