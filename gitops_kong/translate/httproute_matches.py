"""Matches of HTTPRoute rules as Kong routes for the routers `traditional` and `traditional_compatible`.

Rules with equal filters share Kong routes: one for all matches that differ only in their path and stand in the same
HTTPRoute. Behaviour of KIC `translateHTTPRouteRulesMetaToKongstateRoutes` (3.5.13) and, before 3.4,
`httpRouteTranslationIndex.translateToKongRoutes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.httproute_filters import (
    Filter,
    RouteError,
    apply_filters,
    has_redirect,
    prefix_rewrites,
)
from gitops_kong.translate.rule_names import rule_names
from gitops_kong.translate.state import Entity, Route
from gitops_kong.translate.tags import object_tags

Match = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of an HTTPRoute and its place there."""

    route: K8sObject
    data: Mapping[str, Any]
    number: int

    @property
    def filters(self) -> Sequence[Filter]:
        """The rule's filters."""
        return self.data.get("filters") or ()

    @property
    def matches(self) -> Sequence[Match]:
        """The rule's matches."""
        return self.data.get("matches") or ()


@dataclass(frozen=True)
class _PlacedMatch:
    """A match and where it stands."""

    rule: Rule
    number: int
    match: Match


def set_key(items: Sequence[Mapping[str, Any]]) -> str:
    """A key that is equal for lists with equal items in any order."""
    if len(items) == 1:
        return _key(items[0])
    return ";".join(sorted(map(_key, items)))


def _key(value: Any) -> str:
    return json.dumps(_without_empty(value), sort_keys=True)


def _without_empty(value: Any) -> Any:
    """Without fields that decode to nothing: they do not tell two objects apart."""
    if isinstance(value, Mapping):
        return {k: _without_empty(v) for k, v in value.items() if v is not None and v != []}
    return [_without_empty(v) for v in value] if isinstance(value, list) else value


def traditional_routes(rules: Sequence[Rule], protocols: list[str], options: ControllerOptions) -> list[Route]:
    """The Kong routes of rules with equal backends, by name; raises `RouteError`."""
    by_filters: dict[str, list[Rule]] = {}
    for rule in rules:
        by_filters.setdefault(set_key(rule.filters), []).append(rule)
    routes: list[Route] = []
    for same_filters in by_filters.values():
        routes += _routes_of_filters(same_filters, protocols, options)
    return sorted(routes, key=lambda r: str(r.entity["name"]))


def routes_of_rule(rule: Rule, protocols: list[str], options: ControllerOptions) -> list[Route]:
    """The Kong routes of one rule, whatever tells its matches apart (KIC `generateKongRoutesFromHTTPRouteMatches`).

    Raises `RouteError`.
    """
    if not rule.matches:
        return [_route_without_matches(rule.route, rule.number, protocols, options)]
    group = [_PlacedMatch(rule, number, match) for number, match in enumerate(rule.matches)]
    return _routes_of_group(group, rule.filters, protocols, options)


def _routes_of_filters(rules: list[Rule], protocols: list[str], options: ControllerOptions) -> list[Route]:
    routes = []
    groups: dict[str, list[_PlacedMatch]] = {}
    every_rule_counts = options.behaviours["httproute-services-by-backends"]
    for rule in rules:
        for number, match in enumerate(rule.matches):
            groups.setdefault(_match_key(rule.route, match), []).append(_PlacedMatch(rule, number, match))
        if not rule.matches and every_rule_counts:
            routes.append(_route_without_matches(rule.route, rule.number, protocols, options))
    if not groups and not every_rule_counts:
        routes.append(_route_without_matches(rules[0].route, 0, protocols, options))
    for group in groups.values():
        routes += _routes_of_group(group, rules[0].filters, protocols, options)
    return routes


def _match_key(route: K8sObject, match: Match) -> str:
    """Equal for matches of one HTTPRoute that may share a Kong route: the first of equal headers and queries counts."""
    headers: dict[str, Any] = {}
    for header in match.get("headers") or ():
        headers.setdefault((header.get("name") or "").lower(), [header.get("type"), header.get("value")])
    queries: dict[str, Any] = {}
    for query in match.get("queryParams") or ():
        queries.setdefault(query.get("name") or "", [query.get("type"), query.get("value")])
    parts = route.namespace, route.name, match.get("method"), sorted(headers.items()), list(queries.items())
    return json.dumps(parts)


