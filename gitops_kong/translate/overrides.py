"""What annotations of routes' parents and of Kubernetes Services set on Kong routes and services.

KIC `kongstate.Route.Override` and `kongstate.Service.override`. A value that is refused leaves the field as it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.lazy import regex
from gitops_kong.translate.annotations import PREFIX, comma_list, headers
from gitops_kong.translate.context import Context
from gitops_kong.translate.gotext import boolean, integer
from gitops_kong.translate.state import Entity, Route, Service

PROTOCOLS = frozenset({"", "http", "https", "grpc", "grpcs", "ws", "wss", "tls", "tcp", "tls_passthrough"})
REDIRECT_CODES = frozenset({426, 301, 302, 307, 308})

_LABEL = r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*"
VALID_METHOD = regex(r"[A-Z]+")
VALID_SNI = regex(rf"{_LABEL}(?:\.{_LABEL})*")
VALID_HOST = regex(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*(?:\.\*)?")
_VALID_PATH_HANDLING = regex(r"v[0-9]")

_SERVICE_NUMBERS = {
    f"{PREFIX}/connect-timeout": "connect_timeout",
    f"{PREFIX}/write-timeout": "write_timeout",
    f"{PREFIX}/read-timeout": "read_timeout",
    f"{PREFIX}/retries": "retries",
}


def override_service(service: Service, context: Context) -> None:
    """Apply the annotations of a Kong service's Kubernetes Services, in the order of their names."""
    entity = service.entity
    for key in sorted(service.kubernetes_services):
        annotations = service.kubernetes_services[key].annotations
        if not annotations:
            continue
        _override_service_fields(entity, annotations, context)
        protocol = annotations.get(f"{PREFIX}/protocol", "")
        if protocol not in PROTOCOLS:
            context.fail(
                f"{PREFIX}/protocol annotation has invalid value: {protocol}", *service.kubernetes_services.values()
            )
            return
    if entity.get("protocol") in ("grpc", "grpcs"):
        entity.pop("path", None)


def _override_service_fields(entity: Entity, annotations: Mapping[str, str], context: Context) -> None:
    protocol = annotations.get(f"{PREFIX}/protocol")
    if protocol and protocol in PROTOCOLS:
        entity["protocol"] = protocol
    path = annotations.get(f"{PREFIX}/path", "")
    if path.startswith("/"):
        entity["path"] = path
    for annotation, name in _SERVICE_NUMBERS.items():
        if (number := integer(annotations.get(annotation, ""))) is not None:
            entity[name] = number
    if context.behaves("service-tls-verification"):
        if (verify := boolean(annotations.get(f"{PREFIX}/tls-verify", ""))) is not None:
            entity["tls_verify"] = verify
        if (depth := integer(annotations.get(f"{PREFIX}/tls-verify-depth", ""))) is not None:
            entity["tls_verify_depth"] = depth


def override_route(route: Route, options: ControllerOptions) -> None:
    """Apply the annotations of a route's parent."""
    annotations = route.annotations
    entity = route.entity
    if annotations:
        _override_boolean(entity, "strip_path", annotations.get(f"{PREFIX}/strip-path", "").lower())
        _override_redirect(entity, annotations)
        _override_boolean(entity, "preserve_host", annotations.get(f"{PREFIX}/preserve-host", "").lower())
        for name in ("request_buffering", "response_buffering"):
            value = boolean(annotations.get(f"{PREFIX}/{name.replace('_', '-')}", "").lower())
            if value is not None:
                entity[name] = value
        protocols = comma_list(annotations.get(f"{PREFIX}/protocols", ""), options)
        if protocols and PROTOCOLS.issuperset(protocols):
            entity["protocols"] = protocols
        if not route.expression:
            _override_matchers(entity, annotations, options)
    if not route.expression:
        _normalize_protocols(entity)


def _override_boolean(entity: Entity, name: str, value: str) -> None:
    if value in ("true", "false"):
        entity[name] = value == "true"


def _override_redirect(entity: Entity, annotations: Mapping[str, str]) -> None:
    if annotations.get("ingress.kubernetes.io/force-ssl-redirect") == "true":
        entity["https_redirect_status_code"] = 302
        protocols = entity.get("protocols") or ()
        grpc = any("grpc" in p for p in protocols)
        http = any("http" in p for p in protocols)
        entity["protocols"] = (["grpcs"] if grpc else []) + (["https"] if http or not grpc else [])
    code = integer(annotations.get(f"{PREFIX}/https-redirect-status-code", ""))
    if code in REDIRECT_CODES:
        entity["https_redirect_status_code"] = code


def _override_matchers(entity: Entity, annotations: Mapping[str, str], options: ControllerOptions) -> None:
    """What a traditional route matches by: fields that expressions carry within them."""
    if (priority := integer(annotations.get(f"{PREFIX}/regex-priority", ""))) is not None:
        entity["regex_priority"] = priority
    methods = [m.strip().upper() for m in comma_list(annotations.get(f"{PREFIX}/methods", ""), options)]
    if methods and all(map(VALID_METHOD.fullmatch, methods)):
        entity["methods"] = methods
    if (text := annotations.get(f"{PREFIX}/snis")) is not None:
        snis = [s.strip() for s in comma_list(text, options)]
        if all(map(VALID_SNI.fullmatch, snis)):
            entity.pop("snis", None)
            if snis:
                entity["snis"] = snis
    aliases = [h.strip() for h in comma_list(annotations.get(f"{PREFIX}/host-aliases", ""), options)]
    if aliases and all(map(VALID_HOST.fullmatch, aliases)):
        hosts = entity.get("hosts", [])
        entity["hosts"] = [*hosts, *(alias for alias in dict.fromkeys(aliases) if alias not in hosts)]
    if found := headers(annotations):
        entity["headers"] = found
    handling = annotations.get(f"{PREFIX}/path-handling", "")
    if _VALID_PATH_HANDLING.search(handling):
        entity["path_handling"] = handling


def _normalize_protocols(entity: Entity) -> None:
    """Keep gRPC and HTTP apart (`normalizeProtocols`)."""
    protocols = entity.get("protocols")
    if not protocols:
        return
    if any("grpc" in p for p in protocols):
        if any("http" in p or p not in PROTOCOLS for p in protocols):
            entity["protocols"] = ["http", "https"]
        entity.pop("strip_path", None)
