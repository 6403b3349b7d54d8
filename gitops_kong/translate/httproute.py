"""HTTPRoutes as Kong services and routes.

Behaviour of KIC `ingressRulesFromHTTPRoutes` and `TranslateHTTPRoutesToKongstateServices` (3.5.13); versions before
3.4 are in `_each_by_itself` and `_each_match_by_itself`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.translate.backend_refs import backends, new_service, no_backend_plugin, service_for
from gitops_kong.translate.context import Context
from gitops_kong.translate.gateways import http_protocols
from gitops_kong.translate.httproute_expressions import (
    expression_route,
    expression_routes_of_rule,
    split_matches,
)
from gitops_kong.translate.httproute_filters import RouteError
from gitops_kong.translate.httproute_matches import Rule, routes_of_rule, set_key, traditional_routes
from gitops_kong.translate.naming import SERVICE_TIMEOUT
from gitops_kong.translate.route_priorities import SplitMatch
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.state import Route, Service

ALL_PROTOCOLS = ["http", "https"]
LONGEST_SERVICE_NAME = 511
_DURATION_PART = regex(r"([0-9]+)(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}

Errors = dict[Ref, list[str]]


def rules(context: Context) -> Rules:
    """Kong services and routes of all HTTPRoutes of the store."""
    routes = [route for route in context.store.list(GATEWAY_GROUP, "HTTPRoute") if _is_routable(route, context)]
    result, errors = _translated(routes, context)
    if context.behaves("extension-plugins-of-whole-route"):
        _share_extension_plugins(result, context)
    for route in routes:
        found = errors.get(route.ref)
        if found:
            context.fail("HTTPRoute can't be routed: " + "\n".join(found), route)
        else:
            context.succeed(route)
    return result


def routes_of(route: K8sObject, context: Context) -> tuple[list[Route], list[str]]:
    """The Kong routes of one HTTPRoute and the errors of its translation, as the admission webhook asks for them.

    KIC `validateWithKongGateway`, which translates it in an empty store; before 3.4 it takes each rule by itself.
    """
    if not context.behaves("webhook-translates-whole-httproutes"):
        return _routes_by_rule(route, context)
    result, errors = _translated([route], context)
    return [r for service in result.services.values() for r in service.routes], errors.get(route.ref, [])


def _routes_by_rule(route: K8sObject, context: Context) -> tuple[list[Route], list[str]]:
    """KIC `GenerateKongRouteFromTranslation`, asked for one rule after the other."""
    routes: list[Route] = []
    errors: list[str] = []
    for rule in _rules_of(route):
        try:
            if context.options.expression_routes:
                routes += expression_routes_of_rule(rule, context)
            else:
                routes += routes_of_rule(rule, ALL_PROTOCOLS, context.options)
        except RouteError as error:
            errors.append(str(error))
    for each in routes:
        each.entity["name"] = "validation-attempt"
    return routes, errors


def _translated(routes: list[K8sObject], context: Context) -> tuple[Rules, Errors]:
    result, errors = Rules(), Errors()
    if context.behaves("httproute-services-by-backends"):
        _by_backends(routes, result, errors, context)
    elif context.options.expression_routes:
        _each_match_by_itself(routes, result, errors, context)
    else:
        _each_by_itself(routes, result, errors, context)
    return result, errors


def _share_extension_plugins(result: Rules, context: Context) -> None:
    """Bind the plugins of ExtensionRef filters to all routes of their HTTPRoute, where that has annotations.

    They are written into the annotations of the object that the controller holds, and again with its next build.
    """
    by_parent: dict[Ref, list[Route]] = {}
    for service in result.services.values():
        for route in service.routes:
            if route.parent.annotations:
                by_parent.setdefault(route.parent.ref, []).append(route)
    for routes in by_parent.values():
        named = {id(route.extension_plugins): route.extension_plugins for route in routes}
        names = [name for extensions in named.values() for name in extensions]
        for route in routes:
            route.extension_plugins = names
        if names:
            parent = routes[0].parent
            metadata = {**parent.metadata, "annotations": routes[0].annotations}
            context.changed.append(parent.with_data({**parent.data, "metadata": metadata}))


def _is_routable(route: K8sObject, context: Context) -> bool:
    """Whether a route can be translated at all; registers the failure if not (KIC `validateHTTPRoute`)."""
    route_rules = route.spec.get("rules") or ()
    problem = ""
    if not route_rules:
        problem = "no rules provided"
    elif not context.options.expression_routes and any(
        match.get("queryParams") for rule in route_rules for match in rule.get("matches") or ()
    ):
        problem = "query param matches are not yet supported"
    if problem:
        context.fail(f"HTTPRoute can't be routed: {problem}", route)
    return not problem


def _rules_of(route: K8sObject) -> list[Rule]:
    return [Rule(route, rule, number) for number, rule in enumerate(route.spec.get("rules") or ())]


def _by_backends(routes: list[K8sObject], result: Rules, errors: Errors, context: Context) -> None:
    """One Kong service for rules with equal backends, of one HTTPRoute or of all in a namespace."""
    split: dict[tuple[Ref, int], list[tuple[SplitMatch, int]]] = {}
    if context.options.expression_routes:
        for match, priority in split_matches(routes):
            split.setdefault((match.route.ref, match.rule_index), []).append((match, priority))
    if context.options.gate("CombinedServicesFromDifferentHTTPRoutes"):
        groups = _groups_of_namespaces(routes)
    else:
        groups = {name: group for route in routes for name, group in _groups_of_route(route).items()}
    for name, group in groups.items():
        group.sort(key=lambda r: f"{r.route.namespace}/{r.route.name}.{r.number}")
        try:
            service = _service_of_group(name, group, context)
            service.routes = _routes_of_group(group, split, context)
        except RouteError as error:
            for ref in {rule.route.ref: None for rule in group}:
                errors.setdefault(ref, []).append(str(error))
        else:
            result.services[name] = service


def _groups_of_route(route: K8sObject) -> dict[str, list[Rule]]:
    """Rules of one HTTPRoute with equal backends, by the name of their Kong service."""
    groups: dict[str, list[Rule]] = {}
    for rule in _rules_of(route):
        groups.setdefault(set_key(rule.data.get("backendRefs") or ()), []).append(rule)
    return {f"httproute.{route.namespace}.{route.name}.{group[0].number}": group for group in groups.values()}


def _groups_of_namespaces(routes: Iterable[K8sObject]) -> dict[str, list[Rule]]:
    """Rules with equal backends of all HTTPRoutes of a namespace, by the name of their Kong service."""
    groups: dict[str, list[Rule]] = {}
    for route in routes:
        for rule in _rules_of(route):
            groups.setdefault(_service_name(route.namespace, rule.data.get("backendRefs") or ()), []).append(rule)
    return groups


def _service_name(namespace: str, refs: Iterable[Mapping[str, Any]]) -> str:
    """The name that rules with the same backends share (KIC `getKongServiceNameByBackendRefs`)."""
    names = sorted(
        ".".join(
            str(part)
            for part in (ref.get("namespace") or namespace, ref.get("name") or "", ref.get("port"), ref.get("weight"))
            if part is not None
        )
        for ref in refs
    )
    prefix = f"httproute.{namespace}.svc."
    if not names:
        return f"{prefix}_"
    name = prefix + "_".join(names)
    if len(name) > LONGEST_SERVICE_NAME:
        return f"{prefix}{names[0]}_combined.{hashlib.sha256(name.encode()).hexdigest()}"
    return name


def _service_of_group(name: str, group: list[Rule], context: Context) -> Service:
    route = group[0].route
    refs = group[0].data.get("backendRefs") or ()
    service = new_service(name, "http", route, backends(context.store, route, refs))
    service.latest_parent = route
    if refs and not service.backends:
        service.plugins.append(no_backend_plugin())
    for rule in group:
        _set_timeout(service, _backend_timeout(rule.data))
    return service


def _routes_of_group(
    group: list[Rule], split: Mapping[tuple[Ref, int], list[tuple[SplitMatch, int]]], context: Context
) -> list[Route]:
    expression = context.options.expression_routes
    fixed = not expression or context.behaves("gateway-expression-routes-http-https")
    protocols = ALL_PROTOCOLS if fixed else []
    if context.behaves("route-protocols-from-listeners"):
        protocols = http_protocols(context.store, {rule.route.ref: rule.route for rule in group}.values())
    if not expression:
        return traditional_routes(group, protocols, context.options)
    return [
        expression_route(match, priority, protocols, context)
        for rule in group
        for match, priority in split[rule.route.ref, rule.number]
    ]


def _backend_timeout(rule: Mapping[str, Any]) -> int | None:
    """`timeouts.backendRequest` in milliseconds, None where it is not set."""
    duration = (rule.get("timeouts") or {}).get("backendRequest")
    if duration is None:
        return None
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in _DURATION_PART.findall(duration))


def _set_timeout(service: Service, timeout: int | None) -> None:
    """Set a timeout; one that is the default changes nothing, not even what another rule has set."""
    if timeout is not None and timeout != SERVICE_TIMEOUT:
        service.entity.update(connect_timeout=timeout, read_timeout=timeout, write_timeout=timeout)


def _set_last_timeout(route: K8sObject, services: Iterable[Service]) -> None:
    """Before 3.4 the last timeout of an HTTPRoute's rules holds for all of its services."""
    timeouts = [t for rule in route.spec.get("rules") or () if (t := _backend_timeout(rule)) is not None]
    if timeouts:
        for service in services:
            _set_timeout(service, timeouts[-1])


