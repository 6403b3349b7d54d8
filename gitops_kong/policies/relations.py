"""What a rule may ask of an object beyond the object itself: `relations.NAME` in its expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.policies.annotations import unknown, without_effect
from gitops_kong.policies.index import (
    PLUGINS,
    Index,
    backends,
    extension_plugins,
    plugin_names,
)
from gitops_kong.policies.plugin_fields import deprecated_fields, inline_secrets
from gitops_kong.predict.rules import AUTHENTICATION_PLUGINS

_NONE: list[Any] = []
# What only a regular expression has in it, in a path that is taken literally.
_REGEX_SIGNS = regex(r"\.\*|\.\+|\\[dwsDWS]|\[[^\]]+\]|\([^)]*\)|\$$")

_KONG = ("kong", "gateway")  # labels of the charts kong and ingress
_ADMIN_NAME = regex(r"kong.*-admin(-tls)?$|gateway-admin$")
_ADMIN_PORTS = frozenset(("8001", "8444", "kong-admin", "kong-admin-tls", "admin-tls"))


class Relation(NamedTuple):
    """One relation: its value for an object, what rules are told of it, and whether it looks at Kong's routes."""

    value: Callable[[K8sObject, Index], Any]
    meaning: str
    of_configuration: bool = False


def _missing_plugins(obj: K8sObject, index: Index) -> list[str]:
    if PLUGINS not in obj.annotations and obj.kind not in ("HTTPRoute", "GRPCRoute"):
        return _NONE
    names = [*plugin_names(obj), *((obj.namespace, name) for _, name in extension_plugins(obj))]
    return [f"{namespace}/{name}" for namespace, name in names if index.plugin(obj, namespace, name) is None]


def _applied_plugins(obj: K8sObject, index: Index) -> dict[str, Any]:
    everywhere = index.global_plugins | index.plugin_types(obj)
    anywhere = set(everywhere)
    services = [index.store.get("", b.kind, b.namespace, b.name) for b in backends(obj) if b.kind == "Service"]
    types = [index.plugin_types(service) if service else set[str]() for service in services]
    anywhere.update(*types)
    if types:
        everywhere |= set.intersection(*types)
    rules: dict[int, set[str]] = {}
    for i, name in extension_plugins(obj):
        plugin = index.plugin(obj, obj.namespace, name)
        if plugin is not None and not plugin.data.get("disabled"):
            rules.setdefault(i, set()).add(str(plugin.data.get("plugin")))
    if rules:
        anywhere.update(*rules.values())
        if len(rules) == len(obj.spec.get("rules") or ()):
            everywhere |= set.intersection(*rules.values())
    return {
        "everywhere": sorted(everywhere),
        "anywhere": sorted(anywhere),
        "authenticated": not AUTHENTICATION_PLUGINS.isdisjoint(everywhere),
        "aclAlone": "acl" in anywhere and AUTHENTICATION_PLUGINS.isdisjoint(anywhere),
        "unknown": bool(_missing_plugins(obj, index)) or None in services,
    }


