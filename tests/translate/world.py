"""Small clusters for tests of translation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.build import translate
from gitops_kong.translate.context import Context
from gitops_kong.translate.state import Entity, Translation

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
NEWEST = "3.5.13"


class NoSchemas:
    """A gateway that answers 404 to every question for a schema."""

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> Entity | None:
        return None

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        return None


def context(*objects: dict[str, Any], version: str = NEWEST, **settings: Any) -> Context:
    options = controller_options(version, **settings)
    return Context(ObjectStore(map(K8sObject, objects)), options, NoSchemas(), NOW)


def run(*objects: dict[str, Any], version: str = NEWEST, now: datetime = NOW, **settings: Any) -> Translation:
    options = controller_options(version, **settings)
    return translate(ObjectStore(map(K8sObject, objects)), options, NoSchemas(), now)


def failures(translation: Translation) -> list[tuple[str, list[str]]]:
    """Messages with the objects that they name."""
    return [(f.message, [str(o.ref) for o in f.objects]) for f in translation.failures]


def entities(translation: Translation, kind: str) -> dict[str, Entity]:
    """Entities of a list of the configuration, by name."""
    return {e.get("name") or e["id"]: e for e in translation.config.get(kind, [])}


def routes(translation: Translation) -> dict[str, Entity]:
    """All routes by name."""
    return {r["name"]: r for s in translation.config.get("services", []) for r in s.get("routes", [])}


def obj(api_version: str, kind: str, name: str, namespace: str = "a", **more: Any) -> dict[str, Any]:
    """An object; `annotations`, `labels`, `created` and `uid` go to its metadata, all else to its top level."""
    metadata: dict[str, Any] = {"name": name, "uid": more.pop("uid", f"uid-{kind}-{namespace}-{name}")}
    if namespace:
        metadata["namespace"] = namespace
    for key, field in (("annotations", "annotations"), ("labels", "labels"), ("created", "creationTimestamp")):
        if key in more:
            metadata[field] = more.pop(key)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def ingress_class(**more: Any) -> dict[str, Any]:
    spec = {"controller": "ingress-controllers.konghq.com/kong", **more.pop("spec", {})}
    return obj("networking.k8s.io/v1", "IngressClass", "kong", "", spec=spec, **more)


def service(
    name: str = "web", namespace: str = "a", *, ports: Any = None, spec: Any = None, **more: Any
) -> dict[str, Any]:
    default = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    return obj(
        "v1", "Service", name, namespace, spec={"ports": default if ports is None else ports, **(spec or {})}, **more
    )


def endpoints(service_name: str = "web", *addresses: Any, namespace: str = "a", ports: Any = None) -> dict[str, Any]:
    """An EndpointSlice; an address may be a text or a whole endpoint."""
    listed = [a if isinstance(a, dict) else {"addresses": [a], "conditions": {"ready": True}} for a in addresses]
    return obj(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{service_name}-x",
        namespace,
        labels={"kubernetes.io/service-name": service_name},
        endpoints=listed,
        ports=ports or [{"name": "http", "port": 8080, "protocol": "TCP"}],
    )


def backend(name: str = "web", **port: Any) -> dict[str, Any]:
    return {"service": {"name": name, "port": port or {"number": 80}}}


def path(value: str = "/", path_type: str = "Prefix", to: Any = None) -> dict[str, Any]:
    return {"path": value, "pathType": path_type, "backend": backend() if to is None else to}


def ingress(
    *paths: dict[str, Any],
    name: str = "in",
    namespace: str = "a",
    host: str = "h.example",
    spec: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """An Ingress with one rule."""
    rule: dict[str, Any] = {"http": {"paths": list(paths or (path(),))}}
    if host:
        rule["host"] = host
    default = {"ingressClassName": "kong", "rules": [rule]}
    return obj("networking.k8s.io/v1", "Ingress", name, namespace, spec={**default, **(spec or {})}, **more)
