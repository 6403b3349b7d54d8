"""Secrets and ConfigMaps: which of them the controller takes in, by label and by who refers to them.

KIC `CoreV1SecretReconciler`, `CoreV1ConfigMapReconciler` and `updateReferredObjects` (3.5.13; the same in all versions
but for the rows named here). A Secret that is referred to is taken in when its referrer is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref

CONFIGURATION = "configuration.konghq.com"
CREDENTIAL_LABEL = "konghq.com/credential"
CA_CERTIFICATE_LABEL = "konghq.com/ca-cert"
CLIENT_CERTIFICATE = "konghq.com/client-cert"
CREDENTIAL_TYPES = frozenset(("basic-auth", "hmac-auth", "jwt", "key-auth", "oauth2", "acl", "mtls-auth"))
REFERENCED_KINDS = frozenset(("Secret", "ConfigMap"))


def referred_secrets(referrers: Iterable[K8sObject]) -> set[Ref]:
    """The Secrets that objects in the controller's cache refer to, Gateway API kinds not counted."""
    found: set[Ref] = set()
    for obj in referrers:
        names = _NAMED_BY.get((obj.ref.group, obj.ref.kind))
        if names is not None:
            found.update(Ref("", "Secret", namespace, name) for namespace, name in names(obj))
    return found


def why_left_out(obj: K8sObject, references: set[Ref], options: ControllerOptions) -> str | None:
    """Why a Secret or ConfigMap is not taken in, None where it is; `references` are all that refer to such."""
    return _secret(obj, references, options) if obj.kind == "Secret" else _config_map(obj, references, options)


def _secret(obj: K8sObject, references: set[Ref], options: ControllerOptions) -> str | None:
    selector = options.secret_label_selector if options.behaviours["all-secrets"] else ""
    if options.behaviours["all-secrets"] and (not selector or obj.labels.get(selector) == "true"):
        return None
    credential = obj.labels.get(CREDENTIAL_LABEL)
    if options.behaviours["credentials-by-supported-label"] and credential not in CREDENTIAL_TYPES:
        credential = None
    if obj.labels.get(CA_CERTIFICATE_LABEL) == "true" or credential is not None or obj.ref in references:
        return None
    labels = ", ".join(filter(None, (CREDENTIAL_LABEL, CA_CERTIFICATE_LABEL, selector)))
    return f"nothing that the controller holds refers to it, and no label of it counts ({labels})"


def _config_map(obj: K8sObject, references: set[Ref], options: ControllerOptions) -> str | None:
    if not options.behaviours["backend-tls-policies"]:
        return "this controller version does not read ConfigMaps"
    selector = options.config_map_label_selector
    if not selector or obj.labels.get(selector) == "true" or obj.labels.get(CA_CERTIFICATE_LABEL) == "true":
        return None
    if CREDENTIAL_LABEL in obj.labels or obj.ref in references:
        return None
    return f"it has neither label {CA_CERTIFICATE_LABEL} nor {selector}, and no BackendTLSPolicy refers to it"


Names = Iterator[tuple[str, str]]  # namespaces and names


def _of_service(service: K8sObject) -> Names:
    if name := service.annotations.get(CLIENT_CERTIFICATE):
        yield service.namespace, name


def _of_tls(ingress: K8sObject) -> Names:
    for tls in ingress.spec.get("tls") or ():
        if name := tls.get("secretName"):
            yield ingress.namespace, name


def _of_plugin(plugin: K8sObject) -> Names:
    for reference in _plugin_references(plugin):
        yield plugin.namespace, reference.get("name") or ""


def _of_cluster_plugin(plugin: K8sObject) -> Names:
    for reference in _plugin_references(plugin):
        yield reference.get("namespace") or "", reference.get("name") or ""


def _plugin_references(plugin: K8sObject) -> Iterator[Mapping[str, Any]]:
    if source := plugin.data.get("configFrom"):
        yield source.get("secretKeyRef") or EMPTY
    for patch in plugin.data.get("configPatches") or ():
        yield (patch.get("valueFrom") or EMPTY).get("secretKeyRef") or EMPTY


def _of_consumer(consumer: K8sObject) -> Names:
    for name in consumer.data.get("credentials") or ():
        yield consumer.namespace, name


_NAMED_BY: Mapping[tuple[str, str], Callable[[K8sObject], Names]] = {
    ("", "Service"): _of_service,
    ("networking.k8s.io", "Ingress"): _of_tls,
    (CONFIGURATION, "TCPIngress"): _of_tls,
    (CONFIGURATION, "KongPlugin"): _of_plugin,
    (CONFIGURATION, "KongClusterPlugin"): _of_cluster_plugin,
    (CONFIGURATION, "KongConsumer"): _of_consumer,
}
