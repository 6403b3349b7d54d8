"""KongConsumerGroups (KIC `KongState.FillConsumerGroups`)."""

from __future__ import annotations

from gitops_kong.cluster.references import CONFIGURATION
from gitops_kong.translate.context import Context
from gitops_kong.translate.state import ConsumerGroup, Entity, KongState


def fill_consumer_groups(context: Context, state: KongState) -> None:
    """Add the groups of this controller's class. Their names are not made unique across namespaces."""
    for obj in context.store.list(CONFIGURATION, "KongConsumerGroup"):
        if context.has_class(obj):
            entity: Entity = {"name": obj.name}
            if tags := context.tags(obj):
                entity["tags"] = tags
            state.consumer_groups.append(ConsumerGroup(entity, obj))
            context.succeed(obj)
