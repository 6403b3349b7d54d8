"""What the controller's reconcilers take into its cache, and why the rest stays out.

KIC `internal/controllers`: the generated reconcilers (ingress class by spec, annotation and default class, control
plane references), those of Secrets, ConfigMaps and KongUpstreamPolicies. Gateway API kinds are decided in
`gateway_api`. The reason why an object is left out is written for its owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gitops_kong.cluster.gateway_api import GatewayApiIntake
from gitops_kong.cluster.gateway_api import take_in as gateway_take_in
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.references import CONFIGURATION, REFERENCED_KINDS, referred_secrets, why_left_out
from gitops_kong.cluster.served_versions import as_watched
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject, Ref

INCUBATOR = "incubator.ingress-controller.konghq.com"
GATEWAY_API = "gateway.networking.k8s.io"
NETWORKING = "networking.k8s.io"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
UPSTREAM_POLICY_ANNOTATION = "konghq.com/upstream-policy"


class Intake(NamedTuple):
    """The objects that the controller holds, and the reason for every other one."""

    store: ObjectStore
    left_out: dict[Ref, str]


@dataclass
class Cluster:
    """All objects of a cluster, seen by one controller."""

    objects: ObjectStore
    options: ControllerOptions
    gateway_api: GatewayApiIntake

    @cached_property
    def class_is_default(self) -> bool:
        """Whether the controller's ingress class is the cluster's default."""
        ingress_class = self.objects.get(NETWORKING, "IngressClass", "", self.options.ingress_class)
        return ingress_class is not None and ingress_class.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true"

    @cached_property
    def upstream_policy_users(self) -> Mapping[tuple[str, str], set[Ref]]:
        """Services and facades by the namespace and name of the KongUpstreamPolicy that they name."""
        users: defaultdict[tuple[str, str], set[Ref]] = defaultdict(set)
        for group, kind in (("", "Service"), (INCUBATOR, "KongServiceFacade")):
            for obj in self.objects.list(group, kind):
                name = obj.annotations.get(UPSTREAM_POLICY_ANNOTATION)
                if name is not None:
                    users[obj.namespace, name].add(obj.ref)
        return users

    @cached_property
    def policy_backends(self) -> set[Ref]:
        """The backends for whose sake a KongUpstreamPolicy is read."""
        backends: set[Ref] = set()
        for ingress in self.objects.list(NETWORKING, "Ingress"):
            if matches_class(ingress, self):
                backends.update(_ingress_services(ingress))
        for route in self.objects.list(GATEWAY_API, "HTTPRoute"):
            if self.gateway_api.parents.get(route.ref):
                backends.update(_route_backends(route))
        return backends


def _ingress_services(ingress: K8sObject) -> Iterator[Ref]:
    for rule in ingress.spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            if service := (path.get("backend") or {}).get("service"):
                yield Ref("", "Service", ingress.namespace, service.get("name") or "")


def _route_backends(route: K8sObject) -> Iterator[Ref]:
    for rule in route.spec.get("rules") or ():
        for backend in rule.get("backendRefs") or ():
            yield Ref(
                backend.get("group") or "",
                backend.get("kind") or "Service",
                backend.get("namespace") or route.namespace,
                backend.get("name") or "",
            )


Rule = Callable[[K8sObject, Cluster], "str | None"]  # the reason for leaving the object out


def take_in(objects: Iterable[K8sObject], options: ControllerOptions, *, assume_missing: bool = False) -> Intake:
    """What a controller with `options` holds of a cluster's `objects`.

    `assume_missing`: what `objects` refer to and lack is taken to be there (a repository is not the whole cluster).
    """
    watched: list[K8sObject] = []
    left_out: dict[Ref, str] = {}
    for obj in map(as_watched, objects):
        if options.watch_namespaces and obj.namespace and obj.namespace not in options.watch_namespaces:
            left_out[obj.ref] = f"the controller does not watch namespace {obj.namespace}"
        else:
            watched.append(obj)
    store = ObjectStore(watched)
    gateway_api = gateway_take_in(store, options, assume_missing=assume_missing)
    left_out |= gateway_api.left_out
    taken = {obj.ref: obj for obj in gateway_api.taken_in}
    cluster = Cluster(store, options, gateway_api)
    referred: list[K8sObject] = []
    for obj in watched:
        if obj.group == "" and obj.kind in REFERENCED_KINDS:
            referred.append(obj)
        elif obj.group != GATEWAY_API:
            reason = _decide(obj, cluster)
            if reason is None:
                taken[obj.ref] = obj
            else:
                left_out[obj.ref] = reason
    if referred:
        references = referred_secrets(taken.values()) | gateway_api.references
        for obj in referred:
            reason = why_left_out(obj, references, options)
            if reason is None:
                taken[obj.ref] = obj
            else:
                left_out[obj.ref] = reason
    return Intake(ObjectStore(taken.values()), left_out)


def _decide(obj: K8sObject, cluster: Cluster) -> str | None:
    for rule in RULES.get((obj.group, obj.kind), _NOT_READ):
        if reason := rule(obj, cluster):
            return reason
    return None


def matches_class(obj: K8sObject, cluster: Cluster) -> bool:
    """Whether the object belongs to the controller's ingress class (KIC `MatchesIngressClass`)."""
    return _class_mismatch(obj, cluster) is None


