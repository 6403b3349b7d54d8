"""Which objects of the Gateway API the controller's reconcilers take in, and why not the others.

Behaviour of KIC `internal/controllers/gateway` (3.5.13); what differs before are rows of the versions table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gitops_kong.cluster.gateway_listeners import judged_listeners, reported_listeners
from gitops_kong.cluster.gateway_parents import (
    GatewayState,
    Parent,
    effective_hostnames,
    is_gateway_ref,
    parent,
    status_parents,
)
from gitops_kong.cluster.gateway_policies import policy_targets, refusal
from gitops_kong.cluster.gateway_references import resolved_refs
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref

UNMANAGED_CLASS = "konghq.com/gatewayclass-unmanaged"
ROUTE_KINDS = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
ALPHA_KINDS = ("TCPRoute", "TLSRoute", "UDPRoute", "BackendTLSPolicy")  # read with the gate GatewayAlpha only
# Kinds that the controller only looks up: it decides by them and reports nothing on them.
LOOKED_UP = ((GATEWAY_GROUP, "GatewayClass"), ("", "Namespace"))
# names under which other implementations bring their GatewayClasses along (their documents of installation)
_OTHERS = regex(
    r"agentgateway|amazon-vpc-lattice|apisix|azure-alb-[\w-]+|azure-application-lb|cilium|contour|eg|envoy(?:-gateway)?"
    r"|gke-l7-[\w-]+|gloo-gateway|haproxy|higress|istio(?:-[\w-]+)?|kgateway|linkerd|nginx|openshift-default|traefik|tyk"
)
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class GatewayApiIntake:
    """What the controllers of the Gateway API do with the objects of a cluster.

    `taken_in` are the objects as the cache holds them when the controllers have come to rest: an HTTPRoute has the host
    names that its listeners leave it, Gateways and TLSRoutes have what is written into their status.
    `left_out` has a sentence for each other object of the API. `gateways` and `parents` tell how they came to it:
    the Gateways of this controller by reference, and each route's parentRefs to them. `references` are the Secrets
    and ConfigMaps that the taken in objects pull into the cache.
    """

    taken_in: tuple[K8sObject, ...]
    left_out: Mapping[Ref, str]
    gateways: Mapping[Ref, GatewayState]
    parents: Mapping[Ref, tuple[Parent, ...]]
    references: frozenset[Ref]


def is_of_another(gateway_class: str) -> bool:
    """Whether a GatewayClass that is not known has a name that another implementation gives to its own."""
    return _OTHERS.fullmatch(gateway_class) is not None


def take_in(store: ObjectStore, options: ControllerOptions, *, assume_missing: bool = False) -> GatewayApiIntake:
    """Decide on all objects of the Gateway API in `store`, which holds every object of the cluster.

    `assume_missing`: `store` may lack what others bring into the cluster. A Secret, ConfigMap or Service that it does
    not have counts as being there, a GatewayClass as this controller's own unless its name is that of another one's, a
    Gateway as one that takes every route but those that need to know its ports.
    """
    intake = _Intake(store, options, assume_missing=assume_missing)
    intake.take_classes()
    intake.take_gateways()
    for kind in ROUTE_KINDS:
        for route in store.list(GATEWAY_GROUP, kind):
            intake.take_route(route)
    for grant in store.list(GATEWAY_GROUP, "ReferenceGrant"):
        intake.taken_in.append(grant)
    for policy in store.list(GATEWAY_GROUP, "BackendTLSPolicy"):
        intake.take_policy(policy)
    return GatewayApiIntake(
        tuple(intake.taken_in), intake.left_out, intake.gateways, intake.parents, frozenset(intake.references)
    )


@dataclass
class _Intake:
    store: ObjectStore
    options: ControllerOptions
    assume_missing: bool
    taken_in: list[K8sObject] = field(default_factory=list)
    left_out: dict[Ref, str] = field(default_factory=dict)
    gateways: dict[Ref, GatewayState] = field(default_factory=dict)
    parents: dict[Ref, tuple[Parent, ...]] = field(default_factory=dict)
    references: set[Ref] = field(default_factory=set)

    def take_classes(self) -> None:
        for gateway_class in self.store.list(GATEWAY_GROUP, "GatewayClass"):
            problem = self._foreign(gateway_class)
            if problem:
                self.left_out[gateway_class.ref] = problem
            else:
                self.taken_in.append(gateway_class)

    def take_gateways(self) -> None:
        for gateway in self.store.list(GATEWAY_GROUP, "Gateway"):
            gateway_class, problem = self._class_of(gateway)
            if gateway_class is None:
                self.left_out[gateway.ref] = problem
                continue
            managed_elsewhere = not gateway_class.annotations.get(UNMANAGED_CLASS)
            reported = _conditions(gateway) if managed_elsewhere else {}
            known = bool(reported)
            accepted = not known or _holds(reported.get("Accepted"), "Accepted", gateway)
            programmed = not known or _holds(reported.get("Programmed"), "Programmed", gateway)
            held = gateway
            listeners = reported_listeners(gateway) if known else {}
            if not listeners:
                listeners = judged_listeners(gateway, self.store, assume_missing=self.assume_missing)
                held = _with_status(gateway, "listeners", [listener.status() for listener in listeners.values()])
            self.gateways[gateway.ref] = GatewayState(gateway, programmed, listeners)
            if accepted:
                self.taken_in.append(held)
                self.references.update(_listener_secrets(gateway))
            else:
                self.left_out[gateway.ref] = (
                    f"its GatewayClass {gateway_class.name} is managed by another component, which has not accepted it"
                )

    def take_route(self, route: K8sObject) -> None:
        problem = self._needs_gate(route.kind)
        parents: tuple[Parent, ...] = ()
        if not problem:
            problem, parents = self._parents_of(route)
        if parents:
            self.parents[route.ref] = parents
        if not problem:
            waiting = [p.state.title for p in parents if not p.state.is_programmed]
            if waiting:
                problem = f"{waiting[0]} is not programmed yet"
            elif not any(p.accepts for p in parents):
                problem = "; ".join(dict.fromkeys(p.explanation for p in parents))
        if not problem and route.kind == "HTTPRoute":
            hostnames = effective_hostnames(route, list(parents))
            if hostnames is None:
                problem = "none of its host names is served by a listener"
            elif hostnames != (route.spec.get("hostnames") or []):
                route = route.with_data({**route.data, "spec": {**route.spec, "hostnames": hostnames}})
        if problem:
            self.left_out[route.ref] = problem
        else:
            self.taken_in.append(self._with_parents(route, parents) if route.kind == "TLSRoute" else route)

    def _with_parents(self, route: K8sObject, parents: Iterable[Parent]) -> K8sObject:
        """The route with the parents of its status: what the controller writes it gets back, and translates by it."""
        name = self.options.gateway_controller_name
        given = (route.data.get("status") or EMPTY).get("parents") or ()
        kept = [entry for entry in given if entry.get("controllerName") != name]
        own = [{"parentRef": p.reference, "controllerName": name} for p in status_parents(route.kind, parents)]
        return _with_status(route, "parents", kept + own)

    def take_policy(self, policy: K8sObject) -> None:
        problem = self._needs_gate(policy.kind)
        if not problem and not self.options.behaviours["backend-tls-policies"]:
            problem = "this controller version does not read BackendTLSPolicies"
        if not problem and not self._has_ancestor(policy):
            problem = "no HTTPRoute of this controller uses a Service that it targets"
        if not problem:
            problem = refusal(policy, self.store, assume_missing=self.assume_missing).message
        if problem:
            self.left_out[policy.ref] = problem
            return
        self.taken_in.append(policy)
        for ref in (policy.spec.get("validation") or EMPTY).get("caCertificateRefs") or ():
            if ref.get("kind") in ("Secret", "ConfigMap"):
                self.references.add(Ref("", ref["kind"], policy.namespace, ref.get("name") or ""))

    def _has_ancestor(self, policy: K8sObject) -> bool:
        """Whether an HTTPRoute with a parent here and resolved references uses one of the policy's Services."""
        return any((policy.namespace, name) in self._used_services for name in policy_targets(policy))

    @cached_property
    def _used_services(self) -> frozenset[tuple[str, str]]:
        routes = (self.store.by_ref(ref) for ref in self.parents if ref.kind == "HTTPRoute")
        return frozenset(
            service
            for route in routes
            if route is not None
            and resolved_refs(route, self.store, self.options, assume_missing=self.assume_missing).holds
            for service in _services_of(route)
        )

    def _needs_gate(self, kind: str) -> str:
        if kind in ALPHA_KINDS and not self.options.gate("GatewayAlpha"):
            return f"the controller reads {kind} objects only with the feature gate GatewayAlpha"
        return ""

    def _parents_of(self, route: K8sObject) -> tuple[str, tuple[Parent, ...]]:
        """The parentRefs to Gateways of this controller, or why there are none."""
        refs: Iterable[Mapping[str, Any]] = route.spec.get("parentRefs") or ()
        for ref in refs:
            if not is_gateway_ref(ref):
                return f"it has a parentRef of the unsupported kind {ref.get('group')}/{ref.get('kind')}", ()
        parents, problems = [], []
        for ref in refs:
            gateway_ref = Ref(GATEWAY_GROUP, "Gateway", ref.get("namespace") or route.namespace, ref.get("name") or "")
            state = self.gateways.get(gateway_ref) or self._assumed(gateway_ref, route)
            if state is not None:
                parents.append(parent(route, ref, state, self._namespace_labels))
                continue
            title = f"Gateway {gateway_ref.namespace}/{gateway_ref.name}"
            gateway = self.store.by_ref(gateway_ref)
            problems.append(f"{title} does not exist" if gateway is None else f"{title}: {self._class_of(gateway)[1]}")
        if not parents:
            return "; ".join(dict.fromkeys(problems)) or "it has no parentRefs", ()
        return "", tuple(parents)

    def _assumed(self, ref: Ref, route: K8sObject) -> GatewayState | None:
        if not self.assume_missing or ref in self.store or route.kind in ("TCPRoute", "UDPRoute"):
            return None
        metadata = {"namespace": ref.namespace, "name": ref.name}
        content = {"apiVersion": f"{GATEWAY_GROUP}/v1", "kind": "Gateway", "metadata": metadata}
        return GatewayState(K8sObject(content), is_programmed=True, listeners={}, assumed=True)

    def _class_of(self, gateway: K8sObject) -> tuple[K8sObject | None, str]:
        """The Gateway's class if it is this controller's, or why not."""
        name = gateway.spec.get("gatewayClassName") or ""
        gateway_class = self.store.get(GATEWAY_GROUP, "GatewayClass", "", name)
        if gateway_class is None and self.assume_missing and is_of_another(name):
            return None, f"its GatewayClass {name} is not here, and taken for that of another controller of this name"
        if gateway_class is None and self.assume_missing:
            metadata = {"name": name, "annotations": {UNMANAGED_CLASS: "true"}}
            return K8sObject({"apiVersion": f"{GATEWAY_GROUP}/v1", "kind": "GatewayClass", "metadata": metadata}), ""
        if gateway_class is None:
            return None, f"its GatewayClass {name} does not exist"
        problem = self._foreign(gateway_class)
        return (
            (None, f"its GatewayClass {name} is not this controller's: {problem}") if problem else (gateway_class, "")
        )

    def _foreign(self, gateway_class: K8sObject) -> str:
        name, own = gateway_class.spec.get("controllerName") or "", self.options.gateway_controller_name
        return "" if name == own else f"controllerName is {name}, this controller's is {own}"

    def _namespace_labels(self, name: str) -> Mapping[str, str]:
        namespace = self.store.get("", "Namespace", "", name)
        return {_NAMESPACE_NAME: name, **(namespace.labels if namespace else EMPTY)}


