"""What an audit judges by: the cluster as it is, what the controller makes of it, and what others tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.live.admin_api import Running
from gitops_kong.live.diagnostics import Diagnostics
from gitops_kong.live.events import Event
from gitops_kong.live.snapshot import NotListed
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.applied import Prepare
from gitops_kong.predict.cluster_state import ClusterState
from gitops_kong.predict.life import World
from gitops_kong.predict.outcomes import LifeReader
from gitops_kong.predict.ownership import owners


@dataclass(frozen=True)
class Publish:
    """Where the controller takes the addresses from that it writes: a list, or a Service; `addresses` is what it has.

    `known` is False where the Service could not be read.
    """

    addresses: frozenset[str] = frozenset()
    service: Ref | None = None
    known: bool = True


@dataclass(frozen=True)
class AuditEvidence:
    """All of one audit.

    `classes` are the ingress classes of the cluster's controllers. `manifests` are those of Git, as the API server
    stores them (`prepare`), None where Git is not compared. `gateway` and `diagnostics` are None where nobody was
    asked; `events` is None where they may not be listed. Younger objects than `grace` are left in peace: the
    controller may be about to write.
    """

    options: ControllerOptions
    state: ClusterState
    reader: LifeReader
    world: World
    classes: frozenset[str]
    now: datetime
    publish: Publish | None = None
    gateway: Running | None = None
    diagnostics: Diagnostics | None = None
    events: tuple[Event, ...] | None = None
    manifests: Mapping[Ref, K8sObject] | None = None
    not_listed: tuple[NotListed, ...] = ()
    grace: timedelta = timedelta(minutes=2)
    events_within: timedelta = timedelta(hours=1)
    live: Mapping[Ref, K8sObject] = field(default_factory=dict)
    prepare: Prepare = lambda obj: obj

    @cached_property
    def running(self) -> Counter[Ref] | None:
        """Entities that the gateway runs by object, as it or the controller tells; None where neither was asked."""
        if self.gateway is not None:
            return owners(self.gateway.entities)
        if self.diagnostics is not None and self.diagnostics.successful is not None:
            return owners(self.diagnostics.successful)
        return None

    def runs(self, ref: Ref) -> bool:
        """Whether the gateway runs anything of the object: what it tells, else what is predicted."""
        return bool(self.running[ref] if self.running is not None else self.reader.served[ref])

    @property
    def seen_by(self) -> str:
        """Who says what the gateway runs."""
        if self.gateway is not None:
            return "the gateway"
        return "the prediction" if self.running is None else "the controller"

    def young(self, obj: K8sObject) -> bool:
        """Whether the object is so new that its status may be on its way."""
        created = instant(obj.metadata.get("creationTimestamp"))
        return created is not None and self.now - created < self.grace

    def listed(self, kind: str, namespace: str = "") -> bool:
        """Whether all objects of a kind in a namespace (or everywhere) could be read."""
        return not any(n.kind == kind and n.namespace in ("", namespace) for n in self.not_listed)


def instant(text: Any) -> datetime | None:
    """An RFC 3339 time, None for anything else."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
