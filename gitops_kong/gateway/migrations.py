"""Route paths of configurations in format 1.1 and 2.1, which the gateway rewrites before it looks at them.

Source: kong/db/declarative/migrations/route_path.lua and kong/db/migrations/migrate_path_280_300.lua: what looks like
a regular expression gets `~` in front.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.formats import paths
from gitops_kong.gateway.lua import GatewayCrash
from gitops_kong.lazy import regex

_PLAIN = regex(r"[a-zA-Z0-9.\-_~/%]*\n?")
_TRIPLET = regex(r"%([0-9A-Fa-f]{2})")
_RESERVED = frozenset("!#$%&'()*+,/:;=?@[]")
_META = frozenset(".^-{}\\|")


def migrate_route_paths(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration as the gateway validates it; the same one when there is nothing to rewrite."""
    if config.get("_format_version") not in ("1.1", "2.1"):
        return config
    result = {**config, "_format_version": "3.0"}
    if lua.is_table(config.get("routes")):
        result["routes"] = _migrate_routes(config["routes"])
    services = lua.as_sequence(config.get("services"))
    if services:
        result["services"] = [_migrate_service(service) for service in services]
    return result


def _migrate_service(service: Any) -> Any:
    if isinstance(service, dict) and lua.is_table(service.get("routes")):
        return {**service, "routes": _migrate_routes(service["routes"])}
    return _indexable(service)


def _migrate_routes(routes: Any) -> Any:
    if isinstance(routes, dict):
        return {key: _migrate_route(route) for key, route in routes.items()}
    return [_migrate_route(route) for route in routes]


def _migrate_route(route: Any) -> Any:
    if isinstance(route, dict) and isinstance(route.get("paths"), list):
        return {**route, "paths": [_migrate_path(path) for path in route["paths"]]}
    return _indexable(route)


def _indexable(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        raise GatewayCrash
    return value


def _migrate_path(path: Any) -> str:
    if lua.is_number(path):
        path = lua.tostring(path)
    if not isinstance(path, str):
        raise GatewayCrash
    if _PLAIN.fullmatch(path):
        return paths.normalized(path)
    return "~" + _TRIPLET.sub(_decoded, path)


def _decoded(triplet: re.Match[str]) -> str:
    character = chr(int(triplet[1], 16))
    if character in _RESERVED:
        return triplet[0].upper()
    return f"\\{character}" if character in _META else character
