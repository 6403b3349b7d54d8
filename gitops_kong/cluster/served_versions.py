"""API versions: the API server serves an object in each version of its kind, the controller watches one."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.manifests.objects import K8sObject

# The version that the controller watches, for the others in which a manifest may be written. Gateway API 1.1 – 1.3
# converts between them by the version's name alone (`conversion: None`).
_WATCHED: Mapping[tuple[str, str], str] = {
    **{(f"{GATEWAY_GROUP}/v1beta1", kind): "v1" for kind in ("Gateway", "GatewayClass", "HTTPRoute")},
    (f"{GATEWAY_GROUP}/v1alpha2", "GRPCRoute"): "v1",
    (f"{GATEWAY_GROUP}/v1alpha2", "ReferenceGrant"): "v1beta1",
}


def as_watched(obj: K8sObject) -> K8sObject:
    """The object in the API version in which the controller gets it."""
    version = _WATCHED.get((obj.api_version, obj.kind))
    return obj if version is None else obj.with_data({**obj.data, "apiVersion": f"{obj.group}/{version}"})
