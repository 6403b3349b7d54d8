"""KongPlugins and KongClusterPlugins → plugin instances (KIC `kongstate.buildPlugins`, 3.5.13)."""

from __future__ import annotations

import hashlib

from gitops_kong.cluster.references import CONFIGURATION
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gotext import quote
from gitops_kong.translate.plugin_config import ContentUnknown, PluginConfigError, plugin_template
from gitops_kong.translate.plugin_relations import Combination, Relations, relations
from gitops_kong.translate.state import Entity, KongState, Plugin

# The order in which an instance's name is hashed; before 3.4 only the last one counted.
_SCOPES = (("service", "service"), ("route", "route"), ("consumer", "consumer"), ("consumer_group", "group"))


def fill_plugins(context: Context, state: KongState) -> None:
    """Add an instance for each combination that asks for a plugin, and the global ones."""
    templates = _Templates(context)
    for key, asked in relations(state, context).items():
        namespace, name = key.split(":")[:2]
        obj = find_plugin(namespace, name, context)
        if obj is None:
            _fail_missing(name, asked, context)
            continue
        try:
            shared = templates.of(obj)
        except PluginConfigError as e:
            context.fail(str(e), obj)
            continue
        context.succeed(obj)
        if shared is not None:
            _bind(obj, shared, asked, context, state.plugins)
    for obj, shared in _global_plugins(templates, context):
        context.succeed(obj)
        if shared is not None:
            state.plugins.append(Plugin(dict(shared), obj))


class _Templates:
    """What plugin objects say, each read once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[int, Entity | PluginConfigError | None] = {}

    def of(self, obj: K8sObject) -> Entity | None:
        """The plugin without scope, None where a Secret of unknown content configures it.

        Raises `PluginConfigError`.
        """
        key = id(obj)
        if key not in self._known:
            try:
                self._known[key] = plugin_template(obj, self._context)
            except ContentUnknown:
                self._known[key] = None
            except PluginConfigError as e:
                self._known[key] = e
        known = self._known[key]
        if isinstance(known, PluginConfigError):
            raise known
        return known


def find_plugin(namespace: str, name: str, context: Context) -> K8sObject | None:
    """The KongPlugin of that name, else the KongClusterPlugin (`getKongPluginOrKongClusterPlugin`)."""
    return context.store.get(CONFIGURATION, "KongPlugin", namespace, name) or context.store.get(
        CONFIGURATION, "KongClusterPlugin", "", name
    )


def _fail_missing(name: str, asked: Relations, context: Context) -> None:
    """Every object of every combination gets the failure; before 3.4 it was only logged."""
    if not context.behaves("plugin-references-checked"):
        return
    message = f"referenced KongPlugin or KongClusterPlugin {quote(name)} does not exist"
    for combination in asked.combinations():
        for relation in (
            combination.consumer,
            combination.consumer_group,
            combination.route,
            combination.service,
        ):
            if relation is not None:
                context.fail(message, relation.blamed)


def _bind(obj: K8sObject, shared: Entity, asked: Relations, context: Context, plugins: list[Plugin]) -> None:
    instance_name: str | None = shared.get("instance_name")
    used: set[str] = set()
    for combination in asked.combinations():
        entity = dict(shared)
        for scope, relation in zip(combination._fields, combination, strict=True):
            if relation is not None:
                entity[scope] = relation.identifier
        if instance_name is not None:
            entity["instance_name"] = _suffixed(instance_name, combination, used, context)
        plugins.append(Plugin(entity, obj))


def _suffixed(name: str, combination: Combination, used: set[str], context: Context) -> str:
    """An instance name made unique by what the instance is bound to."""
    bound = [f"{label}-{r.identifier}" for scope, label in _SCOPES if (r := getattr(combination, scope)) is not None]
    whole = context.behaves("instance-name-of-all-scopes")
    text = "".join(f"_{part}" for part in bound) if whole else bound[-1]
    digest = hashlib.sha256(text.encode()).hexdigest()
    suffixed = f"{name}-{digest[:9]}"
    if suffixed in used:
        suffixed = f"{name}-{digest}"
    used.add(suffixed)
    return suffixed


def _global_plugins(templates: _Templates, context: Context) -> list[tuple[K8sObject, Entity | None]]:
    """KongClusterPlugins of this class with the label `global: "true"`, one of a type (`globalKongClusterPlugins`)."""
    found: dict[str, list[tuple[K8sObject, Entity | None]]] = {}
    for obj in context.store.list(CONFIGURATION, "KongClusterPlugin"):
        kind = obj.data.get("plugin")
        if not kind or obj.labels.get("global") != "true" or not context.has_class(obj):
            continue
        if kind in found:
            found[kind] = []  # two of one type cancel each other out, even if this one cannot be read
            continue
        try:
            found[kind] = [(obj, templates.of(obj))]
        except PluginConfigError:
            continue  # only logged
    return [one for alike in found.values() for one in alike]
