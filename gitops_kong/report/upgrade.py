"""What `upgrade-check` tells: what the versions themselves change, then target by target."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.predict.model import SEVERITIES, Finding, Severity
from gitops_kong.predict.upgrade import TargetUpgrade, VersionChange
from gitops_kong.report.json_format import reference
from gitops_kong.report.model import Problem
from gitops_kong.report.text import WIDTH, printable


@dataclass(frozen=True)
class UpgradeReport:
    """Both versions, what differs between them, and each target."""

    before: ControllerOptions
    after: ControllerOptions
    versions: tuple[VersionChange, ...]
    targets: tuple[TargetUpgrade, ...]
    problems: tuple[Problem, ...] = ()
    fail_on: Severity = "error"

    @property
    def exit_status(self) -> int:
        """0, 1 where the later version has a new finding at `fail_on` or above, 2 where something is not checked."""
        if self.problems:
            return 2
        grave = SEVERITIES[: SEVERITIES.index(self.fail_on) + 1]
        return int(any(f.severity in grave for t in self.targets for f in t.appearing))


def text(report: UpgradeReport) -> str:
    """The report for people."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: UpgradeReport) -> Iterator[str]:
    old, new = report.before, report.after
    yield f"controller {old.version_text} → {new.version_text}, gateway {_gateway(old)} → {_gateway(new)}"
    if report.versions:
        yield ""
        yield "between these versions"
    for change in report.versions:
        yield from _wrapped(f"{'+' if change.gained else '-'} {change.name}: {change.effect}")
    for target in report.targets:
        yield ""
        yield target.target
        yield from _target(target)
    for problem in report.problems:
        yield ""
        yield from _wrapped(f"✗ {problem.target} could not be checked: {problem.message}", "")


def _target(target: TargetUpgrade) -> Iterator[str]:
    told = False
    for title, findings in (
        ("new findings", target.appearing),
        ("findings that go away", target.disappearing),
        ("to be changed before a later release", target.standing),
    ):
        if findings:
            told = True
            yield f"  {title}"
            for finding in findings:
                yield from _wrapped(f"{finding.severity} {finding.rule}: {finding.message}", "    ")
    if target.objects:
        told = True
        yield "  objects with another outcome"
        for obj, before, after in target.objects:
            yield f"    {printable(str(obj.ref))}"
            yield from (f"      - {line}" for line in before)
            yield from (f"      + {line}" for line in after)
    if target.entities:
        told = True
        yield "  Kong entities that differ"
        for entities, fields, count, examples in target.entities:
            more = f" and {count - len(examples)} more" if count > len(examples) else ""
            yield from _wrapped(f"{count} {entities}: {'; '.join(fields)}", "    ")
            yield from _wrapped(f"{', '.join(examples)}{more}", "      ")
    if not told:
        yield "  ✓ nothing changes"


def as_json(report: UpgradeReport) -> str:
    """The report as one JSON document."""
    document: dict[str, Any] = {
        "schemaVersion": "1",
        "controller": {"from": report.before.version_text, "to": report.after.version_text},
        "gateway": {"from": _gateway(report.before), "to": _gateway(report.after)},
        "behaviours": [change._asdict() for change in report.versions],
        "targets": [_target_json(target) for target in report.targets],
        "problems": [{"target": p.target, "message": p.message} for p in report.problems],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _target_json(target: TargetUpgrade) -> dict[str, Any]:
    return {
        "target": target.target,
        "appearing": [_finding(f) for f in target.appearing],
        "disappearing": [_finding(f) for f in target.disappearing],
        "standing": [_finding(f) for f in target.standing],
        "objects": [
            {"object": reference(obj), "before": list(before), "after": list(after)}
            for obj, before, after in target.objects
        ],
        "entities": [change._asdict() for change in target.entities],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "object": reference(finding.object) if finding.object else None,
        "help": finding.help,
    }


def _gateway(options: ControllerOptions) -> str:
    return ".".join(map(str, options.gateway_version))


def _wrapped(line: str, indent: str = "  ") -> Iterator[str]:
    yield from textwrap.wrap(
        printable(line),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
