"""Kong's own kinds for tests, and a controller that holds them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.state import Entity, GatewaySchemas, KongState, Route, SchemaAnswer, Service

KONG = "configuration.konghq.com"
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


class Schemas:
    """The schemas of gateway 3.9, and one answer to every question whether an entity keeps them."""

    def __init__(self, answer: SchemaAnswer | None = None) -> None:
        self.answer = answer or SchemaAnswer(200)

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> Entity | None:
        return load("3.9").fill_plugin_defaults(plugin)

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        return load("3.9").entity_fields(entity_type)

    def validate_entity(self, entity_type: str, fields: Any) -> SchemaAnswer:
        return self.answer


def context(
    *objects: K8sObject, version: str = "3.5.13", schemas: GatewaySchemas | None = None, **settings: Any
) -> Context:
    """A controller of class `kong` that holds `objects`."""
    return Context(ObjectStore(objects), controller_options(version, **settings), schemas or Schemas(), NOW)


def failures(context: Context) -> list[tuple[str, str]]:
    """Each failure's message and object."""
    return [(f.message, " ".join(str(obj.ref) for obj in f.objects)) for f in context.failures]


def obj(api_version: str, kind: str, name: str, namespace: str = "shop", **content: Any) -> K8sObject:
    """An object; `annotations` and `labels` go to its metadata, all else to its top level."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    for key in ("annotations", "labels", "creationTimestamp"):
        if key in content:
            metadata[key] = content.pop(key)
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})


def kong(kind: str, name: str, namespace: str = "shop", plugins: str = "", **content: Any) -> K8sObject:
    """An object of this controller's class, which asks for `plugins`."""
    annotations = {"kubernetes.io/ingress.class": "kong", **content.pop("annotations", {})}
    if plugins:
        annotations["konghq.com/plugins"] = plugins
    version = {"KongVault": "v1alpha1", "KongCustomEntity": "v1alpha1", "KongConsumerGroup": "v1beta1"}.get(kind, "v1")
    return obj(f"{KONG}/{version}", kind, name, namespace, annotations=annotations, **content)


def plugin(name: str, kind: str = "cors", namespace: str = "shop", **content: Any) -> K8sObject:
    """A KongPlugin."""
    return kong("KongPlugin", name, namespace, plugin=kind, **content)


def secret(name: str, namespace: str = "shop", /, *, credential: str | None = None, **data: str) -> K8sObject:
    """A Secret with its data as text, and the type of credential that it says it is."""
    labels = {} if credential is None else {"konghq.com/credential": credential}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return obj("v1", "Secret", name, namespace, labels=labels, data=encoded)


def grant(namespace: str, group: str, kind: str, origin: str, name: str | None = None) -> K8sObject:
    """A ReferenceGrant for KongPlugins of `namespace`."""
    to = {"group": KONG, "kind": "KongPlugin"}
    spec = {
        "from": [{"group": group, "kind": kind, "namespace": origin}],
        "to": [to if name is None else {**to, "name": name}],
    }
    return obj("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "let", namespace, spec=spec)


def state(*routes: str, on_service: str = "", on_routes: str = "", namespace: str = "shop") -> KongState:
    """The Kong service `web` with `routes`; the Service and the Ingress behind them ask for plugins."""
    behind = obj("v1", "Service", "web", namespace, annotations={"konghq.com/plugins": on_service})
    ingress = obj("networking.k8s.io/v1", "Ingress", "in", namespace, annotations={"konghq.com/plugins": on_routes})
    found = [Route({"name": name}, ingress) for name in routes]
    service = Service({"name": "web"}, namespace, ingress, routes=found, kubernetes_services={"web": behind})
    return KongState(services=[service])
