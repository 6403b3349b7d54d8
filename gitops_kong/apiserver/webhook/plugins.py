"""KongPlugin, KongClusterPlugin and the Secrets that they are configured from (KIC `ValidatePlugin`)."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_kong.apiserver.webhook.model import (
    ALLOWED,
    CONFIGURATION,
    Path,
    Refusal,
    Review,
    Secrets,
    Unreadable,
    World,
    refused,
)
from gitops_kong.manifests.objects import EMPTY, K8sObject


def review_plugin(obj: K8sObject, world: World, secrets: Secrets | None = None) -> Review:
    """A KongPlugin or KongClusterPlugin against the gateway's schema of the plugin."""
    entity = world.translator.plugin(obj, secrets or {})
    if isinstance(entity, Unreadable):
        if entity.from_secret:
            return refused(f"could not load secret plugin configuration: {entity.message}", "configFrom")
        part = "configPatches" if obj.data.get("configPatches") else "config"
        return refused(f"could not parse plugin configuration: {entity.message}", part)
    refusal = world.gateway.refuses("plugins", entity) if world.gateway is not None else None
    if refusal is None:
        return ALLOWED
    return refused(f"plugin failed schema validation: {refusal.message}", *_path(obj, refusal))


def _path(obj: K8sObject, refusal: Refusal) -> Path:
    """The field of a plugin that the gateway's answer speaks of; a Secret's content has none."""
    path = next(iter(refusal.fields), ("config",))
    if path[0] == "name":
        return ("plugin",)
    if path[0] == "config" and obj.data.get("configFrom") is not None:
        return ("configFrom",)
    return path


def review_configuration_secret(secret: K8sObject, world: World) -> Review:
    """A Secret that plugins take configuration from, with its new content (`checkReferrersOfSecret`)."""
    override = {(secret.namespace, secret.name): secret}
    for plugin in _referrers(secret, world):
        review = review_plugin(plugin, world, override)
        if not review.allowed:
            what = f"Change on secret will generate invalid configuration for {plugin.ref}"
            return refused(f"{what}: {review.message}", "data")
    return ALLOWED


def _referrers(secret: K8sObject, world: World) -> Iterator[K8sObject]:
    target = secret.namespace, secret.name
    for kind in ("KongPlugin", "KongClusterPlugin"):
        for plugin in sorted(world.cluster.list(CONFIGURATION, kind), key=lambda p: p.ref):
            if target in set(_secrets(plugin)):
                yield plugin


def _secrets(plugin: K8sObject) -> Iterator[tuple[str, str]]:
    sources = [plugin.data.get("configFrom") or EMPTY]
    sources += [patch.get("valueFrom") or EMPTY for patch in plugin.data.get("configPatches") or ()]
    for source in sources:
        reference = source.get("secretKeyRef") or EMPTY
        if reference:
            yield plugin.namespace or reference.get("namespace") or "", reference.get("name") or ""


def check_one_plugin_of_a_type(obj: K8sObject, world: World) -> Review:
    """Only 3.2.0 refuses two KongPlugins of one type on an Ingress, HTTPRoute or Service."""
    if not world.behaviours["webhook-one-plugin-of-a-type"]:
        return ALLOWED
    names = [name.strip() for name in (obj.annotations.get("konghq.com/plugins") or "").split(",")]
    by_type: dict[str, list[str]] = {}
    for plugin in world.cluster.list(CONFIGURATION, "KongPlugin"):
        if plugin.namespace == obj.namespace and plugin.name in names:
            by_type.setdefault(plugin.data.get("plugin") or "", []).append(plugin.name)
    for kind, same in by_type.items():
        if len(same) > 1:
            what = f"cannot attach multiple plugins: {', '.join(same)} of the same type {kind}"
            place = "metadata", "annotations", "konghq.com/plugins"
            return refused(f"{obj.kind} has invalid KongPlugin annotation: {what}", *place)
    return ALLOWED
