"""The field that was probably meant, where the gateway knows no field of a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gitops_kong import lazy
from gitops_kong.predict.model import Cause
from gitops_kong.translate.state import GatewaySchemas

if TYPE_CHECKING:
    import difflib
else:
    difflib = lazy.module("difflib")


def nearest_field(cause: Cause, schemas: GatewaySchemas) -> str | None:
    """`config.minute` for an unknown `config.minutes` of a plugin; None where nothing is near or nothing is known."""
    plugin = cause.object.data.get("plugin")
    if not cause.message.endswith("unknown field") or not plugin or not cause.path:
        return None
    filled = schemas.fill_plugin_defaults({"name": plugin, "config": {}})
    fields: object = filled
    for part in cause.path[:-1]:
        fields = fields.get(part) if isinstance(fields, Mapping) and isinstance(part, str) else None
    if not isinstance(fields, Mapping):
        return None
    near = difflib.get_close_matches(str(cause.path[-1]), fields, n=1, cutoff=0.6)
    return ".".join((*map(str, cause.path[:-1]), near[0])) if near else None
