"""`--format markdown`: for a step summary or a comment on a pull request. Worst first, details folded.

What does not fit is cut at whole blocks: first what is folded, then the findings that are least grave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gitops_kong.predict.model import Finding, Severity, SuppressedFinding, TargetPrediction
from gitops_kong.report.alike import shortened
from gitops_kong.report.grouping import Group, grouped, headline
from gitops_kong.report.model import Report, chain
from gitops_kong.report.route_changes import EntityChange, RouteChange
from gitops_kong.report.sections import Told, names, rank, sections
from gitops_kong.report.text import count, printable

LIMIT = 60_000  # characters; GitHub takes 65,536 in a comment, 1 MiB in a step summary, GitLab 1,000,000
HEALTHY = "### ✅"  # how the text starts when there is nothing to report
MARKS: dict[Severity, str] = {"error": "❌", "warning": "⚠️", "info": "ℹ️"}
NAMED = 10  # objects of a group
PROBLEMS = 20  # what could not be checked
LISTED = 50  # items of what is folded
CHANGED = 20  # routes of which the change is shown
FIELDS = 30  # of one entity
LONG = 1_000  # characters of one text from elsewhere
_ESCAPES = str.maketrans(
    {c: "\\" + c for c in "\\`*_[]|#~$"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u200b", "\n": " "}
)
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)  # where a zero-width space keeps text from being one


def write(report: Report) -> str:
    """The report, under the comment's size limit."""
    return _fitted(
        [_title(report), _summary(report), *_problems(report)], list(_findings(report)), list(_folded(report))
    )


def _title(report: Report) -> str:
    counts = report.counts()
    if not report.targets and not report.problems:
        return "### ⚠️ gitops-kong: no manifests, kustomizations, charts or Applications were found"
    if not any(counts.values()) and not report.problems:
        return f"{HEALTHY} gitops-kong: every object is configured, in every scenario"
    found = ", ".join(count(n, severity) for severity, n in counts.items() if n)
    return f"### {'❌' if report.exit_status else '⚠️'} gitops-kong: {found or 'not everything could be checked'}"


def _summary(report: Report) -> str:
    worse, routes = report.made_worse()
    made_worse = f"The change makes **{count(worse, 'object')}** worse ({count(routes, 'route')}). " if worse else ""
    objects = sum(target.objects for target in report.targets)
    base = f", compared with {escape(report.base)}" if report.base else ""
    return f"{made_worse}{count(objects, 'object')} in {count(len(report.targets), 'target')} checked{base}."


def _settings(report: Report) -> Iterator[str]:
    for names_of_run, options, source in report.runs():
        name = f"{names_of_run}: " if names_of_run else ""
        gate = "on" if options.gate("FallbackConfiguration") else "off"
        yield (
            f"<sub>{escape(name)}Kong Ingress Controller {options.version_text} ({escape(source)}),"
            f" FallbackConfiguration {gate}, Kong Gateway {'.'.join(map(str, options.gateway_version))}</sub>"
        )


def _problems(report: Report) -> Iterator[str]:
    for target, message in report.problems[:PROBLEMS]:
        yield f"❌ **{escape(target)}** could not be checked: {escape(message)}"
    if len(report.problems) > PROBLEMS:
        yield f"❌ … and {len(report.problems) - PROBLEMS} more could not be checked."


def _findings(report: Report) -> Iterator[Told]:
    """Every new finding once, under the targets that have it."""
    for targets, things in sections((target, _told(report, target.findings)) for target in report.targets):
        title = f"#### {escape(names(targets))}\n\n"
        for i, thing in enumerate(things):
            yield thing._replace(lines=(title if i == 0 else "", *thing.lines), findings=thing.findings * len(targets))
    for i, thing in enumerate(_told(report, report.general)):
        yield thing._replace(lines=("#### Controller\n\n" if i == 0 else "", *thing.lines))


def _told(report: Report, findings: Iterable[Finding]) -> list[Told]:
    new = grouped(finding for finding in findings if not finding.existing)
    return [Told(rank(group), (_group(report, group),), len(group.findings)) for group in new]


def _group(report: Report, group: Group) -> str:
    finding = group.first
    caught = f", caught by {finding.caught_by}" if finding.caught_by else ""
    lines = [f"{MARKS[finding.severity]} **{escape(headline(group))}** — `{finding.rule}`{caught}", ""]
    lines += [
        f"- {line}" for member in group.findings[:NAMED] if (line := _member(report, member, len(group.findings)))
    ]
    if len(group.findings) > NAMED:
        lines.append(f"- … and {len(group.findings) - NAMED} more")
    lines += [f"- {escape(effect)}" for effect in finding.effects]
    if finding.help:
        lines.append(f"- → {escape(finding.help, links=True)}")
    return "\n".join(lines).rstrip()


def _member(report: Report, member: Finding, of: int) -> str:
    """One object of a group: its chain of causes where it has one, and where it is edited."""
    if member.object is None:
        return ""
    found = report.locate(member.object, member.path)
    place = _code(f"{found.file}:{found.line}") if found else ""
    told = escape(chain(member.object, member.causes)) if member.causes or of > 1 else ""
    return " — ".join(filter(None, (told, place)))


