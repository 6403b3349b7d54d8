"""A declarative configuration as people may see it: without the values of Secrets and without made-up identities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.step_json import UID_TAG, without_uid_tags
from gitops_kong.manifests.lenient import items, mapping
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref

# Fields that are values of Secrets, by list of entities; public keys and certificates are for everybody.
SECRET_FIELDS: Mapping[str, tuple[str, ...]] = {
    "certificates": ("key", "key_alt"),
    "acls": ("group",),
    "basicauth_credentials": ("username", "password"),
    "hmacauth_credentials": ("username", "secret"),
    "jwt_secrets": ("key", "secret"),
    "keyauth_credentials": ("key",),
    "mtls_auth_credentials": ("subject_name",),
    "oauth2_credentials": ("name", "client_id", "client_secret", "redirect_uris"),
}
_WHOLE = ""


def shown(config: Mapping[str, Any], objects: Iterable[K8sObject]) -> Iterator[tuple[str, Any]]:
    """The fields of `config` with values of Secrets as `{vault://redacted/N}`, the same N for the same value.

    Numbers become their rank among those of the same plugin, so that Kong still takes the configuration; addresses stay
    addresses. Of plugins that take their configuration from a Secret all is redacted, of those that take patches from
    one what these patch. Lists of entities are made while they are read, in the order of the fields.
    """
    redaction = _Redaction({ref: fields for o in objects for ref, fields in [(o.ref, secret_fields(o))] if fields})
    for name, value in config.items():
        yield name, redaction.items(name, value) if isinstance(value, list) else redaction.value(name, value)


def secret_fields(plugin: K8sObject) -> frozenset[str]:
    """The fields of a plugin's configuration that come from Secrets; `''` stands for all."""
    found = {_WHOLE} if plugin.data.get("configFrom") else set()
    for patch in items(plugin.data.get("configPatches")):
        pointer = str(mapping(patch).get("path") or "").removeprefix("/")
        found.add(pointer.partition("/")[0].replace("~1", "/").replace("~0", "~"))
    return frozenset(found)


class _Redaction:
    def __init__(self, from_secret: Mapping[Ref, frozenset[str]]) -> None:
        self.from_secret = from_secret
        self.known: dict[str, int] = {}

    def redact(self, value: Any, ranks: Mapping[Any, int] = EMPTY) -> Any:
        if isinstance(value, dict):
            return {k: self.redact(v, ranks) for k, v in value.items()}
        if isinstance(value, list):
            return [self.redact(v, ranks) for v in value]
        if isinstance(value, str):
            number = self.known.setdefault(value, len(self.known) + 1)
            address = value.startswith(("http://", "https://"))
            return f"https://redacted.invalid/{number}" if address else f"{{vault://redacted/{number}}}"
        return ranks.get(value, value) if _is_number(value) else value

    def plugin(self, config: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
        """A plugin's configuration without what comes from Secrets."""
        hidden = {name: value for name, value in config.items() if _WHOLE in fields or name in fields}
        ranks = {number: rank for rank, number in enumerate(sorted(set(_numbers(hidden))), 1)}
        return {**config, **{name: self.redact(value, ranks) for name, value in hidden.items()}}

    def items(self, name: str, value: list[Any]) -> Iterator[Any]:
        return (self.value(name, v) for v in value if not (isinstance(v, str) and v.startswith(UID_TAG)))

    def value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [*self.items(name, value)]
        if not isinstance(value, dict):
            return value
        secret = SECRET_FIELDS.get(name, ())
        made = {k: self.redact(without_uid_tags(v)) if k in secret else self.value(k, v) for k, v in value.items()}
        owner = object_of_tags(value.get("tags") or ()) if name == "plugins" else None
        if owner is not None and owner in self.from_secret:
            made["config"] = self.plugin(without_uid_tags(value.get("config") or {}), self.from_secret[owner])
        return made


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)
    elif _is_number(value):
        yield value
