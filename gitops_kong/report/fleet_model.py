"""What a run over a fleet found: the value that its reports are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from gitops_kong.predict.model import SEVERITIES, Finding, Severity, SuppressedFinding, TargetPrediction
from gitops_kong.report.grouping import group_key
from gitops_kong.report.model import Controller, Locate, Place, fails

# Nothing that fails, something that fails, and what could not be checked in whole: exit status 0, 1, 2.
Verdict = Literal["passed", "failed", "unchecked"]
VERDICTS: tuple[Verdict, ...] = ("unchecked", "failed", "passed")  # worst first


@dataclass(frozen=True, eq=False)
class Checked:
    """One target of one repository with one outcome; clusters that are equal to each other share it.

    `key` is that of its content; `general` are findings on the controllers' settings, which concern the whole target.
    """

    key: str
    repository: str
    target: TargetPrediction
    general: tuple[Finding, ...]
    suppressed: tuple[SuppressedFinding, ...]
    by_configuration: Mapping[str, int]
    by_status: Mapping[str, int]
    locate: Locate

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings: on the controllers, then on the target."""
        return (*self.general, *self.target.findings)

    @cached_property
    def counts(self) -> Mapping[Severity, int]:
        """Findings by severity."""
        counted = Counter(f.severity for f in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}


@dataclass(frozen=True)
class Check:
    """One target of a repository in one cluster. `checked` is None where `problems` say why it could not be checked."""

    cluster: str
    repository: str
    revision: str
    base: str
    target: str
    controllers: tuple[Controller, ...] = ()
    problems: tuple[str, ...] = ()
    checked: Checked | None = None


@dataclass(frozen=True)
class ClusterChecks:
    """One cluster: what could not be read of it as a whole, and its checks."""

    name: str
    labels: Mapping[str, str]
    problems: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


class Spread(NamedTuple):
    """A finding that is the same in several places, and where it is: cluster and target, in the fleet's order."""

    finding: Finding
    repository: str
    place: Place | None
    checked: Checked
    where: tuple[tuple[str, str], ...]

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters, each once."""
        return tuple(dict.fromkeys(cluster for cluster, _ in self.where))


@dataclass(frozen=True)
class FleetReport:
    """The whole run. `remarks` are findings on suppressions, by repository."""

    file: str
    repositories: tuple[str, ...]
    clusters: tuple[ClusterChecks, ...]
    remarks: tuple[tuple[str, Finding, Place | None], ...] = ()
    fail_on: Severity = "error"
    fail_on_existing: bool = False

    @cached_property
    def checks(self) -> int:
        """How many targets were to be checked in how many clusters."""
        return sum(len(each.checks) for each in self.clusters)

    @cached_property
    def checked(self) -> tuple[Checked, ...]:
        """All that was checked, what clusters share once."""
        return tuple({id(c.checked): c.checked for c in self._checks() if c.checked}.values())

    @property
    def distinct(self) -> int:
        """How many contents differ."""
        return len({each.key for each in self.checked})

    def fails(self, finding: Finding) -> bool:
        """Whether `finding` alone makes the run fail."""
        return fails(finding, self.fail_on, self.fail_on_existing)

    def verdict(self, check: Check) -> Verdict:
        """What became of one check."""
        if check.problems or check.checked is None:
            return "unchecked"
        return self._verdicts(check.checked)

    def _verdicts(self, checked: Checked) -> Verdict:
        known = self._known.get(id(checked))
        if known is None:
            known = self._known[id(checked)] = "failed" if any(map(self.fails, checked.findings)) else "passed"
        return known

    @cached_property
    def _known(self) -> dict[int, Verdict]:
        return {}

    def verdict_of(self, cluster: ClusterChecks) -> Verdict:
        """The worst verdict in a cluster; one that runs nothing has passed."""
        if cluster.problems:
            return "unchecked"
        return min(map(self.verdict, cluster.checks), key=VERDICTS.index, default="passed")

    def cell(self, cluster: ClusterChecks, repository: str) -> Verdict | None:
        """The worst verdict in one repository of a cluster; None where it runs nothing of that."""
        found = (self.verdict(check) for check in cluster.checks if check.repository == repository)
        return min(found, key=VERDICTS.index, default=None)

    @cached_property
    def by_verdict(self) -> Mapping[Verdict, int]:
        """Clusters by verdict."""
        counted = Counter(map(self.verdict_of, self.clusters))
        return {verdict: counted[verdict] for verdict in reversed(VERDICTS)}

    @cached_property
    def spread(self) -> tuple[Spread, ...]:
        """Findings, each once with all places where it is, worst first and then by how many clusters have it."""
        holders: dict[int, tuple[Checked, list[tuple[str, str]]]] = {}
        for check in self._checks():
            if check.checked is not None:
                holders.setdefault(id(check.checked), (check.checked, []))[1].append((check.cluster, check.target))
        order = {each.name: i for i, each in enumerate(self.clusters)}
        groups: dict[object, tuple[Finding, Place | None, Checked, dict[tuple[str, str], None]]] = {}
        for checked, where in holders.values():
            for finding in checked.findings:
                place = checked.locate(finding.object, finding.path) if finding.object else None
                key = (
                    checked.repository,
                    finding.rule,
                    finding.severity,
                    finding.message,
                    finding.object.ref if finding.object else None,
                    place,
                    finding.existing,
                    finding.scenarios,
                    finding.controller,
                )
                groups.setdefault(key, (finding, place, checked, {}))[3].update(dict.fromkeys(where))
        found = [
            Spread(finding, checked.repository, place, checked, tuple(sorted(where, key=lambda w: (order[w[0]], w[1]))))
            for finding, place, checked, where in groups.values()
        ]
        return tuple(
            sorted(
                found,
                key=lambda s: (
                    s.finding.existing,
                    SEVERITIES.index(s.finding.severity),
                    -len(s.clusters),
                    s.repository,
                    s.finding.rule,
                    s.finding.object.ref if s.finding.object else (),
                    s.where,
                ),
            )
        )

    @cached_property
    def problems(self) -> Mapping[str, tuple[str, ...]]:
        """What could not be checked: each reason once, with the clusters."""
        found: dict[str, dict[str, None]] = {}
        for each in self.clusters:
            for problem in each.problems:
                found.setdefault(problem, {})[each.name] = None
            for check in each.checks:
                for problem in check.problems:
                    if problem not in each.problems:
                        told = f"{check.repository}/{check.target}: {problem}"
                        found.setdefault(told, {})[each.name] = None
        return {problem: tuple(clusters) for problem, clusters in found.items()}

    @cached_property
    def groups(self) -> tuple[tuple[Spread, ...], ...]:
        """Findings that say the same of several objects of one repository, in the same clusters and targets."""
        found: dict[object, list[Spread]] = {}
        for each in self.spread:
            found.setdefault((each.repository, each.where, group_key(each.finding)), []).append(each)
        return tuple(map(tuple, found.values()))

    def counts(self) -> Mapping[Severity, int]:
        """Findings by severity, one that many clusters have counted once."""
        counted = Counter(s.finding.severity for s in self.spread)
        counted.update(finding.severity for _, finding, _ in self.remarks)
        return {severity: counted[severity] for severity in SEVERITIES}

    @property
    def exit_status(self) -> int:
        """0, 1 or 2 as CONTRACT.md says."""
        verdicts = self.by_verdict
        if verdicts["unchecked"]:
            return 2
        return int(bool(verdicts["failed"]) or any(self.fails(finding) for _, finding, _ in self.remarks))

    def _checks(self) -> Iterator[Check]:
        for each in self.clusters:
            yield from each.checks
