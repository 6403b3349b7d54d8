"""What the webhook is asked, what it may ask in turn, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from gitops_kong.manifests.objects import K8sObject

Entity = Mapping[str, Any]
Path = tuple[str | int, ...]
Secrets = Mapping[tuple[str, str], K8sObject]  # by namespace and name

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CONFIGURATION = "configuration.konghq.com"
GATEWAY_API = "gateway.networking.k8s.io"


class Cluster(Protocol):
    """What the cluster holds when the webhook is called: objects applied earlier, the reviewed one in its old form."""

    def get(self, group: str, kind: str, namespace: str, name: str) -> K8sObject | None:
        """The object, or None."""

    def list(self, group: str, kind: str) -> Sequence[K8sObject]:
        """All objects of a kind."""


class Refusal(NamedTuple):
    """Why the gateway refuses an entity: its message, and the fields of the entity that it blames."""

    message: str
    fields: tuple[Path, ...] = ()


class Gateway(Protocol):
    """What the webhook asks the gateway's admin API."""

    enterprise: bool

    def refuses(self, entity_type: str, entity: Entity) -> Refusal | None:
        """How `POST /schemas/TYPE/validate` refuses an entity; None where it takes it.

        Types are `plugins` (an entity with `name`), `vaults`, `routes` and those of custom entities.
        """

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The fields of an entity's schema, None where the gateway has no such entity."""

    def has_consumer(self, username: str) -> bool:
        """Whether the running configuration has a consumer of this name."""


class Unreadable(NamedTuple):
    """A plugin configuration that cannot be put together: why, and whether `configFrom` is to blame."""

    message: str
    from_secret: bool


class Translator(Protocol):
    """What the webhook asks the controller's translators."""

    def plugin(self, obj: K8sObject, secrets: Secrets) -> Entity | Unreadable:
        """The plugin entity of a KongPlugin or KongClusterPlugin; `secrets` stand in for those of the cluster."""

    def routes(self, obj: K8sObject) -> tuple[Sequence[Entity], Sequence[str]]:
        """The Kong routes of an Ingress or HTTPRoute, and the messages of what could not be translated."""


@dataclass(frozen=True)
class World:
    """The surroundings of a review. `gateway` is None while the controller has found no gateway."""

    cluster: Cluster
    translator: Translator
    gateway: Gateway | None
    behaviours: Mapping[str, bool]
    ingress_class: str = "kong"
    gateway_controller_name: str = "konghq.com/kic-gateway-controller"
    expression_routes: bool = False

    def is_managed(self, obj: K8sObject) -> bool:
        """Whether the class annotation is exactly this controller's class."""
        return (obj.annotations.get(CLASS_ANNOTATION) or "") == self.ingress_class


@dataclass(frozen=True)
class Review:
    """The webhook's answer: whether the request is allowed, its message, warnings that `kubectl` prints.

    `path` is the field of the object that the message speaks of. `failed` tells that the webhook gives no answer (it
    crashes, or answers 500), so that its `failurePolicy` decides.
    """

    allowed: bool = True
    message: str = ""
    warnings: tuple[str, ...] = field(default=())
    path: Path = ()
    failed: bool = False


ALLOWED = Review()


def refused(message: str, *path: str | int) -> Review:
    """A request that is not allowed, because of the field at `path`."""
    return Review(False, message, path=path)


def failed(message: str, *path: str | int) -> Review:
    """A request that the webhook does not answer."""
    return Review(False, message, path=path, failed=True)
