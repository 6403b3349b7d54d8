"""`--format github`: workflow commands that GitHub Actions turns into annotations of the pull request's files.

GitHub shows ten annotations of each level a step; the worst come first and the rest is counted in the last one.
"""

from __future__ import annotations

from gitops_kong.predict.model import Finding
from gitops_kong.report.model import Report, worst_first

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}
PER_LEVEL = 10


def write(report: Report) -> str:
    """The annotations, worst first, and one line of counts for the log."""
    lines = [_command("error", {"title": "gitops-kong: not checked"}, p.message) for p in report.problems]
    shown: dict[str, int] = {}
    findings = worst_first(report.findings())
    for finding in findings:
        level = LEVELS[finding.severity]
        shown[level] = shown.get(level, 0) + 1
        if shown[level] < PER_LEVEL:
            lines.append(_annotation(finding, level, report))
        elif shown[level] == PER_LEVEL:
            rest = sum(LEVELS[f.severity] == level for f in findings) - PER_LEVEL + 1
            lines.append(
                _annotation(finding, level, report)
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


def _annotation(finding: Finding, level: str, report: Report) -> str:
    properties = {"title": f"gitops-kong {finding.rule}"}
    place = report.locate(finding.object, finding.path) if finding.object else None
    if place:
        properties |= {"file": place.file, "line": str(place.line), "col": str(place.column)}
    return _command(level, properties, "\n".join((finding.message, *finding.effects, finding.help)).strip())


def _command(level: str, properties: dict[str, str], message: str) -> str:
    """One workflow command, escaped as the runner unescapes it (actions/toolkit `command.ts`)."""
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
