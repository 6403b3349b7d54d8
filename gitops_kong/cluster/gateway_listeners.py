"""Listeners of Gateways as the Gateway controller judges them.

Behaviour of KIC `getListenerStatus` (3.5.13; the same from 3.2 on). What only the cluster knows, the ports that Kong
listens on, is taken from the status where the Gateway has one, and else assumed to be there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP, Referrer, Target, is_granted
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import EMPTY, K8sObject

Condition = dict[str, Any]

# Route kinds that a listener may name, and those that its protocol stands for when it names none.
NAMEABLE_KINDS = ("HTTPRoute", "TCPRoute", "UDPRoute", "TLSRoute")
KINDS_OF_PROTOCOL: Mapping[str, tuple[str, ...]] = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
    "TLS": ("TLSRoute",),
}
_SHARED_PORTS = {"HTTP": ("HTTP",), "HTTPS": ("HTTPS", "TLS"), "TLS": ("HTTPS", "TLS")}
_PORT_REASONS = ("UnsupportedProtocol", "PortUnavailable")
_PEM_START = "-----BEGIN "


@dataclass(frozen=True)
class ListenerState:
    """One listener: the route kinds that it takes, and its conditions."""

    name: str
    supported_kinds: tuple[tuple[str, str], ...]  # group and kind
    conditions: tuple[Condition, ...]

    @property
    def is_programmed(self) -> bool:
        """Whether routes can use it."""
        return any(c["type"] == "Programmed" and c["status"] == "True" for c in self.conditions)

    def status(self, attached_routes: int = 0) -> dict[str, Any]:
        """The entry of `status.listeners`."""
        return {
            "name": self.name,
            "supportedKinds": [{"group": group, "kind": kind} for group, kind in self.supported_kinds],
            "attachedRoutes": attached_routes,
            "conditions": list(self.conditions),
        }

    def problem(self) -> str:
        """Why it is not programmed, in short; '' if it is or nothing is known."""
        for condition in self.conditions:
            healthy = "False" if condition["type"] == "Conflicted" else "True"
            if condition["type"] != "Programmed" and condition["status"] != healthy:
                return str(condition["reason"])
        return ""


def condition(kind: str, status: str, reason: str, obj: K8sObject, message: str = "") -> Condition:
    """A condition of `obj`, without the time of its last change."""
    generation = obj.metadata.get("generation") or 0
    return {"type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": generation}


def reported_listeners(gateway: K8sObject) -> dict[str, ListenerState]:
    """The listeners of the Gateway's own status, as another controller has written it."""
    return {
        status.get("name") or "": ListenerState(
            status.get("name") or "",
            tuple((k.get("group") or "", k.get("kind") or "") for k in status.get("supportedKinds") or ()),
            tuple({"type": "", "status": "", "reason": "", **given} for given in status.get("conditions") or ()),
        )
        for status in (gateway.data.get("status") or EMPTY).get("listeners") or ()
    }


def judged_listeners(gateway: K8sObject, store: ObjectStore, *, assume_missing: bool) -> dict[str, ListenerState]:
    """What the controller writes of the Gateway's listeners, by name.

    `assume_missing`: a Secret that is not in `store` may be in the cluster.
    """
    listeners: Sequence[Mapping[str, Any]] = gateway.spec.get("listeners") or ()
    conflicts = _conflicts(listeners)
    known = reported_listeners(gateway)
    states = {}
    for listener, conflict in zip(listeners, conflicts, strict=True):
        name = listener.get("name") or ""
        kinds, reason = _supported_kinds(listener)
        reason = _certificates_reason(listener, gateway, store, assume_missing=assume_missing) or reason
        unavailable = _unavailable(known.get(name), gateway)
        conditions = list(unavailable)
        if reason:
            conditions.append(condition("ResolvedRefs", "False", reason, gateway))
        elif not unavailable and not conflict.caused:
            conditions.append(condition("ResolvedRefs", "True", "ResolvedRefs", gateway))
        if not unavailable:
            conditions.append(condition("Accepted", "True", "Accepted", gateway))
        healthy = not (reason or unavailable or conflict.reason)
        if conflict.reason:
            conditions.append(condition("Conflicted", "True", conflict.reason, gateway))
        elif healthy:
            conditions.append(condition("Conflicted", "False", "NoConflicts", gateway))
        if healthy:
            conditions.append(condition("Programmed", "True", "Programmed", gateway))
        else:
            conditions.append(condition("Programmed", "False", "Invalid", gateway))
        conditions.sort(key=lambda c: f"{c['type']}{c['status']}{c['reason']}{c['message']}")
        states[name] = ListenerState(name, kinds, tuple(conditions))
    return states


