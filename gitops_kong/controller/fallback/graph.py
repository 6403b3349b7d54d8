"""What each object depends on, as the controller's fallback resolves it (KIC `internal/dataplane/fallback`).

The resolvers know less than translation does: a plugin in another namespace, a plugin of an HTTPRoute's ExtensionRef,
an Ingress's default backend, a consumer's groups, a CA certificate and a Gateway are no dependencies. That is what
the controllers do, and why some fallbacks fail.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject, Ref

CONFIGURATION = "configuration.konghq.com"
INCUBATOR = "incubator.ingress-controller.konghq.com"
GATEWAY_API = "gateway.networking.k8s.io"
NETWORKING = "networking.k8s.io"
PLUGINS_ANNOTATION = "konghq.com/plugins"
UPSTREAM_POLICY_ANNOTATION = "konghq.com/upstream-policy"
INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"

Vertex = tuple[Ref, str]  # an object's reference and uid (KIC `ObjectHash`): a recreated object is another one
Resolver = Callable[[ObjectStore, K8sObject], Iterator[K8sObject | None]]


def vertex(obj: K8sObject) -> Vertex:
    """The object as a vertex."""
    return obj.ref, obj.uid


class ConfigGraph:
    """The objects of a snapshot with the edges from each dependency to what depends on it."""

    def __init__(self, store: ObjectStore, behaviours: Mapping[str, bool]) -> None:
        self._objects: dict[Vertex, K8sObject] = {vertex(o): o for o in store}
        self._dependants: dict[Vertex, list[Vertex]] = {}
        for v, obj in self._objects.items():
            for dependency in dependencies(store, obj, behaviours):
                self._dependants.setdefault(vertex(dependency), []).append(v)

    def affected(self, source: Vertex) -> list[K8sObject]:
        """`source` and all that depends on it, directly or not; nothing if `source` is not in the snapshot."""
        return [obj for obj, _ in self.affected_via(source)]

    def affected_via(self, source: Vertex) -> list[tuple[K8sObject, Ref | None]]:
        """`source` and all that depends on it, each with its own dependency on a shortest way to `source`.

        Nothing if `source` is not in the snapshot; `source` itself comes first, with None.
        """
        if source not in self._objects:
            return []
        seen: dict[Vertex, Ref | None] = {source: None}
        queue = deque([source])
        while queue:
            current = queue.popleft()
            for dependant in self._dependants.get(current, ()):
                if dependant not in seen:
                    seen[dependant] = current[0]
                    queue.append(dependant)
        return [(self._objects[v], via) for v, via in seen.items()]


def dependencies(store: ObjectStore, obj: K8sObject, behaviours: Mapping[str, bool]) -> Iterable[K8sObject]:
    """The objects in `store` that `obj` refers to (KIC `ResolveDependencies`)."""
    resolver = RESOLVERS.get((obj.group, obj.kind))
    if resolver is None or (obj.kind == "KongCustomEntity" and not behaviours["fallback-custom-entity-parents"]):
        return ()
    return (dependency for dependency in resolver(store, obj) if dependency is not None)


def _plugins(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    names = obj.annotations.get(PLUGINS_ANNOTATION)
    if not names:
        return
    for name in map(str.strip, names.split(",")):
        if name:
            yield (
                store.get(CONFIGURATION, "KongPlugin", obj.namespace, name)
                or store.get(CONFIGURATION, "KongClusterPlugin", "", name)
            )


def _upstream_policy(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    name = obj.annotations.get(UPSTREAM_POLICY_ANNOTATION)
    if name is not None:
        yield store.get(CONFIGURATION, "KongUpstreamPolicy", obj.namespace, name)


def _service_like(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    yield from _plugins(store, obj)
    yield from _upstream_policy(store, obj)


def _ingress(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    name = obj.spec.get("ingressClassName") or obj.annotations.get(INGRESS_CLASS_ANNOTATION)
    if name:
        yield store.get(NETWORKING, "IngressClass", "", name)
    for rule in obj.spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            backend = path.get("backend") or {}
            if service := backend.get("service"):
                yield store.get("", "Service", obj.namespace, service.get("name") or "")
            resource = backend.get("resource") or {}
            if resource.get("kind") == "KongServiceFacade" and resource.get("apiGroup") == INCUBATOR:
                yield store.get(INCUBATOR, "KongServiceFacade", obj.namespace, resource.get("name") or "")
    yield from _upstream_policy(store, obj)
    yield from _plugins(store, obj)


def _gateway_api_route(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    for rule in obj.spec.get("rules") or ():
        for backend in rule.get("backendRefs") or ():
            if backend.get("kind") == "Service" and (backend.get("group") or "core") == "core":
                namespace = backend.get("namespace")
                yield store.get(
                    "", "Service", obj.namespace if namespace is None else namespace, backend.get("name") or ""
                )
    yield from _plugins(store, obj)


def _l4_ingress(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    yield from _plugins(store, obj)
    for rule in obj.spec.get("rules") or ():
        yield store.get("", "Service", obj.namespace, (rule.get("backend") or {}).get("serviceName") or "")


def _plugin_secrets(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    values: list[Any] = [obj.data.get("configFrom")]
    values += [(patch or {}).get("valueFrom") for patch in obj.data.get("configPatches") or ()]
    for value in values:
        source = (value or {}).get("secretKeyRef")
        if source:
            namespace = obj.namespace if obj.kind == "KongPlugin" else source.get("namespace") or ""
            yield store.get("", "Secret", namespace, source.get("name") or "")


def _consumer(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    yield from _plugins(store, obj)
    for name in obj.data.get("credentials") or ():
        yield store.get("", "Secret", obj.namespace, name)


def _custom_entity(store: ObjectStore, obj: K8sObject) -> Iterator[K8sObject | None]:
    parent = obj.spec.get("parentRef") or {}
    if parent.get("group") != CONFIGURATION:
        return
    if parent.get("kind") == "KongPlugin" and (parent.get("namespace") or obj.namespace) == obj.namespace:
        yield store.get(CONFIGURATION, "KongPlugin", obj.namespace, parent.get("name") or "")
    elif parent.get("kind") == "KongClusterPlugin":
        yield store.get(CONFIGURATION, "KongClusterPlugin", "", parent.get("name") or "")


RESOLVERS: Mapping[tuple[str, str], Resolver] = {
    ("", "Service"): _service_like,
    (NETWORKING, "Ingress"): _ingress,
    **{
        (GATEWAY_API, kind): _gateway_api_route
        for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
    },
    (CONFIGURATION, "KongPlugin"): _plugin_secrets,
    (CONFIGURATION, "KongClusterPlugin"): _plugin_secrets,
    (CONFIGURATION, "KongConsumer"): _consumer,
    (CONFIGURATION, "KongConsumerGroup"): _plugins,
    (CONFIGURATION, "TCPIngress"): _l4_ingress,
    (CONFIGURATION, "UDPIngress"): _l4_ingress,
    (INCUBATOR, "KongServiceFacade"): _service_like,
    (CONFIGURATION, "KongCustomEntity"): _custom_entity,
}
