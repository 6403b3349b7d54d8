"""Which objects are plainly meant for another controller: no mishap, and nothing that a person must mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from gitops_kong.cluster.gateway_api import is_of_another
from gitops_kong.cluster.intake import CLASS_ANNOTATION
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.manifests.lenient import mapping, mappings
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.cluster_state import ClusterState
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.predict.model import Finding

_OURS = "konghq.com/"  # annotations that only this controller heeds
_SLIP = 0.7  # names that are more alike are taken for slips of the pen


def for_another(obj: K8sObject, state: ClusterState, options: ControllerOptions) -> bool:
    """Whether an object that the controller does not take in names another one.

    A class of its own, all parents Gateways of another controller's class, or a policy on Services that only such
    routes use. What has an annotation of Kong's, or a class that looks like Kong's, is not.
    """
    if any(name.startswith(_OURS) for name in obj.annotations):
        return False
    if obj.kind == "BackendTLSPolicy":
        users = [*_users(obj, state)]
        return bool(users) and all(for_another(user, state, options) for user in users)
    if obj.group == GATEWAY_GROUP:
        parents = mappings(obj.spec.get("parentRefs"))
        return bool(parents) and all(_foreign(parent, obj, state, options) for parent in parents)
    named = obj.annotations.get(CLASS_ANNOTATION) or obj.spec.get("ingressClassName")
    return isinstance(named, str) and bool(named) and not _alike(named, options.ingress_class)


def _alike(named: str, own: str) -> bool:
    return own in named or "kong" in named or SequenceMatcher(None, named, own).ratio() >= _SLIP


def _foreign(parent: dict[str, object], obj: K8sObject, state: ClusterState, options: ControllerOptions) -> bool:
    """Whether a parent is a Gateway whose class is known and another controller's, or no Gateway at all."""
    if parent.get("kind", "Gateway") != "Gateway":
        return True
    ref = Ref(GATEWAY_GROUP, "Gateway", str(parent.get("namespace") or obj.namespace), str(parent.get("name") or ""))
    gateway = state.stored.get(ref)
    if gateway is None:
        return False
    name = str(gateway.spec.get("gatewayClassName") or "")
    classes = [each for each in state.looked_up if each.kind == "GatewayClass" and each.name == name]
    if not classes:
        return is_of_another(name)
    return any(each.spec.get("controllerName") != options.gateway_controller_name for each in classes)


def _users(policy: K8sObject, state: ClusterState) -> Iterator[K8sObject]:
    """The routes that use a Service that the policy targets."""
    names = {ref.get("name") for ref in mappings(policy.spec.get("targetRefs"))}
    for route in state.stored.values():
        if route.group == GATEWAY_GROUP and route.kind in ROUTE_KINDS:
            used = {
                ref.get("name")
                for rule in mappings(route.spec.get("rules"))
                for ref in mappings(mapping(rule).get("backendRefs"))
                if (ref.get("namespace") or route.namespace) == policy.namespace
            }
            if used & names:
                yield route


def meant_for_another(finding: Finding) -> Finding:
    """What is told of such an object: that it is so, in case it was not meant."""
    return replace(finding, severity="info", effects=(), help="Nothing needs to be done if another controller has it.")