def _dependent_routes(obj: K8sObject, index: Index) -> dict[str, Any]:
    routes = index.dependent_routes(obj)
    total = index.route_objects
    return {"count": len(routes), "percent": 100 * len(routes) // total if total else 0}


def _backends(obj: K8sObject, index: Index) -> list[dict[str, Any]]:
    found = []
    for backend in backends(obj):
        service = index.store.get("", backend.kind, backend.namespace, backend.name)
        port = _port(service, backend.port)
        found.append(
            {
                "kind": backend.kind,
                "namespace": backend.namespace,
                "name": backend.name,
                "exists": service is not None,
                "labels": service.labels if service else EMPTY,
                "ports": [str(p) for p in (backend.port, *port) if p is not None],
            }
        )
    return found


def _port(service: K8sObject | None, wanted: int | str | None) -> tuple[Any, ...]:
    """Name, number and target of the Service's port that is meant."""
    ports = (service.spec.get("ports") or ()) if service else ()
    for port in ports:
        if wanted in (port.get("port"), port.get("name")) or (wanted is None and len(ports) == 1):
            return port.get("name"), port.get("port"), port.get("targetPort")
    return ()


def _literal_patterns(obj: K8sObject, index: Index) -> list[str]:
    if index.legacy_regex:
        return _NONE
    prefix = obj.annotations.get("konghq.com/regex-prefix", "/~")
    return [
        path["path"]
        for rule in obj.spec.get("rules") or ()
        for path in (rule.get("http") or EMPTY).get("paths") or ()
        if path.get("path") and not path["path"].startswith((prefix, "~")) and _REGEX_SIGNS.search(path["path"])
    ]


def _hosts(obj: K8sObject, _: Index) -> dict[str, Any]:
    spec = obj.spec
    if obj.kind == "Ingress":
        hosts = [rule.get("host") or "" for rule in spec.get("rules") or ()]
        if spec.get("defaultBackend"):
            hosts.append("")
    else:
        hosts = spec.get("hostnames") or [""]
    return {"names": hosts, "wildcards": [h for h in hosts if h[:1] == "*"], "any": "" in hosts}


def _admin_backends(obj: K8sObject, index: Index) -> list[str]:
    found = []
    for backend in backends(obj):
        if backend.kind == "Service":
            service = index.store.get("", backend.kind, backend.namespace, backend.name)
            kong = "kong" in backend.name or (service and service.labels.get("app.kubernetes.io/name") in _KONG)
            ports = {str(port) for port in (backend.port, *_port(service, backend.port))}
            if _ADMIN_NAME.search(backend.name) or (kong and not _ADMIN_PORTS.isdisjoint(ports)):
                found.append(f"{backend.namespace}/{backend.name}")
    return found


def _hosts_without_certificate(obj: K8sObject, index: Index) -> list[str]:
    if not obj.spec.get("tls"):
        return _NONE
    known = index.tls_hosts
    return sorted(
        host
        for host in {rule.get("host") or "" for rule in obj.spec.get("rules") or ()}
        if host and host not in known and f"*.{host.partition('.')[2]}" not in known
    )


def _inline_secrets(obj: K8sObject, _: Index) -> list[str]:
    config = obj.data.get("config")
    return inline_secrets(config) if isinstance(config, Mapping) else _NONE


def _deprecated_fields(obj: K8sObject, index: Index) -> list[dict[str, str]]:
    config = obj.data.get("config")
    schema = index.evidence.plugin_schema(str(obj.data.get("plugin"))) if isinstance(config, Mapping) else None
    return deprecated_fields(config, schema) if schema and isinstance(config, Mapping) else _NONE


def _secret_keys(obj: K8sObject, _: Index) -> list[str]:
    if obj.content_unknown:
        return _NONE
    return sorted({*(obj.data.get("data") or ()), *(obj.data.get("stringData") or ())})


RELATIONS: Mapping[str, Relation] = {
    "plugins": Relation(
        lambda obj, index: [p.data for p in index.plugins(obj)],
        "The KongPlugins and KongClusterPlugins that the object names (annotation, ExtensionRef filters) and that"
        " exist, whole.",
    ),
    "missingPlugins": Relation(
        _missing_plugins, "`namespace/name` of the plugins that the object names and that do not exist."
    ),
    "appliedPlugins": Relation(
        _applied_plugins,
        "Types of the plugins that apply to a route's requests by its own annotation, its Services', its filters, or"
        " globally: `{everywhere: [type], anywhere: [type], authenticated: bool, aclAlone: bool, unknown: bool}`."
        " `everywhere` are those of every request; `authenticated` says whether one of them authenticates, `aclAlone`"
        " whether there is acl and no plugin that authenticates, `unknown` whether a Service or plugin that the route"
        " names is not seen.",
    ),
    "users": Relation(
        lambda obj, index: [str(u.ref) for u in index.plugin_users.get(obj.ref, ())],
        "The objects that name this plugin, as `Kind namespace/name`; objects of other ingress classes too.",
    ),
    "dependentRoutes": Relation(
        _dependent_routes,
        "How many Ingresses and routes depend on the object, directly or through others, by the controller's"
        " dependency graph: `{count: int, percent: int}`; `percent` of all of the target.",
    ),
    "backends": Relation(
        _backends,
        "Where a route sends requests: a list of `{kind, namespace, name, exists, labels, ports: [text]}`; `ports` are"
        " the port as the route writes it, and the name, number and target of the Service's port.",
    ),
    "routes": Relation(
        lambda obj, index: index.routes.get(obj.ref, _NONE),
        "The Kong routes that the object became, as the controller would push them.",
        of_configuration=True,
    ),
    "duplicates": Relation(
        lambda obj, index: index.duplicates.get(obj.ref, _NONE),
        "Other objects with a Kong route of the same host, path, methods, headers and SNIs: a list of `{object, match,"
        " wins}`; `wins`: this object's route is taken, null: the router leaves it open.",
        of_configuration=True,
    ),
    "unreachable": Relation(
        lambda obj, index: index.unreachable.get(obj.ref, _NONE),
        "Paths that no request reaches, because a regular expression for every path of the host comes first: a list of"
        " `{path, by}`.",
        of_configuration=True,
    ),
    "hosts": Relation(
        _hosts,
        "Host names of a route: `{names: [host], wildcards: [host], any: bool}`; `any`: it takes every host.",
    ),
    "adminBackends": Relation(
        _admin_backends,
        "`namespace/name` of the Services behind a route that are Kong's Admin API, by their names, or by the ports"
        " 8001 and 8444 or their names where the Service is Kong's.",
    ),
    "hostsWithoutCertificate": Relation(
        _hosts_without_certificate,
        "Hosts in the rules of an Ingress with `tls` that the `tls` of no Ingress names.",
    ),
    "literalPatterns": Relation(
        _literal_patterns,
        "Paths of an Ingress that look like regular expressions and are taken literally, because they lack the prefix.",
    ),
    "unknownAnnotations": Relation(
        lambda obj, _: unknown(obj.annotations) if obj.annotations else _NONE,
        "Annotations with Kong's prefix that no controller version reads: a list of `{name, nearest}`.",
    ),
    "annotationsWithoutEffect": Relation(
        lambda obj, _: without_effect(obj.kind, obj.annotations) if obj.annotations else _NONE,
        "Annotations whose value the controller passes over: a list of `{name, value, expected}`.",
    ),
    "inlineSecrets": Relation(_inline_secrets, "Paths of fields of a plugin's config that hold a secret in clear."),
    "deprecatedFields": Relation(
        _deprecated_fields,
        "Fields of a plugin's config that the gateway's schema calls deprecated: a list of `{path, instead}`.",
    ),
    "secretKeys": Relation(_secret_keys, "Names of the keys of a Secret; never their values."),
    "leftOut": Relation(
        lambda obj, index: index.evidence.left_out.get(obj.ref, ""),
        "Why the controller does not take the object in, '' where it does. Only rules with `looksAt: left-out` see such"
        " objects.",
    ),
}