def _new_route(route: K8sObject, name: str, protocols: list[str], tags: list[str]) -> Route:
    entity: Entity = {"name": name, "preserve_host": True, "tags": tags}
    if protocols:
        entity["protocols"] = protocols
    hostnames = route.spec.get("hostnames")
    if hostnames:
        entity["hosts"] = list(hostnames)
    return Route(entity, route)


def _route_without_matches(
    route: K8sObject, rule_number: int, protocols: list[str], options: ControllerOptions
) -> Route:
    """All traffic of the host names, without the filters."""
    name = f"httproute.{route.namespace}.{route.name}.{rule_number}.0"
    return _new_route(route, name, protocols, object_tags(route, options))


def _routes_of_group(
    group: list[_PlacedMatch], filters: Sequence[Filter], protocols: list[str], options: ControllerOptions
) -> list[Route]:
    first = group[0]
    parent = first.rule.route
    tags = object_tags(parent, options, rule_names((m.rule.data for m in group), options))
    name = f"httproute.{parent.namespace}.{parent.name}.{first.rule.number}.{first.number}"
    route = _new_route(parent, name, protocols, tags)
    route.entity["strip_path"] = False
    headers = _headers(first.match)
    if headers:
        route.entity["headers"] = headers
    if has_redirect(filters):
        return _redirecting_routes(route, group, filters, tags, options)
    for placed in group:
        _add_match(route.entity, placed.match)
    # A prefix rewrite allows one match only (a CEL rule of the HTTPRoute's definition).
    replaced = any(rewrite.get("replacePrefixMatch") is not None for rewrite in prefix_rewrites(filters))
    path = path_value(first.match) if replaced else ""
    _add_filters(route, filters, path, tags, options)
    return [route]


def _redirecting_routes(
    route: Route,
    group: list[_PlacedMatch],
    filters: Sequence[Filter],
    tags: list[str],
    options: ControllerOptions,
) -> list[Route]:
    """One Kong route for each match, all of one name; each has what those before it have, too."""
    routes = []
    for placed in group:
        _add_match(route.entity, placed.match)
        _add_filters(route, filters, path_value(placed.match), tags, options)
        entity = {k: list(v) if isinstance(v, list) else v for k, v in route.entity.items()}
        routes.append(Route(entity, route.parent, list(route.plugins), extension_plugins=route.extension_plugins))
    return routes


def _headers(match: Match) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for header in match.get("headers") or ():
        name, kind, value = header.get("name") or "", header.get("type"), header.get("value") or ""
        if name in headers:
            raise RouteError(f"multiple header matches for the same header are not allowed: {name}")
        if kind == "RegularExpression":
            headers[name] = [f"~*{value}"]
        elif kind is None or kind == "Exact":
            headers[name] = [value]
        else:
            raise RouteError(f"unknown/unsupported header match type: {kind}")
    return headers


def _add_match(entity: Entity, match: Match) -> None:
    if match.get("path") is not None:
        entity.setdefault("paths", []).extend(_paths(match["path"]))
    method = match.get("method")
    if method is not None and method not in entity.setdefault("methods", []):
        entity["methods"].append(method)


def path_value(match: Match) -> str:
    """The path of a match, '' where it has none."""
    return (match.get("path") or {}).get("value") or ""


def _paths(path: Mapping[str, Any]) -> list[str]:
    """A path match as Kong's paths; the API server's defaults fill type and value."""
    kind, value = path.get("type", "PathPrefix"), path.get("value") or ""
    if kind == "Exact":
        return [f"~{value}$"]
    if kind == "RegularExpression":
        return [f"~{value}"]
    if kind == "PathPrefix":
        return [f"~{value}$", value if value.endswith("/") else f"{value}/"]
    return [""]


def _add_filters(
    route: Route, filters: Sequence[Filter], path: str, tags: list[str], options: ControllerOptions
) -> None:
    prefix = apply_filters(route, filters, path, tags, options)
    if prefix is not None:
        route.entity["paths"] = [f"~{prefix}$", "~/(.*)" if prefix == "/" else f"~{prefix}(/.*)"]