def _class_mismatch(obj: K8sObject, cluster: Cluster) -> str | None:
    wanted = cluster.options.ingress_class
    field_name = _CLASS_FIELDS.get(obj.kind)
    annotation = obj.annotations.get(CLASS_ANNOTATION)
    named = obj.spec.get(field_name) if field_name else None
    if wanted in (annotation, named):
        return None
    classless = annotation is None and (named is None or obj.kind != "Ingress")
    if classless and cluster.class_is_default:
        return None
    found = named if annotation is None else annotation
    if found is not None:
        return f"its class is {found!r}, and this controller's is {wanted!r}"
    where = (
        f"spec.{field_name} and no annotation {CLASS_ANNOTATION}" if field_name else f"annotation {CLASS_ANNOTATION}"
    )
    return f"it has no {where}, and IngressClass {wanted} is not the cluster's default: name class {wanted} in it"


# Fields that name a class, besides the annotation.
_CLASS_FIELDS: Mapping[str, str] = {"Ingress": "ingressClassName", "KongCustomEntity": "controllerName"}


def _control_plane(obj: K8sObject, cluster: Cluster) -> str | None:
    reference = (obj.spec.get("controlPlaneRef") or {}).get("type")
    if reference is None or reference == "kic" or not cluster.options.behaviours["control-plane-references"]:
        return None
    return f"its spec.controlPlaneRef is of type {reference!r}, not 'kic': another program looks after it"


def _gate(name: str) -> Rule:
    def rule(_: K8sObject, cluster: Cluster) -> str | None:
        return None if cluster.options.gate(name) else f"the controller's feature gate {name} is off"

    return rule


def _upstream_policy(obj: K8sObject, cluster: Cluster) -> str | None:
    """KIC `upstreamPolicyUsedByBackendsOfMatchingClass`: Services behind an Ingress or an HTTPRoute, facades behind
    an HTTPRoute; TCPIngresses, other routes, default backends and facades behind an Ingress do not count.
    """
    if not cluster.options.behaviours["upstream-policies-of-used-services-only"]:
        return None
    users = cluster.upstream_policy_users.get((obj.namespace, obj.name))
    if not users:
        return f"no Service in its namespace has annotation {UPSTREAM_POLICY_ANNOTATION}: {obj.name}"
    if users & cluster.policy_backends:
        return None
    return (
        "none of the Services that name it is a backend in a rule of an Ingress of this controller or of an HTTPRoute;"
        " for other routes and for default backends the controller does not read the policy"
    )


def _not_read(obj: K8sObject, _: Cluster) -> str | None:
    return f"the controller does not read objects of kind {obj.kind}"


_NOT_READ: tuple[Rule, ...] = (_not_read,)

RULES: Mapping[tuple[str, str], tuple[Rule, ...]] = {
    ("", "Service"): (),
    ("discovery.k8s.io", "EndpointSlice"): (),
    (NETWORKING, "Ingress"): (_class_mismatch,),
    (NETWORKING, "IngressClass"): (),
    (CONFIGURATION, "KongIngress"): (),
    (CONFIGURATION, "KongPlugin"): (),
    (CONFIGURATION, "KongClusterPlugin"): (_class_mismatch,),
    (CONFIGURATION, "KongConsumer"): (_class_mismatch, _control_plane),
    (CONFIGURATION, "KongConsumerGroup"): (_class_mismatch, _control_plane),
    (CONFIGURATION, "KongUpstreamPolicy"): (_upstream_policy,),
    (CONFIGURATION, "TCPIngress"): (_class_mismatch,),
    (CONFIGURATION, "UDPIngress"): (_class_mismatch,),
    (CONFIGURATION, "IngressClassParameters"): (),
    (CONFIGURATION, "KongVault"): (_class_mismatch, _control_plane),
    (CONFIGURATION, "KongCustomEntity"): (_gate("KongCustomEntity"), _class_mismatch),
    (INCUBATOR, "KongServiceFacade"): (_gate("KongServiceFacade"), _class_mismatch),
}
