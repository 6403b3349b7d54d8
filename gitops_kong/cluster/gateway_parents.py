"""Which Gateways take a route, and why the others do not.

Behaviour of KIC `getSupportedGatewayForRoute` (3.5.13; the same from 3.2 on).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.cluster.gateway_listeners import ListenerState
from gitops_kong.cluster.hostnames import covers, intersect
from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.manifests.label_selectors import matches
from gitops_kong.manifests.objects import EMPTY, K8sObject

Listener = Mapping[str, Any]
NamespaceLabels = Callable[[str], Mapping[str, str]]

# Why a parent does not accept a route (the Gateway API's reasons).
NO_MATCHING_PARENT = "NoMatchingParent"
NO_MATCHING_HOSTNAME = "NoMatchingListenerHostname"
NOT_ALLOWED = "NotAllowedByListeners"

# Listener protocols and TLS modes that a kind of route can use; TLS mode None: without TLS only, '': any.
_PROTOCOLS: Mapping[str, tuple[str, ...]] = {
    "HTTPRoute": ("HTTP", "HTTPS"),
    "GRPCRoute": ("HTTP", "HTTPS"),
    "TCPRoute": ("TCP",),
    "UDPRoute": ("UDP",),
    "TLSRoute": ("TLS",),
}
_TLS_MODE: Mapping[str, str | None] = {
    "HTTPRoute": "Terminate",
    "GRPCRoute": "",
    "TCPRoute": "Terminate",
    "UDPRoute": None,
    "TLSRoute": "Passthrough",
}
_WITH_HOSTNAMES = ("HTTPRoute", "GRPCRoute", "TLSRoute")
_EFFECTIVE_HOSTNAME = ("HTTP", "HTTPS", "TLS")


@dataclass(frozen=True)
class GatewayState:
    """A Gateway of this controller: whether it is programmed, and its listeners by name.

    `assumed`: it is not among the objects but may be in the cluster; nothing is known of its listeners.
    """

    gateway: K8sObject
    is_programmed: bool
    listeners: Mapping[str, ListenerState]
    assumed: bool = False

    @property
    def title(self) -> str:
        """The Gateway's name, for people."""
        return f"Gateway {self.gateway.namespace}/{self.gateway.name}"


@dataclass(frozen=True)
class Parent:
    """One parentRef that names a Gateway of this controller; `reason` is `Accepted` where it accepts the route."""

    state: GatewayState
    section: str
    reason: str
    explanation: str = ""
    listeners: frozenset[str] = frozenset()  # those that take the route

    @property
    def accepts(self) -> bool:
        """Whether the route may use this parent."""
        return self.reason == "Accepted"

    @property
    def reference(self) -> dict[str, str]:
        """The `parentRef` of the route's status."""
        gateway = self.state.gateway
        ref = {"group": GATEWAY_GROUP, "kind": "Gateway", "namespace": gateway.namespace, "name": gateway.name}
        return {**ref, "sectionName": self.section} if self.section else ref


@dataclass
class _Trial:
    """How far the listeners of one Gateway let a route come."""

    hostname_matched: bool | None = None
    port_matched: bool = False
    allowed: bool = False
    supported: bool = False
    named: bool = False
    programmed: bool = False


def parent(route: K8sObject, ref: Mapping[str, Any], state: GatewayState, namespace_labels: NamespaceLabels) -> Parent:
    """What the Gateway says to the parentRef `ref` of `route`."""
    if state.assumed:
        return Parent(state, ref.get("sectionName") or "", "Accepted")
    trial = _Trial()
    obstacles: dict[str, str] = {}
    matched = set()
    for listener in state.gateway.spec.get("listeners") or ():
        name = listener.get("name") or ""
        obstacle = _try(route, ref, listener, state, namespace_labels, trial)
        if obstacle:
            obstacles[name] = obstacle
        else:
            matched.add(name)
    section = ref.get("sectionName") or ""
    if matched:
        return Parent(state, section, "Accepted", listeners=frozenset(matched))
    if section and section not in obstacles:
        explanation = f"{state.title} has no listener {section}"
    else:
        told = {name: text for name, text in obstacles.items() if not section or name == section}
        explanation = "; ".join(f"listener {name} of {state.title} {text}" for name, text in told.items())
    return Parent(state, section, _reason(ref, trial), explanation or f"{state.title} has no listener")


def _reason(ref: Mapping[str, Any], trial: _Trial) -> str:
    if trial.hostname_matched is False:
        return NO_MATCHING_HOSTNAME
    if ref.get("sectionName") is not None and not trial.named:
        return NO_MATCHING_PARENT
    if not trial.programmed:
        return NOT_ALLOWED
    if ref.get("port") is not None and not trial.port_matched:
        return NO_MATCHING_PARENT
    return NO_MATCHING_PARENT if trial.allowed and trial.supported else NOT_ALLOWED


