"""Ingress and IngressClass (Kubernetes 1.33 `pkg/apis/networking/validation`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.apiserver import names
from gitops_kong.apiserver.core.addresses import is_ip_sloppy
from gitops_kong.apiserver.problems import Problem, forbidden, invalid, not_supported, required, too_long

Data = Mapping[str, Any]

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]
_SCOPES = ["Cluster", "Namespace"]
_CONTROLLER_LENGTH = 250


def check_ingress(obj: Data) -> Iterator[Problem]:
    """What is wrong with an Ingress that is created, besides its metadata."""
    spec = obj.get("spec") or {}
    backend, rules = spec.get("defaultBackend"), spec.get("rules") or []
    class_name = spec.get("ingressClassName")
    if not rules and backend is None:
        yield invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if backend is not None:
        yield from _backend(backend, "spec.defaultBackend")
    for i, rule in enumerate(rules):
        yield from _rule(rule, f"spec.rules[{i}]")
    for i, tls in enumerate(spec.get("tls") or ()):
        yield from _tls(tls, f"spec.tls[{i}]")
    if class_name is not None:
        for detail in names.subdomain(class_name):
            yield invalid("spec.ingressClassName", class_name, detail)
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    annotation = annotations.get(_CLASS_ANNOTATION)
    if annotation is not None and class_name is not None and annotation != class_name:
        yield invalid(
            f"annotations.{_CLASS_ANNOTATION}", annotation, "must match `ingressClassName` when both are specified"
        )


def _host(host: str, field: str) -> Iterator[Problem]:
    for detail in names.wildcard_subdomain(host) if "*" in host else names.subdomain(host):
        yield invalid(field, host, detail)


def _rule(rule: Data, field: str) -> Iterator[Problem]:
    host = rule.get("host") or ""
    if host:
        if is_ip_sloppy(host):
            yield invalid(f"{field}.host", host, "must be a DNS name, not an IP address")
        yield from _host(host, f"{field}.host")
    http = rule.get("http")
    if http is None:
        return
    paths = http.get("paths") or []
    if not paths:
        yield required(f"{field}.http.paths")
    for i, path in enumerate(paths):
        yield from _path(path, f"{field}.http.paths[{i}]")


def _path(path: Data, field: str) -> Iterator[Problem]:
    kind, text = path.get("pathType"), path.get("path") or ""
    if kind is None:
        yield required(f"{field}.pathType", "pathType must be specified")
        return
    if kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            yield invalid(f"{field}.path", text, "must be an absolute path")
        for part in ("//", "/./", "/../", "%2f", "%2F"):
            if part in text:
                yield invalid(f"{field}.path", text, f"must not contain '{part}'")
        for end in ("/..", "/."):
            if text.endswith(end):
                yield invalid(f"{field}.path", text, f"cannot end with '{end}'")
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            yield invalid(f"{field}.path", text, "must be an absolute path")
    else:
        yield not_supported(f"{field}.pathType", kind, _PATH_TYPES)
    yield from _backend(path.get("backend") or {}, f"{field}.backend")


def _backend(backend: Data, field: str) -> Iterator[Problem]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(field, "", "cannot set both resource and service backends")
    elif resource is not None:
        yield from _reference(resource, f"{field}.resource")
    elif service is not None:
        yield from _service(service, field)
    else:
        yield invalid(field, "", "resource or service backend is required")


def _service(service: Data, field: str) -> Iterator[Problem]:
    name, port = service.get("name") or "", service.get("port") or {}
    if not name:
        yield required(f"{field}.service.name")
    else:
        for detail in names.dns_1035_label(name):
            yield invalid(f"{field}.service.name", name, detail)
    port_name, number = port.get("name") or "", port.get("number") or 0
    if port_name and number:
        yield invalid(field, "", "cannot set both port name & port number")
    elif port_name:
        for detail in names.port_name(port_name):
            yield invalid(f"{field}.service.port.name", port_name, detail)
    elif number:
        if not 1 <= number <= 65535:
            yield invalid(f"{field}.service.port.number", number, names.PORT_RANGE)
    else:
        yield required(field, "port name or number is required")


def _reference(reference: Data, field: str) -> Iterator[Problem]:
    group = reference.get("apiGroup")
    if group is not None:
        for detail in names.subdomain(group):
            yield invalid(f"{field}.apiGroup", group, detail)
    for key in ("kind", "name"):
        value = reference.get(key) or ""
        if not value:
            yield required(f"{field}.{key}", f"{key} is required")
        for detail in names.path_segment(value):
            yield invalid(f"{field}.{key}", value, detail)


def _tls(tls: Data, field: str) -> Iterator[Problem]:
    for i, host in enumerate(tls.get("hosts") or ()):
        yield from _host(host, f"{field}.hosts[{i}]")
    secret = tls.get("secretName") or ""
    if secret:
        for detail in names.subdomain(secret):
            yield invalid(f"{field}.secretName", secret, detail)


def check_ingress_class(obj: Data) -> Iterator[Problem]:
    """What is wrong with an IngressClass, besides its metadata."""
    spec = obj.get("spec") or {}
    controller, parameters = spec.get("controller") or "", spec.get("parameters")
    if len(controller.encode()) > _CONTROLLER_LENGTH:
        yield too_long("spec.controller", _CONTROLLER_LENGTH)
    if not controller:
        yield required("spec.controller")
    else:
        for detail in names.domain_prefixed_path(controller):
            yield invalid("spec.controller", controller, detail)
    if parameters is not None:
        yield from _parameters(parameters, "spec.parameters")


def _parameters(parameters: Data, field: str) -> Iterator[Problem]:
    yield from _reference(parameters, field)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope not in _SCOPES:
        yield not_supported(f"{field}.scope", scope, _SCOPES)
    elif scope == "Namespace" and namespace is None:
        yield required(f"{field}.namespace", "`parameters.scope` is set to 'Namespace'")
    elif scope == "Namespace":
        for detail in names.label(namespace or ""):
            yield invalid(f"{field}.namespace", namespace, detail)
    elif namespace is not None:
        yield forbidden(f"{field}.namespace", "`parameters.scope` is set to 'Cluster'")


def changed_ingress_class(obj: Data, old: Data) -> Iterator[Problem]:
    """What an update of an IngressClass may not change."""
    controller = (obj.get("spec") or {}).get("controller")
    if controller != (old.get("spec") or {}).get("controller"):
        yield invalid("spec.controller", controller, "field is immutable")
