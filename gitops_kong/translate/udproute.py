"""UDPRoutes as Kong services and routes (KIC `ingressRulesFromUDPRoutes`, 3.5.13)."""

from __future__ import annotations

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gateways import listening_ports
from gitops_kong.translate.l4_routes import add_rules, destinations, finish
from gitops_kong.translate.rules import Rules


def rules(context: Context) -> Rules:
    """Each rule listens on the ports of the Gateway's UDP listeners."""
    result = Rules()
    for route in context.store.list(GATEWAY_GROUP, "UDPRoute"):
        problem = _problem(route)
        if problem:
            context.fail(problem, route)
            continue
        matchers = {"protocols": ["udp"], **destinations(listening_ports(context.store, route, "UDP"))}
        add_rules(context, result, route, "udp", matchers, needs_backend=True)
        context.succeed(route)
    return finish(result, context)


def _problem(route: K8sObject) -> str:
    route_rules = route.spec.get("rules") or ()
    if not route_rules:
        return "no rules provided"
    return "" if all(rule.get("backendRefs") for rule in route_rules) else "no backendRefs in rule"
