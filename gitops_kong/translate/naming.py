"""Names and the first shape of Kong services and routes that several kinds share."""

from __future__ import annotations

from typing import Any

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.state import Entity, PortDefinition

# Milliseconds, retries and port that the controller always writes (KIC `translator` constants).
SERVICE_TIMEOUT = 60000
SERVICE_RETRIES = 5
HTTP_PORT = 80


def service_entity(name: str, host: str, protocol: str, **more: Any) -> Entity:
    """A Kong service with the controller's defaults; `more` are further fields (`port`, `path` …)."""
    return {
        "name": name,
        "host": host,
        "protocol": protocol,
        "connect_timeout": SERVICE_TIMEOUT,
        "read_timeout": SERVICE_TIMEOUT,
        "write_timeout": SERVICE_TIMEOUT,
        "retries": SERVICE_RETRIES,
        **more,
    }


def service_name(namespace: str, name: str, port: PortDefinition) -> str:
    """Name of the Kong service of a Service's port."""
    return f"{namespace}.{name}.{port.canonical()}"


def service_host(namespace: str, name: str, port: PortDefinition) -> str:
    """Host of the Kong service of a Service's port: the name of its upstream."""
    return f"{name}.{namespace}.{port.canonical()}.svc"


def facade_name(namespace: str, name: str) -> str:
    """Name and host of the Kong service of a KongServiceFacade."""
    return f"{namespace}.{name}.svc.facade"


def object_name(obj: K8sObject) -> str:
    """`kind.namespace.name` (KIC `getUniqueKongServiceNameForObject`)."""
    return f"{obj.kind.lower()}.{obj.namespace}.{obj.name}"
