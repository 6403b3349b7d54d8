"""TCPRoutes as Kong services and routes (KIC `ingressRulesFromTCPRoutes`, 3.5.13)."""

from __future__ import annotations

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.translate.context import Context
from gitops_kong.translate.gateways import listening_ports
from gitops_kong.translate.l4_routes import add_rules, destinations, finish
from gitops_kong.translate.rules import Rules


def rules(context: Context) -> Rules:
    """Each rule listens on the ports of the Gateway's TCP listeners. What cannot be translated is no failure."""
    result = Rules()
    for route in context.store.list(GATEWAY_GROUP, "TCPRoute"):
        ports = listening_ports(context.store, route, "TCP")
        matchers = {"protocols": ["tcp"], **destinations(ports)}
        if route.spec.get("rules") and add_rules(context, result, route, "tcp", matchers, needs_backend=True):
            context.succeed(route)
    return finish(result, context)
