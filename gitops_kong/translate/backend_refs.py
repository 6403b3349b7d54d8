"""backendRefs of Gateway API routes: the backends that they mean, and the Kong service in front of them.

Behaviour of KIC `backendRefsToKongStateBackends` and `generateKongServiceFromBackendRefWithName` (3.5.13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_kong.cluster.reference_grants import Referrer, Target, is_granted
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.naming import service_entity
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.state import Backend, Entity, PortDefinition, Service

NO_PORT = -1  # a backendRef without a port: no port of a Service has this number

BackendRef = Mapping[str, Any]


def backends(store: ObjectStore, route: K8sObject, refs: Sequence[BackendRef]) -> list[Backend]:
    """The backends of `route` that exist and may be used; the others are left out without a failure."""
    result = []
    for ref in refs:
        # The API server's defaults fill `kind` and `group`.
        kind, group = ref.get("kind", "Service"), ref.get("group") or ""
        namespace, name = ref.get("namespace") or route.namespace, ref.get("name") or ""
        if kind != "Service" or store.get("", "Service", namespace, name) is None:
            continue
        if group not in ("", "core") or not _is_allowed(store, route, Target(namespace, group, kind, name)):
            continue
        port = ref.get("port")
        weight = ref.get("weight")
        result.append(Backend("Service", namespace, name, PortDefinition(NO_PORT if port is None else port), weight))
    return result


def _is_allowed(store: ObjectStore, route: K8sObject, target: Target) -> bool:
    if target.namespace == route.namespace:
        return True
    return is_granted(store, Referrer(route.group, route.kind, route.namespace), target)


def new_service(name: str, protocol: str, route: K8sObject, service_backends: list[Backend]) -> Service:
    """A Kong service of that name, its upstream under the same name, with the controller's defaults."""
    return Service(service_entity(name, name, protocol), route.namespace, route, backends=service_backends)


def service_for(
    context: Context, rules: Rules, name: str, route: K8sObject, *, protocol: str, refs: Sequence[BackendRef]
) -> Service:
    """The service `name` of `rules`, or a new one that the caller adds to `rules`.

    A service that has backendRefs but no backend answers with 500. Each call adds that plugin again, as KIC does for
    each match of a GRPCRoute (and of an HTTPRoute before 3.4) with expression routes.
    """
    service = rules.services.get(name) or new_service(name, protocol, route, backends(context.store, route, refs))
    if refs and not service.backends and _may_terminate(context, protocol):
        service.plugins.append(no_backend_plugin())
    return service


def no_backend_plugin() -> Entity:
    """The plugin that answers where no backendRef can be used, as the Gateway API asks for."""
    return {
        "name": "request-termination",
        "config": {"status_code": 500, "message": "no existing backendRef provided"},
    }


def _may_terminate(context: Context, protocol: str) -> bool:
    return not context.options.behaviours["no-termination-on-l4-services"] or protocol not in ("tcp", "udp")
