"""A declarative configuration as people may see it: without the values of Secrets and without made-up identities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.step_json import UID_TAG, without_uid_tags
from gitops_kong.manifests.objects import K8sObject, Ref

# Fields that hold credentials, by list of entities.
SECRET_FIELDS: Mapping[str, tuple[str, ...]] = {
    "certificates": ("key", "key_alt"),
    "basicauth_credentials": ("password",),
    "hmacauth_credentials": ("secret",),
    "jwt_secrets": ("secret",),
    "keyauth_credentials": ("key",),
    "oauth2_credentials": ("client_secret",),
}


def shown(config: Mapping[str, Any], objects: Iterable[K8sObject]) -> Iterator[tuple[str, Any]]:
    """The fields of `config` with secrets as `{vault://redacted/N}`, the same N for the same value.

    Configurations of plugins that take theirs from a Secret are redacted whole. Lists of entities are made while they
    are read, in the order of the fields.
    """
    from_secret = {o.ref for o in objects if o.data.get("configFrom") or o.data.get("configPatches")}
    redaction = _Redaction(from_secret)
    for name, value in config.items():
        yield name, redaction.items(name, value) if isinstance(value, list) else redaction.value(name, value)


class _Redaction:
    def __init__(self, from_secret: set[Ref]) -> None:
        self.from_secret = from_secret
        self.known: dict[str, str] = {}

    def redact(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self.redact(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.redact(v) for v in value]
        if isinstance(value, str):
            return self.known.setdefault(value, f"{{vault://redacted/{len(self.known) + 1}}}")
        return value

    def items(self, name: str, value: list[Any]) -> Iterator[Any]:
        return (self.value(name, v) for v in value if not (isinstance(v, str) and v.startswith(UID_TAG)))

    def value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [*self.items(name, value)]
        if not isinstance(value, dict):
            return value
        secret = SECRET_FIELDS.get(name, ())
        made = {k: self.redact(without_uid_tags(v)) if k in secret else self.value(k, v) for k, v in value.items()}
        if name == "plugins" and object_of_tags(value.get("tags") or ()) in self.from_secret:
            made["config"] = self.redact(without_uid_tags(value.get("config") or {}))
        return made
