"""The conditions that an object's status shows in `kubectl describe`: its own, of listeners, parents, ancestors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from gitops_kong.cluster.gateway_api import ROUTE_KINDS, GatewayApiIntake, take_in
from gitops_kong.cluster.gateway_status import gateway_status, route_parents
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.policy_status import ancestors
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.object_status import PROGRAMMED_KINDS
from gitops_kong.controller.statuses import ObjectStatus
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.cluster_state import ClusterState
from gitops_kong.predict.model import SeenCondition

Told = Callable[[Ref], ObjectStatus]

# Kinds whose status has conditions that the controller writes.
KINDS = frozenset({"Gateway", "KongUpstreamPolicy", *ROUTE_KINDS}) | PROGRAMMED_KINDS

_PROGRAMMED: Mapping[ObjectStatus, tuple[str, str]] = {
    "Succeeded": ("True", "Programmed"),
    "Failed": ("False", "Invalid"),
    "Unknown": ("False", "Pending"),
}


class Conditions:
    """Conditions of the objects of one cluster; how the Gateway API decides is worked out once, when asked for."""

    def __init__(self, state: ClusterState, options: ControllerOptions) -> None:
        self._state = state
        self._options = options

    @cached_property
    def _objects(self) -> ObjectStore:
        return ObjectStore([*self._state.stored.values(), *self._state.looked_up])

    @cached_property
    def _intake(self) -> GatewayApiIntake:
        return take_in(self._objects, self._options, assume_missing=True)

    def of(self, obj: K8sObject, told: Told) -> tuple[SeenCondition, ...]:
        """All conditions of `obj`, given what the controller says of objects."""
        if obj.kind == "Gateway":
            return tuple(self._of_gateway(obj))
        if obj.kind == "KongUpstreamPolicy":
            return tuple(
                seen
                for each in ancestors(obj, self._state.store, lambda ref: told(ref) == "Succeeded")
                for seen in _seen(f"ancestor {each.object.ref}", each.conditions)
            )
        if obj.kind in ROUTE_KINDS:
            return tuple(self._of_route(obj, told(obj.ref)))
        return (SeenCondition("", "Programmed", *_PROGRAMMED[told(obj.ref)]),)

    def _of_gateway(self, gateway: K8sObject) -> Iterator[SeenCondition]:
        status = gateway_status(gateway, self._intake, self._objects)
        if status is not None:
            yield from _seen("", status["conditions"])
            for listener in status["listeners"]:
                yield from _seen(f"listener {listener['name']}", listener["conditions"])

    def _of_route(self, route: K8sObject, told: ObjectStatus) -> Iterator[SeenCondition]:
        for parent in route_parents(route, told, self._intake, self._objects, self._options):
            ref = parent["parentRef"]
            section = f", listener {ref['sectionName']}" if ref.get("sectionName") else ""
            name = f"{ref.get('namespace') or route.namespace}/{ref['name']}"
            yield from _seen(f"parent Gateway {name}{section}", parent["conditions"])


def _seen(of: str, conditions: Iterable[Mapping[str, Any]]) -> Iterator[SeenCondition]:
    yield from (SeenCondition(of, str(c["type"]), str(c["status"]), str(c["reason"])) for c in conditions)
