"""The statuses that the controllers of the Gateway API write, as data.

Times are left out. Behaviour of KIC `internal/controllers/gateway` (3.5.13).
"""

from __future__ import annotations

from typing import Any, Literal

from gitops_kong.cluster.gateway_api import UNMANAGED_CLASS, GatewayApiIntake
from gitops_kong.cluster.gateway_listeners import Condition, condition
from gitops_kong.cluster.gateway_parents import Parent, status_parents
from gitops_kong.cluster.gateway_references import resolved_refs
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject

Configuration = Literal["Succeeded", "Failed", "Unknown"]

_PROGRAMMED = {
    "Succeeded": ("True", "ConfiguredInGateway"),
    "Failed": ("False", "TranslationError"),
    "Unknown": ("Unknown", "Unknown"),
}
# These get no status before they are configured, if a parent accepts them.
_SILENT_UNTIL_CONFIGURED = ("TCPRoute", "UDPRoute")
_ACCEPTED_GATEWAY = "this unmanaged gateway has been picked up by the controller and will be processed"
_ACCEPTED_CLASS = "the gatewayclass has been accepted by the controller"


def class_conditions(gateway_class: K8sObject) -> list[Condition]:
    """Conditions of a GatewayClass of this controller."""
    return [condition("Accepted", "True", "Accepted", gateway_class, _ACCEPTED_CLASS)]


def gateway_status(gateway: K8sObject, intake: GatewayApiIntake, store: ObjectStore) -> dict[str, Any] | None:
    """Conditions and listeners of a Gateway, without addresses; None where this controller writes none.

    It writes only to Gateways of classes with the annotation `konghq.com/gatewayclass-unmanaged`.
    """
    state = intake.gateways.get(gateway.ref)
    gateway_class = store.get(GATEWAY_GROUP, "GatewayClass", "", gateway.spec.get("gatewayClassName") or "")
    if state is None or gateway_class is None or not gateway_class.annotations.get(UNMANAGED_CLASS):
        return None
    listeners = [li.status(_attached_routes(gateway, li.name, intake)) for li in state.listeners.values()]
    return {
        "conditions": [
            condition("Accepted", "True", "Accepted", gateway, _ACCEPTED_GATEWAY),
            condition("Programmed", "True", "Programmed", gateway),
        ],
        "listeners": listeners,
    }


def _attached_routes(gateway: K8sObject, listener: str, intake: GatewayApiIntake) -> int:
    """The HTTPRoutes that a listener takes; other kinds are not counted."""
    return sum(
        any(p.state.gateway.ref == gateway.ref and listener in p.listeners for p in parents)
        for ref, parents in intake.parents.items()
        if ref.kind == "HTTPRoute"
    )


def route_parents(
    route: K8sObject,
    configuration: Configuration,
    intake: GatewayApiIntake,
    store: ObjectStore,
    options: ControllerOptions,
) -> list[dict[str, Any]]:
    """`status.parents` of a route as far as this controller writes it; `configuration`: what it says of the route.

    Nothing is written while a parent is not programmed.
    """
    parents = intake.parents.get(route.ref, ())
    if any(not p.state.is_programmed for p in parents):
        return []
    accepted = any(p.accepts for p in parents)
    if accepted and route.kind in _SILENT_UNTIL_CONFIGURED and configuration != "Succeeded":
        return []
    return [_parent(route, p, configuration, store, options) for p in status_parents(route.kind, parents)]


def _parent(
    route: K8sObject, parent: Parent, configuration: Configuration, store: ObjectStore, options: ControllerOptions
) -> dict[str, Any]:
    # Only HTTPRoutes were told the truth before that row.
    truthful = route.kind == "HTTPRoute" or options.behaviours["route-parents-tell-refusals"]
    accepts, reason = (parent.accepts, parent.reason) if truthful else (True, "Accepted")
    conditions = [condition("Accepted", str(accepts), reason, route)]
    if route.kind == "HTTPRoute":
        refs = resolved_refs(route, store, options)
        conditions.append(condition("ResolvedRefs", str(refs.holds), refs.reason, route, refs.message))
    conditions.append(condition("Programmed", *_PROGRAMMED[configuration], route))
    return {"parentRef": parent.reference, "controllerName": options.gateway_controller_name, "conditions": conditions}
