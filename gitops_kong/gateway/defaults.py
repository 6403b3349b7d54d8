"""What the controller fills into a plugin before it pushes it.

Nulls that some versions drop when they push (`cleanUpNullsInPluginConfigs`) are still there.

KIC asks the gateway for `/schemas/plugins/NAME` and hands plugin and schema to go-kong's `FillPluginsDefaults`
(`deckgen.fillPlugin`). Its rules changed three times: go-kong 0.55/0.56 (KIC 3.2), 0.57 (KIC 3.3) and from 0.60 on
(KIC 3.4), see the rows `plugin-defaults-*` of the controller's table of versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Config = dict[str, Any]
Path = list[str]
_MISSING = object()


class PluginDefaults:
    """Fills plugins from schemas; equal configurations are filled once.

    `replaces_null`: a field set to null counts as unset (until go-kong 0.57). `fills_deprecated`: deprecated
    fields are filled from, or written to, the fields that replace them (only 0.57). With neither, fields that have
    a deprecated counterpart in the configuration stay unset. `fills_auto`: fields that the gateway makes up are filled,
    too. `keeps_json`: an object in a field of type json stays; before go-kong 0.78 it was overwritten.
    """

    def __init__(
        self,
        schema_of: Callable[[str], Mapping[str, Any] | None],
        *,
        replaces_null: bool = False,
        fills_deprecated: bool = False,
        fills_auto: bool = False,
        keeps_json: bool = True,
    ) -> None:
        self._schema_of = schema_of
        self._replaces_null = replaces_null
        self._fills_deprecated = fills_deprecated
        self._fills_auto = fills_auto
        self._keeps_json = keeps_json
        self._filled: dict[tuple[str, str], Config] = {}

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> dict[str, Any] | None:
        """The plugin with `config`, `protocols` and `enabled` filled; None when the plugin has no schema.

        The result shares its configuration with other results of the same content: it must not be changed.
        """
        name = plugin.get("name")
        schema = self._schema_of(name) if isinstance(name, str) else None
        if schema is None or not isinstance(name, str):
            return None
        filled = dict(plugin)
        config = plugin.get("config") or {}
        key = (name, json.dumps(config, sort_keys=True))
        known = self._filled.get(key)
        if known is None:
            known = self._filled[key] = self._record(schema["fields"]["config"], config, {})
        filled["config"] = known
        if filled.get("protocols") is None:
            filled["protocols"] = list(schema["fields"].get("protocols", {}).get("default", ()))
        if not filled["protocols"]:
            filled["protocols"] = ["http", "https"]
        if filled.get("enabled") is None:
            filled["enabled"] = True
        return filled

    def _record(self, schema: Mapping[str, Any], config: Config, above: dict[str, list[Path]]) -> Config:
        """`fillConfigRecord`; `above` are the replaced paths of deprecated fields that an enclosing record sets."""
        result = dict(config)
        shorthands: Mapping[str, Any] = schema.get("shorthand_fields") or {}
        deprecated = {} if self._replaces_null else {**_deprecated_in(shorthands, config), **above}
        record_default = schema.get("default")
        for name, field in (schema.get("fields") or {}).items():
            value = config.get(name, _MISSING)
            if self._is_set(field, value):
                continue
            kind = field.get("type")
            if value is _MISSING:
                value = None
            if kind == "record" and (value is not None or field.get("required")):
                inner = self._record(field, value if isinstance(value, dict) else {}, _below(name, deprecated))
                if inner or self._replaces_null:
                    result[name] = inner
                continue
            if any(path and path[0] == name for paths in deprecated.values() for path in paths):
                continue
            if kind in ("array", "set") and isinstance(value, list) and value:
                elements = field.get("elements", {})
                if elements.get("type") == "record":
                    result[name] = [self._record(elements, v, deprecated) if isinstance(v, dict) else v for v in value]
                    continue
            if (kind == "json" and value is not None and self._keeps_json) or (
                field.get("auto") and not self._fills_auto
            ):
                continue
            if isinstance(record_default, dict) and name in record_default:
                default = record_default[name]
            else:
                default = field.get("default")
            # Lua writes an empty list and an empty map alike.
            result[name] = [] if default == {} and kind in ("array", "set") else default
        if self._fills_deprecated:
            _fill_deprecated(shorthands, config, result)
        return result

    def _is_set(self, field: Mapping[str, Any], value: Any) -> bool:
        if value is _MISSING:
            return False
        if isinstance(value, dict):
            return "keys" in field and "values" in field
        if isinstance(value, list):
            return bool(field.get("elements", {}).get("type") != "record")
        return value is not None or not self._replaces_null


def _replaced_paths(shorthand: Mapping[str, Any]) -> list[Path]:
    if shorthand.get("deprecation"):
        return list(shorthand["deprecation"])
    backwards = shorthand.get("translate_backwards")
    return [backwards] if backwards else []


def _deprecated_in(shorthands: Mapping[str, Any], config: Config) -> dict[str, list[Path]]:
    """The deprecated fields that the configuration sets, and the paths that replace each."""
    paths = {name: _replaced_paths(field) for name, field in shorthands.items() if name in config}
    return {name: found for name, found in paths.items() if found}


def _below(name: str, deprecated: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """The replaced paths that lead into the field `name`, without its name."""
    inside = {key: [p[1:] for p in paths if p and p[0] == name] for key, paths in deprecated.items()}
    return {key: paths for key, paths in inside.items() if paths}


def _fill_deprecated(shorthands: Mapping[str, Any], config: Config, result: Config) -> None:
    """Each deprecated field takes the value of the field that replaces it, unless it is set: then it gives it."""
    for name, field in shorthands.items():
        path = field.get("translate_backwards")
        if not path:
            continue
        value = config.get(name)
        if value is not None:
            _set_path(result, path, value)
            continue
        found: Any = result
        for part in path:
            if not isinstance(found, dict):
                break
            if part not in found:
                found = _MISSING
                break
            found = found[part]
        if found is not _MISSING:
            result[name] = None if isinstance(found, dict) else found


def _set_path(result: Config, path: Path, value: Any) -> None:
    for part in path[:-1]:
        inner = result.get(part)
        if not isinstance(inner, dict):
            return
        inner = result[part] = dict(inner)
        result = inner
    result[path[-1]] = value
