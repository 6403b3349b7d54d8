"""Predictions for the steps of a scenario file: the step before is what the cluster runs, the step is the change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from gitops_kong.cluster.intake import take_in
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.scenario_file import Scenario
from gitops_kong.controller.scenario_world import surroundings
from gitops_kong.controller.settings import scenario_options
from gitops_kong.controller.simulate import Surroundings
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.cluster_state import Admission, ClusterState, cluster_state
from gitops_kong.predict.life import World
from gitops_kong.predict.model import Prediction
from gitops_kong.predict.scenarios import predict


def step_predictions(scenario: Scenario, version: str, steps: Collection[int]) -> dict[int, tuple[Prediction, ...]]:
    """The predictions of the steps with these numbers (from 0), with a controller `version`."""
    options = scenario_options(version, scenario.options)
    around = surroundings(scenario, options)
    found: dict[int, tuple[Prediction, ...]] = {}
    base: ClusterState | None = None
    for number, step in enumerate(scenario.steps):
        head = _state(around.read(step), options, around, scenario.reconcilers_take_in, base)
        if number in steps:
            world = World(options, around.gateway(step), around.translate)
            found[number] = predict(scenario.path, base, head, world).predictions
        base = head
    return found


def _state(
    manifests: Iterable[K8sObject],
    options: ControllerOptions,
    around: Surroundings,
    reconcilers_take_in: bool,
    before: ClusterState | None,
) -> ClusterState:
    def admit(obj: K8sObject, _: K8sObject | None) -> Admission:
        problem = around.decodes(obj)
        return Admission(obj, ((problem, ()),)) if problem else Admission(around.prepare(obj))

    return cluster_state(manifests, options, admit, take_in if reconcilers_take_in else _all, before)


def _all(objects: Iterable[K8sObject], _: ControllerOptions) -> tuple[ObjectStore, Mapping[Ref, str]]:
    """Without the reconcilers every object is in the cache."""
    return ObjectStore(objects), {}


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """A prediction as scenario files have it: references as in a step, causes without places."""
    return {
        "object": prediction.object.ref.to_json(),
        "scenario": prediction.scenario,
        "change": prediction.change,
        "configuration": prediction.outcome.configuration,
        "status": prediction.outcome.status,
        "traffic": prediction.outcome.traffic,
        "conditions": [str(condition) for condition in prediction.conditions],
        "causes": [{"object": c.object.ref.to_json(), "message": c.message} for c in prediction.causes],
    }
