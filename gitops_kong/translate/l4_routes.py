"""What TCPRoutes, UDPRoutes, TLSRoutes, TCPIngresses and UDPIngresses share.

Behaviour of KIC `translate_routes_helpers.go`, `translate_kong_l4.go` and `subtranslator/l4route_atc.go` (3.5.13).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate import expressions
from gitops_kong.translate.backend_refs import service_for
from gitops_kong.translate.context import Context
from gitops_kong.translate.gotext import instant
from gitops_kong.translate.naming import object_name
from gitops_kong.translate.rule_names import rule_names
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.state import Entity, Route
from gitops_kong.translate.tags import object_tags

EXPRESSION_PRIORITY = 1


def destinations(ports: Iterable[int]) -> dict[str, list[dict[str, int]]]:
    """The route field for `ports`; none leave it out."""
    listed = [{"port": port} for port in ports]
    return {"destinations": listed} if listed else {}


def add_rules(
    context: Context,
    result: Rules,
    route: K8sObject,
    protocol: str,
    matchers: Mapping[str, Any],
    *,
    needs_backend: bool,
) -> bool:
    """A Kong service and a route with `matchers` for each rule of a TCPRoute, UDPRoute or TLSRoute.

    A rule without a backend ends it where one is needed: the controller logs that and keeps the rules before. Whether
    all rules were translated.
    """
    for number, rule in enumerate(route.spec.get("rules") or ()):
        refs = rule.get("backendRefs") or ()
        if needs_backend and not refs:
            return False
        name = f"{object_name(route)}.{number}"
        service = service_for(context, result, name, route, protocol=protocol, refs=refs)
        service.latest_parent = route
        entity: Entity = {
            "name": f"{name}.0",
            "tags": object_tags(route, context.options, rule_names([rule], context.options)),
            **matchers,
        }
        service.routes.append(Route(entity, route))
        result.services[name] = service
    return True


def of_own_class(context: Context, kind: str) -> list[K8sObject]:
    """TCPIngresses or UDPIngresses of this controller's class, oldest first, then by namespace and name."""
    objects = [o for o in context.store.list("configuration.konghq.com", kind) if context.has_class(o)]
    return sorted(objects, key=lambda o: (instant(o.metadata.get("creationTimestamp")), f"{o.namespace}/{o.name}"))


def finish(result: Rules, context: Context) -> Rules:
    """Turn the matchers into expressions where the gateway's router takes those."""
    if context.options.expression_routes:
        for service in result.services.values():
            for route in service.routes:
                _use_expression(route)
    return result


def _use_expression(route: Route) -> None:
    entity = route.entity
    ports = [d["port"] for d in entity.pop("destinations", ())]
    entity["expression"] = expressions.all_of(
        expressions.snis(entity.pop("snis", ())),
        expressions.any_of(*(expressions.predicate("net.dst.port", expressions.EQUAL, port) for port in ports)),
    )
    entity["priority"] = EXPRESSION_PRIORITY
    route.expression = True
