"""The objects of one target with the look-ups that relations need, each made once and when it is first asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from gitops_kong.controller.fallback.graph import ConfigGraph, vertex
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref
from gitops_kong.policies.annotations import PREFIX
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.routing import Routing
from gitops_kong.predict.kinds import ROUTE_KINDS

KONG = "configuration.konghq.com"
PLUGINS = f"{PREFIX}plugins"
_WITH_EXTENSIONS = ("HTTPRoute", "GRPCRoute")  # filters of their rules name plugins


class Backend(NamedTuple):
    """What a route sends requests to."""

    kind: str
    namespace: str
    name: str
    port: int | str | None


class Index:
    """`Evidence` with look-ups."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.store = evidence.store

    @cached_property
    def everything(self) -> list[K8sObject]:
        """All objects of watched kinds, those of other controllers too: what the controller holds comes first."""
        taken = self.store
        return [*taken, *(obj for ref, obj in self.evidence.stored.items() if ref not in taken)]

    @cached_property
    def plugin_users(self) -> Mapping[Ref, list[K8sObject]]:
        """For each plugin the objects that name it, in the hands of whichever controller."""
        users: defaultdict[Ref, list[K8sObject]] = defaultdict(list)
        for obj in self.everything:
            for plugin in self.plugins(obj):
                users[plugin.ref].append(obj)
        return users

    def plugins(self, obj: K8sObject) -> list[K8sObject]:
        """The plugins that the object names and that exist."""
        if PLUGINS not in obj.annotations and obj.kind not in _WITH_EXTENSIONS:
            return []
        found = [self.plugin(obj, *name) for name in plugin_names(obj)]
        found += [self.plugin(obj, obj.namespace, name) for _, name in extension_plugins(obj)]
        return [plugin for plugin in found if plugin is not None]

    def plugin(self, user: K8sObject, namespace: str, name: str) -> K8sObject | None:
        """The plugin that `user` means: a KongPlugin, or a KongClusterPlugin where it names no other namespace."""
        found = self.store.get(KONG, "KongPlugin", namespace, name)
        if found is None and namespace == user.namespace:
            found = self.store.get(KONG, "KongClusterPlugin", "", name)
        return found

    @cached_property
    def global_plugins(self) -> frozenset[str]:
        """Types of the plugins that apply to every request."""
        return frozenset(
            str(obj.data.get("plugin"))
            for obj in self.store.list(KONG, "KongClusterPlugin")
            if obj.labels.get("global") == "true" and not obj.data.get("disabled")
        )

    def plugin_types(self, obj: K8sObject) -> set[str]:
        """Types of the enabled plugins in the object's annotation."""
        if PLUGINS not in obj.annotations:
            return set()
        found = (self.plugin(obj, *name) for name in plugin_names(obj))
        return {str(p.data.get("plugin")) for p in found if p is not None and not p.data.get("disabled")}

    @cached_property
    def routing(self) -> Routing:
        """The Kong routes of the whole target."""
        options = self.evidence.options
        return Routing(self.evidence.configuration(), options.router_flavor, options.gateway_version)

    @cached_property
    def routes(self) -> Mapping[Ref, list[Mapping[str, Any]]]:
        """The Kong routes that each object became."""
        return self.routing.routes(self.evidence.configuration())

    @cached_property
    def duplicates(self) -> Mapping[Ref, list[dict[str, Any]]]:
        """`Routing.duplicates`."""
        return self.routing.duplicates()

    @cached_property
    def unreachable(self) -> Mapping[Ref, list[dict[str, str]]]:
        """`Routing.unreachable`."""
        return self.routing.unreachable()

    @cached_property
    def route_objects(self) -> int:
        """How many objects of the target become routes."""
        return sum(obj.kind in ROUTE_KINDS for obj in self.store)

    @cached_property
    def _graph_of_dependencies(self) -> ConfigGraph:
        return ConfigGraph(self.store, self.evidence.options.behaviours)

    def dependent_routes(self, obj: K8sObject) -> set[Ref]:
        """The Ingresses and routes that depend on the object, directly or through others."""
        users = self.plugin_users.get(obj.ref, ()) if obj.kind in ("KongPlugin", "KongClusterPlugin") else ()
        graph = self._graph_of_dependencies
        found = {o.ref for start in (obj, *users) for o in graph.affected(vertex(start))}
        return {ref for ref in found if ref.kind in ROUTE_KINDS and ref != obj.ref}

    @cached_property
    def tls_hosts(self) -> frozenset[str]:
        """Host names of all Ingresses' certificates."""
        return frozenset(
            host
            for obj in self.everything
            if obj.kind == "Ingress"
            for entry in obj.spec.get("tls") or ()
            for host in entry.get("hosts") or ()
        )

    @cached_property
    def legacy_regex(self) -> bool:
        """Whether some IngressClassParameters let the controller guess which paths are regular expressions."""
        parameters = self.store.list(KONG, "IngressClassParameters")
        return any(p.spec.get("enableLegacyRegexDetection") for p in parameters)


def plugin_names(obj: K8sObject) -> Iterator[tuple[str, str]]:
    """Namespace and name of each plugin in `konghq.com/plugins` (`name`, or `namespace:name`)."""
    for part in (obj.annotations.get(PLUGINS) or "").split(","):
        namespace, colon, name = part.strip().partition(":")
        if colon:
            yield namespace.strip(), name.strip()
        elif namespace:
            yield obj.namespace, namespace


def extension_plugins(obj: K8sObject) -> Iterator[tuple[int, str]]:
    """The KongPlugins that ExtensionRef filters of a route name, with the number of their rule."""
    if obj.kind in _WITH_EXTENSIONS:
        for i, rule in enumerate(obj.spec.get("rules") or ()):
            for route_filter in rule.get("filters") or ():
                extension = route_filter.get("extensionRef") or EMPTY
                if extension.get("kind") == "KongPlugin":
                    yield i, extension.get("name") or ""


def backends(obj: K8sObject) -> list[Backend]:
    """What the rules of a route, and the default backend of an Ingress, send requests to; each once."""
    found: dict[Backend, None] = {}
    spec = obj.spec
    if obj.kind == "Ingress":
        entries = [spec.get("defaultBackend") or EMPTY]
        for rule in spec.get("rules") or ():
            entries += [path.get("backend") or EMPTY for path in (rule.get("http") or EMPTY).get("paths") or ()]
        for entry in entries:
            if service := entry.get("service"):
                port = service.get("port") or EMPTY
                number = port.get("number") or port.get("name")
                found[Backend("Service", obj.namespace, service.get("name") or "", number)] = None
    else:
        for rule in spec.get("rules") or ():
            if backend := rule.get("backend"):
                name = backend.get("serviceName") or ""
                found[Backend("Service", obj.namespace, name, backend.get("servicePort"))] = None
            for ref in rule.get("backendRefs") or ():
                kind, namespace = ref.get("kind") or "Service", ref.get("namespace") or obj.namespace
                found[Backend(kind, namespace, ref.get("name") or "", ref.get("port"))] = None
    return list(found)
