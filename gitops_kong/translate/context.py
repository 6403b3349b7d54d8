"""What every part of a translation shares: the input, and the two lists that it fills along the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.translate.state import GatewaySchemas, TranslationFailure


@dataclass
class Context:
    """One build: its input, its failures in the order of registering, the objects that it translated."""

    store: ObjectStore
    options: ControllerOptions
    schemas: GatewaySchemas
    failures: list[TranslationFailure] = field(default_factory=list)
    configured: dict[Ref, K8sObject] = field(default_factory=dict)

    def fail(self, message: str, *objects: K8sObject) -> None:
        """Register a translation failure (KIC `ResourceFailuresCollector.PushResourceFailure`)."""
        self.failures.append(TranslationFailure(message, objects))

    def succeed(self, obj: K8sObject) -> None:
        """Register an object as translated (KIC `registerSuccessfullyTranslatedObject`)."""
        self.configured[obj.ref] = obj
