"""A translation without a gateway, and look-ups in its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.build import translate
from gitops_kong.translate.state import Entity, Translation


class NoSchemas:
    """A gateway that cannot be asked for schemas: no defaults are filled in."""

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> Entity | None:
        del plugin
        return None

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        del entity_type
        return None


class Translated:
    """The result of a translation by names."""

    def __init__(self, options: ControllerOptions, *objects: K8sObject) -> None:
        self.result: Translation = translate(ObjectStore(objects), options, NoSchemas())
        self.services: dict[str, Entity] = {s["name"]: s for s in self.result.config.get("services", ())}
        self.routes: list[Entity] = [r for s in self.services.values() for r in s.get("routes", ())]
        self.messages = [failure.message for failure in self.result.failures]
        self.configured = {f"{o.kind}/{o.name}" for o in self.result.configured}

    def route(self, name: str = "") -> Entity:
        """The route of that name, or the only one."""
        found = [r for r in self.routes if name in ("", r["name"])]
        assert len(found) == 1, [r["name"] for r in self.routes]
        return found[0]

    def plugins(self, route: str = "") -> dict[str, Any]:
        """Configurations of a route's plugins by plugin name."""
        return {p["name"]: p.get("config") for p in self.route(route).get("plugins", ())}
