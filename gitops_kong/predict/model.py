"""The words of CONTRACT.md as values: scenarios, predictions, findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from gitops_kong.manifests.objects import K8sObject, Ref

Scenario = Literal["rollout", "controller-restart", "gateway-restart", "cold-start"]
Configuration = Literal[
    "configured", "excluded", "backfilled", "translation-failed", "blocked", "ignored", "api-rejected"
]
Status = Literal["written", "stale", "empty", "not-applicable"]
Traffic = Literal["new", "last-valid", "none", "not-applicable"]
Change = Literal["added", "modified", "removed", "unchanged"]
Severity = Literal["error", "warning", "info"]
CaughtBy = Literal["API server", "webhook", "translation", "gateway"]

SCENARIOS: tuple[Scenario, ...] = ("rollout", "controller-restart", "gateway-restart", "cold-start")
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")  # worst first


class Cause(NamedTuple):
    """Why: an object and what is wrong with it; `path` is the field of the object that the message speaks of."""

    object: K8sObject
    message: str
    path: tuple[str | int, ...] = ()


class SeenCondition(NamedTuple):
    """One condition; `of` is '' for the object's own, else `listener NAME`, `parent Gateway NS/NAME`, `ancestor …`."""

    of: str
    type: str
    status: str
    reason: str

    @property
    def text(self) -> str:
        """`Programmed False (Pending)`, without whose it is."""
        told = "" if self.reason in (self.type, self.status) else f" ({self.reason})"
        return f"{self.type} {self.status}{told}"

    def __str__(self) -> str:
        return f"{self.of}: {self.text}" if self.of else self.text


class Outcome(NamedTuple):
    """The three independent answers of a prediction."""

    configuration: Configuration
    status: Status
    traffic: Traffic


PLAIN: frozenset[Outcome] = frozenset(
    Outcome("configured", status, traffic)
    for status in ("written", "not-applicable")
    for traffic in ("new", "not-applicable")
)
IGNORED = Outcome("ignored", "not-applicable", "not-applicable")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What becomes of one object in one scenario; `scenario` is '*' where all scenarios agree.

    `causes` is the chain that leads there, nearest first. `controller` is empty where the cluster has only one.
    `conditions` are those that the object's status shows then.
    """

    scenario: Scenario | Literal["*"]
    object: K8sObject
    change: Change
    outcome: Outcome
    causes: tuple[Cause, ...] = ()
    controller: str = ""
    conditions: tuple[SeenCondition, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether nothing is wrong with the object and nothing is left to say."""
        return self.outcome in PLAIN


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell a person: a rule's judgement on one object, or on a whole target (`object` None).

    `existing` findings were there before the change; `scenarios` are those in which it holds, empty where it does not
    depend on one; `effects` are lines on what it does to traffic and status;
    `caught_by` says who refuses the object, None where nobody does.
    """

    rule: str
    severity: Severity
    message: str
    target: str = ""
    object: K8sObject | None = None
    path: tuple[str | int, ...] = ()
    causes: tuple[Cause, ...] = ()
    help: str = ""
    scenarios: tuple[Scenario, ...] = ()
    effects: tuple[str, ...] = ()
    existing: bool = False
    caught_by: CaughtBy | None = None
    controller: str = ""

    def at(self, severity: Severity) -> Finding:
        """The same finding with another severity."""
        return replace(self, severity=severity)


class SuppressedFinding(NamedTuple):
    """A finding that is not reported, and what suppresses it: annotation, comment or baseline, why and where."""

    finding: Finding
    how: str
    reason: str
    place: str


@dataclass(frozen=True)
class TargetPrediction:
    """All predictions and findings of one target.

    `signs` are the Events, log lines and metrics by which an operator would recognise what is predicted for a rollout.
    `worse` are the objects that the change makes worse off than they are with the base alone, in some scenario;
    `removed` are those of the base that are gone.
    """

    target: str
    predictions: tuple[Prediction, ...]
    findings: tuple[Finding, ...]
    objects: int
    changed: int = 0
    assumptions: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    suppressed: tuple[SuppressedFinding, ...] = ()
    scenarios: tuple[Scenario, ...] = SCENARIOS
    worse: frozenset[Ref] = frozenset()
    removed: tuple[K8sObject, ...] = ()

    @property
    def all_well(self) -> bool:
        """Whether each object is in effect or not this controller's, so that none has pulled down another."""
        return all(p.outcome in PLAIN or p.outcome == IGNORED for p in self.predictions)

    def in_order(self) -> TargetPrediction:
        """The same target with its findings in the order of the objects that they are on, those on none first.

        Only where all is well: elsewhere causes come before what follows from them.
        """
        if len(self.findings) < 2 or not self.all_well:
            return self
        place: dict[Ref, int] = {}
        for prediction in self.predictions:
            place.setdefault(prediction.object.ref, len(place))
        found = sorted(self.findings, key=lambda f: place.get(f.object.ref, -1) if f.object else -1)
        return replace(self, findings=tuple(found))

    def with_findings(self, more: Iterable[Finding]) -> TargetPrediction:
        """The same target with further findings."""
        return replace(self, findings=(*self.findings, *more))
