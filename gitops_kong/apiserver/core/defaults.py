"""Defaults of core kinds (`SetDefaults_*` of Kubernetes 1.33), as far as an object alone decides them.

Each takes an object that was read into its Go type and returns the same or a new one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

Data = Any


def _service(obj: Data) -> Data:
    """Types, affinities and traffic policies of a Service, protocol and target of its ports."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return {**obj, "spec": {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}}
    new: dict[str, Any] = {}
    kind = spec.get("type") or "ClusterIP"
    if "type" not in spec:
        new["type"] = kind
    affinity = spec.get("sessionAffinity")
    if affinity is None:
        new["sessionAffinity"] = affinity = "None"
    if affinity == "ClientIP":
        settings = spec.get("sessionAffinityConfig")
        client = settings.get("clientIP") if isinstance(settings, dict) else None
        if not isinstance(client, dict) or client.get("timeoutSeconds") is None:
            new["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    elif affinity == "None" and "sessionAffinityConfig" in spec:
        new["sessionAffinityConfig"] = None
    accessible = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if accessible and "externalTrafficPolicy" not in spec:
        new["externalTrafficPolicy"] = "Cluster"
    if kind in ("ClusterIP", "NodePort", "LoadBalancer") and "internalTrafficPolicy" not in spec:
        new["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer" and "allocateLoadBalancerNodePorts" not in spec:
        new["allocateLoadBalancerNodePorts"] = True
    ports = spec.get("ports")
    if isinstance(ports, list):
        filled = [_service_port(p) for p in ports]
        if any(a is not b for a, b in zip(filled, ports, strict=True)):
            new["ports"] = filled
    if not new:
        return obj
    return {**obj, "spec": {k: v for k, v in {**spec, **new}.items() if v is not None}}


def _service_port(port: Data) -> Data:
    if not isinstance(port, dict) or ("protocol" in port and port.get("targetPort") not in (None, 0, "")):
        return port
    target = port.get("targetPort") or port.get("port", 0)
    return {**port, "protocol": port.get("protocol") or "TCP", "targetPort": target}


def _secret(obj: Data) -> Data:
    """Type Opaque; `stringData` moves into `data` (`dropDisabledFields` and `Convert_v1_Secret_To_core_Secret`)."""
    if "type" in obj and "stringData" not in obj:
        return obj
    new = {"type": "Opaque", **obj}
    text = new.pop("stringData", None)
    if isinstance(text, dict):
        given = new.get("data")
        data = dict(given) if isinstance(given, dict) else {}
        for key, value in text.items():
            data[key] = base64.b64encode(value.encode()).decode() if isinstance(value, str) else value
        if data:
            new["data"] = data
    return new


def _ingress_class(obj: Data) -> Data:
    """The scope of parameters is Cluster."""
    spec = obj.get("spec")
    parameters = spec.get("parameters") if isinstance(spec, dict) else None
    if not isinstance(parameters, dict) or parameters.get("scope") is not None:
        return obj
    return {**obj, "spec": {**spec, "parameters": {**parameters, "scope": "Cluster"}}}


def _endpoint_slice(obj: Data) -> Data:
    """Ports are unnamed and TCP."""
    ports = obj.get("ports")
    if not isinstance(ports, list) or all(not isinstance(p, dict) or ("name" in p and "protocol" in p) for p in ports):
        return obj
    return {**obj, "ports": [{"name": "", "protocol": "TCP", **p} if isinstance(p, dict) else p for p in ports]}


def created_endpoint_slice(obj: Data) -> Data:
    """An EndpointSlice without what its strategy drops: `deprecatedTopology`, hints for nodes (a gate that is off)."""
    endpoints = obj.get("endpoints")
    if not isinstance(endpoints, list):
        return obj
    return {**obj, "endpoints": [_created_endpoint(e) if isinstance(e, dict) else e for e in endpoints]}


def _created_endpoint(endpoint: Data) -> Data:
    kept = {k: v for k, v in endpoint.items() if k != "deprecatedTopology"}
    hints = kept.get("hints")
    if isinstance(hints, dict) and "forNodes" in hints:
        kept["hints"] = {k: v for k, v in hints.items() if k != "forNodes"}
    return kept


def stored_service(obj: Data) -> Data:
    """A Service as a cluster with IPv4 alone stores it, without the addresses and ports that it allocates."""
    spec = dict(obj["spec"])
    allocated = spec.pop("clusterIP", None)
    spec.pop("clusterIPs", None)
    if spec.get("type") != "ExternalName":
        dual = allocated == "None" and not spec.get("selector")
        spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if dual else ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "RequireDualStack" if dual else "SingleStack")
    return {**obj, "spec": spec}


DEFAULTS: dict[str, Callable[[Data], Data]] = {
    "Service": _service,
    "Secret": _secret,
    "IngressClass": _ingress_class,
    "EndpointSlice": _endpoint_slice,
}
