"""Files that decK writes, as the configuration that a gateway without a database takes.

decK keeps what concerns itself in keys of its own, shares plugin configurations (`_plugin_configs`) and writes foreign
keys as objects with a name (go-database-reconciler, `pkg/file`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN_KEYS = frozenset(("_info", "_workspace", "_konnect", "_plugin_configs"))
_FOREIGN = frozenset(
    ("service", "route", "consumer", "consumer_group", "upstream", "certificate", "client_certificate")
)


def is_deck(config: Mapping[str, Any]) -> bool:
    """Whether a file has keys that only decK knows."""
    return not OWN_KEYS.isdisjoint(config)


def without_deck(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without what only decK knows; `config` is not changed."""
    shared = config.get("_plugin_configs")
    configs = shared if isinstance(shared, dict) else {}
    return {key: _plain(value, configs) for key, value in config.items() if key not in OWN_KEYS}


def _plain(value: Any, configs: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_plain(item, configs) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, inner in value.items():
        if key == "_config":
            continue
        if key in _FOREIGN and isinstance(inner, dict) and len(inner) == 1 and isinstance(inner.get("name"), str):
            result[key] = inner["name"]
        elif key == "config":
            result[key] = inner
        else:
            result[key] = _plain(inner, configs)
    name = value.get("_config")
    shared = configs.get(name) if isinstance(name, str) else None
    if isinstance(shared, dict):
        own = value.get("config")
        result["config"] = {**shared, **(own if isinstance(own, dict) else {})}
    return result
