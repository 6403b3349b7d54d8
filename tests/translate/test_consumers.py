"""Consumers, their credentials and groups."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.cluster.references import CREDENTIAL_TYPES
from gitops_kong.manifests.objects import CONTENT_UNKNOWN, K8sObject
from gitops_kong.translate.consumer_groups import fill_consumer_groups
from gitops_kong.translate.consumers import fill_consumers
from gitops_kong.translate.context import Context
from gitops_kong.translate.credentials import TYPES
from gitops_kong.translate.declarative import declarative
from gitops_kong.translate.state import Consumer, KongState
from tests.translate.kong_objects import context, failures, kong, obj, secret


def consumer(name: str = "ada", *credentials: str, **content: Any) -> K8sObject:
    return kong("KongConsumer", name, **{"username": name, "credentials": list(credentials), **content})


def fill(ctx: Context) -> list[Consumer]:
    state = KongState()
    fill_consumers(ctx, state)
    return state.consumers


def one_credential(kind: str | None, *, version: str = "3.5.13", **data: str) -> tuple[Any, list[str]]:
    """The only credential of a consumer (None where it has none), and the failures without their common start."""
    ctx = context(consumer("ada", "s"), secret("s", credential=kind, **data), version=version)
    (found,) = fill(ctx)
    start = 'credential "s" failure: '
    messages = [message for message, where in failures(ctx) if where == "KongConsumer shop/ada"]
    assert all(message.startswith(start) for message in messages)
    entities = [entity for listed in found.credentials.values() for entity in listed]
    for entity in entities:
        entity.pop("tags", None)
    return (entities[0] if entities else None), [message.removeprefix(start) for message in messages]


def test_every_type_that_the_reconcilers_know_is_translated() -> None:
    assert set(TYPES) == CREDENTIAL_TYPES


@pytest.mark.parametrize(
    ("kind", "data", "entity"),
    [
        ("key-auth", {"key": "k", "ttl": "60", "more": "x"}, {"key": "k", "ttl": 60}),
        ("key-auth", {"KEY": "k", "id": "i"}, {"key": "k", "id": "i"}),
        ("basic-auth", {"username": "u", "password": "p\n"}, {"username": "u", "password": "p\n"}),
        ("hmac-auth", {"username": "u", "secret": ""}, {"username": "u", "secret": ""}),
        ("jwt", {"key": "k", "secret": "s"}, {"key": "k", "secret": "s", "algorithm": "HS256"}),
        ("jwt", {"key": "k", "algorithm": ""}, {"key": "k", "algorithm": "HS256"}),
        ("acl", {"group": "g"}, {"group": "g"}),
        ("mtls-auth", {"subject_name": "cn"}, {"subject_name": "cn"}),
        (
            "oauth2",
            {"name": "n", "client_id": "i", "redirect_uris": "a,b", "hash_secret": "T"},
            {"name": "n", "client_id": "i", "redirect_uris": ["a", "b"], "hash_secret": True},
        ),
    ],
)
def test_credentials(kind: str, data: dict[str, str], entity: dict[str, Any]) -> None:
    assert one_credential(kind, **data) == (entity, [])


PROVISION = "failed to provision credential: "
DECODE = PROVISION + "failed to decode key-auth credential: failed to decode credential: "


@pytest.mark.parametrize(
    ("kind", "data", "messages"),
    [
        (
            None,
            {"key": "k", "kongCredType": "key-auth"},
            [
                "could not load credential from Secret: Secret shop/s used as credential,"
                " but lacks konghq.com/credential label",
                PROVISION + 'unsupported credential type: ""',
            ],
        ),
        ("keyauth_credential", {"key": "k"}, [PROVISION + 'unsupported credential type: "keyauth_credential"']),
        ("key-auth", {}, [PROVISION + "key-auth is invalid: no key"]),
        ("basic-auth", {}, [PROVISION + "basic-auth is invalid: no username"]),
        ("hmac-auth", {}, [PROVISION + "hmac-auth is invalid: no username"]),
        ("jwt", {}, [PROVISION + "jwt-auth for is invalid: no key"]),
        ("acl", {}, [PROVISION + "acl is invalid: no group"]),
        ("mtls-auth", {}, [PROVISION + "mtls-auth is invalid: no subject_name"]),
        ("oauth2", {}, [PROVISION + "oauth2 is invalid: no client_id"]),
        ("oauth2", {"client_id": "i"}, [PROVISION + "oauth2 is invalid: no name"]),
        (
            "key-auth",
            {"key": "k", "tags": "t", "created_at": "1", "consumer": "c"},
            [
                DECODE + "3 error(s) decoding:\n\n* 'consumer' expected a map, got 'string'\n"
                "* 'created_at' expected type 'int', got unconvertible type 'string', value: '1'\n"
                "* 'tags': source data must be an array or slice, got string"
            ],
        ),
        (
            "key-auth",
            {"key": "k", "Ttl": "60"},
            [
                DECODE + "1 error(s) decoding:\n\n"
                "* 'ttl' expected type 'int', got unconvertible type 'string', value: '60'"
            ],
        ),
    ],
)
def test_secrets_that_make_no_credential(kind: str | None, data: dict[str, str], messages: list[str]) -> None:
    assert one_credential(kind, **data) == (None, messages)


@pytest.mark.parametrize(
    ("data", "entity", "message"),
    [
        (
            {"ttl": "soon"},
            {"key": "k"},
            'Failed to parse ttl to int: strconv.Atoi: parsing "soon": invalid syntax, skipfilling the field',
        ),
        (
            {"ttl": "9" * 20},
            {"key": "k"},
            f'Failed to parse ttl to int: strconv.Atoi: parsing "{"9" * 20}": value out of range,'
            " skipfilling the field",
        ),
        (
            {"hash_secret": "yes"},
            {"key": "k"},
            'Failed to parse hash_secret to bool: strconv.ParseBool: parsing "yes": invalid syntax.'
            " defaulting to false",
        ),
    ],
)
def test_values_that_cannot_be_converted(data: dict[str, str], entity: dict[str, Any], message: str) -> None:
    assert one_credential("key-auth", key="k", **data) == (entity, [message])


def test_a_missing_secret_and_a_missing_group_leave_the_consumer() -> None:
    ctx = context(consumer("ada", "lost", consumerGroups=["none", "g"]), kong("KongConsumerGroup", "g"))
    (found,) = fill(ctx)
    assert found.groups == ["g"]
    assert failures(ctx) == [
        ('nonexistent consumer group: "KongConsumerGroup shop/none not found"', "KongConsumer shop/ada"),
        ('credential "lost" failure: Failed to fetch secret: Secret shop/lost not found', "KongConsumer shop/ada"),
    ]


def test_consumers_need_the_class_and_a_name() -> None:
    ctx = context(
        obj("configuration.konghq.com/v1", "KongConsumer", "other", username="other"),
        consumer("empty", username=""),
        consumer("by-id", username=None, custom_id="7"),
    )
    assert [c.entity.get("custom_id") for c in fill(ctx)] == ["7"]
    assert failures(ctx) == [("no username or custom_id specified", "KongConsumer shop/empty")]
    assert [o.name for o in ctx.configured.values()] == ["by-id"]


def conflict(version: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Two consumers share a key and a username, a third only uses another type."""
    ctx = context(
        consumer("ada", "k1", "b1"),
        consumer("bob", "k2"),
        consumer("cy", "b2", "h"),
        consumer("dee", "acl"),
        secret("k1", credential="key-auth", key="same"),
        secret("k2", credential="key-auth", key="same"),
        secret("b1", credential="basic-auth", username="same"),
        secret("b2", credential="basic-auth", username="same"),
        secret("h", credential="hmac-auth", username="same"),
        secret("acl", credential="acl", group="same"),
        version=version,
    )
    return [c.entity["username"] for c in fill(ctx)], failures(ctx)


