"""UDPIngresses as Kong services and routes (KIC `ingressRulesFromUDPIngressV1beta1`, 3.5.13)."""

from __future__ import annotations

from gitops_kong.translate.context import Context
from gitops_kong.translate.l4_routes import destinations, finish, of_own_class
from gitops_kong.translate.naming import service_host, service_name
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.state import Backend, PortDefinition, Route, Service


def rules(context: Context) -> Rules:
    """Each rule takes a port to a port of a Service; the Kong service has no timeouts and retries of its own."""
    result = Rules()
    for ingress in of_own_class(context, "UDPIngress"):
        translated = False
        for number, rule in enumerate(ingress.spec.get("rules") or ()):
            backend = rule.get("backend") or {}
            target, port = backend.get("serviceName") or "", PortDefinition(backend.get("servicePort") or 0)
            if not target:
                continue
            name = f"{service_name(ingress.namespace, target, port)}.udp"
            if name not in result.services:
                entity = {
                    "name": name,
                    "protocol": "udp",
                    "host": service_host(ingress.namespace, target, port),
                    "port": port.number,
                }
                result.services[name] = Service(
                    entity,
                    ingress.namespace,
                    ingress,
                    backends=[Backend("Service", ingress.namespace, target, port)],
                )
            service = result.services[name]
            service.routes.append(
                Route(
                    {
                        "name": f"{ingress.namespace}.{ingress.name}.{number}.udp",
                        "protocols": ["udp"],
                        "tags": context.tags(ingress),
                        **destinations([rule.get("port", 0)]),
                    },
                    ingress,
                )
            )
            service.latest_parent = ingress
            translated = True
        if translated:
            context.succeed(ingress)
    return finish(result, context)
