"""`--format markdown`: for a step summary or a comment on a pull request. Details are folded."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_kong.predict.model import Severity, SuppressedFinding, TargetPrediction
from gitops_kong.report.grouping import Group, grouped
from gitops_kong.report.model import Report, chain

LIMIT = 60_000  # characters; GitHub takes 65,536 in a comment, GitLab more
HEALTHY = "### ✅"  # how the text starts when there is nothing to report
MARKS: dict[Severity, str] = {"error": "❌", "warning": "⚠️", "info": "ℹ️"}


def write(report: Report) -> str:
    """The report, cut at whole blocks so that it stays under the comment's size limit."""
    counts = report.counts()
    options = report.options
    if not any(counts.values()) and not report.problems:
        title = f"{HEALTHY} gitops-kong: every object is configured, in every scenario"
    else:
        found = ", ".join(f"{n} {s}{'s' * (n != 1)}" for s, n in counts.items() if n)
        title = f"### {'❌' if report.exit_status else '⚠️'} gitops-kong: {found or 'not everything could be checked'}"
    gate = "on" if options.gate("FallbackConfiguration") else "off"
    facts = (
        f"Kong Ingress Controller {options.version_text} ({report.controller_source}), FallbackConfiguration {gate},"
        f" Kong Gateway {'.'.join(map(str, options.gateway_version))}"
        + (f", compared with `{report.base}`" if report.base else "")
    )
    blocks = [title, facts]
    worse, routes = report.made_worse()
    if worse:
        blocks.append(f"Made worse: {worse} object{'s' * (worse != 1)} ({routes} route{'s' * (routes != 1)})")
    blocks += [f"❌ **{p.target}** could not be checked: {escape(p.message)}" for p in report.problems]
    blocks += [_group(report, group) for group in grouped(report.general)]
    for target in report.targets:
        blocks += _target(report, target)
    suppressed = [
        f"- `{s.finding.rule}` {escape(s.finding.message)} — {escape(_by(s))}" for s in report.all_suppressed()
    ]
    if suppressed:
        count = f"{len(suppressed)} finding{'s' * (len(suppressed) != 1)} suppressed"
        items = "\n".join(suppressed)
        blocks.append(f"<details><summary>{count}</summary>\n\n{items}\n\n</details>")
    return cut(blocks)


def _by(suppressed: SuppressedFinding) -> str:
    return f"by {suppressed.how} at {suppressed.place}" + (f": {suppressed.reason}" if suppressed.reason else "")


def _target(report: Report, target: TargetPrediction) -> Iterator[str]:
    groups = grouped(target.findings)
    if groups:
        yield f"#### {escape(target.target)}"
    for group in groups:
        yield _group(report, group)
    if target.signs:
        items = "\n".join(f"- {escape(s)}" for s in target.signs)
        yield f"<details><summary>What you would see in the cluster</summary>\n\n{items}\n\n</details>"
    if target.assumptions:
        items = "\n".join(f"- {escape(a)}" for a in target.assumptions)
        yield f"<details><summary>Assumed for {escape(target.target)}</summary>\n\n{items}\n\n</details>"


def _group(report: Report, group: Group) -> str:
    finding = group.first
    note = " (was there before this change)" if finding.existing else ""
    note += f", caught by {finding.caught_by}" if finding.caught_by else ""
    count = f" and {len(group.findings) - 1} more" if len(group.findings) > 1 else ""
    lines = [f"{MARKS[finding.severity]} **{escape(finding.message)}**{count} `{finding.rule}`{note}", ""]
    for member in group.findings[:10]:
        if member.object:
            place = report.locate(member.object, member.path)
            told = chain(member.object, member.causes)
            lines.append(f"- {escape(told)}" + (f" — `{place.file}:{place.line}`" if place else ""))
    lines += [f"- {escape(effect)}" for effect in finding.effects]
    if finding.help:
        lines += ["", f"<details><summary>How to mend it</summary>\n\n{escape(finding.help)}\n\n</details>"]
    return "\n".join(lines)


def cut(blocks: list[str]) -> str:
    """The blocks as one text, without the last ones where it would be too long."""
    text = ""
    for i, block in enumerate(blocks):
        if len(text) + len(block) > LIMIT:
            return text + f"… and {len(blocks) - i} more parts: see the log of the job.\n"
        text += block + "\n\n"
    return text


def escape(text: str) -> str:
    """Text that cannot become markup, a mention or a link of somebody's choosing."""
    for character in "\\`*_[]<>|#":
        text = text.replace(
            character, "\\" + character if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character]
        )
    return text.replace("@", "@\u200b").replace("\n", " ")
