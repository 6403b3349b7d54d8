"""Which services, routes, consumers and consumer groups ask for which plugins.

KIC `KongState.getPluginRelations` and `rels.ForeignRelations` (3.5.13), for `konghq.com/plugins` annotations and
ExtensionRef filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gitops_kong.cluster.reference_grants import Referrer, Target, is_granted
from gitops_kong.cluster.references import CONFIGURATION
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context, ControllerPanic
from gitops_kong.translate.state import Consumer, ConsumerGroup, KongState, Route, Service

_PLUGINS = "konghq.com/plugins"

Scoped = Service | Route | Consumer | ConsumerGroup


class Relation(NamedTuple):
    """An entity that asks for a plugin, by what identifies it, and the object that says so."""

    identifier: str
    referrer: K8sObject
    entity: Scoped

    @property
    def source(self) -> Referrer:
        """Who refers, as grants name it."""
        if isinstance(self.entity, Route) and self.entity.anonymous:
            return Referrer("", "", self.referrer.namespace)
        return source_of(self.referrer)

    @property
    def blamed(self) -> K8sObject:
        """The object that failures name: a route's parent without its generation, so that its status is Unknown.

        KIC `getPluginRelations` makes a virtual Ingress of its kind, namespace and name.
        """
        if not isinstance(self.entity, Route):
            return self.referrer
        metadata = {"namespace": self.referrer.namespace, "name": self.referrer.name}
        if self.entity.anonymous:
            return self.referrer.with_data({"metadata": metadata})
        parent = self.referrer
        return parent.with_data({"apiVersion": parent.api_version, "kind": parent.kind, "metadata": metadata})


class Combination(NamedTuple):
    """What one plugin instance is bound to."""

    service: Relation | None = None
    route: Relation | None = None
    consumer: Relation | None = None
    consumer_group: Relation | None = None


@dataclass
class Relations:
    """All that asks for one plugin."""

    services: list[Relation] = field(default_factory=list)
    routes: list[Relation] = field(default_factory=list)
    consumers: list[Relation] = field(default_factory=list)
    consumer_groups: list[Relation] = field(default_factory=list)

    def combinations(self) -> Iterator[Combination]:
        """One for each instance: consumers (else groups) with each service and route (`GetCombinations`)."""
        people: list[tuple[Relation | None, Relation | None]]
        people = [(c, None) for c in self.consumers] or [(None, g) for g in self.consumer_groups]
        if not (self.services or self.routes):
            for consumer, group in people:
                yield Combination(None, None, consumer, group)
            return
        for consumer, group in people or [(None, None)]:
            for service in self.services:
                yield Combination(service, None, consumer, group)
            for route in self.routes:
                yield Combination(None, route, consumer, group)


class PluginName(NamedTuple):
    """A plugin as an annotation names it; without a namespace it is the referrer's."""

    namespace: str
    name: str


class NotGrantedError(Exception):
    """A plugin of another namespace without a ReferenceGrant; the message is the controller's."""


def relations(state: KongState, context: Context, *, with_groups: bool = True) -> dict[str, Relations]:
    """All relations by `namespace:name` of the plugin; failures to refer to other namespaces are registered.

    Those of consumer groups only `with_groups`.
    """
    collector = _Collector(context)
    for service in state.services:
        for obj in service.kubernetes_services.values():
            if _PLUGINS in obj.annotations:
                collector.add("services", Relation(service.entity["name"], obj, service), obj.annotations)
        for route in service.routes:
            annotations = route.annotations
            if _PLUGINS in annotations:
                collector.add("routes", Relation(route.entity["name"], route.parent, route), annotations)
    for consumer in state.consumers:
        if _PLUGINS in consumer.parent.annotations:
            collector.add_consumer(consumer)
    for group in state.consumer_groups if with_groups else ():
        if _PLUGINS in group.parent.annotations:
            relation = Relation(group.entity["name"], group.parent, group)
            collector.add("consumer_groups", relation, group.parent.annotations)
    return collector.found


class _Collector:
    """Relations as they are found; equal annotations are read once."""

    def __init__(self, context: Context) -> None:
        self.found: dict[str, Relations] = {}
        self._context = context
        self._checked = context.behaves("plugin-references-checked")
        self._names: dict[str, list[PluginName]] = {}

    def names(self, annotations: Mapping[str, str]) -> list[PluginName]:
        """The plugins that annotations name."""
        text = annotations[_PLUGINS]
        names = self._names.get(text)
        if names is None:
            names = self._names[text] = _names(text) if self._checked else _names_unchecked(text)
        return names

    def add(self, which: str, relation: Relation, annotations: Mapping[str, str]) -> None:
        """Relate an entity to all plugins that its annotations name."""
        for plugin in self.names(annotations):
            try:
                namespace = relation.referrer.namespace
                if plugin.namespace:
                    namespace = plugin_namespace(plugin, relation.source, self._context)
            except NotGrantedError as e:
                if self._checked:
                    self._context.fail(str(e), relation.blamed)
                continue
            key = f"{namespace}:{plugin.name}"
            known = self.found.get(key)
            if known is None:
                known = self.found[key] = Relations()
            getattr(known, which).append(relation)

    def add_consumer(self, consumer: Consumer) -> None:
        """Relate a consumer by its username, else its custom id; before 3.4 the latter is a panic."""
        parent = consumer.parent
        username: str | None = consumer.entity.get("username")
        if (
            username is None
            and self.names(parent.annotations)
            and not self._context.behaves("consumers-without-username")
        ):
            raise ControllerPanic((parent,), f"{parent.ref} has plugins and no username (getPluginRelations)")
        identifier = consumer.entity.get("custom_id", "") if username is None else username
        self.add("consumers", Relation(identifier, parent, consumer), parent.annotations)


def source_of(obj: K8sObject) -> Referrer:
    """An object as grants name it."""
    return Referrer(obj.group, obj.kind, obj.namespace)


def plugin_namespace(plugin: PluginName, source: Referrer, context: Context) -> str:
    """The namespace in which `plugin` is looked for (`extractReferredPluginNamespaceIfAllowed`).

    Raises `NotGrantedError`.
    """
    namespace, name = plugin
    if not namespace:
        return source.namespace
    if is_granted(context.store, source, Target(namespace, CONFIGURATION, "KongPlugin", name)):
        return namespace
    if context.behaves("plugin-references-checked"):
        raise NotGrantedError(
            f'no grant found to referenced "{namespace}:{name}" plugin in the requested remote KongPlugin bind'
        )
    raise NotGrantedError(
        f"no grant found for {source.kind} in {source.namespace} to plugin {name} in {namespace}"
        " requested remote KongPlugin bind"
    )


def _names(text: str) -> list[PluginName]:
    """`metadata.ExtractPluginsNamespacedNames`: blank items, and those that start or end with a colon, are dropped."""
    names = []
    for item in text.split(","):
        if not item.strip() or item[0] == ":" or item.find(":") == len(item) - 1:
            continue
        namespace, colon, name = item.partition(":")
        names.append(PluginName(namespace.strip(), name.strip()) if colon else PluginName("", item.strip()))
    return names


def _names_unchecked(text: str) -> list[PluginName]:
    """`annotations.ExtractNamespacedKongPluginsFromAnnotations`: only empty items are dropped."""
    names = []
    for item in text.split(","):
        if not item:
            continue
        namespace, *rest = item.split(":")
        names.append(PluginName(namespace.strip(), rest[0].strip()) if rest else PluginName("", item.strip()))
    return names
