"""KongVaults (KIC `KongState.FillVaults`)."""

from __future__ import annotations

from gitops_kong.cluster.references import CONFIGURATION
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gotext import instant, quote
from gitops_kong.translate.plugin_config import PluginConfigError, object_config
from gitops_kong.translate.state import Entity, KongState, OwnedEntity


def fill_vaults(context: Context, state: KongState) -> None:
    """Add the vaults of this controller's class: of several with one prefix the oldest, then the first by name."""
    taken: set[str] = set()
    for obj in sorted(context.store.list(CONFIGURATION, "KongVault"), key=_age):
        if not context.has_class(obj):
            continue
        prefix = obj.spec.get("prefix") or ""
        if prefix in taken:
            context.fail(f"spec.prefix {quote(prefix)} is duplicate", obj)
            continue
        taken.add(prefix)
        try:
            entity = _vault(obj, prefix, context)
        except PluginConfigError as e:
            context.fail(f"failed to parse configuration of vault {quote(obj.name)} to JSON: {e}", obj)
            continue
        state.vaults.append(OwnedEntity(entity, obj))
        context.succeed(obj)


def _age(obj: K8sObject) -> tuple[str, str]:
    return instant(obj.metadata.get("creationTimestamp")), obj.name


def _vault(obj: K8sObject, prefix: str, context: Context) -> Entity:
    entity: Entity = {"name": obj.spec.get("backend") or "", "prefix": prefix}
    if description := obj.spec.get("description"):
        entity["description"] = description
    if config := object_config(obj.spec.get("config")):
        entity["config"] = config
    if tags := context.tags(obj):
        entity["tags"] = tags
    return entity