def _each_by_itself(routes: list[K8sObject], result: Rules, errors: Errors, context: Context) -> None:
    """Before 3.4, traditional routes: an error ends the translation of its HTTPRoute, in no fixed order of services."""
    for route in routes:
        services = []
        try:
            for name, group in _groups_of_route(route).items():
                refs = group[0].data.get("backendRefs") or ()
                service = service_for(context, result, name, route, protocol="http", refs=refs)
                service.latest_parent = route
                service.routes += traditional_routes(group, ALL_PROTOCOLS, context.options)
                result.services[name] = service
                services.append(service)
        except RouteError as error:
            errors[route.ref] = [str(error)]
        else:
            _set_last_timeout(route, services)


def _each_match_by_itself(routes: list[K8sObject], result: Rules, errors: Errors, context: Context) -> None:
    """Before 3.4, expression routes: a Kong service for each host name and rule of an HTTPRoute."""
    services: dict[Ref, dict[str, Service]] = {}
    for match, priority in split_matches(routes):
        route = match.route
        name = f"httproute.{route.namespace}.{route.name}.{match.hostname_in_name}.{match.rule_index}"
        refs = match.rule.get("backendRefs") or ()
        service = service_for(context, result, name, route, protocol="http", refs=refs)
        try:
            service.routes.append(expression_route(match, priority, [], context))
        except RouteError as error:
            errors.setdefault(route.ref, []).append(str(error))
            continue
        service.latest_parent = route
        result.services[name] = service
        services.setdefault(route.ref, {})[name] = service
    for route in routes:
        if route.ref not in errors:
            _set_last_timeout(route, services.get(route.ref, {}).values())