def _try(
    route: K8sObject,
    ref: Mapping[str, Any],
    listener: Listener,
    state: GatewayState,
    namespace_labels: NamespaceLabels,
    trial: _Trial,
) -> str:
    """Try one listener, note how far it came; what is in the way, '' where the listener takes the route."""
    name, known = listener.get("name") or "", state.listeners.get(listener.get("name") or "")
    obstacle = _disallows(route, ref, listener, state.gateway, namespace_labels)
    if obstacle:
        return obstacle
    trial.allowed = True
    if known is None:
        return "has no status yet"
    if (route.group, route.kind) not in known.supported_kinds:
        return f"takes no {route.kind}s"
    trial.supported = True
    if not known.is_programmed:
        problem = known.problem()
        return f"is not programmed ({problem})" if problem else "is not programmed"
    trial.programmed = True
    section, port = ref.get("sectionName"), ref.get("port")
    if section is not None:
        if section not in ("", name):
            return f"is not the listener {section}"
        trial.named = True
    if port is not None:
        if port != listener.get("port"):
            return f"is not on port {port}"
        trial.port_matched = True
    if not _protocol_fits(route.kind, listener):
        return f"speaks {listener.get('protocol')}, which is nothing for a {route.kind}"
    trial.hostname_matched = _hostnames_fit(route, listener)
    if not trial.hostname_matched:
        return f"serves {listener.get('hostname')}, which is none of the route's host names"
    return ""


def _disallows(
    route: K8sObject,
    ref: Mapping[str, Any],
    listener: Listener,
    gateway: K8sObject,
    namespace_labels: NamespaceLabels,
) -> str:
    """What of `allowedRoutes` keeps the route out, '' if nothing does."""
    allowed = listener.get("allowedRoutes") or EMPTY
    kinds = allowed.get("kinds")
    if kinds and not any(k.get("group") == route.group and k.get("kind") == route.kind for k in kinds):
        return f"allows no {route.kind}s"
    namespaces = allowed.get("namespaces") or EMPTY
    origin = namespaces.get("from")
    if origin == "Same":
        own = ref.get("namespace")
        if route.namespace != (gateway.namespace if own is None else own):
            return f"allows routes of its own namespace only, not of {route.namespace}"
    elif origin == "Selector" and not matches(namespaces.get("selector"), namespace_labels(route.namespace)):
        return f"allows no routes of namespace {route.namespace}: its labels do not fit the selector"
    return ""


def _protocol_fits(kind: str, listener: Listener) -> bool:
    if listener.get("protocol") not in _PROTOCOLS[kind]:
        return False
    tls, mode = listener.get("tls"), _TLS_MODE[kind]
    return tls is None or mode == "" or (mode is not None and tls.get("mode", "Terminate") == mode)


def _hostnames_fit(route: K8sObject, listener: Listener) -> bool:
    hostnames, served = route.spec.get("hostnames"), listener.get("hostname")
    if route.kind not in _WITH_HOSTNAMES or not hostnames or not served:
        return True
    return any(intersect(served, hostname) for hostname in hostnames)


def status_parents(kind: str, parents: Iterable[Parent]) -> list[Parent]:
    """One parent for each Gateway, and for HTTPRoutes and GRPCRoutes for each of its sections; the last one counts."""
    by_section = kind in ("HTTPRoute", "GRPCRoute")
    return list({(p.state.gateway.ref, p.section if by_section else ""): p for p in parents}.values())


def effective_hostnames(route: K8sObject, parents: list[Parent]) -> list[str] | None:
    """The host names with which the cache holds an HTTPRoute, None where no listener leaves it any.

    A route without host names gets those of its listeners, unless one of them serves any host; each of a route's own
    becomes the narrower one of it and the first listener's that meets it (KIC `filterHostnames`).
    """
    own: list[str] = route.spec.get("hostnames") or []
    if any(one.state.assumed for one in parents):
        return own
    if not own:
        return _listener_hostnames(parents)
    narrowed = [found for hostname in own if (found := _narrowed(hostname, parents)) is not None]
    return narrowed or None


def _listener_hostnames(parents: list[Parent]) -> list[str]:
    hostnames = []
    for one in parents:
        for listener in one.state.gateway.spec.get("listeners") or ():
            if one.section:
                counts = listener.get("name") == one.section
            else:
                counts = listener.get("protocol") in _EFFECTIVE_HOSTNAME
            if counts:
                if listener.get("hostname") is None:
                    return []
                hostnames.append(listener["hostname"])
    return hostnames


def _narrowed(hostname: str, parents: list[Parent]) -> str | None:
    for one in parents:
        for listener in one.state.gateway.spec.get("listeners") or ():
            if one.section and listener.get("name") != one.section:
                continue
            served = listener.get("hostname")
            if not served or covers(served, hostname):
                return hostname
            if covers(hostname, served):
                return str(served)
    return None


def is_gateway_ref(ref: Mapping[str, Any]) -> bool:
    """Whether a parentRef names a Gateway; the API server's defaults fill group and kind."""
    return bool(ref.get("group", GATEWAY_GROUP) == GATEWAY_GROUP and ref.get("kind", "Gateway") == "Gateway")
