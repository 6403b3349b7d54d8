"""A gateway as the controller meets it: what it runs, and what the controller remembers of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gitops_kong.translate.state import GatewaySchemas, SchemaAnswer

Config = Mapping[str, Any]
Snapshot = frozenset[tuple[str, str]]  # uid and resource version of every object in the cache


@dataclass(frozen=True)
class Answer:
    """What `POST /config` answers: 201, 304 (it already runs exactly this), 400 with errors, or 500.

    `general` says in words what a 400 that names no entity is about, `blamed` which entities it is about: each message
    with their tags, for people, since the controller is not told. `unverified` is what was accepted without a schema to
    judge it by.
    """

    status: int
    errors: Sequence[Mapping[str, Any]] = ()
    general: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    blamed: Sequence[tuple[str, Sequence[Sequence[str]]]] = ()

    @property
    def accepted(self) -> bool:
        """Whether the gateway runs the configuration now."""
        return self.status < 400


class Gateway(Protocol):
    """How gateways of one deployment judge a configuration."""

    @property
    def schemas(self) -> GatewaySchemas:
        """What `GET /schemas/…` answers."""

    def judge(self, config: Config, push: int) -> Answer:
        """The answer to `config`, which is push number `push` of its step (from 0)."""

    def stored(self, config: Config) -> Config:
        """`config` as the gateway holds it: every field at its default."""


@dataclass(frozen=True)
class GatewayState:
    """One gateway pod.

    `running` is None while it is empty. `sent` and `snapshot` are the controller's: the configuration that it believes
    the pod runs (KIC `LastConfigSHA`) and the snapshot that it was made for (`LastCacheStoresHash`).
    """

    address: str = "GATEWAY"
    running: Config | None = None
    sent: Config | None = None
    snapshot: Snapshot | None = None

    def restarted(self) -> GatewayState:
        """The pod that takes its place: empty, and new to the controller."""
        return GatewayState(self.address)

    def forgotten(self) -> GatewayState:
        """The same pod for a controller that has just started."""
        return replace(self, sent=None, snapshot=None)


@dataclass
class RememberedSchemas:
    """Plugin schemas as the controller's client keeps them: what was fetched once stays, even when a later request
    would fail (KIC `util.PluginSchemaStore`); entity schemas are asked for each time.
    """

    source: GatewaySchemas
    available: bool = True
    fetched: set[str] = field(default_factory=set)

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> dict[str, Any] | None:
        """The plugin with its defaults, or None where its schema cannot be had."""
        name = plugin.get("name") or ""
        if not self.available and name not in self.fetched:
            return None
        filled = self.source.fill_plugin_defaults(plugin)
        if filled is not None:
            self.fetched.add(name)
        return filled

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Fields of an entity schema, or None where it cannot be had."""
        return self.source.entity_fields(entity_type) if self.available else None

    def validate_entity(self, entity_type: str, fields: Any) -> SchemaAnswer:
        """Whether an entity keeps its schema."""
        return self.source.validate_entity(entity_type, fields)
