"""HTTPRoute matches as Kong routes with expressions and priorities.

Behaviour of KIC `subtranslator/httproute_atc.go` (3.5.13).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.translate import expressions
from gitops_kong.translate.annotations import PREFIX, comma_list
from gitops_kong.translate.context import Context
from gitops_kong.translate.httproute_filters import (
    Filter,
    apply_filters,
    has_redirect,
    normalized_path,
    prefix_rewrites,
)
from gitops_kong.translate.httproute_matches import Rule, path_value
from gitops_kong.translate.route_priorities import SplitMatch, hostname_priority, split, with_priorities
from gitops_kong.translate.rule_names import rule_names
from gitops_kong.translate.state import Entity, Route
from gitops_kong.translate.tags import object_tags

ORDER_BITS = 12
QUERY_COUNT_SHIFT = 12
HEADER_COUNT_SHIFT = 17
METHOD_SHIFT = 22
PATH_LENGTH_SHIFT = 23
REGEX_PATH_SHIFT = 33
EXACT_PATH_SHIFT = 34


def split_matches(routes: Iterable[K8sObject]) -> list[tuple[SplitMatch, int]]:
    """All matches of all HTTPRoutes of a cluster with their priorities: they compete with each other."""
    return with_priorities((m for route in routes for m in split(route)), _base_priority, ORDER_BITS)


def _base_priority(split_match: SplitMatch) -> int:
    """Host name, then path type and length, method, number of headers and of query parameters."""
    match = split_match.match
    path = match.get("path") or EMPTY
    kind, length = path.get("type"), len((path.get("value") or "").encode())
    return (
        (expressions.HTTP_ROUTE_BITS << expressions.KIND_SHIFT)
        + hostname_priority(split_match.hostname)
        + ((kind == "Exact") << EXACT_PATH_SHIFT)
        + ((kind == "RegularExpression") << REGEX_PATH_SHIFT)
        + (max(length - 1, 0) << PATH_LENGTH_SHIFT)
        + ((match.get("method") is not None) << METHOD_SHIFT)
        + (len(match.get("headers") or ()) << HEADER_COUNT_SHIFT)
        + (len(match.get("queryParams") or ()) << QUERY_COUNT_SHIFT)
    )


def expression_route(split_match: SplitMatch, priority: int, protocols: list[str], context: Context) -> Route:
    """The Kong route of one match; raises `RouteError`."""
    route, options = split_match.route, context.options
    tags = object_tags(route, options, rule_names([split_match.rule], options))
    place = f"{split_match.hostname_in_name}.{split_match.rule_index}.{split_match.match_index}"
    filters: Sequence[Filter] = split_match.rule.get("filters") or ()
    keeps_matchers = context.behaves("rewrite-prefix-keeps-other-matchers")
    rewrites_prefix = keeps_matchers and bool(prefix_rewrites(filters))
    expression = expressions.all_of(
        expressions.hosts([split_match.hostname]),
        annotated_snis(route, context),
        _match(split_match.match, rewrites_prefix=rewrites_prefix),
    )
    entity: Entity = {
        "name": f"httproute.{route.namespace}.{route.name}.{place}",
        "preserve_host": True,
        "strip_path": False,
        "tags": tags,
        "expression": expression or expressions.CATCH_ALL_HTTP,
        "priority": priority,
    }
    if protocols:
        entity["protocols"] = protocols
    result = Route(entity, route, expression=True)
    prefix = apply_filters(result, filters, path_value(split_match.match), tags, options)
    if prefix is not None and not keeps_matchers:
        entity["expression"] = _path_with_capture(prefix)
    return result


def expression_routes_of_rule(rule: Rule, context: Context) -> list[Route]:
    """The Kong routes of one rule without priorities (KIC 3.3 `GenerateKongExpressionRoutesFromHTTPRouteMatches`).

    Raises `RouteError`.
    """
    route = rule.route
    parent = [expressions.hosts(route.spec.get("hostnames") or ()), annotated_snis(route, context)]
    if not rule.matches:
        return [_plain_route(route, parent[0])]
    matched = [_match(match, rewrites_prefix=False) for match in rule.matches]
    if not has_redirect(rule.filters):
        found = [(_plain_route(route, expressions.all_of(expressions.any_of(*matched), *parent)), "")]
    else:
        found = [
            (_plain_route(route, expressions.all_of(text, *parent)), path_value(match))
            for text, match in zip(matched, rule.matches, strict=True)
        ]
    for each, path in found:
        apply_filters(each, rule.filters, path, [], context.options)
    return [each for each, _ in found]


def _plain_route(route: K8sObject, expression: str) -> Route:
    entity: Entity = {"preserve_host": True, "strip_path": False, "expression": expression, "priority": 1}
    if not expression:
        entity["expression"] = expressions.CATCH_ALL_HTTP
        del entity["priority"]
    return Route(entity, route, expression=True)


def annotated_snis(route: K8sObject, context: Context) -> str:
    """The expression for the route's `konghq.com/snis` annotation."""
    return expressions.snis(comma_list(route.annotations.get(f"{PREFIX}/snis", ""), context.options))


def _match(match: Mapping[str, Any], *, rewrites_prefix: bool) -> str:
    parts = []
    if match.get("path") is not None:
        parts.append(_path(match["path"], rewrites_prefix=rewrites_prefix))
    parts.append(header_matches(match.get("headers") or ()))
    queries = sorted(match.get("queryParams") or (), key=lambda q: str(q.get("name") or ""))
    parts.append(expressions.all_of(*(_value(f"http.queries.{q.get('name') or ''}", q) for q in queries)))
    if match.get("method") is not None:
        parts.append(expressions.methods([match["method"]]))
    return expressions.all_of(*parts)


def header_matches(headers: Iterable[Mapping[str, Any]]) -> str:
    """All of the header matches, by name."""
    ordered = sorted(headers, key=lambda h: str(h.get("name") or ""))
    return expressions.all_of(*(_value(expressions.header_field(h.get("name") or ""), h) for h in ordered))


def _value(field: str, match: Mapping[str, Any]) -> str:
    kind = match.get("type")
    if kind is None or kind == "Exact":
        return expressions.predicate(field, expressions.EQUAL, match.get("value") or "")
    if kind == "RegularExpression":
        return expressions.predicate(field, expressions.REGEX, match.get("value") or "")
    return ""


def _path(path: Mapping[str, Any], *, rewrites_prefix: bool) -> str:
    """A path match; the API server's defaults fill type and value."""
    kind, value = path.get("type", "PathPrefix"), path.get("value") or ""
    if kind == "Exact":
        return expressions.predicate(expressions.PATH, expressions.EQUAL, value)
    if kind == "RegularExpression":
        anchored = value if value.startswith("^") else f"^{value}"
        return expressions.predicate(expressions.PATH, expressions.REGEX, anchored)
    if kind != "PathPrefix":
        return ""
    value = normalized_path(value)
    if rewrites_prefix:
        return _path_with_capture(value)
    if value == "/":
        return expressions.predicate(expressions.PATH, expressions.PREFIX, "/")
    return expressions.any_of(
        expressions.predicate(expressions.PATH, expressions.EQUAL, value),
        expressions.predicate(expressions.PATH, expressions.PREFIX, f"{value}/"),
    )


def _path_with_capture(path: str) -> str:
    """The path itself, or it and a rest that a rewrite gets as its first capture."""
    return expressions.any_of(
        expressions.predicate(expressions.PATH, expressions.EQUAL, path),
        expressions.predicate(expressions.PATH, expressions.REGEX, "^/(.*)" if path == "/" else f"^{path}(/.*)"),
    )
