"""`fleet --format text`: what a person on call reads: the matrix of what is not well, then each finding once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_kong import __version__
from gitops_kong.report.fleet_model import ClusterChecks, FleetReport, Spread, Verdict
from gitops_kong.report.grouping import Group, headline
from gitops_kong.report.model import chain
from gitops_kong.report.text import MARKS, NAMED_OBJECTS, Style, count, printable, wrapped

VERDICT_MARKS: dict[Verdict, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "unchecked": ("?", "magenta"),
}
NAMED_CLUSTERS = 6  # of a finding; --verbose names all
_WIDEST = 28  # of a column


def write(report: FleetReport, color: bool = False, verbose: bool = False) -> str:
    """The whole report; with `verbose` clusters that are well and all names, too."""
    style = Style(color)
    lines = [style(f"gitops-kong {__version__}", bold=True) + f"  {printable(report.file)}"]
    lines += _matrix(report, style, verbose)
    lines += _problems(report, style, verbose)
    for group in report.groups:
        lines += ["", *_group(group, len(report.clusters), style, verbose)]
    for repository, finding, place in report.remarks:
        mark, fg = MARKS[finding.severity]
        lines += ["", f"{style(mark, fg, bold=True)} {printable(f'{repository}: {finding.message}')}"]
        lines += [style(f"    at {place}", dim=True)] if place else []
    lines += ["", *_foot(report, style)]
    return "\n".join(lines) + "\n"


def _matrix(report: FleetReport, style: Style, verbose: bool) -> Iterator[str]:
    shown = [each for each in report.clusters if verbose or report.verdict_of(each) != "passed"]
    if shown:
        names = [printable(each.name) for each in shown]
        first = max(len("cluster"), *map(len, names)) + 4
        columns = [max(len(_short(r)), 6) + 2 for r in report.repositories]
        yield ""
        head = "".join(_short(r).ljust(width) for r, width in zip(report.repositories, columns, strict=True))
        yield style(f"{'  cluster'.ljust(first)}{head}".rstrip(), dim=True)
        for name, each in zip(names, shown, strict=True):
            verdict = report.verdict_of(each)
            mark, fg = VERDICT_MARKS[verdict]
            yield f"{style(mark, fg, bold=True)} {name.ljust(first - 2)}{_row(report, each, columns, style)}".rstrip()
    rest = len(report.clusters) - len(shown)
    if rest:
        more = " other" if shown else ""
        yield ""
        yield f"{style('✓', 'green')} {count(rest, f'{more} cluster'.strip())} without anything that fails"


def _short(name: str) -> str:
    text = printable(name)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _row(report: FleetReport, cluster: ClusterChecks, columns: Sequence[int], style: Style) -> str:
    """The verdict in each repository, with how many findings fail there."""
    cells = []
    for repository, width in zip(report.repositories, columns, strict=True):
        verdict = report.cell(cluster, repository)
        text, fg = VERDICT_MARKS[verdict] if verdict else ("–", None)
        if verdict == "failed":
            found = {id(c.checked): c.checked for c in cluster.checks if c.repository == repository and c.checked}
            text += f" {sum(report.fails(f) for checked in found.values() for f in checked.findings)}"
        cells.append(style(text, fg) + " " * (width - len(text)))
    return "".join(cells)


def _problems(report: FleetReport, style: Style, verbose: bool) -> Iterator[str]:
    for problem, clusters in report.problems.items():
        mark, fg = VERDICT_MARKS["unchecked"]
        yield ""
        first, *more = wrapped(problem, "", "    ")
        yield f"{style(mark, fg, bold=True)} {style(first, bold=True)}"
        yield from more
        yield from _where(clusters, len(report.clusters), style, verbose, "not checked in whole in")


def _group(group: Sequence[Spread], clusters: int, style: Style, verbose: bool) -> Iterator[str]:
    spread = group[0]
    finding = spread.finding
    mark, fg = MARKS[finding.severity]
    first, *more = printable(headline(Group(tuple(s.finding for s in group)))).splitlines() or [""]
    existing = style("  was there before this change", dim=True) if finding.existing else ""
    yield f"{style(mark, fg, bold=True)} {style(first, bold=True)}  {style(finding.rule, fg)}{existing}"
    for line in more:
        yield from wrapped(line, "    ")
    yield from _where(spread.clusters, clusters, style, verbose, "in")
    if len(group) == 1:
        at = f", at {spread.place}" if spread.place else ""
        yield style(f"    {printable(spread.repository)}{at}", dim=True)
    else:
        yield from _members(group, style, verbose)
    if finding.object is not None and finding.causes and finding.causes[0].object.ref != finding.object.ref:
        cause = finding.causes[0]
        place = spread.checked.locate(cause.object, cause.path)
        links = chain(finding.object, finding.causes)
        links = links if len(group) == 1 else links.removeprefix(f"{finding.object.ref} ")
        yield from wrapped(f"{links}, at {place}" if place else links, "    ", "      ")
    for effect in finding.effects:
        yield from wrapped(effect, "    ", "      ")
    if finding.help:
        yield from wrapped(f"→ {finding.help}", "    ", "      ")


def _members(group: Sequence[Spread], style: Style, verbose: bool) -> Iterator[str]:
    shown = group if verbose else group[:NAMED_OBJECTS]
    for each in shown:
        if each.finding.object:
            at = f"  {each.repository}, at {each.place}" if each.place else f"  {each.repository}"
            yield f"    {printable(str(each.finding.object.ref))}" + style(printable(at), dim=True)
    if len(shown) < len(group):
        yield style(f"    and {len(group) - len(shown)} more (--verbose names them)", dim=True)


def _where(names: Sequence[str], clusters: int, style: Style, verbose: bool, word: str) -> Iterator[str]:
    if len(names) == clusters and clusters > 1 and not verbose:
        yield style(f"    {word} all {clusters} clusters", bold=True)
        return
    shown = names if verbose else names[:NAMED_CLUSTERS]
    rest = f" and {len(names) - len(shown)} more (--verbose names them)" if len(shown) < len(names) else ""
    text = f"{word} {count(len(names), 'cluster')}: {', '.join(shown)}{rest}"
    yield from (style(line, bold=True) for line in wrapped(text, "    ", "      "))


def _foot(report: FleetReport, style: Style) -> Iterator[str]:
    verdicts = report.by_verdict
    parts = [
        style(f"{number} {verdict}", VERDICT_MARKS[verdict][1], bold=True)
        for verdict, number in verdicts.items()
        if number
    ]
    distinct = f" ({report.distinct} distinct)" if report.distinct != report.checks else ""
    checked = f"{count(len(report.clusters), 'cluster')}, {count(report.checks, 'check')}{distinct}"
    yield f"{checked}: {', '.join(parts)}"
    counts = report.counts()
    found = [style(count(counts[s], s), fg, bold=True) for s, (_, fg) in MARKS.items() if counts[s]]
    if found:
        yield f"{', '.join(found)}, each counted once"
    existing = sum(s.finding.existing for s in report.spread)
    if existing and not report.fail_on_existing:
        yield style(f"{existing} of them were there before and do not fail the check (--fail-on-existing)", dim=True)
    suppressed = sum(len(checked.suppressed) for checked in report.checked)
    if suppressed:
        yield style(f"{count(suppressed, 'finding')} suppressed", dim=True)
