"""What every part of a translation shares: the input, look-ups over it, and what it finds along the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref
from gitops_kong.translate.annotations import INGRESS_CLASS
from gitops_kong.translate.state import GatewaySchemas, TranslationFailure
from gitops_kong.translate.tags import object_tags

_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_PARAMETERS_GROUP = "configuration.konghq.com"
_SERVICE_NAME_LABEL = "kubernetes.io/service-name"


class ControllerPanic(Exception):  # noqa: N818 - what happens to the controller, not an error of ours
    """The controller process ends with a panic while it translates `objects`."""

    def __init__(self, objects: tuple[K8sObject, ...], reason: str) -> None:
        super().__init__(reason)
        self.objects = objects
        self.reason = reason


@dataclass
class Context:
    """One build: its input, its failures in the order of registering, the objects that it translated or changed."""

    store: ObjectStore
    options: ControllerOptions
    schemas: GatewaySchemas
    now: datetime  # what certificates expire by
    failures: list[TranslationFailure] = field(default_factory=list)
    configured: dict[Ref, K8sObject] = field(default_factory=dict)
    changed: list[K8sObject] = field(default_factory=list)

    def fail(self, message: str, *objects: K8sObject | None) -> None:
        """Register a translation failure (KIC `ResourceFailuresCollector.PushResourceFailure`).

        The controller drops a failure that names no object, or one without kind or name.
        """
        named = tuple(obj for obj in objects if obj is not None and obj.api_version and obj.kind and obj.name)
        if named and len(named) == len(objects):
            self.failures.append(TranslationFailure(message or "unknown", named))

    def succeed(self, obj: K8sObject) -> None:
        """Register an object as translated (KIC `registerSuccessfullyTranslatedObject`)."""
        self.configured[obj.ref] = obj

    def behaves(self, name: str) -> bool:
        """Whether this controller version has the behaviour `name` of the version table."""
        return self.options.behaviours[name]

    def tags(self, obj: K8sObject) -> list[str]:
        """Tags of the entities made from `obj`."""
        return object_tags(obj, self.options)

    @cached_property
    def ingress_class(self) -> K8sObject | None:
        """The IngressClass object of this controller's class."""
        return self.store.get("networking.k8s.io", "IngressClass", "", self.options.ingress_class)

    @cached_property
    def class_is_default(self) -> bool:
        """Whether this controller's class is the cluster's default class."""
        return self.ingress_class is not None and self.ingress_class.annotations.get(_DEFAULT_CLASS) == "true"

    def has_class(self, obj: K8sObject) -> bool:
        """Whether an object belongs to this controller by its class annotation (KIC `Store.isValidIngressClass`).

        For kinds whose class is the annotation `kubernetes.io/ingress.class` alone; none means the default class.
        """
        return self.is_own_class(obj.annotations.get(INGRESS_CLASS, ""))

    def is_own_class(self, name: str) -> bool:
        """Whether a class name, '' for none, is this controller's."""
        return name == self.options.ingress_class or (name == "" and self.class_is_default)

    @cached_property
    def class_parameters(self) -> Mapping[str, Any]:
        """The spec of this class's IngressClassParameters, empty where there are none or the reference is unusable.

        KIC `getIngressClassParametersOrDefault`, `Store.GetIngressClassParametersV1Alpha1`.
        """
        reference = self.ingress_class.spec.get("parameters") if self.ingress_class else None
        if (
            not reference
            or reference.get("apiGroup") != _PARAMETERS_GROUP
            or reference.get("kind") != "IngressClassParameters"
            or reference.get("scope") is None
            or reference.get("namespace") is None
        ):
            return EMPTY
        parameters = self.store.get(
            _PARAMETERS_GROUP, "IngressClassParameters", reference["namespace"], reference.get("name") or ""
        )
        return parameters.spec if parameters else EMPTY

    @cached_property
    def _endpoint_slices(self) -> Mapping[tuple[str, str], list[K8sObject]]:
        slices: defaultdict[tuple[str, str], list[K8sObject]] = defaultdict(list)
        for obj in self.store.list("discovery.k8s.io", "EndpointSlice"):
            if service := obj.labels.get(_SERVICE_NAME_LABEL):
                slices[obj.namespace, service].append(obj)
        return slices

    def endpoint_slices(self, namespace: str, service: str) -> list[K8sObject]:
        """The EndpointSlices of a Service."""
        return self._endpoint_slices.get((namespace, service), [])

    @cached_property
    def _backend_tls_policies(self) -> Mapping[tuple[str, str], list[K8sObject]]:
        policies: defaultdict[tuple[str, str], list[K8sObject]] = defaultdict(list)
        for policy in self.store.list("gateway.networking.k8s.io", "BackendTLSPolicy"):
            targets = policy.spec.get("targetRefs") or ()
            names = [
                t.get("name") or ""
                for t in targets
                if (t.get("group") or "") in ("", "core") and t.get("kind") == "Service"
            ]
            for name in dict.fromkeys(names):
                policies[policy.namespace, name].append(policy)
        return policies

    def backend_tls_policies(self, namespace: str, service: str) -> list[K8sObject]:
        """The BackendTLSPolicies that target a Service (KIC `ListBackendTLSPoliciesByTargetService`)."""
        return self._backend_tls_policies.get((namespace, service), [])
