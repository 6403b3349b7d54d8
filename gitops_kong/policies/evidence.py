"""What rules judge: one target's objects, what the controller makes of them, and what is predicted for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.model import SCENARIOS, Change, Prediction

Config = Mapping[str, Any]


def _no_schema(_: str) -> Mapping[str, Any] | None:
    return None


@dataclass(frozen=True)
class Evidence:
    """One target. `store` is what the controller takes in; `left_out` are the objects that it watches and does not
    take in, with the reason.

    `compared` says whether there is a base: without one nothing is known to have changed, and rules on changes rest.
    `namespaces` are the Namespaces that are known, by name. `configuration` gives the declarative configuration of
    the whole target, {} where the controller crashes on it; it is asked for when a rule needs it. `plugin_schema`
    gives the gateway's schema of a plugin, None for one that it does not know.
    """

    store: ObjectStore
    options: ControllerOptions
    left_out: Mapping[Ref, str] = field(default_factory=dict)
    stored: Mapping[Ref, K8sObject] = field(default_factory=dict)
    namespaces: Mapping[str, K8sObject] = field(default_factory=dict)
    changes: Mapping[Ref, Change] = field(default_factory=dict)
    compared: bool = True
    predictions: Iterable[Prediction] = ()
    scenarios: Iterable[str] = SCENARIOS
    configuration: Callable[[], Config] = dict
    plugin_schema: Callable[[str], Mapping[str, Any] | None] = _no_schema
