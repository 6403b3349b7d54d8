"""What the controller writes into `status.ancestors` of a KongUpstreamPolicy, as data.

KIC `KongUpstreamPolicyReconciler.enforceKongUpstreamPolicyStatus` (3.5.13; the same from 3.2 on).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gitops_kong.cluster.gateway_listeners import Condition, condition
from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref

INCUBATOR = "incubator.ingress-controller.konghq.com"
ANNOTATION = "konghq.com/upstream-policy"
MOST_ANCESTORS = 16  # the Gateway API permits no more; the oldest stay


class Ancestor(NamedTuple):
    """A Service or KongServiceFacade that names the policy, and the two conditions that it gets."""

    object: K8sObject
    conditions: tuple[Condition, Condition]


def ancestors(policy: K8sObject, store: ObjectStore, configured: Callable[[Ref], bool]) -> list[Ancestor]:
    """All ancestors; `configured` says of an object whether the controller reports it as configured."""
    services = [s for s in store.list("", "Service") if _names(s, policy)]
    facades = [f for f in store.list(INCUBATOR, "KongServiceFacade") if _names(f, policy)]
    same = {s.name for s in services}
    conflicted = {s.name for s in services if _conflicted(s, same, store)}
    found = [
        Ancestor(obj, _conditions(obj, obj.kind == "Service" and obj.name in conflicted, configured(obj.ref)))
        for obj in (*services, *facades)
    ]
    found.sort(key=lambda a: (str(a.object.metadata.get("creationTimestamp") or ""), a.object.kind, a.object.name))
    return found[:MOST_ANCESTORS]


def _names(obj: K8sObject, policy: K8sObject) -> bool:
    return obj.namespace == policy.namespace and obj.annotations.get(ANNOTATION) == policy.name


def _conditions(obj: K8sObject, conflicted: bool, configured: bool) -> tuple[Condition, Condition]:
    programmed = configured and not conflicted
    return (
        condition("Accepted", str(not conflicted), "Conflicted" if conflicted else "Accepted", obj),
        condition("Programmed", str(programmed), "Programmed" if programmed else "Pending", obj),
    )


def _conflicted(service: K8sObject, same: set[str], store: ObjectStore) -> bool:
    """Whether a rule of an HTTPRoute uses the Service beside one that does not name the policy."""
    for route in store.list(GATEWAY_GROUP, "HTTPRoute"):
        for backends in _backends(route):
            others = [b for b in backends if b != (service.namespace, service.name)]
            if len(others) < len(backends) and any(ns != service.namespace or name not in same for ns, name in others):
                return True
    return False


def _backends(route: K8sObject) -> Iterator[list[tuple[str, str]]]:
    """Namespace and name of the Services of each rule."""
    for rule in route.spec.get("rules") or ():
        yield [
            (ref.get("namespace") or route.namespace, ref.get("name") or "")
            for ref in (rule or EMPTY).get("backendRefs") or ()
            if (ref.get("group") or "") == "" and (ref.get("kind") or "Service") == "Service"
        ]
