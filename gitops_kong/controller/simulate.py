"""Runs a scenario step by step: cluster state, controller and gateway through time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gitops_kong.cluster.intake import take_in
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.gateway_state import Gateway
from gitops_kong.controller.identity import assign
from gitops_kong.controller.known_kinds import known_kind
from gitops_kong.controller.loop import ControllerCrash, Memory, Record, State, Translate, Update
from gitops_kong.controller.object_status import SeenStatus, seen_status
from gitops_kong.controller.scenario_file import Scenario, Step
from gitops_kong.controller.statuses import ObjectStatus, status
from gitops_kong.manifests.objects import K8sObject, Ref


@dataclass(frozen=True)
class StepResult:
    """What happened in one step.

    `gateway_config` says what the gateway runs: `initial`, `push N` or `previous`. `crash` is the reason why the
    controller ended with a panic, if it did. `seen` is what the objects' own `status` shows then.
    """

    record: Record
    statuses: tuple[tuple[Ref, ObjectStatus], ...]
    not_decodable: tuple[Ref, ...]
    left_out: dict[Ref, str]
    gateway_config: str
    crash: str | None = None
    seen: Mapping[Ref, SeenStatus] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What a scenario needs from outside.

    `read` gives the objects of a step as they are applied; `decodes` the reason why the API server cannot store an
    object; `prepare` the object as it stores it; `gateway` the gateway that a step describes.
    """

    read: Callable[[Step], Sequence[K8sObject]]
    decodes: Callable[[K8sObject], str | None]
    prepare: Callable[[K8sObject], K8sObject]
    gateway: Callable[[Step], Gateway]
    translate: Translate


def run(scenario: Scenario, options: ControllerOptions, surroundings: Surroundings) -> list[StepResult]:
    """The results of all steps, in order."""
    simulation = _Simulation(scenario.reconcilers_take_in, options, surroundings)
    return [simulation.step(step) for step in scenario.steps]


@dataclass
class _Simulation:
    reconcilers_take_in: bool
    options: ControllerOptions
    surroundings: Surroundings
    state: State = field(default_factory=State)
    objects: dict[Ref, K8sObject] = field(default_factory=dict)
    seen: dict[Ref, SeenStatus] = field(default_factory=dict)

    def step(self, step: Step) -> StepResult:
        applied = {obj.ref: obj for obj in self.surroundings.read(step)}
        not_decodable = tuple(ref for ref, obj in applied.items() if not self._decodes(obj))
        prepared = (self.surroundings.prepare(obj) for ref, obj in applied.items() if ref not in not_decodable)
        decodable = assign(prepared, self.objects)
        self.objects = {obj.ref: obj for obj in decodable}
        if self.reconcilers_take_in:
            store, left_out = take_in(decodable, self.options)
        else:
            store, left_out = ObjectStore(decodable), {}
        self._restart(step)
        record, crash = Record(), None
        update = Update(self.state, self.options, self.surroundings.gateway(step), self.surroundings.translate, record)
        try:
            for _ in range(step.updates):
                update.run(store)
        except ControllerCrash as e:
            crash = str(e)
        self.state = update.state
        statuses = tuple((obj.ref, status(self.state.memory.reports, obj)) for obj in decodable)
        self.seen = {
            ref: seen
            for ref, told in statuses
            if ref in store
            and (seen := seen_status(ref.kind, told, self.seen.get(ref), self.options.behaviours)) is not None
        }
        return StepResult(
            record,
            statuses,
            not_decodable,
            left_out,
            _gateway_config(self.state, record),
            crash,
            self.seen,
        )

    def _decodes(self, obj: K8sObject) -> bool:
        """Whether the API server stores the object, and for `intake: cache`, whether the cache can be given it."""
        known = self.reconcilers_take_in or known_kind(obj, self.options.behaviours) is not None
        return known and self.surroundings.decodes(obj) is None

    def _restart(self, step: Step) -> None:
        if step.restart:
            self.state = State(Memory(), tuple(g.forgotten() for g in self.state.gateways))
        if step.gateway_restart:
            self.state = replace(self.state, gateways=tuple(g.restarted() for g in self.state.gateways))


def _gateway_config(state: State, record: Record) -> str:
    running = state.gateways[0].running
    if running is None:
        return "initial"
    for i in range(len(record.pushes) - 1, -1, -1):
        push = record.pushes[i]
        if push.answer.accepted and push.answer.status != 304 and push.gateway == 0:
            return f"push {i}"
    return "previous"
