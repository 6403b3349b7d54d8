"""Deterministic ids of Kong entities, as the controller fills them (go-kong `FillID`, KIC `KongState.FillIDs`).

A name-based UUID (RFC 9562, version 5) of the entity's key in a namespace of its type. In DB-less mode the workspace
is empty, so the key is the name alone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.translate.state import KongState

_KONG_ENTITIES = uuid.UUID("fd02801f-0957-4a15-a55a-c8d9606f30b5")
_NAMESPACES: dict[str, bytes] = {
    kind: uuid.uuid5(_KONG_ENTITIES, kind).bytes
    for kind in ("services", "routes", "consumers", "consumergroups", "vaults", "plugins")
}
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # the first two bits are 10
_PLUGIN_SCOPES = ("service", "route", "consumer", "consumer_group")


def entity_id(kind: str, key: str) -> str:
    """The id of the entity of a `kind` (`services`, `routes`, `consumers`, `consumergroups`, …) that `key` names."""
    text = hashlib.sha1(_NAMESPACES[kind] + key.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANTS[text[16]]}{text[17:20]}-{text[20:32]}"


def plugin_id(plugin: Mapping[str, Any]) -> str:
    """The id of a plugin instance: its name and what it is bound to (go-kong `Plugin.FillID`)."""
    scopes = "".join(f":{scope}/{plugin[scope]}" for scope in _PLUGIN_SCOPES if scope in plugin)
    return entity_id("plugins", f"{plugin['name']}{scopes}")


def fill_ids(state: KongState, options: ControllerOptions) -> None:
    """Give every entity that has none its id. An entity without the field that names it gets none."""
    for service in state.services:
        service.entity.setdefault("id", entity_id("services", service.entity["name"]))
        for route in service.routes:
            route.entity.setdefault("id", entity_id("routes", route.entity["name"]))
    for consumer in state.consumers:
        if username := consumer.entity.get("username"):
            consumer.entity.setdefault("id", entity_id("consumers", username))
    for group in state.consumer_groups:
        group.entity.setdefault("id", entity_id("consumergroups", group.entity["name"]))
    for vault in state.vaults:
        if prefix := vault.entity.get("prefix"):
            vault.entity.setdefault("id", entity_id("vaults", prefix))
    if options.behaviours["plugin-ids"]:
        for plugin in state.plugins:
            if plugin.entity.get("name"):
                plugin.entity.setdefault("id", plugin_id(plugin.entity))
