"""Which objects live in a namespace, and giving one to those that were written without."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_kong.manifests.objects import K8sObject

# Kinds without a namespace, by API group: Kubernetes, Gateway API, Kong, and what often stands beside them.
_CLUSTER: dict[str, frozenset[str]] = {
    "": frozenset(("Namespace", "Node", "PersistentVolume", "ComponentStatus")),
    "admissionregistration.k8s.io": frozenset(
        (
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        )
    ),
    "apiextensions.k8s.io": frozenset(("CustomResourceDefinition",)),
    "apiregistration.k8s.io": frozenset(("APIService",)),
    "certificates.k8s.io": frozenset(("CertificateSigningRequest", "ClusterTrustBundle")),
    "flowcontrol.apiserver.k8s.io": frozenset(("FlowSchema", "PriorityLevelConfiguration")),
    "networking.k8s.io": frozenset(("IngressClass", "IPAddress", "ServiceCIDR")),
    "node.k8s.io": frozenset(("RuntimeClass",)),
    "rbac.authorization.k8s.io": frozenset(("ClusterRole", "ClusterRoleBinding")),
    "resource.k8s.io": frozenset(("DeviceClass", "ResourceSlice")),
    "scheduling.k8s.io": frozenset(("PriorityClass",)),
    "storage.k8s.io": frozenset(("StorageClass", "CSIDriver", "CSINode", "VolumeAttachment")),
    "gateway.networking.k8s.io": frozenset(("GatewayClass",)),
    "configuration.konghq.com": frozenset(("KongClusterPlugin", "KongLicense", "KongVault")),
    "cert-manager.io": frozenset(("ClusterIssuer",)),
    "external-secrets.io": frozenset(("ClusterSecretStore", "ClusterExternalSecret", "ClusterPushSecret")),
    "kyverno.io": frozenset(("ClusterPolicy", "ClusterCleanupPolicy")),
}


def namespaced(found: K8sObject, cluster_kinds: frozenset[tuple[str, str]] = frozenset()) -> bool:
    """Whether an object lives in a namespace. Kinds that nothing is known of do."""
    return found.kind not in _CLUSTER.get(found.group, ()) and (found.group, found.kind) not in cluster_kinds


def cluster_kinds(objects: Iterable[K8sObject]) -> frozenset[tuple[str, str]]:
    """Groups and kinds without a namespace, by the CustomResourceDefinitions among these objects."""
    kinds = set()
    for found in objects:
        if found.kind == "CustomResourceDefinition" and found.spec.get("scope") == "Cluster":
            names = found.spec.get("names")
            kinds.add((str(found.spec.get("group")), str(names.get("kind")) if isinstance(names, dict) else ""))
    return frozenset(kinds)


def with_namespace(objects: list[K8sObject], namespace: str, *, force: bool = False) -> list[K8sObject]:
    """These objects, those of a namespaced kind without a namespace (all with `force`) put into `namespace`."""
    known = cluster_kinds(objects)
    return [
        found.with_data({**found.data, "metadata": {**found.metadata, "namespace": namespace}})
        if (force or not found.namespace) and found.namespace != namespace and namespaced(found, known)
        else found
        for found in objects
    ]


def as_stored(objects: list[K8sObject]) -> list[K8sObject]:
    """These objects with the namespaces that the API server stores them in, applied with `default` as the namespace.

    One of the cluster has none, whatever its manifest says: Kustomize writes `namespace` into kinds that it does not
    know (k8s.io/apiserver, `rest.EnsureObjectNamespaceMatchesRequestNamespace`).
    """
    known = cluster_kinds(objects)
    return [_stored(found, known) for found in objects]


def _stored(found: K8sObject, known: frozenset[tuple[str, str]]) -> K8sObject:
    if namespaced(found, known) != (not found.namespace):
        return found
    metadata = {name: value for name, value in found.metadata.items() if name != "namespace"}
    if not found.namespace:
        metadata["namespace"] = "default"
    return found.with_data({**found.data, "metadata": metadata})
