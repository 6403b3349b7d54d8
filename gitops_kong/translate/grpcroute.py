"""GRPCRoutes as Kong services and routes (KIC `ingressRulesFromGRPCRoutes`, 3.5.13); their filters do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.translate import expressions
from gitops_kong.translate.backend_refs import service_for
from gitops_kong.translate.context import Context
from gitops_kong.translate.gateways import listener_hostnames, listening_ports
from gitops_kong.translate.httproute_expressions import annotated_snis, header_matches
from gitops_kong.translate.naming import object_name
from gitops_kong.translate.route_priorities import SplitMatch, hostname_priority, split, with_priorities
from gitops_kong.translate.rule_names import rule_names
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.state import Entity, Route
from gitops_kong.translate.tags import object_tags

ORDER_BITS = 8
HEADER_COUNT_SHIFT = 8
METHOD_LENGTH_SHIFT = 13
SERVICE_LENGTH_SHIFT = 24

PROTOCOLS = ["grpc", "grpcs"]


def rules(context: Context) -> Rules:
    """Kong services and routes of all GRPCRoutes of the store; none of them fails."""
    result = Rules()
    routes = context.store.list(GATEWAY_GROUP, "GRPCRoute")
    if context.options.expression_routes:
        matches = (match for route in routes for match in split(route))
        for match, priority in with_priorities(matches, _base_priority, ORDER_BITS):
            _add_match(match, priority, result, context)
    for route in routes:
        if not context.options.expression_routes:
            _add_route(route, result, context)
        context.succeed(route)
    return result


def _service_protocol(route: K8sObject, context: Context) -> str:
    """Plain gRPC where the route has an HTTP listener, gRPC over TLS otherwise."""
    return "grpc" if listening_ports(context.store, route, "HTTP") else "grpcs"


def _tags(route: K8sObject, context: Context) -> list[str]:
    """Tags with the names of all rules, on every route."""
    names = (name.strip() for name in rule_names(route.spec.get("rules") or (), context.options))
    return object_tags(route, context.options, names)


def _add_route(route: K8sObject, result: Rules, context: Context) -> None:
    """A Kong service for each rule, with a traditional route for each match."""
    hostnames = route.spec.get("hostnames") or listener_hostnames(context.store, route)
    tags = _tags(route, context)
    for number, rule in enumerate(route.spec.get("rules") or ()):
        name = f"{object_name(route)}.{number}"
        protocol = _service_protocol(route, context)
        service = service_for(context, result, name, route, protocol=protocol, refs=rule.get("backendRefs") or ())
        for match_number, match in enumerate(rule.get("matches") or (None,)):
            entity: Entity = {"name": f"{name}.{match_number}", "protocols": PROTOCOLS, "tags": tags}
            if hostnames:
                entity["hosts"] = list(hostnames)
            if match is not None:
                entity.update(_matchers(match))
            elif not hostnames:
                entity["paths"] = ["/"]
            service.routes.append(Route(entity, route))
        result.services[name] = service


def _matchers(match: Mapping[str, Any]) -> Entity:
    entity: Entity = {}
    method = match.get("method")
    if method is not None:
        # GEP-1016: what is not named matches anything; an exact match without a method ends in the slash.
        default = ".+" if method.get("type") == "RegularExpression" else ""
        service_part = method.get("service")
        method_part = method.get("method")
        entity["paths"] = [
            f"~/{'.+' if service_part is None else service_part}/{default if method_part is None else method_part}"
        ]
    headers: dict[str, list[str]] = {}
    for header in match.get("headers") or ():
        headers.setdefault(header.get("name") or "", []).append(header.get("value") or "")
    if headers:
        entity["headers"] = headers
    return entity


def _base_priority(split_match: SplitMatch) -> int:
    """Host name, then lengths of service and method, number of headers."""
    method = split_match.match.get("method") or EMPTY
    return (
        (expressions.GRPC_ROUTE_BITS << expressions.KIND_SHIFT)
        + hostname_priority(split_match.hostname)
        + (len((method.get("service") or "").encode()) << SERVICE_LENGTH_SHIFT)
        + (len((method.get("method") or "").encode()) << METHOD_LENGTH_SHIFT)
        + (len(split_match.match.get("headers") or ()) << HEADER_COUNT_SHIFT)
    )


def _add_match(split_match: SplitMatch, priority: int, result: Rules, context: Context) -> None:
    """An expression route; its Kong service is the one of its host name and rule."""
    route = split_match.route
    name = f"{object_name(route)}.{split_match.hostname_in_name}.{split_match.rule_index}"
    protocol = _service_protocol(route, context)
    refs = split_match.rule.get("backendRefs") or ()
    service = service_for(context, result, name, route, protocol=protocol, refs=refs)
    expression = expressions.all_of(
        _method(split_match.match.get("method")),
        header_matches(split_match.match.get("headers") or ()),
        expressions.hosts([split_match.hostname]),
        annotated_snis(route, context),
    )
    entity: Entity = {
        "name": f"{name}.{split_match.match_index}",
        "preserve_host": True,
        "tags": _tags(route, context),
        "expression": expression or expressions.CATCH_ALL_HTTP,
        "priority": priority,
    }
    if context.behaves("route-protocols-from-listeners"):
        listeners = (("grpc", "HTTP"), ("grpcs", "HTTPS"))
        protocols = [p for p, listener in listeners if listening_ports(context.store, route, listener)]
        if protocols:
            entity["protocols"] = protocols
    elif context.behaves("gateway-expression-routes-http-https"):
        entity["protocols"] = ["http", "https"]
    service.routes.append(Route(entity, route, expression=True))
    service.latest_parent = route
    result.services[name] = service


def _method(method: Mapping[str, Any] | None) -> str:
    if method is None:
        return ""
    service_part, method_part = method.get("service"), method.get("method")
    kind = method.get("type", "Exact")
    operator, path = expressions.EQUAL, f"/{service_part}/{method_part}"
    if service_part is None and method_part is None:
        operator, path = expressions.PREFIX, "/"
    elif kind == "RegularExpression":
        parts = [".+" if part is None else part for part in (service_part, method_part)]
        operator, path = expressions.REGEX, f"^/{'/'.join(parts)}"
    elif method_part is None:
        operator, path = expressions.PREFIX, f"/{service_part}/"
    elif service_part is None:
        operator, path = expressions.SUFFIX, f"/{method_part}"
    return expressions.predicate(expressions.PATH, operator, path)
