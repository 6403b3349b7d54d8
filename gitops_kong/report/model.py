"""The value that every output format is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.predict.model import SEVERITIES, Cause, Finding, Severity, SuppressedFinding, TargetPrediction
from gitops_kong.predict.rules import RULES
from gitops_kong.predict.webhook import WebhookSettings
from gitops_kong.report.route_changes import RouteChange

NAMED = 5  # controllers that run the same
SHOWN_PLACES = 2  # where one was found


class Place(NamedTuple):
    """Where a person edits what is reported: the file relative to the repository, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """A target or file that could not be checked at all (exit status 2)."""

    target: str
    message: str


class Controller(NamedTuple):
    """One controller by its name: how it runs, where its version was found, whether its webhook is on (if known).

    `also` are the other places where a controller that runs the same was found.
    """

    name: str
    options: ControllerOptions
    source: str
    webhook: WebhookSettings
    also: tuple[str, ...] = ()


class Runs(NamedTuple):
    """Controllers that run the same, as people are told: their names (empty where there is no other), their places."""

    names: str
    options: ControllerOptions
    source: str


Locate = Callable[[K8sObject, tuple[str | int, ...]], "Place | None"]


@dataclass(frozen=True)
class Report:
    """Everything that a run of `check` found.

    `options`, `controller_source` and `admission_webhook` are those of the first controller, `controllers` are all.

    `controller_source` says where the controller's settings were found (a file, a flag, `default`); `general` are
    findings on those settings, which concern every target, and `suppressed` those of them that the baseline
    suppresses; `admission_webhook` is None where it is not known whether the webhook is on. `locate` finds places
    lazily, so that only what is printed costs a look at its file. `route_changes` are, by target, what Kong is given
    for each route before and after, where a base is known and a format shows it.
    """

    options: ControllerOptions
    controller_source: str
    admission_webhook: bool | None
    base: str | None
    targets: tuple[TargetPrediction, ...]
    problems: tuple[Problem, ...]
    locate: Locate
    general: tuple[Finding, ...] = ()
    suppressed: tuple[SuppressedFinding, ...] = ()
    fail_on: Severity = "error"
    fail_on_existing: bool = False
    all_predictions: bool = False
    controllers: tuple[Controller, ...] = ()
    route_changes: Mapping[str, tuple[RouteChange, ...]] = field(default_factory=dict)

    def runs(self) -> Iterator[Runs]:
        """The controllers as people are told: those that run the same together."""
        left = list(self.controllers)
        while left:
            first = left[0]
            same = [each for each in left if each.options == first.options]
            left = [each for each in left if each.options != first.options]
            places = dict.fromkeys(place for each in same for place in (each.source, *each.also))
            names = controller_names([each.name for each in same]) if len(self.controllers) > 1 else ""
            yield Runs(names, first.options, listed(list(places), SHOWN_PLACES))
        if not self.controllers:
            yield Runs("", self.options, self.controller_source)

    def findings(self) -> Iterator[Finding]:
        """All findings: on the controller, then target by target."""
        yield from self.general
        for target in self.targets:
            yield from target.findings

    def all_suppressed(self) -> Iterator[SuppressedFinding]:
        """All findings that are suppressed: on the controller, then target by target."""
        yield from self.suppressed
        for target in self.targets:
            yield from target.suppressed

    def problems_by_target(self) -> Mapping[str, list[Problem]]:
        """What could not be checked, by the name of the target."""
        found: dict[str, list[Problem]] = {}
        for problem in self.problems:
            found.setdefault(problem.target, []).append(problem)
        return found

    def counts(self) -> Mapping[Severity, int]:
        """Findings by severity."""
        counted = Counter(f.severity for f in self.findings())
        return {severity: counted[severity] for severity in SEVERITIES}

    def made_worse(self) -> tuple[int, int]:
        """How many objects the change makes worse off than they are with the base, and how many of them are routes."""
        worse = [ref for target in self.targets for ref in target.worse]
        return len(worse), sum(ref.kind in ROUTE_KINDS for ref in worse)

    def fails(self, finding: Finding) -> bool:
        """Whether `finding` alone makes the run fail."""
        return fails(finding, self.fail_on, self.fail_on_existing)

    @property
    def exit_status(self) -> int:
        """0, 1 or 2 as CONTRACT.md says."""
        if self.problems:
            return 2
        return int(any(self.fails(f) for f in self.findings()))


def controller_names(names: Iterable[str]) -> str:
    """Names of controllers as people are told: one name for those that only their targets tell apart."""
    return listed([*dict.fromkeys(name.partition(" of ")[0] for name in names)])


def listed(texts: Sequence[str], most: int = NAMED) -> str:
    """`a, b, c`, of many the first few and how many more."""
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")


def fails(finding: Finding, fail_on: Severity, fail_on_existing: bool) -> bool:
    """Whether `finding` alone makes a run with these settings fail."""
    grave = SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)
    return grave and (fail_on_existing or not finding.existing)


_RANK = {rule: i for i, rule in enumerate(RULES)}


def worst_first(findings: Iterator[Finding] | tuple[Finding, ...]) -> list[Finding]:
    """Findings in the order in which a person wants to read them.

    New before existing, errors before warnings, causes before what follows from them.
    """
    return sorted(
        findings,
        key=lambda f: (
            f.existing,
            SEVERITIES.index(f.severity),
            _RANK.get(f.rule, len(_RANK)),
            f.rule,
            f.object.ref if f.object else (),
        ),
    )


def chain(subject: K8sObject, causes: tuple[Cause, ...]) -> str:
    """`Ingress shop/checkout ← KongPlugin shop/rl: config.minutes: unknown field`, the first of several causes."""
    if not causes:
        return str(subject.ref)
    first = causes[0]
    link = f"{subject.ref} ← {first.object.ref}" if first.object.ref != subject.ref else str(subject.ref)
    more = len(causes) - 1
    return f"{link}: {first.message}" + (f" (and {more} more)" if more else "")
