"""Ingresses: one Kong service for each Service and port, one route for each Ingress, host, Service and port.

KIC `translator.ingressRulesFromIngressV1` and `subtranslator.TranslateIngresses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.translate import expressions, ingress_expressions, rewrite
from gitops_kong.translate.annotations import INGRESS_CLASS, PREFIX, comma_list
from gitops_kong.translate.context import Context, ControllerPanic
from gitops_kong.translate.gotext import instant, quote
from gitops_kong.translate.naming import HTTP_PORT, facade_name, service_entity, service_host, service_name
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.services import FACADE_GROUP, facade_target
from gitops_kong.translate.state import Backend, Entity, PortDefinition, Route, Service

REGEX_PREFIX = "/~"  # what starts a regular expression in an Ingress path, unless its annotation says otherwise
_SLASHES = regex(r"/{2,}")
_PLAIN_PATH = regex(r"[a-zA-Z0-9.\-_~/%]+")  # what Kong 2 took for no regular expression
_FACADE_OFF = (
    "KongServiceFacade is not enabled, please set the \"KongServiceFacade\" feature gate to 'true' to enable it"
)


class BackendError(Exception):
    """A backend that cannot be translated."""


@dataclass
class _Draft:
    """A route being gathered: the paths of one Ingress and host that lead to one backend.

    Two Ingresses can make the same name: then all but `ingress` is that of the first, `ingress` the last.
    """

    ingress: K8sObject
    host: str
    backend: Backend
    facade: K8sObject | None
    name: str
    tags: list[str]
    regex_prefix: str
    paths: list[tuple[str, str]] = field(default_factory=list)  # path and its type


def rules(context: Context) -> Rules:
    """All Ingresses of this controller's class."""
    result = Rules()
    ingresses = listed(context)
    for ingress in ingresses:
        for tls in ingress.spec.get("tls") or ():
            if tls.get("hosts") and tls.get("secretName"):
                result.add_hosts(f"{ingress.namespace}/{tls['secretName']}", tls["hosts"], ingress)
    for name, service in _services(ingresses, context).items():
        try:
            rewrite.apply(service, context)
        except rewrite.RewriteError as e:
            context.fail(str(e), service.parent)
        else:
            result.services[name] = service
    default = _default_backend(ingresses, context)
    if default:
        present = result.services.setdefault(default.entity["name"], default)
        if present is not default:
            present.routes.extend(default.routes)
    return result


def routes_of(ingress: K8sObject, context: Context) -> list[Route]:
    """The Kong routes of one Ingress's rules, as the admission webhook asks for them."""
    return [route for service in _services([ingress], context).values() for route in service.routes]


def listed(context: Context) -> list[K8sObject]:
    """The Ingresses of this class, oldest first, then by namespace and name (KIC `Store.ListIngressesV1`)."""
    own = [i for i in context.store.list("networking.k8s.io", "Ingress") if _has_class(i, context)]
    return sorted(own, key=lambda i: (instant(i.metadata.get("creationTimestamp")), f"{i.namespace}/{i.name}"))


def _has_class(ingress: K8sObject, context: Context) -> bool:
    """The annotation goes before the field; neither means the cluster's default class."""
    annotated = ingress.annotations.get(INGRESS_CLASS)
    if annotated:
        return annotated == context.options.ingress_class
    named = ingress.spec.get("ingressClassName")
    return context.class_is_default if named is None else bool(named == context.options.ingress_class)


def _services(ingresses: list[K8sObject], context: Context) -> dict[str, Service]:
    drafts: dict[str, _Draft] = {}
    for ingress in ingresses:
        _gather(ingress, drafts, context)
        context.succeed(ingress)
    services: dict[str, Service] = {}
    for draft in drafts.values():
        backend = draft.backend
        name = _service_name(backend)
        service = services.get(name)
        if service is None:
            if not backend.name:
                context.fail(_nameless(backend), draft.ingress)
                continue
            services[name] = service = _service(backend, draft.facade or draft.ingress, path="/")
        service.routes.append(_route(draft, context))
    return services


def _service_name(backend: Backend) -> str:
    if backend.kind == "KongServiceFacade":
        return facade_name(backend.namespace, backend.name)
    return service_name(backend.namespace, backend.name, backend.port)


