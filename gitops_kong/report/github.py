"""`--format github`: workflow commands that GitHub Actions turns into annotations of the pull request's files.

GitHub shows ten annotations of each level a step; the worst come first and the rest is counted in the last one.
What several targets share is one annotation.
"""

from __future__ import annotations

from gitops_kong.predict.model import Finding
from gitops_kong.report.model import Report, worst_first
from gitops_kong.report.sections import NAMED_TARGETS

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}
PER_LEVEL = 10


def write(report: Report) -> str:
    """The annotations, worst first, and one line of counts for the log."""
    lines = [_command("error", {"title": "gitops-kong: not checked"}, p.message) for p in report.problems]
    shown: dict[str, int] = {}
    findings = _distinct(report)
    for finding, targets in findings:
        level = LEVELS[finding.severity]
        shown[level] = shown.get(level, 0) + 1
        if shown[level] < PER_LEVEL:
            lines.append(_annotation(finding, targets, level, report))
        elif shown[level] == PER_LEVEL:
            rest = sum(LEVELS[f.severity] == level for f, _ in findings) - PER_LEVEL + 1
            lines.append(
                _annotation(finding, targets, level, report)
                if rest == 1
                else _command(level, {"title": "gitops-kong"}, f"{rest} more findings of this level: see the summary")
            )
    counts = report.counts()
    lines.append(
        f"gitops-kong: {counts['error']} errors, {counts['warning']} warnings, {counts['info']} infos"
        f" in {len(report.targets)} targets{_suppressed(report)}"
    )
    return "\n".join(lines) + "\n"


def _suppressed(report: Report) -> str:
    count = sum(1 for _ in report.all_suppressed())
    return f", {count} suppressed" if count else ""


def _distinct(report: Report) -> list[tuple[Finding, list[str]]]:
    """Findings as they are told, each with the targets that have it, where there are several."""
    told: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for finding in worst_first(report.findings()):
        ref = finding.object.ref if finding.object else None
        place = report.locate(finding.object, finding.path) if finding.object else None
        key = (finding.rule, finding.severity, finding.message, ref, place, finding.effects, finding.help)
        told.setdefault(key, (finding, []))[1].append(finding.target)
    return list(told.values())


def _annotation(finding: Finding, targets: list[str], level: str, report: Report) -> str:
    properties = {"title": f"gitops-kong {finding.rule}"}
    place = report.locate(finding.object, finding.path) if finding.object else None
    if place:
        properties |= {"file": place.file, "line": str(place.line), "col": str(place.column)}
    return _command(
        level, properties, "\n".join(filter(None, (finding.message, *finding.effects, _where(targets), finding.help)))
    )


def _where(targets: list[str]) -> str:
    more = f" and {len(targets) - NAMED_TARGETS} more" if len(targets) > NAMED_TARGETS else ""
    return f"in {', '.join(targets[:NAMED_TARGETS])}{more}" if len(targets) > 1 else ""


def _command(level: str, properties: dict[str, str], message: str) -> str:
    """One workflow command, escaped as the runner unescapes it (actions/toolkit `command.ts`)."""
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
