"""What is read of a cluster: every kind of which the controller reads objects, and what it only decides by."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.controller.known_kinds import GATEWAY_API, KNOWN_KINDS
from gitops_kong.live.lists import Resource

_PLURALS = {
    "Ingress": "ingresses",
    "IngressClass": "ingressclasses",
    "GatewayClass": "gatewayclasses",
    "KongUpstreamPolicy": "kongupstreampolicies",
    "BackendTLSPolicy": "backendtlspolicies",
    "KongIngress": "kongingresses",
    "TCPIngress": "tcpingresses",
    "UDPIngress": "udpingresses",
    "IngressClassParameters": "ingressclassparameterses",
    "KongCustomEntity": "kongcustomentities",
}


def plural(kind: str) -> str:
    """The name of a kind in paths of the API."""
    return _PLURALS.get(kind, f"{kind.lower()}s")


NAMESPACES = Resource("v1", "Namespace", "namespaces", namespaced=False)
READ: tuple[Resource, ...] = (
    NAMESPACES,
    *(Resource(k.api_version, k.kind, plural(k.kind), k.namespaced) for k in KNOWN_KINDS),
    Resource(f"{GATEWAY_API}/v1", "GatewayClass", "gatewayclasses", namespaced=False),
)
# Helm's own record of each release: never read by the controller, and by far the largest Secrets
SELECTORS: Mapping[str, Mapping[str, str]] = {"Secret": {"fieldSelector": "type!=helm.sh/release.v1"}}

# Workloads among which the controller is looked for
WORKLOADS: tuple[Resource, ...] = tuple(
    Resource("apps/v1", kind, f"{kind.lower()}s") for kind in ("Deployment", "DaemonSet", "StatefulSet")
)
