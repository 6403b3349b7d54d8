"""KongConsumer and credential Secrets (KIC `ValidateConsumer`, `ValidateCredential`), KongConsumerGroup."""

from __future__ import annotations

from gitops_kong.apiserver.webhook import credentials
from gitops_kong.apiserver.webhook.model import ALLOWED, Review, World, failed, refused
from gitops_kong.manifests.objects import K8sObject

_FAILED = "consumer credential failed validation"


def review_consumer(obj: K8sObject, old: K8sObject | None, world: World) -> Review:
    """A KongConsumer; an update is looked at only when it changes the username."""
    username = obj.data.get("username") or ""
    if old is not None and username == (old.data.get("username") or ""):
        return ALLOWED
    if not world.is_managed(obj):
        return ALLOWED
    if world.gateway is not None and not username.strip():
        # go-kong asks the gateway for no consumer without a name, and the webhook answers 500 (`ConsumerService.Get`).
        why = "usernameOrID cannot be nil for Get operation"
        return failed(f'an error on the server ("{why}") has prevented the request from succeeding')
    if world.gateway is not None and world.gateway.has_consumer(username):
        return refused("consumer already exists", "username")
    names = obj.data.get("credentials") or ()
    if not names:
        return ALLOWED
    secrets = []
    for i, name in enumerate(names):
        secret = world.cluster.get("", "Secret", obj.namespace, name)
        if secret is None:
            what = f'consumer referenced non-existent credentials secret: Secret "{name}" not found'
            return refused(what, "credentials", i)
        wrong = credentials.problem(secret, world.behaviours)
        if wrong is not None:
            return refused(f"{_FAILED}: {wrong.message}", "credentials", i)
        secrets.append(secret)
    index = credentials.index_of_all(world, ((obj.namespace, name) for name in names))
    if isinstance(index, str):
        return refused(f"{_FAILED}: {index}", "credentials")
    for i, secret in enumerate(secrets):
        clash = index.add(secret)
        if clash is not None:
            return refused(f"{_FAILED}: {clash}", "credentials", i)
    return ALLOWED


def review_credential(secret: K8sObject, world: World) -> Review:
    """A Secret with the credential label."""
    if not secret.labels.get(credentials.LABEL) and not world.behaviours["webhook-checks-empty-credential-types"]:
        return ALLOWED
    wrong = credentials.problem(secret, world.behaviours)
    if wrong is not None:
        return refused(f"{_FAILED}: {wrong.message}", *wrong.path)
    users = (c for c in credentials.managed_consumers(world) if c.namespace == secret.namespace)
    if not any(secret.name in (c.data.get("credentials") or ()) for c in users):
        return ALLOWED
    index = credentials.index_of_all(world, ((secret.namespace, secret.name),))
    clash = index if isinstance(index, str) else index.add(secret)
    return ALLOWED if clash is None else refused(f"{_FAILED}: {clash}", "data", credentials.unique_key(secret))


def review_consumer_group(obj: K8sObject, world: World) -> Review:
    """A KongConsumerGroup, which needs Kong Enterprise."""
    if not world.is_managed(obj) or world.gateway is None or world.gateway.enterprise:
        return ALLOWED
    return refused("consumer group support requires Kong Enterprise")