def _supported_kinds(listener: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], str]:
    """The route kinds that a listener takes, and the reason if it names others (KIC `getListenerSupportedRouteKinds`).

    GRPCRoute is no kind that a listener may name: HTTP listeners take it only if they name no kinds.
    """
    named = (listener.get("allowedRoutes") or EMPTY).get("kinds") or ()
    kinds = KINDS_OF_PROTOCOL.get(listener.get("protocol") or "")
    if not named and kinds is not None:
        return tuple((GATEWAY_GROUP, kind) for kind in kinds), ""
    pairs = [(n.get("group", GATEWAY_GROUP), n.get("kind") or "") for n in named]
    supported = tuple(pair for pair in pairs if pair[0] == GATEWAY_GROUP and pair[1] in NAMEABLE_KINDS)
    return supported, "" if len(supported) == len(pairs) else "InvalidRouteKinds"


def _certificates_reason(
    listener: Mapping[str, Any], gateway: K8sObject, store: ObjectStore, *, assume_missing: bool
) -> str:
    """Why a listener's certificates cannot be used, '' if they can."""
    reason = ""
    for ref in (listener.get("tls") or EMPTY).get("certificateRefs") or ():
        group, kind, name = ref.get("group") or "", ref.get("kind", "Secret"), ref.get("name") or ""
        namespace = ref.get("namespace") or gateway.namespace
        referrer = Referrer(GATEWAY_GROUP, "Gateway", gateway.namespace)
        if namespace != gateway.namespace and not any(
            is_granted(store, referrer, Target(namespace, core, "Secret", name)) for core in ("", "core")
        ):
            return "RefNotPermitted"
        if group not in ("", "core") or kind != "Secret":
            return "InvalidCertificateRef"
        secret = store.get("", "Secret", namespace, name)
        if secret.content_unknown if secret else assume_missing:
            continue
        if secret is None:
            return "InvalidCertificateRef"
        if not _holds_pem(secret):
            reason = "InvalidCertificateRef"
    return reason


def _holds_pem(secret: K8sObject) -> bool:
    """Whether certificate and key are PEM blocks; whether they fit each other is not looked at here."""
    data = secret.data.get("data") or EMPTY
    return all(key in data and _is_pem(data[key]) for key in ("tls.crt", "tls.key"))


def _is_pem(encoded: object) -> bool:
    try:
        text = base64.b64decode(encoded).decode(errors="replace") if isinstance(encoded, str) else ""
    except binascii.Error:
        return False
    return any(line.startswith(_PEM_START) for line in text.splitlines())


def _unavailable(known: ListenerState | None, gateway: K8sObject) -> list[Condition]:
    """The condition that Kong does not listen on the port, if a status of this generation says so."""
    generation = gateway.metadata.get("generation") or 0
    return [
        c
        for c in (known.conditions if known else ())
        if c["type"] == "Accepted" and c["reason"] in _PORT_REASONS and (c.get("observedGeneration") or 0) == generation
    ]


class _Conflict(NamedTuple):
    """How a listener conflicts with others ('': it does not), and whether it is one that came second."""

    reason: str
    caused: bool


def _conflicts(listeners: Sequence[Mapping[str, Any]]) -> list[_Conflict]:
    """Conflicts on ports: of protocols that cannot share one, of host names that stand twice; they hit both sides."""
    first_protocol: dict[Any, str] = {}
    used: set[tuple[Any, str]] = set()
    ports: set[Any] = set()
    places: set[tuple[Any, str]] = set()
    caused = []
    for listener in listeners:
        port, protocol = listener.get("port"), listener.get("protocol") or ""
        place = (port, listener.get("hostname") or "")
        if port not in first_protocol:
            first_protocol[port] = protocol
        elif first_protocol[port] not in _SHARED_PORTS.get(protocol, ()):
            ports.add(port)
            caused.append(True)
            continue
        elif place in used:
            places.add(place)
            caused.append(True)
            continue
        used.add(place)
        caused.append(False)
    conflicts = []
    for listener, own in zip(listeners, caused, strict=True):
        port = listener.get("port")
        reason = "HostnameConflict" if (port, listener.get("hostname") or "") in places else ""
        conflicts.append(_Conflict("ProtocolConflict" if port in ports else reason, own))
    return conflicts
