"""The controller's Kong state while it is being built, and the result of a translation.

`entity` of each value holds the fields that the gateway gets, in the shape of the declarative configuration, with
foreign keys and children left out; what surrounds it is what later steps need. The shapes follow KIC's
`internal/dataplane/kongstate` (3.5.13): a Service owns its Routes, plugins are attached late, ids are filled last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.gotext import quote

Entity = dict[str, Any]


class PortDefinition(NamedTuple):
    """Which port of a Kubernetes Service a backend means: a number, a name, or the only one (both None)."""

    number: int | None = None
    name: str | None = None

    def canonical(self) -> str:
        """As KIC writes it into names (`PortDef.CanonicalString`)."""
        if self.number is not None:
            return str(self.number)
        return self.name or "implicitPort"


class Backend(NamedTuple):
    """One backend of a Kong service: a Service or a KongServiceFacade, its port and weight."""

    kind: str  # "Service" or "KongServiceFacade"
    namespace: str
    name: str
    port: PortDefinition
    weight: int | None = None


@dataclass
class Route:
    """A Kong route and the object that it was made from.

    `plugins` are the plugins that translation itself adds; they are not shared with other objects, so they stay
    children of the route.
    """

    entity: Entity
    parent: K8sObject
    plugins: list[Entity] = field(default_factory=list)
    expression: bool = False  # the entity carries `expression` and `priority` instead of traditional matchers
    extension_plugins: list[str] = field(default_factory=list)  # KongPlugins that ExtensionRef filters name
    anonymous: bool = False  # its parent's kind is not known where grants for plugins are looked up

    @property
    def annotations(self) -> Mapping[str, str]:
        """What the route's overrides and plugins are read from: the parent's annotations and ExtensionRef filters."""
        if not self.extension_plugins:
            return self.parent.annotations
        names = ",".join(self.extension_plugins)
        own = self.parent.annotations.get("konghq.com/plugins")
        return {**self.parent.annotations, "konghq.com/plugins": names if own is None else f"{own},{names}"}


@dataclass
class Service:
    """A Kong service with its routes and the Kubernetes backends behind it.

    `parent` is the object that made it; `latest_parent` is the last object that added a route to it: failures to find
    its backends name that one, and a service of several backends has its tags, or none where it is None (KIC
    `ServiceNameToParent`, which GRPCRoutes leave empty).
    """

    entity: Entity
    namespace: str
    parent: K8sObject
    latest_parent: K8sObject | None = None
    backends: list[Backend] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    plugins: list[Entity] = field(default_factory=list)
    kubernetes_services: dict[str, K8sObject] = field(default_factory=dict)  # by "namespace/name"-like key


@dataclass
class Upstream:
    """A Kong upstream, its targets and the service that it serves."""

    entity: Entity
    service: Service
    targets: list[Entity] = field(default_factory=list)


@dataclass
class Consumer:
    """A consumer, its credentials by declarative list name (`keyauth_credentials` …) and its groups."""

    entity: Entity
    parent: K8sObject
    groups: list[str] = field(default_factory=list)
    credentials: dict[str, list[Entity]] = field(default_factory=dict)


@dataclass
class ConsumerGroup:
    """A consumer group."""

    entity: Entity
    parent: K8sObject


@dataclass
class Plugin:
    """A plugin instance with its scope (`service`, `route`, `consumer`, `consumer_group` as names or ids in entity)."""

    entity: Entity
    parent: K8sObject


@dataclass
class OwnedEntity:
    """A vault or custom entity and its object."""

    entity: Entity
    parent: K8sObject


@dataclass
class KongState:
    """All that one build yields, before it becomes a declarative configuration."""

    services: list[Service] = field(default_factory=list)
    upstreams: list[Upstream] = field(default_factory=list)
    certificates: list[Entity] = field(default_factory=list)
    ca_certificates: list[Entity] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    consumers: list[Consumer] = field(default_factory=list)
    consumer_groups: list[ConsumerGroup] = field(default_factory=list)
    vaults: list[OwnedEntity] = field(default_factory=list)
    custom_entities: dict[str, list[OwnedEntity]] = field(default_factory=dict)  # by entity type


class TranslationFailure(NamedTuple):
    """What the controller could not translate: its message, and the objects that it names."""

    message: str
    objects: tuple[K8sObject, ...]


class SchemaAnswer(NamedTuple):
    """What the gateway answers to a question about a schema; `fields` are those that a refusal blames."""

    status: int
    message: str = ""
    fields: tuple[tuple[str | int, ...], ...] = ()

    def error(self) -> str:
        """As the controller writes it into its messages (go-kong `APIError`)."""
        return f"HTTP status {self.status} (message: {quote(self.message)})"


def no_entity(name: str) -> SchemaAnswer:
    """The answer about an entity type that the gateway does not know."""
    return SchemaAnswer(404, f"No entity named '{name}'")


class GatewaySchemas(Protocol):
    """What translation asks the gateway: `GET /schemas/plugins/NAME`, `GET` and `POST /schemas/TYPE…`.

    The first two are None where the gateway answers 404 or cannot be asked.
    """

    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> Entity | None:
        """The plugin with every unset field at its default, as the controller's deckgen fills it."""

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Fields of an entity schema by name (`type`, `reference` …), for KongCustomEntity."""

    def validate_entity(self, entity_type: str, fields: Any) -> SchemaAnswer:
        """`POST /schemas/TYPE/validate`: 200, or 400 with what breaks the schema, or another error."""


@dataclass(frozen=True)
class Translation:
    """Result of one build: the declarative configuration as it would be posted to `/config`, and its bookkeeping.

    `configured` are the objects that the controller will report as configured when this configuration is accepted.
    `changed` are objects that translation itself changed where the controller holds them: its next one sees them so.
    """

    config: dict[str, Any]
    failures: tuple[TranslationFailure, ...]
    configured: tuple[K8sObject, ...]
    changed: tuple[K8sObject, ...] = ()
