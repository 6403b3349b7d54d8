"""What a user sees in an object's `status`, given what the controller says of it over time.

KIC's reconcilers write an address, or the condition `Programmed`, when they are told of a change; what was written
stays when an object becomes Unknown (`EnsureProgrammedCondition`, `UpdateLoadBalancerIngress`). Gateway API kinds are
in `cluster.gateway_status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from gitops_kong.controller.statuses import ObjectStatus

ADDRESS_KINDS = frozenset({"Ingress", "TCPIngress", "UDPIngress"})
PROGRAMMED_KINDS = frozenset(
    {"KongConsumer", "KongConsumerGroup", "KongServiceFacade", "KongVault", "KongCustomEntity"}
)


class SeenStatus(NamedTuple):
    """`written` now, `stale` (an earlier step's) or `empty`; `text` is what `kubectl get` or `describe` shows."""

    status: Literal["written", "stale", "empty"]
    text: str


_ADDRESS = "status.loadBalancer has an address"
_NO_ADDRESS = "status.loadBalancer is empty"
_PENDING = "Programmed: False, Pending, Object is pending configuration in Kong."
_UNUSED = "Programmed: False, Pending, Found no references to this resource in Ingress or similar resources."
_PROGRAMMED: dict[ObjectStatus, str] = {
    "Succeeded": "Programmed: True, Programmed, Object was successfully configured in Kong.",
    "Failed": (
        "Programmed: False, Invalid, Object failed to be configured in Kong - see its attached Events for more"
        " information."
    ),
}


def seen_status(
    kind: str, told: ObjectStatus, before: SeenStatus | None, behaviours: Mapping[str, bool]
) -> SeenStatus | None:
    """The status of an object of `kind` of which the controller says `told`; None for kinds without such a status."""
    text = None
    if kind in ADDRESS_KINDS:
        text = _ADDRESS if told == "Succeeded" else None
    elif kind in PROGRAMMED_KINDS:
        text = _PROGRAMMED.get(told)
    else:
        return None
    if text is not None:
        return SeenStatus("written", text)
    kept = kind in ADDRESS_KINDS or behaviours["programmed-kept-when-unknown"]
    if kept and before is not None and before.status != "empty":
        return SeenStatus("stale", before.text)
    if kind in ADDRESS_KINDS:
        return SeenStatus("empty", _NO_ADDRESS)
    return SeenStatus("empty", _UNUSED if kind == "KongServiceFacade" else _PENDING)