def test_credentials_that_conflict_cost_the_consumers_from_3_4_on() -> None:
    assert conflict("3.3.1") == (["ada", "bob", "cy", "dee"], [])
    left, found = conflict("3.4.0")
    key = "conflict detected in \"key-auth on 'key'\" index"
    basic = "conflict detected in \"basic-auth on 'username'\" index"
    assert left == ["dee"]
    assert found == [
        (f"Secret has conflicting credential: {key}", "Secret shop/k1"),
        (f"Consumer has conflicting credentials: {key}", "KongConsumer shop/ada"),
        (f"Secret has conflicting credential: {key}", "Secret shop/k2"),
        (f"Consumer has conflicting credentials: {key}", "KongConsumer shop/bob"),
        (f"Secret has conflicting credential: {basic}", "Secret shop/b1"),
        (f"Secret has conflicting credential: {basic}", "Secret shop/b2"),
        (f"Consumer has conflicting credentials: {basic}", "KongConsumer shop/cy"),
    ]


def test_a_secret_listed_twice_conflicts_with_itself() -> None:
    assert fill(context(consumer("ada", "k", "k"), secret("k", credential="key-auth", key="x"))) == []


def config(version: str) -> dict[str, Any]:
    ctx = context(
        consumer("zoe", consumerGroups=["g"]),
        consumer("bob", custom_id="2"),
        consumer("by-id", username=None, custom_id="1", consumerGroups=["g"]),
        kong("KongConsumerGroup", "g"),
        version=version,
    )
    state = KongState()
    fill_consumers(ctx, state)
    fill_consumer_groups(ctx, state)
    return declarative(state, ctx)


def test_order_and_memberships() -> None:
    newer = config("3.4.0")
    assert [c.get("username") for c in newer["consumers"]] == [None, "bob", "zoe"]
    assert newer["consumer_group_consumers"] == [
        {"consumer_group": "g", "consumer": ""},
        {"consumer_group": "g", "consumer": "zoe"},
    ]
    older = config("3.3.1")
    assert [c["username"] for c in older["consumers"]] == ["zoe", "bob"]
    assert older["consumer_group_consumers"] == [{"consumer_group": "g", "consumer": "zoe"}]


@pytest.mark.parametrize(("kind", "fails"), [("key-auth", False), (None, False), ("bogus", True)])
def test_a_secret_of_unknown_content_makes_no_credential_and_no_failure(kind: str | None, fails: bool) -> None:
    labels = {} if kind is None else {"konghq.com/credential": kind}
    unknown = obj("v1", "Secret", "s", labels=labels, annotations={CONTENT_UNKNOWN: "true"})
    ctx = context(consumer("ada", "s"), unknown)
    (found,) = fill(ctx)
    assert found.credentials == {}
    assert bool(failures(ctx)) is fails