def _folded(report: Report) -> Iterator[str]:
    changes: dict[RouteChange, list[str]] = {}
    for target, found in report.route_changes.items():
        for change in found:
            changes.setdefault(change, []).append(target)
    if changes:
        shown = [_change(report, change, targets) for change, targets in list(changes.items())[:CHANGED]]
        if len(changes) > CHANGED:
            shown.append(f"… and {len(changes) - CHANGED} more: see the HTML report.")
        yield _details(f"What changes for {count(len(changes), 'route')}", "\n\n".join(shown))
    existing = [_existing(report, group) for group in _groups_of_all(report) if group.first.existing]
    if existing:
        number = sum(finding.existing for finding in report.findings())
        were = "was" if number == 1 else "were"
        yield _details(f"{count(number, 'finding')} that {were} there before this change", "\n".join(_listed(existing)))
    yield from _notes(report)
    suppressed = [_suppressed(each) for each in report.all_suppressed()]
    if suppressed:
        yield _details(f"{count(len(suppressed), 'finding')} suppressed", "\n".join(_listed(suppressed)))
    yield "\n".join(_settings(report))


def _groups_of_all(report: Report) -> Iterator[Group]:
    yield from grouped(report.general)
    for target in report.targets:
        yield from grouped(target.findings)


def _existing(report: Report, group: Group) -> str:
    finding = group.first
    place = report.locate(finding.object, finding.path) if finding.object else None
    at = f" — {_code(f'{place.file}:{place.line}')}" if place else ""
    return f"- {MARKS[finding.severity]} {escape(headline(group))} — `{finding.rule}`{at}"


def _notes(report: Report) -> Iterator[str]:
    """What else is known of targets; what several share is told once."""
    for title, texts_of in (("What you would see in the cluster", "signs"), ("Assumed", "assumptions")):
        by_texts: dict[tuple[str, ...], list[TargetPrediction]] = {}
        for target in report.targets:
            by_texts.setdefault(getattr(target, texts_of), []).append(target)
        for texts, targets in by_texts.items():
            where = f": {escape(names(targets))}" if len(report.targets) > 1 else ""
            if texts:
                shown = shortened(texts) if texts_of == "assumptions" else texts
                yield _details(title + where, "\n".join(_listed([f"- {escape(text)}" for text in shown])))


def _change(report: Report, change: RouteChange, targets: list[str]) -> str:
    where = f" ({escape(', '.join(targets))})" if len(report.targets) > 1 else ""
    lines = [printable(line) for entity in change.entities for line in _entity(entity)]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(lines))), default=0))
    return f"**{escape(str(change.object))}** {change.change}{where}\n\n" + "\n".join((f"{fence}diff", *lines, fence))


def _entity(entity: EntityChange) -> Iterator[str]:
    made_from = f" from {entity.made_from}" if entity.made_from else ""
    yield f"@@ {entity.change} {entity.entity} {entity.name}{made_from} @@"
    for path, before, after in entity.fields[:FIELDS]:
        if before is not None:
            yield f"- {path}: {before}"
        if after is not None:
            yield f"+ {path}: {after}"
    if len(entity.fields) > FIELDS:
        yield f"  … and {len(entity.fields) - FIELDS} more fields"


def _suppressed(suppressed: SuppressedFinding) -> str:
    by = f"by {suppressed.how} at {suppressed.place}" + (f": {suppressed.reason}" if suppressed.reason else "")
    return f"- `{suppressed.finding.rule}` {escape(suppressed.finding.message)} — {escape(by)}"


def _details(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _listed(items: list[str]) -> list[str]:
    more = [f"- … and {len(items) - LISTED} more"] if len(items) > LISTED else []
    return items[:LISTED] + more


def cut(blocks: list[str]) -> str:
    """The blocks as one text, without the last ones where it would be too long."""
    text = ""
    for i, block in enumerate(blocks):
        if len(text) + len(block) > LIMIT:
            return text + f"… and {len(blocks) - i} more parts: see the log of the job.\n"
        text += block + "\n\n"
    return text


def _fitted(head: list[str], told: list[Told], folded: list[str]) -> str:
    """Whole blocks, as many as fit; what is left out is counted."""
    blocks, left, room = [], 0, LIMIT - 200
    for block in (*head, *folded[-1:]):
        room -= len(block) + 2
    for each in told:
        block = "".join(each.lines)
        if left or len(block) + 2 > room:
            left += each.findings
            continue
        blocks.append(block)
        room -= len(block) + 2
    extra = []
    for block in folded[:-1]:
        if len(block) + 2 <= room:
            extra.append(block)
            room -= len(block) + 2
    rest = (
        [f"… and **{count(left, 'finding')}** more, less grave: see the log of the job or another report."]
        if left
        else []
    )
    dropped = len(folded) - 1 - len(extra)
    rest += [f"<sub>{count(dropped, 'detail')} did not fit: see the HTML report.</sub>"] if dropped else []
    return "\n\n".join((*head, *blocks, *rest, *extra, *folded[-1:])) + "\n"


def _code(text: str) -> str:
    """Text as code that it cannot leave."""
    text = " ".join(printable(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def escape(text: str, links: bool = False) -> str:
    """Text that cannot become markup or a mention, nor, unless it is our own (`links`), a link."""
    text = printable(text if len(text) <= LONG else text[: LONG - 1] + "…").translate(_ESCAPES)
    return text if links else _LINK.sub("\u200b", text)
