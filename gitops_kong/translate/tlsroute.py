"""TLSRoutes as Kong services and routes (KIC `ingressRulesFromTLSRoutes`, 3.5.13)."""

from __future__ import annotations

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.l4_routes import add_rules, finish
from gitops_kong.translate.rules import Rules


def rules(context: Context) -> Rules:
    """Each rule serves the route's host names as SNIs. What cannot be translated is no failure."""
    result = Rules()
    for route in context.store.list(GATEWAY_GROUP, "TLSRoute"):
        hostnames = route.spec.get("hostnames")
        if not hostnames or not route.spec.get("rules"):
            continue
        protocol = "tls_passthrough" if _passes_through(route, context) else "tls"
        matchers = {"protocols": [protocol], "snis": list(hostnames)}
        if add_rules(context, result, route, "tcp", matchers, needs_backend=False):
            context.succeed(route)
    return finish(result, context)


def _passes_through(route: K8sObject, context: Context) -> bool:
    """Whether a listener that the route's status names as parent leaves TLS to the backend."""
    for parent in (route.data.get("status") or {}).get("parents") or ():
        ref = parent.get("parentRef") or {}
        if ref.get("group", GATEWAY_GROUP) != GATEWAY_GROUP or ref.get("kind", "Gateway") != "Gateway":
            continue
        namespace = ref.get("namespace") or route.namespace
        gateway = context.store.get(GATEWAY_GROUP, "Gateway", namespace, ref.get("name") or "")
        section = ref.get("sectionName")
        for listener in gateway.spec.get("listeners") or () if gateway else ():
            passes = (listener.get("tls") or {}).get("mode") == "Passthrough"
            if passes and (section is None or section == listener.get("name")):
                return True
    return False
