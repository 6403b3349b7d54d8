"""KongConsumers with their credentials and groups (KIC `KongState.FillConsumersAndCredentials`, 3.5.13)."""

from __future__ import annotations

from typing import NamedTuple

from gitops_kong.cluster.references import CONFIGURATION, CREDENTIAL_LABEL
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.credentials import TYPES, CredentialError, credential, values_of
from gitops_kong.translate.gotext import quote
from gitops_kong.translate.secrets import secret_data
from gitops_kong.translate.state import Consumer, Entity, KongState


class _Registered(NamedTuple):
    """A credential by what must be unique of it."""

    secret: K8sObject
    consumer: K8sObject


# Credentials by the field that they must not share, for each type, in the order in which conflicts are looked for.
_Index = dict[str, dict[str, list[_Registered]]]
_INDEX_ORDER = ("key-auth", "hmac-auth", "jwt", "basic-auth", "oauth2")


def fill_consumers(context: Context, state: KongState) -> None:
    """Add the consumers of this controller's class; from 3.4 on those with conflicting credentials are left out."""
    index: _Index = {name: {} for name in _INDEX_ORDER}
    consumers = {}
    for obj in context.store.list(CONFIGURATION, "KongConsumer"):
        if context.has_class(obj) and (consumer := _consumer(obj, index, context)):
            consumers[obj.ref] = consumer
    if context.behaves("credential-conflicts-refused"):
        for secret, obj, message in _conflicts(index):
            context.fail(f"Secret has conflicting credential: {message}", secret)
            if consumers.pop(obj.ref, None):
                context.fail(f"Consumer has conflicting credentials: {message}", obj)
    for consumer in consumers.values():
        state.consumers.append(consumer)
        context.succeed(consumer.parent)


def _consumer(obj: K8sObject, index: _Index, context: Context) -> Consumer | None:
    username, custom_id = obj.data.get("username"), obj.data.get("custom_id")
    if not username and not custom_id:
        context.fail("no username or custom_id specified", obj)
        return None
    entity: Entity = {}
    if username:
        entity["username"] = username
    if custom_id:
        entity["custom_id"] = custom_id
    if tags := context.tags(obj):
        entity["tags"] = tags
    consumer = Consumer(entity, obj)
    for name in obj.data.get("consumerGroups") or ():
        if context.store.get(CONFIGURATION, "KongConsumerGroup", obj.namespace, name) is None:
            missing = quote(f"KongConsumerGroup {obj.namespace}/{name} not found")
            context.fail(f"nonexistent consumer group: {missing}", obj)
        else:
            consumer.groups.append(name)
    for name in obj.data.get("credentials") or ():
        _add_credential(consumer, name, index, context)
    return consumer


def _add_credential(consumer: Consumer, name: str, index: _Index, context: Context) -> None:
    obj = consumer.parent

    def fail(message: str) -> None:
        context.fail(f"credential {quote(name)} failure: {message}", obj)

    secret = context.store.get("", "Secret", obj.namespace, name)
    if secret is None:
        fail(f"Failed to fetch secret: Secret {obj.namespace}/{name} not found")
        return
    type_name = secret.labels.get(CREDENTIAL_LABEL)
    if secret.content_unknown and type_name in (None, *TYPES):
        return
    if type_name is None:
        fail(
            f"could not load credential from Secret: Secret {obj.namespace}/{name} used as credential,"
            f" but lacks {CREDENTIAL_LABEL} label"
        )
    kind = TYPES.get(type_name or "")
    if kind is None:
        fail(f"failed to provision credential: unsupported credential type: {quote(type_name or '')}")
        return
    values, complaints = values_of(secret_data(secret))
    for complaint in complaints:
        fail(complaint)
    try:
        entity = credential(kind, values)
    except CredentialError as e:
        fail(f"failed to provision credential: {e}")
        return
    if tags := context.tags(secret):
        entity["tags"] = tags
    consumer.credentials.setdefault(kind.entities, []).append(entity)
    if kind.unique and type_name:
        index[type_name].setdefault(entity[kind.unique], []).append(_Registered(secret, obj))


def _conflicts(index: _Index) -> list[tuple[K8sObject, K8sObject, str]]:
    """Secret, consumer and message of every credential that is not alone with its unique field (`DetectConflicts`)."""
    return [
        (secret, consumer, f"conflict detected in {quote(TYPES[name].conflict)} index")
        for name, credentials in index.items()
        for alike in credentials.values()
        if len(alike) > 1
        for secret, consumer in alike
    ]
