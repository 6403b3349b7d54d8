"""A whole run over a fleet: planned cluster by cluster, checked by an engine, put together as one report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitops_kong.cli.fleet_beside import suppressed_elsewhere
from gitops_kong.cli.fleet_plan import ClusterPlan, PlannedCheck, Planner
from gitops_kong.cli.fleet_states import State, States
from gitops_kong.cli.fleet_work import work
from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.places import fixed, line_of, locator
from gitops_kong.fleet.engines import Engine
from gitops_kong.fleet.job import Done
from gitops_kong.fleet.journal import Journal
from gitops_kong.fleet.model import Fleet
from gitops_kong.fleet.results import unpacked_result
from gitops_kong.fleet.run import Run
from gitops_kong.predict.model import SCENARIOS, Finding
from gitops_kong.report.fleet_model import Check, Checked, ClusterChecks, FleetReport
from gitops_kong.report.model import Place

_FORGOTTEN = 14 * 24 * 3600.0  # seconds after which a result that no run has used leaves the journal


@dataclass(frozen=True)
class FleetSettings:
    """What one run over a fleet does. `check` is as for one repository, its `paths`, `targets` and `context` unused."""

    check: CheckSettings
    bases: dict[str, str] = field(default_factory=dict)
    allow_network: bool = False
    resume: bool = False
    share: bool = True


@dataclass(frozen=True)
class Counts:
    """What a run did: jobs that were run and that the journal had, and targets that were rendered."""

    computed: int
    reused: int
    renderings: int


Told = Callable[[Check, int], None]  # a check that is done, and how many there will be


def run_fleet(
    fleet: Fleet, folder: Path, settings: FleetSettings, engine: Engine, journal: Journal, told: Told
) -> tuple[FleetReport, Counts]:
    """The report; `told` hears of every check as it is done. Old results leave the journal."""
    check = settings.check
    today = check.today if check.suppressions else None
    states = States(fleet.repositories, folder, settings.allow_network, today, settings.share)
    planner = Planner(
        states, folder, fleet.file, journal.key, check.today, check.controller, check.scenarios, settings.bases
    )
    gathered = _Gathered(told)
    run: Run[PlannedCheck] = Run(engine, work, journal, settings.resume, gathered.take)
    run(gathered.planned(planner, fleet))
    report = FleetReport(
        fleet.file,
        tuple(dict.fromkeys(check.repository for each in gathered.clusters for check in each.checks)),
        tuple(gathered.clusters),
        tuple(_remarks(states, gathered, tuple(check.scenarios) == SCENARIOS)),
        check.fail_on,
        check.fail_on_existing,
    )
    journal.forget(_FORGOTTEN)
    return report, Counts(run.computed, run.reused, states.renderings)


class _Gathered:
    """Checks as they are done, in the order of the fleet."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self._clusters: list[tuple[ClusterPlan, list[Check | None]]] = []
        self._places: dict[int, tuple[int, int]] = {}  # of planned checks, by identity
        self._checked: dict[tuple[str, State, str], Checked] = {}
        self.unfinished: set[State] = set()
        self.total = 0

    def planned(self, planner: Planner, fleet: Fleet) -> Iterator[PlannedCheck]:
        """The checks of every cluster, planned when they are asked for."""
        assigned = [planner.targets(cluster) for cluster in fleet.clusters]
        self.total = sum(len(each.targets) for each in assigned)
        for cluster, targets in zip(fleet.clusters, assigned, strict=True):
            plan = planner.plan(cluster, targets)
            self._clusters.append((plan._replace(checks=()), [None] * len(plan.checks)))
            for i, each in enumerate(plan.checks):
                self._places[id(each)] = (len(self._clusters) - 1, i)
                yield each

    def take(self, planned: PlannedCheck, done: Done | None) -> None:
        """The outcome of one check."""
        check = planned.check
        if done is not None:
            if done.error:
                check = replace(check, problems=(*check.problems, done.error))
            elif planned.state is not None:
                check = replace(check, checked=self._read(planned, planned.state, done))
        if planned.state is not None and check.problems:
            self.unfinished.add(planned.state)
        cluster, i = self._places.pop(id(planned))
        self._clusters[cluster][1][i] = check
        self.told(check, self.total)

    @property
    def clusters(self) -> list[ClusterChecks]:
        """All clusters, once everything is done."""
        return [
            ClusterChecks(plan.cluster.name, plan.cluster.labels, plan.problems, tuple(c for c in checks if c))
            for plan, checks in self._clusters
        ]

    def _read(self, planned: PlannedCheck, state: State, done: Done) -> Checked:
        """The result as this repository has it; clusters with equal contents share it."""
        target = planned.check.target
        known = self._checked.get((done.key, state, target))
        if known is not None:
            return known
        result = unpacked_result(done.result, target, planned.find)
        predicted, general = result.target, result.general
        suppressed = predicted.suppressed
        if state.suppressions is not None:
            predicted = suppressed_elsewhere(predicted)
            elsewhere = predicted.suppressed
            predicted = state.suppressions.apply(predicted, line_of(planned.locate))
            general, more = state.suppressions.split(general)
            suppressed = (*more, *elsewhere, *predicted.suppressed)
        made = Checked(
            done.key,
            planned.check.repository,
            predicted,
            general,
            suppressed,
            result.by_configuration,
            result.by_status,
            fixed((*general, *predicted.findings), planned.locate),
        )
        self._checked[done.key, state, target] = made
        return made


def _remarks(states: States, gathered: _Gathered, all_scenarios: bool) -> Iterator[tuple[str, Finding, Place | None]]:
    """What is to say of suppressions: those that have expired, and, where all was looked at, those of no use."""
    for state in states.opened():
        if state.suppressions is None:
            continue
        complete = (
            all_scenarios and state not in gathered.unfinished and {t.name for t in state.targets} <= state.checked
        )
        locate = locator(state.repository.head.tree)
        for finding in state.rules.judged(state.suppressions.leftovers(complete)):
            place = locate(finding.object, finding.path) if finding.object else None
            yield state.wanted.repository, finding, place
