"""The kinds that a controller can hold in its cache, by their exact API version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitops_kong.manifests.objects import K8sObject

CONFIGURATION = "configuration.konghq.com"
GATEWAY_API = "gateway.networking.k8s.io"


class KnownKind(NamedTuple):
    """A kind, whether it is namespaced, and the row of controller/versions.py that it needs."""

    api_version: str
    kind: str
    namespaced: bool = True
    behaviour: str | None = None


# KIC `internal/store`: `mkObjFromGVK` (GatewayClass is in no version's).
KNOWN_KINDS = (
    KnownKind("v1", "Service"),
    KnownKind("v1", "Secret"),
    KnownKind("v1", "ConfigMap", behaviour="backend-tls-policies"),
    KnownKind("discovery.k8s.io/v1", "EndpointSlice"),
    KnownKind("networking.k8s.io/v1", "Ingress"),
    KnownKind("networking.k8s.io/v1", "IngressClass", namespaced=False),
    KnownKind(f"{GATEWAY_API}/v1", "Gateway", behaviour="cache-loads-gateways"),
    KnownKind(f"{GATEWAY_API}/v1", "HTTPRoute"),
    KnownKind(f"{GATEWAY_API}/v1", "GRPCRoute"),
    KnownKind(f"{GATEWAY_API}/v1alpha2", "TCPRoute"),
    KnownKind(f"{GATEWAY_API}/v1alpha2", "TLSRoute"),
    KnownKind(f"{GATEWAY_API}/v1alpha2", "UDPRoute"),
    KnownKind(f"{GATEWAY_API}/v1beta1", "ReferenceGrant"),
    KnownKind(f"{GATEWAY_API}/v1alpha3", "BackendTLSPolicy", behaviour="backend-tls-policies"),
    KnownKind(f"{CONFIGURATION}/v1", "KongIngress"),
    KnownKind(f"{CONFIGURATION}/v1", "KongPlugin"),
    KnownKind(f"{CONFIGURATION}/v1", "KongClusterPlugin", namespaced=False),
    KnownKind(f"{CONFIGURATION}/v1", "KongConsumer"),
    KnownKind(f"{CONFIGURATION}/v1beta1", "KongConsumerGroup"),
    KnownKind(f"{CONFIGURATION}/v1beta1", "KongUpstreamPolicy"),
    KnownKind(f"{CONFIGURATION}/v1beta1", "TCPIngress"),
    KnownKind(f"{CONFIGURATION}/v1beta1", "UDPIngress"),
    KnownKind(f"{CONFIGURATION}/v1alpha1", "IngressClassParameters"),
    KnownKind(f"{CONFIGURATION}/v1alpha1", "KongCustomEntity"),
    KnownKind(f"{CONFIGURATION}/v1alpha1", "KongVault", namespaced=False),
    KnownKind("incubator.ingress-controller.konghq.com/v1alpha1", "KongServiceFacade"),
)
_BY_NAME: Mapping[tuple[str, str], KnownKind] = {(k.api_version, k.kind): k for k in KNOWN_KINDS}


def read_versions(obj: K8sObject) -> tuple[str, ...]:
    """The API versions in which controllers read an object's kind, where the object is written in none of them."""
    read = tuple(
        k.api_version for k in KNOWN_KINDS if k.kind == obj.kind and k.api_version.rpartition("/")[0] == obj.group
    )
    return () if obj.api_version in read else read


def known_kind(obj: K8sObject, behaviours: Mapping[str, bool]) -> KnownKind | None:
    """The object's kind, if the cache of this controller version can hold it."""
    kind = _BY_NAME.get((obj.api_version, obj.kind))
    if kind is None or (kind.behaviour is not None and not behaviours[kind.behaviour]):
        return None
    return kind
