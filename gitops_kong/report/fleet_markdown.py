"""`fleet --format markdown`: for a step summary or a comment. The matrix of what is not well comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitops_kong.report.fleet_model import ClusterChecks, FleetReport, Spread, Verdict
from gitops_kong.report.grouping import Group, headline
from gitops_kong.report.markdown import MARKS, cut, escape
from gitops_kong.report.model import chain

VERDICT_MARKS: Mapping[Verdict, str] = {"passed": "✅", "failed": "❌", "unchecked": "❔"}
_ROWS = 100  # of the matrix; GitHub takes 65,536 characters
_NAMED = 10


def write(report: FleetReport) -> str:
    """The report, cut at whole blocks so that it stays under a comment's size limit."""
    verdicts = report.by_verdict
    mark = VERDICT_MARKS["unchecked" if verdicts["unchecked"] else "failed" if report.exit_status else "passed"]
    counted = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items() if number)
    blocks = [f"### {mark} gitops-kong fleet: {_count(len(report.clusters), 'cluster')}: {counted}"]
    found = ", ".join(_count(n, s) for s, n in report.counts().items() if n)
    distinct = f", {report.distinct} of them distinct" if report.distinct != report.checks else ""
    blocks.append(f"{_count(report.checks, 'check')}{distinct}" + (f"; {found}, each counted once" if found else ""))
    shown = [each for each in report.clusters if report.verdict_of(each) != "passed"]
    if shown:
        blocks.append(_matrix(report, shown))
    blocks += _problems(report)
    blocks += [_group(group, len(report.clusters)) for group in report.groups]
    blocks += [
        f"{MARKS[finding.severity]} {escape(f'{repository}: {finding.message}')} `{finding.rule}`"
        for repository, finding, _ in report.remarks
    ]
    return cut(blocks)


def _matrix(report: FleetReport, shown: Sequence[ClusterChecks]) -> str:
    lines = [
        f"| cluster | {' | '.join(map(escape, report.repositories))} |",
        f"| --- |{' :-: |' * len(report.repositories)}",
    ]
    for each in shown[:_ROWS]:
        verdict = report.verdict_of(each)
        found = (report.cell(each, repository) for repository in report.repositories)
        cells = (VERDICT_MARKS[cell] if cell else "–" for cell in found)
        lines.append(f"| {VERDICT_MARKS[verdict]} {escape(each.name)} | {' | '.join(cells)} |")
    text = "\n".join(lines)
    return text + (f"\n\n… and {len(shown) - _ROWS} more" if len(shown) > _ROWS else "")


def _problems(report: FleetReport) -> Iterator[str]:
    for problem, clusters in report.problems.items():
        yield f"{VERDICT_MARKS['unchecked']} {escape(problem)} — {_where(clusters, len(report.clusters))}"


def _group(group: Sequence[Spread], clusters: int) -> str:
    finding = group[0].finding
    note = " (was there before this change)" if finding.existing else ""
    text = headline(Group(tuple(s.finding for s in group)))
    lines = [f"{MARKS[finding.severity]} **{escape(text)}** `{finding.rule}`{note}", ""]
    lines.append(f"- {_where(group[0].clusters, clusters)}")
    for each in group[:_NAMED]:
        if each.finding.object:
            told = chain(each.finding.object, each.finding.causes)
            at = f" — {escape(each.repository)} `{each.place.file}:{each.place.line}`" if each.place else ""
            lines.append(f"- {escape(told)}{at}")
    if len(group) > _NAMED:
        lines.append(f"- … and {len(group) - _NAMED} more")
    lines += [f"- {escape(effect)}" for effect in finding.effects]
    if finding.help:
        lines += ["", f"<details><summary>How to mend it</summary>\n\n{escape(finding.help)}\n\n</details>"]
    return "\n".join(lines)


def _where(names: Sequence[str], clusters: int) -> str:
    if len(names) == clusters and clusters > 1:
        return f"in all {clusters} clusters"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"in {_count(len(names), 'cluster')}: {escape(', '.join(names[:_NAMED]))}{more}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
