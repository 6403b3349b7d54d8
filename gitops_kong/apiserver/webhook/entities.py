"""KongVault and KongCustomEntity (KIC `ValidateVault`, `ValidateCustomEntity`), KongIngress and Service warnings."""

from __future__ import annotations

import json
from typing import Any

from gitops_kong.apiserver.webhook.model import ALLOWED, CONFIGURATION, Review, World, refused
from gitops_kong.manifests.objects import K8sObject

# A gateway checks only that a foreign key is a UUID; the webhook makes one up.
_PLACEHOLDER = {"id": "00000000-0000-4000-8000-000000000000"}
_NOT_OBJECT = "json: cannot unmarshal {} into Go value of type kong.Configuration"
_JSON_KINDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}


def _unreadable(value: Any) -> str | None:
    """Why a raw configuration is no object."""
    if value is None or isinstance(value, dict):
        return None
    return _NOT_OBJECT.format(_JSON_KINDS.get(type(value), "value"))


def review_vault(obj: K8sObject, world: World) -> Review:
    """A KongVault: its prefix is its own, its configuration fits the gateway's schema."""
    if not world.is_managed(obj):
        return ALLOWED
    spec = obj.spec
    wrong = _unreadable(spec.get("config"))
    if wrong is not None:
        return refused(f"failed to unmarshal vault configuration: {wrong}", "spec", "config")
    prefix = spec.get("prefix") or ""
    for other in world.cluster.list(CONFIGURATION, "KongVault"):
        if other.name != obj.name and (other.spec.get("prefix") or "") == prefix and world.is_managed(other):
            return refused(
                f"spec.prefix {json.dumps(prefix)} is duplicate with existing KongVault {json.dumps(other.name)}",
                "spec",
                "prefix",
            )
    vault = {"name": spec.get("backend") or "", "prefix": prefix, "config": spec.get("config") or {}}
    if description := spec.get("description"):
        vault["description"] = description
    refusal = world.gateway.refuses("vaults", vault) if world.gateway is not None else None
    if refusal is None:
        return ALLOWED
    path = next(iter(refusal.fields), ("config",))
    path = ("backend", *path[1:]) if path[0] == "name" else path
    return refused(f"vault configuration in invalid: {refusal.message}", "spec", *path)


def review_custom_entity(obj: K8sObject, world: World) -> Review:
    """A KongCustomEntity against the gateway's schema of its type."""
    if not world.is_managed(obj) and (obj.spec.get("controllerName") or "") != world.ingress_class:
        return ALLOWED
    wrong = _unreadable(obj.spec.get("fields"))
    if wrong is not None:
        return refused(f"failed to unmarshal fields of custom entity: {wrong}", "spec", "fields")
    if world.gateway is None:
        return ALLOWED
    kind = obj.spec.get("type") or ""
    known = world.gateway.entity_fields(kind)
    if known is None:
        error = "HTTP status 404 (message: \"No entity named '" + kind + "'\")"
        return refused(f"failed to get schema of Kong entity type '{kind}': {error}", "spec", "type")
    fields = dict(obj.spec.get("fields") or {})
    for name, definition in known.items():
        if definition.get("type") == "foreign" and definition.get("required"):
            fields[name] = _PLACEHOLDER
    refusal = world.gateway.refuses(kind, fields)
    if refusal is None:
        return ALLOWED
    return refused(refusal.message, "spec", "fields", *next(iter(refusal.fields), ()))


def warn_kong_ingress(obj: K8sObject) -> Review:
    """A KongIngress is always allowed; its sections are warned about."""
    texts = {
        "proxy": "Support for 'proxy' was removed in 3.0. It will have no effect. Use Service's annotations instead.",
        "route": "Support for 'route' was removed in 3.0. It will have no effect. Use Ingress' annotations instead.",
        "upstream": "'upstream' is DEPRECATED and will be removed in a future version. Use a KongUpstreamPolicy"
        " resource instead.",
    }
    return Review(warnings=tuple(text for key, text in texts.items() if obj.data.get(key) is not None))


def warn_service(obj: K8sObject) -> Review:
    """A Service is always allowed; a KongIngress annotation is warned about."""
    if not obj.annotations.get("konghq.com/override"):
        return ALLOWED
    return Review(
        warnings=(
            "konghq.com/override is deprecated and will be removed in a future release. Use Service annotations for"
            " the 'proxy' section and konghq.com/upstream-policy with a KongUpstreamPolicy resource instead.",
        )
    )
