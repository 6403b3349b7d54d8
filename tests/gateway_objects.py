"""Objects of the Gateway API for tests, as the API server stores them."""

from __future__ import annotations

from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.objects import K8sObject

GROUP = "gateway.networking.k8s.io"


def options(version: str = "3.5.13", gates: dict[str, bool] | None = None, **settings: Any) -> ControllerOptions:
    """Options of a controller with feature gates of its own."""
    return controller_options(version, feature_gates=gates, **settings)


def obj(api_version: str, kind: str, name: str, namespace: str = "", **content: Any) -> K8sObject:
    """An object; `metadata` among the content joins name and namespace."""
    metadata = {"name": name, "uid": f"{kind}-{namespace}-{name}", **content.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})


def gateway_class(*, unmanaged: bool = True, controller: str = "konghq.com/kic-gateway-controller") -> K8sObject:
    """The GatewayClass `kong`."""
    annotations = {"konghq.com/gatewayclass-unmanaged": "true"} if unmanaged else {}
    metadata = {"annotations": annotations}
    return obj(f"{GROUP}/v1", "GatewayClass", "kong", spec={"controllerName": controller}, metadata=metadata)


def listener(name: str, protocol: str = "HTTP", port: int = 80, **content: Any) -> dict[str, Any]:
    """A listener that takes routes of all namespaces."""
    return {
        "name": name,
        "protocol": protocol,
        "port": port,
        "allowedRoutes": {"namespaces": {"from": "All"}},
        **content,
    }


def gateway(*listeners: dict[str, Any], **content: Any) -> K8sObject:
    """The Gateway `edge/kong`, with an HTTP listener unless others are given."""
    spec = {"gatewayClassName": "kong", "listeners": list(listeners or (listener("web"),))}
    return obj(f"{GROUP}/v1", "Gateway", "kong", "edge", spec=spec, **content)


def parent_ref(**content: Any) -> dict[str, Any]:
    """A reference to the Gateway `edge/kong`."""
    return {"group": GROUP, "kind": "Gateway", "namespace": "edge", "name": "kong", **content}


def backend(name: str = "web", port: int | None = 80, **content: Any) -> dict[str, Any]:
    """A backendRef with its defaults."""
    ref = {"group": "", "kind": "Service", "name": name, "weight": 1, **content}
    return ref if port is None else {**ref, "port": port}


def path_match(value: str = "/", kind: str = "PathPrefix", **content: Any) -> dict[str, Any]:
    """A match of a path."""
    return {"path": {"type": kind, "value": value}, **content}


def rule(*refs: dict[str, Any], **content: Any) -> dict[str, Any]:
    """A rule of an HTTPRoute; all paths unless matches are given."""
    return {"matches": [path_match()], "backendRefs": list(refs or (backend(),)), **content}


def route(kind: str = "HTTPRoute", name: str = "site", *rules: dict[str, Any], **content: Any) -> K8sObject:
    """A route of namespace `shop` to the Gateway `edge/kong`; further content belongs to its spec."""
    version = "v1" if kind in ("HTTPRoute", "GRPCRoute") else "v1alpha2"
    metadata = content.pop("metadata", {})
    spec = {"parentRefs": [parent_ref()], "rules": list(rules or (rule(),)), **content}
    return obj(f"{GROUP}/{version}", kind, name, "shop", spec=spec, metadata=metadata)


def service(name: str = "web", namespace: str = "shop", port: int = 80) -> K8sObject:
    """A Service of one port."""
    return obj("v1", "Service", name, namespace, spec={"ports": [{"port": port, "protocol": "TCP"}]})


def grant(namespace: str, *, kind: str = "HTTPRoute", origin: str = "shop", to: str = "Service") -> K8sObject:
    """A ReferenceGrant in `namespace` for objects of `kind` in `origin`."""
    spec = {
        "from": [{"group": GROUP, "kind": kind, "namespace": origin}],
        "to": [{"group": "", "kind": to}],
    }
    return obj(f"{GROUP}/v1beta1", "ReferenceGrant", "grant", namespace, spec=spec)