def _with_status(obj: K8sObject, name: str, value: list[Any]) -> K8sObject:
    return obj.with_data({**obj.data, "status": {**(obj.data.get("status") or EMPTY), name: value}})


def _conditions(gateway: K8sObject) -> dict[str, Mapping[str, Any]]:
    given = (gateway.data.get("status") or EMPTY).get("conditions") or ()
    return {c.get("type") or "": c for c in given}


def _holds(condition: Mapping[str, Any] | None, reason: str, gateway: K8sObject) -> bool:
    """Whether a condition is true with `reason` for the Gateway's present generation."""
    return (
        condition is not None
        and condition.get("status") == "True"
        and condition.get("reason") == reason
        and (condition.get("observedGeneration") or 0) == (gateway.metadata.get("generation") or 0)
    )


def _listener_secrets(gateway: K8sObject) -> Iterable[Ref]:
    """The Secrets that listeners name (KIC `listSecretNamesReferredByGateway`)."""
    for listener in gateway.spec.get("listeners") or ():
        for ref in (listener.get("tls") or EMPTY).get("certificateRefs") or ():
            if not ref.get("group") and ref.get("kind", "Secret") == "Secret":
                yield Ref("", "Secret", ref.get("namespace") or gateway.namespace, ref.get("name") or "")


def _services_of(route: K8sObject) -> Iterable[tuple[str, str]]:
    """Namespaces and names of the Services behind a route."""
    for rule in route.spec.get("rules") or ():
        for ref in rule.get("backendRefs") or ():
            if ref.get("kind", "Service") == "Service" and (ref.get("group") or "") in ("", "core"):
                yield ref.get("namespace") or route.namespace, ref.get("name") or ""
