"""`--format text`: what a person reads in a terminal. Grouped by target, worst first, one block a problem."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

import click

from gitops_kong import __version__
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.predict.model import Severity, TargetPrediction
from gitops_kong.report.grouping import Group, grouped, headline
from gitops_kong.report.model import Report, chain

WIDTH = 100
NAMED_OBJECTS = 5  # of a group; --verbose names all
MARKS: dict[Severity, tuple[str, str]] = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("·", "blue")}


class Style:
    """Colours, or none."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        """`text`, styled where colours are on."""
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None) if self.color else text


def write(report: Report, color: bool = False, verbose: bool = False) -> str:
    """The whole report."""
    style = Style(color)
    lines = [*_head(report, style)]
    for group in grouped(report.general):
        lines += ["", *_group(report, group, style, verbose)]
    for target in report.targets:
        lines += _target(report, target, style, verbose)
    checked = {target.target for target in report.targets if target.objects}
    for name, problems in report.problems_by_target().items():
        what = "could not be checked in whole" if name in checked else "could not be checked"
        lines += ["", f"{style('✗', 'red')} {style(name, bold=True)} {what}"]
        for problem in problems:
            lines += wrapped(problem.message, "    ", "      ")
    lines += _suppressed(report, style) if verbose else ()
    lines += ["", *_foot(report, style, verbose)]
    return "\n".join(lines) + "\n"


def printable(text: str) -> str:
    """Text from a manifest without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _head(report: Report, style: Style) -> Iterator[str]:
    yield style(f"gitops-kong {__version__}", bold=True) + (f"  against {report.base}" if report.base else "")
    if len(report.controllers) < 2:
        yield style(f"controller {_controller(report.options, report.controller_source)}", dim=True)
    for each in report.controllers if len(report.controllers) > 1 else ():
        about = f", class {each.options.ingress_class}"
        yield style(f"controller {each.name}: {_controller(each.options, each.source, about)}", dim=True)


def _controller(options: ControllerOptions, source: str, about: str = "") -> str:
    fallback = "on" if options.gate("FallbackConfiguration") else "off"
    last_valid = ", last valid configuration used for it" if options.use_last_valid_config_for_fallback else ""
    watched = f", namespaces {' '.join(sorted(options.watch_namespaces))}" if options.watch_namespaces else ""
    return (
        f"{options.version_text} ({source}){about}{watched}, FallbackConfiguration {fallback}{last_valid};"
        f" gateway {'.'.join(map(str, options.gateway_version))}, router {options.router_flavor}"
    )


def _target(report: Report, target: TargetPrediction, style: Style, verbose: bool) -> Iterator[str]:
    changed = f", {target.changed} changed" if report.base else ""
    groups = grouped(target.findings)
    yield ""
    size = count(target.objects, "object") + changed
    yield f"{style(target.target, bold=True)}  {style(size, dim=True)}"
    if not groups and target.target not in report.problems_by_target():
        yield f"  {style('✓', 'green')} every object is configured, every status is written, in every scenario"
    for group in groups:
        yield ""
        yield from _group(report, group, style, verbose)
    if target.signs and verbose:
        yield ""
        yield f"  {style('you will see', dim=True)}"
        for sign in target.signs:
            yield from wrapped(sign, "    ", "      ")
    if target.assumptions:
        yield ""
        yield f"  {style('assumed', dim=True)}"
        for assumption in target.assumptions:
            yield from wrapped(assumption, "    ")


def _group(report: Report, group: Group, style: Style, verbose: bool) -> Iterator[str]:
    finding = group.first
    mark, fg = MARKS[finding.severity]
    existing = style("  was there before this change", dim=True) if finding.existing else ""
    caught = style(f"  caught by {finding.caught_by}", dim=True) if finding.caught_by else ""
    first, *more = printable(headline(group)).splitlines() or [""]
    yield f"  {style(mark, fg, bold=True)} {style(first, bold=True)}  {style(finding.rule, fg)}{caught}{existing}"
    for line in more:
        yield from wrapped(line, "    ")
    if finding.object:
        place = report.locate(finding.object, finding.path)
        if len(group.findings) == 1:
            if place:
                yield f"    {style(f'at {place}', dim=True)}"
        else:
            yield from _members(report, group, style, verbose)
        yield from _cause(report, group)
    for effect in finding.effects:
        yield from wrapped(effect, "    ", "      ")
    if finding.help:
        yield from wrapped(f"→ {finding.help}", "    ", "      ")


def _cause(report: Report, group: Group) -> Iterator[str]:
    finding = group.first
    subject = finding.object
    if subject is None or not finding.causes or finding.causes[0].object.ref == subject.ref:
        return
    cause = finding.causes[0]
    links = chain(subject, finding.causes)
    if len(group.findings) > 1:
        links = links.removeprefix(f"{subject.ref} ")
    at = report.locate(cause.object, cause.path)
    yield from wrapped(f"{links}, at {at}" if at else links, "    ", "      ")


def _members(report: Report, group: Group, style: Style, verbose: bool) -> Iterator[str]:
    shown = group.findings if verbose else group.findings[:NAMED_OBJECTS]
    for finding in shown:
        if finding.object:
            place = report.locate(finding.object, finding.path)
            yield f"    {printable(str(finding.object.ref))}" + (style(f"  at {place}", dim=True) if place else "")
    if len(shown) < len(group.findings):
        yield style(f"    and {len(group.findings) - len(shown)} more (--verbose names them)", dim=True)


def _suppressed(report: Report, style: Style) -> Iterator[str]:
    found = list(report.all_suppressed())
    if found:
        yield ""
        yield style("suppressed", dim=True)
    for finding, how, reason, place in found:
        told = f" ({reason})" if reason else ""
        yield from wrapped(f"{finding.rule}: {finding.message}, by {how} at {place}{told}", "  ", "    ")


def _foot(report: Report, style: Style, verbose: bool) -> Iterator[str]:
    counts = report.counts()
    parts = []
    for severity, (_, fg) in MARKS.items():
        if counts[severity]:
            parts.append(style(count(counts[severity], severity), fg, bold=True))
    worse, routes = report.made_worse()
    if worse:
        yield style(f"made worse: {count(worse, 'object')} ({count(routes, 'route')})", bold=True)
    objects = sum(t.objects for t in report.targets)
    checked = f"{count(len(report.targets), 'target')}, {count(objects, 'object')}"
    yield f"{checked}: {', '.join(parts)}" if parts else f"{checked}: {style('nothing to report', 'green', bold=True)}"
    existing = sum(f.existing for f in report.findings())
    if existing and not report.fail_on_existing:
        yield style(f"{existing} of them were there before and do not fail the check (--fail-on-existing)", dim=True)
    hows = Counter(s.how for s in report.all_suppressed())
    if hows:
        ways = ", ".join(f"{n} by {how}" for how, n in hows.items())
        more = "" if verbose else "; --verbose names them"
        yield style(f"{count(hows.total(), 'finding')} suppressed ({ways}{more})", dim=True)
    if not report.targets:
        yield "no manifests, kustomizations, charts or Applications were found here"
    if report.problems:
        yield style(f"{count(len(report.problems_by_target()), 'target')} could not be checked", "red", bold=True)


def count(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def wrapped(text: str, indent: str, hanging: str | None = None) -> Iterator[str]:
    """The lines of a text within the width, the first one behind `indent`, the others behind `hanging`."""
    for i, line in enumerate(printable(text).splitlines()):
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=indent if i == 0 else hanging or indent,
            subsequent_indent=hanging or indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
