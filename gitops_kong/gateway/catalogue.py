"""The schemas of Kong Gateway's entities, bundled plugins and vaults, by gateway version.

`schemas/<kind>/<name>.json` holds one line a revision, with the versions that share it. A schema is read when it is
first asked for. Functions of the original are named by what they check or do; `checks` and `shorthands` hold them.
What the reference calls an array of single-key tables is one object here, in the same order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from gitops_kong.cluster.options import ControllerOptions, RouterFlavor
from gitops_kong.errors import UserError
from gitops_kong.gateway.defaults import PluginDefaults
from gitops_kong.translate.state import SchemaAnswer, no_entity

Schema = dict[str, Any]
Kind = Literal["entities", "plugins", "vaults"]

VERSIONS = ("3.4", "3.5", "3.6", "3.7", "3.8", "3.9")
_SCHEMAS = Path(__file__).parent / "schemas"


def supported_version(version: str) -> str:
    """`3.9` for `3.9`, `3.9.1`, `v3.9.1.2` …; raises UserError when no schemas are known for it."""
    short = ".".join(version.removeprefix("v").split(".")[:2])
    if short not in VERSIONS:
        raise UserError(f"no schemas of Kong Gateway {version}; known are {', '.join(VERSIONS)}")
    return short


@cache
def _index() -> dict[str, dict[str, tuple[str, ...]]]:
    """Every schema's name, by version and kind."""
    raw: dict[str, dict[str, str]] = json.loads((_SCHEMAS / "index.json").read_text("utf-8"))
    return {version: {kind: tuple(names.split()) for kind, names in kinds.items()} for version, kinds in raw.items()}


@cache
def _revisions(kind: str, name: str) -> dict[str, Schema]:
    """One schema's revisions by version."""
    text = (_SCHEMAS / kind / f"{name}.json").read_text("utf-8")
    return {version: revision["schema"] for revision in json.loads(text) for version in revision["versions"]}


@cache
def enterprise_names() -> dict[str, frozenset[str]]:
    """Plugins, entities and vaults that only Kong Gateway Enterprise has, by kind."""
    raw = json.loads((_SCHEMAS / "enterprise.json").read_text("utf-8"))
    return {kind: frozenset(names) for kind, names in raw.items()}


def _for_flavor(schema: Schema, flavor: str) -> Schema:
    """The schema with what this router flavor changes: a field that becomes None is taken out."""
    changes = schema.get("flavors", {}).get(flavor)
    if not changes:
        return schema
    fields = {**schema["fields"], **changes.get("fields", {})}
    return {**schema, **changes, "fields": {name: field for name, field in fields.items() if field is not None}}


class Catalogue:
    """All schemas of one gateway version, and those that the user brought along.

    Use `load`, which keeps one catalogue a version; `with_plugins` gives a new one.
    """

    def __init__(self, version: str, custom: Mapping[str, Schema] | None = None) -> None:
        self.version = version
        self.custom_plugins = dict(custom or {})
        names = _index()[version]
        self.plugins: tuple[str, ...] = (
            *names["plugins"],
            *(n for n in self.custom_plugins if n not in names["plugins"]),
        )
        self.entities: tuple[str, ...] = names["entities"]
        self.vaults: tuple[str, ...] = names["vaults"]
        self._plugin_names = frozenset(self.plugins)
        self._entity_names = frozenset(self.entities)
        self._memory: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Catalogue({self.version!r})"

    def with_plugins(self, custom: Mapping[str, Schema]) -> Catalogue:
        """A catalogue that also knows these plugins' schemas, in the form of `schemas/plugins`."""
        return Catalogue(self.version, {**self.custom_plugins, **custom})

    def plugin(self, name: str) -> Schema | None:
        """The schema of a plugin, or None when this gateway does not have it."""
        if name in self.custom_plugins:
            return self.custom_plugins[name]
        return _revisions("plugins", name)[self.version] if name in self._plugin_names else None

    def vault(self, name: str) -> Schema | None:
        """The schema of a vault, or None when this gateway does not have it."""
        return _revisions("vaults", name)[self.version] if name in self.vaults else None

    def entity(self, name: str, flavor: RouterFlavor = "traditional_compatible") -> Schema | None:
        """The schema of an entity (`services`, `routes` …), or None when this gateway does not have it."""
        return _for_flavor(_revisions("entities", name)[self.version], flavor) if name in self._entity_names else None

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """`GET /schemas/TYPE`: the fields by name; None for a type that the gateway answers with 404."""
        schema = self.entity(entity_type)
        return None if schema is None else schema["fields"]

    @cached_property
    def _defaults(self) -> PluginDefaults:
        return PluginDefaults(self.plugin)

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> dict[str, Any] | None:
        """The plugin as the newest controllers fill it; see `schemas_for` for a given controller."""
        return self._defaults.fill_plugin_defaults(plugin)

    def schemas_for(self, options: ControllerOptions) -> ControllerSchemas:
        """This gateway's schemas as one controller reads them."""
        return ControllerSchemas(self, options.behaviours)

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """`make()`, done once for this catalogue: compiled schemas live as long as the catalogue does."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]


class ControllerSchemas:
    """`translate.state.GatewaySchemas` of a gateway version for a controller version, as scenarios have it."""

    def __init__(self, catalogue: Catalogue, behaviours: Mapping[str, bool]) -> None:
        self._catalogue = catalogue
        self._defaults = PluginDefaults(
            catalogue.plugin,
            replaces_null=behaviours["plugin-defaults-replace-null"],
            fills_deprecated=behaviours["plugin-defaults-fill-deprecated"],
            fills_auto=not behaviours["plugin-defaults-skip-auto"],
            keeps_json=behaviours["plugin-defaults-keep-json"],
        )

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> dict[str, Any] | None:
        """The plugin with every unset field at its default, or None when the gateway does not know the plugin."""
        return self._defaults.fill_plugin_defaults(plugin)

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Fields of an entity schema by name."""
        return self._catalogue.entity_fields(entity_type)

    def validate_entity(self, entity_type: str, fields: Any) -> SchemaAnswer:  # noqa: ARG002
        """Always 404: the gateways of scenarios, like those that their expectations come from, do not serve it."""
        return no_entity(f"{entity_type}/validate")


@cache
def load(version: str) -> Catalogue:
    """The catalogue of a gateway version (`3.9`, `3.9.1`); raises UserError for one without schemas."""
    return _load(supported_version(version))


@cache
def _load(version: str) -> Catalogue:
    return Catalogue(version)
