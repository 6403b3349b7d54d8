"""The ids that the gateway makes for entities without one.

Source: `get_key_for_uuid_gen`, `build_cache_key` and `generate_uuid` of Kong
(kong/db/schema/others/declarative_config.lua): equal keys get equal ids, so an entity that is declared twice is found.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from gitops_kong.gateway.lua import MISSING, GatewayCrash, Table, tostring

UNUSABLE = object()  # the name is there but no text: the gateway then gives no id at all
_ENTITIES = uuid.UUID("fd02801f-0957-4a15-a55a-c8d9606f30b5")


@cache
def _namespace(entity: str) -> bytes:
    return uuid.uuid5(_ENTITIES, entity).bytes


def made_of(entity: str, key: str) -> str:
    """The id for a key: a UUID of version 5, as `uuid.uuid5` makes it, without making an object."""
    digest = hashlib.sha1(_namespace(entity) + key.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def key_of(
    entity: str, schema: Mapping[str, Any], item: Table, parent_id: Any = MISSING, child_field: str | None = None
) -> Any:
    """What the id is made of, None when the gateway takes a random one or the entity has an id, or UNUSABLE.

    `parent_id` is the id of the entity that this one is nested in, `child_field` the foreign key that names it.
    """
    if schema["primary_key"] != ["id"] or "id" in item:
        return None
    workspace = item.get("ws_id")
    if workspace is not None and not isinstance(workspace, str):
        raise GatewayCrash
    if "cache_key" in schema:
        return _cache_key(entity, schema, item, workspace or "*", parent_id, child_field)
    name = schema.get("endpoint_key")
    if name is None or name not in item:
        return None
    value = item[name]
    if value is False:
        return None
    if not isinstance(value, str):
        return UNUSABLE
    return value if schema["fields"][name].get("unique") else f"{value}:{workspace or '*'}"


def _cache_key(
    entity: str, schema: Mapping[str, Any], item: Table, workspace: str, parent_id: Any, child_field: str | None
) -> str | None:
    parts: list[Any] = [entity, workspace]
    for name in schema["cache_key"]:
        field = schema["fields"][name]
        value = item.get(name, MISSING)
        if field.get("auto"):
            return None
        if isinstance(value, str):
            parts.append(value)
        elif value is MISSING:
            if name == child_field:
                if parent_id is MISSING or parent_id is False:
                    return None
                parts.append(parent_id)
            elif field.get("required"):
                return None
            else:
                parts.append("")
    if any(not isinstance(part, (str, int, float)) or isinstance(part, bool) for part in parts):
        raise GatewayCrash
    return ":".join(map(tostring, parts))
