"""A declarative configuration as people may see it: without the values of Secrets and without made-up identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.step_json import without_uid_tags
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


def shown(config: Mapping[str, Any], objects: Iterable[K8sObject]) -> dict[str, Any]:
    """`config` with secrets as `{vault://redacted/N}`, the same N for the same value.

    Configurations of plugins that take theirs from a Secret are redacted whole.
    """
    from_secret = {o.ref for o in objects if o.data.get("configFrom") or o.data.get("configPatches")}
    result: dict[str, Any] = _Redaction(from_secret).value("", without_uid_tags(config))
    return result


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

    def value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(name, v) for v in value]
        if not isinstance(value, dict):
            return value
        secret = SECRET_FIELDS.get(name, ())
        made = {k: self.redact(v) if k in secret else self.value(k, v) for k, v in value.items()}
        if name == "plugins" and object_of_tags(value.get("tags") or ()) in self.from_secret:
            made["config"] = self.redact(value.get("config") or {})
        return made
