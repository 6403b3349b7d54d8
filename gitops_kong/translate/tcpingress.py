"""TCPIngresses as Kong services and routes (KIC `ingressRulesFromTCPIngressV1beta1`, 3.5.13)."""

from __future__ import annotations

from gitops_kong.translate.context import Context
from gitops_kong.translate.l4_routes import destinations, finish, of_own_class
from gitops_kong.translate.naming import HTTP_PORT, service_entity, service_host, service_name
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.state import Backend, PortDefinition, Route, Service


def rules(context: Context) -> Rules:
    """Each rule takes a port, or a port and an SNI, to a port of a Service."""
    result = Rules()
    for ingress in of_own_class(context, "TCPIngress"):
        for tls in ingress.spec.get("tls") or ():
            if tls.get("hosts") and tls.get("secretName"):
                result.add_hosts(f"{ingress.namespace}/{tls['secretName']}", tls["hosts"], ingress)
        translated = False
        for number, rule in enumerate(ingress.spec.get("rules") or ()):
            backend = rule.get("backend") or {}
            target, port = backend.get("serviceName") or "", PortDefinition(backend.get("servicePort") or 0)
            if not target:
                continue
            name = service_name(ingress.namespace, target, port)
            if name not in result.services:
                host = service_host(ingress.namespace, target, port)
                result.services[name] = Service(
                    service_entity(name, host, "tcp", port=HTTP_PORT),
                    ingress.namespace,
                    ingress,
                    backends=[Backend("Service", ingress.namespace, target, port)],
                )
            service = result.services[name]
            entity = {
                "name": f"{ingress.namespace}.{ingress.name}.{number}",
                "protocols": ["tcp", "tls"],
                "tags": context.tags(ingress),
                **destinations([rule.get("port", 0)]),
            }
            if rule.get("host"):
                entity["snis"] = [rule["host"]]
            service.routes.append(Route(entity, ingress))
            service.latest_parent = ingress
            translated = True
        if translated:
            context.succeed(ingress)
    return finish(result, context)