def _nameless(backend: Backend) -> str:
    kind = "KongServiceFacade" if backend.kind == "KongServiceFacade" else "Kubernetes Service"
    return (
        "failed to translate Ingress into Kong Service: failed to create ServiceBackend for"
        f" {kind} {quote(backend.name)}: name cannot be empty"
    )


def _service(backend: Backend, parent: K8sObject, **more: Any) -> Service:
    name = _service_name(backend)
    host = name if backend.kind == "KongServiceFacade" else service_host(backend.namespace, backend.name, backend.port)
    entity = service_entity(name, host, "http", port=HTTP_PORT, **more)
    return Service(entity, backend.namespace, parent, parent, [backend])


def _gather(ingress: K8sObject, drafts: dict[str, _Draft], context: Context) -> None:
    """Add the paths of an Ingress to the routes that they belong to (`ingressTranslationIndex.Add`)."""
    namespace = ingress.namespace
    tags = context.tags(ingress)
    prefix = ingress.annotations.get(f"{PREFIX}/regex-prefix", REGEX_PREFIX)
    for rule in ingress.spec.get("rules") or ():
        host = rule.get("host") or ""
        for entry in (rule.get("http") or EMPTY).get("paths") or ():
            path = entry.get("path") or "/"
            if "//" in path:
                path = _SLASHES.sub("/", path)
            try:
                backend, facade = _path_backend(entry.get("backend") or EMPTY, namespace, context)
            except BackendError as e:
                context.fail(f"failed to get backend for ingress path {quote(path)}: {e}", ingress)
                continue
            name = _route_name(ingress, host, backend)
            draft = drafts.get(name)
            if draft is None:
                written = _route_name(ingress, host.replace("*", "_"), backend) if "*" in host else name
                drafts[name] = draft = _Draft(ingress, host, backend, facade, written, tags, prefix)
            draft.ingress = ingress
            draft.paths.append((path, entry.get("pathType") or "ImplementationSpecific"))


def _route_name(ingress: K8sObject, host: str, backend: Backend) -> str:
    if backend.kind == "KongServiceFacade":
        return f"{ingress.namespace}.{ingress.name}.{host}.{backend.name}.svc.facade"
    return f"{ingress.namespace}.{ingress.name}.{backend.name}.{host}.{backend.port.canonical()}"


def _path_backend(backend: Mapping[str, Any], namespace: str, context: Context) -> tuple[Backend, K8sObject | None]:
    """What a path leads to, and its KongServiceFacade if it is one."""
    if service := backend.get("service"):
        return _service_backend(service, namespace), None
    resource = backend.get("resource")
    if not resource:
        raise BackendError("no Service or Resource specified for Ingress path")
    if not _is_facade(resource):
        raise BackendError(f"unknown resource type {_resource_type(resource)}")
    name = resource.get("name") or ""
    if not context.options.gate("KongServiceFacade"):
        raise BackendError(_FACADE_OFF)
    facade = context.store.get(FACADE_GROUP, "KongServiceFacade", namespace, name)
    if facade is None:
        raise BackendError(
            f"failed to get KongServiceFacade {quote(name)}: KongServiceFacade {namespace}/{name} not found"
        )
    return _facade_backend(facade), facade


def _service_backend(service: Mapping[str, Any], namespace: str) -> Backend:
    port = service.get("port") or EMPTY
    definition = PortDefinition(port.get("number") or None, port.get("name") or None)
    return Backend("Service", namespace, service.get("name") or "", definition)


def _facade_backend(facade: K8sObject) -> Backend:
    return Backend("KongServiceFacade", facade.namespace, facade.name, PortDefinition(facade_target(facade)[1]))


def _is_facade(resource: Mapping[str, Any]) -> bool:
    return resource.get("kind") == "KongServiceFacade" and resource.get("apiGroup") == FACADE_GROUP


def _resource_type(resource: Mapping[str, Any]) -> str:
    group, kind = resource.get("apiGroup"), resource.get("kind") or ""
    return kind if group is None else f"{group}/{kind}"


