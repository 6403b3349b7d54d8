"""Credential Secrets (KIC `validation/consumers/credentials`). Values never reach a message."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gitops_kong.apiserver.webhook.model import Path, World
from gitops_kong.manifests.objects import K8sObject

LABEL = "konghq.com/credential"

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "key-auth": ("key",),
    "basic-auth": ("username", "password"),
    "hmac-auth": ("username", "secret"),
    "jwt": ("algorithm", "rsa_public_key", "key", "secret"),
    "oauth2": ("name", "client_id", "client_secret", "redirect_uris"),
    "acl": ("group",),
    "mtls-auth": ("subject_name",),
}
_UNIQUE: Mapping[str, str] = {
    "basic-auth": "username",
    "hmac-auth": "username",
    "jwt": "key",
    "key-auth": "key",
    "oauth2": "client_id",
}
_HMAC = (b"HS256", b"HS384", b"HS512")
_NO_TYPE = f"secret has no credential type, add a {LABEL} label"


def _data(secret: K8sObject) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for key, text in (secret.data.get("data") or {}).items():
        try:
            values[key] = base64.b64decode(text or "")
        except (binascii.Error, ValueError, TypeError):
            values[key] = b""
    return values


class Incomplete(NamedTuple):
    """Why a credential is not complete, and the field that says so."""

    message: str
    path: Path


def unique_key(secret: K8sObject) -> str:
    """The key whose value no other credential of its type may have, '' for types without one."""
    return _UNIQUE.get(secret.labels.get(LABEL) or "", "")


def problem(secret: K8sObject, behaviours: Mapping[str, bool]) -> Incomplete | None:
    """Why a credential is not complete (`ValidateCredentials`)."""
    if secret.content_unknown:
        return None
    kind = secret.labels.get(LABEL)
    if kind is None:
        return Incomplete(_NO_TYPE, ("metadata",))
    if kind not in _FIELDS:
        if kind == "konnect" and behaviours["webhook-takes-konnect-credentials"]:
            return None
        return Incomplete(f"invalid credential type {kind}", ("metadata", "labels", LABEL))
    data = _data(secret)
    skipped = set()
    if kind == "jwt" and "algorithm" in data:
        if data["algorithm"] in _HMAC:
            skipped.add("rsa_public_key")
        elif behaviours["webhook-jwt-needs-no-secret"]:
            skipped.add("secret")
    wanted = [name for name in _FIELDS[kind] if name not in skipped]
    if missing := [name for name in wanted if name not in data]:
        return Incomplete(f"missing required field(s): {', '.join(missing)}", ("data",))
    if empty := [name for name in wanted if not data[name]]:
        return Incomplete(f"some fields were invalid due to missing data: {', '.join(empty)}", ("data", empty[0]))
    return None


class Index:
    """The values of unique fields that credentials in use have, by type (`Index`)."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, bytes]] = set()

    def add(self, secret: K8sObject) -> str | None:
        """Take in a credential; why it cannot be, where another has the same value."""
        if secret.content_unknown:
            return None
        kind = secret.labels.get(LABEL)
        if kind is None:
            return _NO_TYPE
        key = _UNIQUE.get(kind)
        value = _data(secret).get(key) if key else None
        if key is None or value is None:
            return None
        if (kind, value) in self._taken:
            return f"unique key constraint violated for {key}"
        self._taken.add((kind, value))
        return None


def index_of_all(world: World, ignored: Iterable[tuple[str, str]]) -> Index | str:
    """The credentials of all managed consumers but those `ignored` (namespace, name); the message where two clash."""
    index, left_out = Index(), set(ignored)
    for consumer in managed_consumers(world):
        for name in consumer.data.get("credentials") or ():
            if (consumer.namespace, name) in left_out:
                continue
            secret = world.cluster.get("", "Secret", consumer.namespace, name)
            wrong = index.add(secret) if secret is not None else None
            if wrong is not None:
                return wrong
    return index


def managed_consumers(world: World) -> list[K8sObject]:
    """The KongConsumers of this controller's class."""
    return [c for c in world.cluster.list("configuration.konghq.com", "KongConsumer") if world.is_managed(c)]
