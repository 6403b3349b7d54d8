"""One request to the webhook (KIC `RequestHandler.handleValidation`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_kong.apiserver.webhook import credentials
from gitops_kong.apiserver.webhook.consumers import review_consumer, review_consumer_group, review_credential
from gitops_kong.apiserver.webhook.entities import review_custom_entity, review_vault, warn_kong_ingress, warn_service
from gitops_kong.apiserver.webhook.model import ALLOWED, CONFIGURATION, GATEWAY_API, Review, World
from gitops_kong.apiserver.webhook.plugins import (
    check_one_plugin_of_a_type,
    review_configuration_secret,
    review_plugin,
)
from gitops_kong.apiserver.webhook.routes import review_http_route, review_ingress
from gitops_kong.manifests.objects import K8sObject


def review(obj: K8sObject, old: K8sObject | None, world: World) -> Review:
    """What the webhook answers when `obj` is created, or replaces `old`.

    `obj` is what the API server made of the manifest (`ApiServer.prepare`). Kinds that the webhook does not know are
    allowed. Whether it is installed and called for an object (`webhook.hooks`), is the caller's to know.
    """
    handler = _HANDLERS.get((obj.group, obj.kind))
    return ALLOWED if handler is None else handler(obj, old, world)


def _review_secret(obj: K8sObject, _: K8sObject | None, world: World) -> Review:
    if credentials.LABEL in obj.labels:
        answer = review_credential(obj, world)
        if not answer.allowed:
            return answer
    return review_configuration_secret(obj, world)


def _review_service(obj: K8sObject, _: K8sObject | None, world: World) -> Review:
    answer = check_one_plugin_of_a_type(obj, world)
    return warn_service(obj) if answer.allowed else answer


_HANDLERS: Mapping[tuple[str, str], Callable[[K8sObject, K8sObject | None, World], Review]] = {
    (CONFIGURATION, "KongConsumer"): review_consumer,
    (CONFIGURATION, "KongConsumerGroup"): lambda obj, _, world: review_consumer_group(obj, world),
    (CONFIGURATION, "KongPlugin"): lambda obj, _, world: review_plugin(obj, world),
    (CONFIGURATION, "KongClusterPlugin"): lambda obj, _, world: review_plugin(obj, world),
    (CONFIGURATION, "KongIngress"): lambda obj, _, __: warn_kong_ingress(obj),
    (CONFIGURATION, "KongVault"): lambda obj, _, world: review_vault(obj, world),
    (CONFIGURATION, "KongCustomEntity"): lambda obj, _, world: review_custom_entity(obj, world),
    (GATEWAY_API, "HTTPRoute"): lambda obj, _, world: review_http_route(obj, world),
    ("networking.k8s.io", "Ingress"): lambda obj, _, world: review_ingress(obj, world),
    ("", "Secret"): _review_secret,
    ("", "Service"): _review_service,
}
