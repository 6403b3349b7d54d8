"""What annotations of routes' parents and of Kubernetes Services set on Kong routes and services.

KIC `kongstate.Route.Override` and `kongstate.Service.override`. A value that is refused leaves the field as it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.lazy import regex
from gitops_kong.translate.annotations import HEADERS, PREFIX, comma_list, headers
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


# What a route's parent can say: fields of every route, and what a route matches by, besides headers.
_STRIP_PATH = f"{PREFIX}/strip-path"
_PRESERVE_HOST = f"{PREFIX}/preserve-host"
_BUFFERING = {f"{PREFIX}/request-buffering": "request_buffering", f"{PREFIX}/response-buffering": "response_buffering"}
_PROTOCOLS = f"{PREFIX}/protocols"
_SSL_REDIRECT = "ingress.kubernetes.io/force-ssl-redirect"
_REDIRECT_CODE = f"{PREFIX}/https-redirect-status-code"
_FIELDS = frozenset((_STRIP_PATH, _PRESERVE_HOST, *_BUFFERING, _PROTOCOLS, _SSL_REDIRECT, _REDIRECT_CODE))
_PRIORITY = f"{PREFIX}/regex-priority"
_METHODS = f"{PREFIX}/methods"
_SNIS = f"{PREFIX}/snis"
_HOST_ALIASES = f"{PREFIX}/host-aliases"
_PATH_HANDLING = f"{PREFIX}/path-handling"
_MATCHERS = frozenset((_PRIORITY, _METHODS, _SNIS, _HOST_ALIASES, _PATH_HANDLING))


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
        if not _FIELDS.isdisjoint(annotations):
            _override_fields(entity, annotations, options)
        if not route.expression and _says_what_matches(annotations):
            _override_matchers(entity, annotations, options)
    if not route.expression:
        _normalize_protocols(entity)


def _override_fields(entity: Entity, annotations: Mapping[str, str], options: ControllerOptions) -> None:
    _override_boolean(entity, "strip_path", annotations.get(_STRIP_PATH, "").lower())
    _override_redirect(entity, annotations)
    _override_boolean(entity, "preserve_host", annotations.get(_PRESERVE_HOST, "").lower())
    for annotation, name in _BUFFERING.items():
        value = boolean(annotations.get(annotation, "").lower())
        if value is not None:
            entity[name] = value
    protocols = comma_list(annotations.get(_PROTOCOLS, ""), options)
    if protocols and PROTOCOLS.issuperset(protocols):
        entity["protocols"] = protocols


def _override_boolean(entity: Entity, name: str, value: str) -> None:
    if value in ("true", "false"):
        entity[name] = value == "true"


def _override_redirect(entity: Entity, annotations: Mapping[str, str]) -> None:
    if annotations.get(_SSL_REDIRECT) == "true":
        entity["https_redirect_status_code"] = 302
        protocols = entity.get("protocols") or ()
        grpc = any("grpc" in p for p in protocols)
        http = any("http" in p for p in protocols)
        entity["protocols"] = (["grpcs"] if grpc else []) + (["https"] if http or not grpc else [])
    code = integer(annotations.get(_REDIRECT_CODE, ""))
    if code in REDIRECT_CODES:
        entity["https_redirect_status_code"] = code


def _says_what_matches(annotations: Mapping[str, str]) -> bool:
    return not _MATCHERS.isdisjoint(annotations) or any(name.startswith(HEADERS) for name in annotations)


def _override_matchers(entity: Entity, annotations: Mapping[str, str], options: ControllerOptions) -> None:
    """What a traditional route matches by: fields that expressions carry within them."""
    if (priority := integer(annotations.get(_PRIORITY, ""))) is not None:
        entity["regex_priority"] = priority
    methods = [m.strip().upper() for m in comma_list(annotations.get(_METHODS, ""), options)]
    if methods and all(map(VALID_METHOD.fullmatch, methods)):
        entity["methods"] = methods
    if (text := annotations.get(_SNIS)) is not None:
        snis = [s.strip() for s in comma_list(text, options)]
        if all(map(VALID_SNI.fullmatch, snis)):
            entity.pop("snis", None)
            if snis:
                entity["snis"] = snis
    aliases = [h.strip() for h in comma_list(annotations.get(_HOST_ALIASES, ""), options)]
    if aliases and all(map(VALID_HOST.fullmatch, aliases)):
        hosts = entity.get("hosts", [])
        entity["hosts"] = [*hosts, *(alias for alias in dict.fromkeys(aliases) if alias not in hosts)]
    if found := headers(annotations):
        entity["headers"] = found
    handling = annotations.get(_PATH_HANDLING, "")
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