def _route(draft: _Draft, context: Context) -> Route:
    ingress = draft.ingress
    entity = _route_entity(draft.name, draft.tags)
    if protocols := _protocols(ingress, context):
        entity["protocols"] = protocols
    anonymous = not context.behaves("ingress-routes-have-kind")
    if context.options.expression_routes:
        entity.update(ingress_expressions.matchers(ingress, draft.host, draft.paths, context.options))
        return Route(entity, ingress, expression=True, anonymous=anonymous)
    entity["regex_priority"] = 0
    if draft.host:
        entity["hosts"] = [draft.host]
    legacy = bool(context.class_parameters.get("enableLegacyRegexDetection"))
    paths = [_mark_regex(p, draft.regex_prefix, legacy=legacy) for path in draft.paths for p in _paths(*path)]
    if paths:
        entity["paths"] = paths
    return Route(entity, ingress, anonymous=anonymous)


def _route_entity(name: str, tags: list[str]) -> Entity:
    return {
        "name": name,
        "strip_path": False,
        "preserve_host": True,
        "request_buffering": True,
        "response_buffering": True,
        "tags": tags,
    }


def _protocols(ingress: K8sObject, context: Context) -> list[str]:
    """Protocols that a route has before its annotations are applied."""
    if context.options.expression_routes and not context.behaves("ingress-expressions-with-protocols"):
        return []
    if not context.behaves("ingress-protocols-only-when-annotated"):
        return ["http", "https"]
    return sorted(comma_list(ingress.annotations.get(f"{PREFIX}/protocols", ""), context.options))


def _paths(path: str, path_type: str) -> list[str]:
    """The Kong paths of an Ingress path: plain prefixes, then regular expressions (`PathsFromIngressPaths`)."""
    if path_type == "Prefix":
        base = path.strip("/")
        return [f"/{base}/", f"~/{base}$"] if base else ["/"]
    if path_type == "Exact":
        return [f"~/{path.lstrip('/')}$"]
    return [path or "/"] if path_type == "ImplementationSpecific" else []


def _mark_regex(path: str, prefix: str, *, legacy: bool) -> str:
    """The path with Kong's `~` before a regular expression (`MaybePrependRegexPrefix`)."""
    if path.startswith(prefix):
        return path.replace(prefix, "~", 1)
    if legacy and not path.startswith("~") and not _PLAIN_PATH.fullmatch(path):
        return f"~{path}"
    return path


def _default_backend(ingresses: list[K8sObject], context: Context) -> Service | None:
    """The service of the oldest Ingress that has a default backend (`getDefaultBackendService`)."""
    for ingress in ingresses:
        backend = ingress.spec.get("defaultBackend")
        if backend is None:
            continue
        try:
            service = _default_service(ingress, backend, context)
        except BackendError as e:
            context.fail(f"default backend: {e}", ingress)
            return None
        if service:
            service.routes.append(_default_route(ingress, context))
        return service
    return None


def _default_service(ingress: K8sObject, backend: Mapping[str, Any], context: Context) -> Service | None:
    namespace = ingress.namespace
    resource = backend.get("resource")
    if resource is None:
        if backend.get("service") is None:
            raise ControllerPanic((ingress,), "a default backend without Service and resource")
        target = _service_backend(backend["service"], namespace)
        if not target.name:
            context.fail("failed to create ServiceBackend for default backend: name cannot be empty", ingress)
            return None
        return _service(target, ingress)
    if not _is_facade(resource):
        raise BackendError(f"unsupported resource type {_resource_type(resource)}")
    if not context.options.gate("KongServiceFacade"):
        raise BackendError(_FACADE_OFF)
    name = resource.get("name") or ""
    facade = context.store.get(FACADE_GROUP, "KongServiceFacade", namespace, name)
    if facade is None:
        raise BackendError(
            f"KongServiceFacade {quote(name)} could not be fetched: KongServiceFacade {namespace}/{name} not found"
        )
    return _service(_facade_backend(facade), facade)


def _default_route(ingress: K8sObject, context: Context) -> Route:
    entity = _route_entity(f"{ingress.namespace}.{ingress.name}", context.tags(ingress))
    annotated_only = context.behaves("ingress-protocols-only-when-annotated")
    if not annotated_only and (
        not context.options.expression_routes or context.behaves("ingress-expressions-with-protocols")
    ):
        entity["protocols"] = ["http", "https"]
    if not context.options.expression_routes:
        entity |= {"paths": ["/"], "regex_priority": 0}
        return Route(entity, ingress)
    everything = expressions.predicate(expressions.PATH, expressions.PREFIX, "/")
    entity["expression"] = everything if annotated_only else expressions.all_of(everything, expressions.CATCH_ALL_HTTP)
    entity["priority"] = 0
    return Route(entity, ingress, expression=True)
