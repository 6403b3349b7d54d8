"""The Kubernetes Services behind each Kong service, what their annotations ask for, and the Kong service's tags.

KIC `ingressRules.populateServices` and the functions that it calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.annotations import PREFIX, comma_list
from gitops_kong.translate.context import Context
from gitops_kong.translate.gotext import boolean, integer
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.secrets import config_map_data, secret_data
from gitops_kong.translate.state import Backend, Service
from gitops_kong.translate.tags import UNKNOWN_SERVICE_TAGS

FACADE_GROUP = "incubator.ingress-controller.konghq.com"
_NON_TLS = ("http", "grpc", "tcp", "tls_passthrough", "udp", "ws")
_TLS_VERIFY_DEPTH = "tls-verify-depth"


def populate(rules: Rules, context: Context) -> set[str]:
    """Find every Kong service's Kubernetes Services and set what depends on them.

    Returns the names of the Kong services to leave out: those whose Services' annotations disagree. They keep no
    Kubernetes Service and no tags.
    """
    left_out = set()
    for name, service in rules.services.items():
        found = _kubernetes_services(service, context)
        if len(found) > 1 and not _annotations_agree(found, name, context):
            left_out.add(name)
            continue
        for kubernetes_service in found:
            effective = with_backend_tls_policy(kubernetes_service, context)
            _client_certificate(effective, service, rules, context)
            if context.behaves("service-tls-verification"):
                _ca_certificates(effective, service, context)
            service.kubernetes_services[f"{effective.namespace}/{effective.name}"] = effective
        if tags := _tags(found, service, context):
            service.entity["tags"] = tags
    return left_out


def facade_of(backend: Backend, context: Context) -> K8sObject | None:
    """The KongServiceFacade that a backend names."""
    return context.store.get(FACADE_GROUP, "KongServiceFacade", backend.namespace, backend.name)


def facade_target(facade: K8sObject) -> tuple[str, int]:
    """Name and port of the Service behind a KongServiceFacade."""
    reference = facade.spec.get("backendRef") or {}
    return reference.get("name") or "", reference.get("port") or 0


def _kubernetes_services(service: Service, context: Context) -> list[K8sObject]:
    """The Service of each backend; a facade's with the facade's annotations (`getK8sServicesForBackends`)."""
    found = []
    for backend in service.backends:
        name, facade, problem = backend.name, None, ""
        if backend.kind == "KongServiceFacade":
            facade = facade_of(backend, context)
            if facade is None:
                key = f"{backend.namespace}/{backend.name}"
                problem = f"failed to fetch KongServiceFacade {key}: KongServiceFacade {key} not found"
            else:
                name = facade_target(facade)[0]
        kubernetes_service = None if problem else context.store.get("", "Service", backend.namespace, name)
        if kubernetes_service is None:
            key = f"{backend.namespace}/{name}"
            problem = problem or f"failed to fetch Service {key}: Service {key} not found"
            context.fail(f"failed to resolve Kubernetes Service for backend: {problem}", service.latest_parent)
            continue
        context.succeed(facade or kubernetes_service)
        found.append(annotated(kubernetes_service, facade.annotations) if facade else kubernetes_service)
    return found


def annotated(obj: K8sObject, annotations: Mapping[str, str]) -> K8sObject:
    """The object with further annotations."""
    if not annotations:
        return obj
    metadata = {**obj.metadata, "annotations": {**obj.annotations, **annotations}}
    return obj.with_data({**obj.data, "metadata": metadata})


def _annotations_agree(services: list[K8sObject], kong_service: str, context: Context) -> bool:
    """Whether all Services have the same `konghq.com` annotations (`collectInconsistentAnnotations`)."""
    seen: dict[str, str] = {}
    for service in services:
        seen.update((key, value) for key, value in service.annotations.items() if key.startswith(PREFIX))
    differing = [key for key, value in seen.items() if any(s.annotations.get(key) != value for s in services)]
    for service in services:
        for key in differing:
            context.fail(
                f"Service has inconsistent {key} annotation and is used in multi-Service backend {kong_service}."
                " This annotation must have the same value across all Services in the backend.",
                service,
            )
    return not differing


def with_backend_tls_policy(service: K8sObject, context: Context) -> K8sObject:
    """The Service with the annotations that its BackendTLSPolicy stands for (`handleBackendTLSPolices`)."""
    if not context.behaves("service-tls-verification"):
        return service
    policies = context.backend_tls_policies(service.namespace, service.name)
    if not policies:
        return service
    if len(policies) > 1:
        context.fail("Multiple BackendTLSPolicies attached to service", service)
        return service
    spec = policies[0].spec
    validation: Mapping[str, Any] = spec.get("validation") or {}
    changes = {
        f"{PREFIX}/tls-verify": "true",
        f"{PREFIX}/host-header": validation.get("hostname") or "",
        f"{PREFIX}/protocol": "https",
    }
    for kind, annotation in (("ConfigMap", "ca-certificates-configmaps"), ("Secret", "ca-certificates-secrets")):
        names = [r.get("name") or "" for r in validation.get("caCertificateRefs") or () if r.get("kind") == kind]
        if names:
            present = service.annotations.get(f"{PREFIX}/{annotation}", "")
            changes[f"{PREFIX}/{annotation}"] = ",".join([present, *names] if present else names)
    depth = integer((spec.get("options") or {}).get(_TLS_VERIFY_DEPTH, ""))
    if depth is not None and depth >= 0:
        changes[f"{PREFIX}/tls-verify-depth"] = str(depth)
    return annotated(service, changes)


def _client_certificate(kubernetes_service: K8sObject, service: Service, rules: Rules, context: Context) -> None:
    """Set the client certificate that a Service asks for (`handleServiceClientCertificates`)."""
    name = kubernetes_service.annotations.get(f"{PREFIX}/client-cert")
    if not name:
        return
    key = f"{kubernetes_service.namespace}/{name}"
    secret = context.store.get("", "Secret", kubernetes_service.namespace, name)
    if secret is None:
        context.fail(f"Failed to fetch secret '{key}': Secret {key} not found", kubernetes_service)
        return
    if _protocol(kubernetes_service) in _NON_TLS:
        subject = "Client" if context.behaves("service-tls-verification") else "client"
        context.fail(
            f"{subject} certificate requested for incompatible service protocol '{service.entity['protocol']}'",
            kubernetes_service,
        )
        return
    rules.add_hosts(key, (), kubernetes_service)
    service.entity["client_certificate"] = secret.uid


def _ca_certificates(kubernetes_service: K8sObject, service: Service, context: Context) -> None:
    """Collect the ids of the CA certificates that a Service trusts (`handleServiceCACertificates`)."""
    annotations = kubernetes_service.annotations
    if not annotations:
        return
    namespace = kubernetes_service.namespace
    secrets = comma_list(annotations.get(f"{PREFIX}/ca-certificates-secrets", ""), context.options)
    config_maps = comma_list(annotations.get(f"{PREFIX}/ca-certificates-configmaps", ""), context.options)
    if not secrets and not config_maps:
        return
    if not boolean(annotations.get(f"{PREFIX}/tls-verify", "")):
        context.fail("CA certificates requested for service without TLS verification enabled", kubernetes_service)
        return
    protocol = _protocol(kubernetes_service)
    if protocol in _NON_TLS:
        context.fail(f"CA certificates requested for incompatible service protocol '{protocol}'", kubernetes_service)
        return
    for kind, names in (("Secret", secrets), ("ConfigMap", config_maps)):
        for name in names:
            key = f"{namespace}/{name}"
            obj = context.store.get("", kind, namespace, name)
            if obj is None:
                context.fail(
                    f"Failed to fetch {kind.lower()} for CA Certificate '{key}': {kind} {key} not found",
                    kubernetes_service,
                )
                continue
            if obj.content_unknown:
                continue
            identity = _ca_id(obj)
            if identity is None:
                context.fail(f"Invalid CA certificate '{key}': missing 'id' field in data", obj, kubernetes_service)
                continue
            service.entity.setdefault("ca_certificates", []).append(identity)


def _ca_id(obj: K8sObject) -> str | None:
    if obj.kind == "ConfigMap":
        return config_map_data(obj).get("id")
    identity = secret_data(obj).get("id")
    return None if identity is None else identity.decode(errors="replace")


def _protocol(kubernetes_service: K8sObject) -> str:
    """The protocol that a Service asks for; Kong's default where it asks for none."""
    return kubernetes_service.annotations.get(f"{PREFIX}/protocol") or "http"


def _tags(found: Sequence[K8sObject], service: Service, context: Context) -> list[str]:
    """Tags of a Kong service (`generateKongServiceTags`)."""
    if not found:
        return list(UNKNOWN_SERVICE_TAGS)
    if len(found) > 1:
        return context.tags(service.latest_parent) if service.latest_parent else []
    if len(service.backends) == 1 and service.backends[0].kind == "KongServiceFacade":
        return context.tags(service.parent)
    return context.tags(found[0])
