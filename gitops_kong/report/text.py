"""`--format text`: what a person reads in a terminal. Grouped by target, worst first, one block a problem."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from gitops_kong import __version__
from gitops_kong.lazy import regex
from gitops_kong.predict.model import Finding, Severity, TargetPrediction
from gitops_kong.report.alike import kind, shortened
from gitops_kong.report.grouping import Group, grouped, headline
from gitops_kong.report.model import Report, Runs, chain, listed
from gitops_kong.report.sections import NOTE, Told, names, rank, sections

WIDTH = 100  # columns, where the terminal has as many
NARROWEST = 40
NAMED_OBJECTS = 5  # of a group; --verbose names all
GROUPS = 100  # findings that are alike count as one; --verbose tells all
SHOWN_SIGNS = 3  # of what an operator will see; --verbose shows all
# `::name …::` at the start of a line (actions/runner, `ActionCommand`), `##[…]` and `##vso[…]` anywhere
_COMMAND = regex(r"^([^\S\n]*)(::)|(?<=#)()(#(?:vso|teamcity)?\[)", re.MULTILINE)
MARKS: dict[Severity, tuple[str, str]] = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("·", "blue")}


class Style:
    """Colours, or none; and the width of lines, `terminal` where it is that of a terminal."""

    def __init__(self, color: bool, terminal: int | None = None) -> None:
        self.color = color
        self.width = max(NARROWEST, min(terminal or WIDTH, WIDTH))
        self.terminal = terminal is not None

    def __call__(self, text: str, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        """`text`, styled where colours are on."""
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None) if self.color else text

    def wrapped(self, text: str, indent: str, hanging: str | None = None) -> Iterator[str]:
        """`text` in lines of the width."""
        return wrapped(text, indent, hanging, self.width)


def write(report: Report, color: bool = False, verbose: bool = False, width: int | None = None) -> str:
    """The whole report, worst first; what several targets share is told once.

    `width` is that of the terminal, None where the text goes elsewhere: headlines then stay on one line.
    """
    style = Style(color, width)
    lines = [*_head(report, style)]
    told = sections((target, _told(report, target, style, verbose)) for target in report.targets)
    for targets, things in told:
        lines += ["", _title(report, targets, style, verbose), *_spaced(things, style, verbose)]
    lines += _problems(report, style, verbose)
    general = [_finding(report, group, style, verbose) for group in grouped(report.general)]
    lines += ["", style("controller", bold=True), *_spaced(general, style, verbose)] if general else ()
    lines += _suppressed(report, style) if verbose else ()
    lines += ["", *_foot(report, style, verbose)]
    return "\n".join(lines) + "\n"


def _problems(report: Report, style: Style, verbose: bool) -> Iterator[str]:
    """Why targets could not be checked; those of which the same is to be said together."""
    checked = {target.target for target in report.targets if target.objects}
    together: dict[tuple[bool, frozenset[str]], list[str]] = {}
    problems = report.problems_by_target()
    for name, found in problems.items():
        together.setdefault((name in checked, frozenset(kind(problem.message) for problem in found)), []).append(name)
    for (partly, _), targets in together.items():
        what = "could not be checked in whole" if partly else "could not be checked"
        told = ", ".join(targets) if verbose else listed(targets)
        yield from ("", f"{style('✗', 'red')} {style(printable(told), bold=True)} {what}")
        messages = dict.fromkeys(problem.message for name in targets for problem in problems[name])
        shown = list(messages) if verbose else list(shortened(messages))
        for message in shown:
            yield from style.wrapped(message, "    ", "      ")
        if len(shown) < len(messages):
            yield style("    --verbose names them all", dim=True)


def printable(text: str) -> str:
    """Text from a manifest without what a terminal or a CI that reads the log would obey."""
    return inert("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text))


def inert(text: str) -> str:
    """`text` in which no line is a command to those who read all that is printed.

    A character without width stands in front of the marks of commands to GitHub's runner, Azure's agent and TeamCity.
    """
    return (
        _COMMAND.sub(lambda m: f"{m[1] or ''}\N{ZERO WIDTH SPACE}{m[2] or m[4]}", text)
        if "::" in text or "##" in text
        else text
    )


def _head(report: Report, style: Style) -> Iterator[str]:
    base = f"  against {printable(report.base)}" if report.base else ""
    yield style(f"gitops-kong {__version__}", bold=True) + base
    for run in report.runs():
        for told in _settings(run):
            yield from (style(line, dim=True) for line in style.wrapped(told, "", "  "))


def _settings(run: Runs) -> Iterator[str]:
    options = run.options
    name = f" {run.names}:" if run.names else ""
    about = f", class {options.ingress_class}" if run.names else ""
    watched = f", namespaces {' '.join(sorted(options.watch_namespaces))}" if options.watch_namespaces else ""
    fallback = "on" if options.gate("FallbackConfiguration") else "off"
    last_valid = ", last valid configuration used for it" if options.use_last_valid_config_for_fallback else ""
    yield (
        f"controller{name} {options.version_text} ({run.source}){about}{watched},"
        f" FallbackConfiguration {fallback}{last_valid}"
    )
    edition = " enterprise" if options.gateway_edition == "enterprise" else ""
    yield f"gateway {'.'.join(map(str, options.gateway_version))}{edition}, router {options.router_flavor}"


def _title(report: Report, targets: Sequence[TargetPrediction], style: Style, verbose: bool) -> str:
    size = count(len(targets), "target")
    if len(targets) == 1:
        size = count(targets[0].objects, "object") + (f", {targets[0].changed} changed" if report.base else "")
    return f"{style(printable(names(targets, verbose)), bold=True)}  {style(size, dim=True)}"


def _spaced(told: Sequence[Told], style: Style, verbose: bool) -> Iterator[str]:
    """What is told with an empty line before each, of too much the worst; a single line needs none."""
    findings = [each for each in told if each.rank < NOTE]
    left = 0 if verbose else max(0, len(findings) - GROUPS)
    if len(told) == len(told[0].lines) == 1:
        yield from told[0].lines
        return
    for each in findings[: len(findings) - left]:
        yield from ("", *each.lines)
    if left:
        yield ""
        yield style(f"  and {left} more, less grave (--verbose tells them)", dim=True)
    for each in told:
        yield from ("", *each.lines) if each.rank >= NOTE else ()


def _told(report: Report, target: TargetPrediction, style: Style, verbose: bool) -> Iterator[Told]:
    """What is told of one target, worst first."""
    groups = grouped(target.findings)
    if not groups and target.target not in report.problems_by_target():
        healthy = "every object is configured, every status is written, in every scenario"
        yield Told(NOTE, (f"  {style('✓', 'green')} {healthy}",))
    for group in groups:
        yield _finding(report, group, style, verbose)
    if target.signs:
        shown = target.signs if verbose else target.signs[:SHOWN_SIGNS]
        signs = [line for sign in shown for line in style.wrapped(sign, "    ", "      ")]
        if len(shown) < len(target.signs):
            signs.append(style(f"    and {len(target.signs) - len(shown)} more: --verbose", dim=True))
        yield Told(NOTE, (f"  {style('you will see', dim=True)}", *signs))
    if target.assumptions:
        texts = target.assumptions if verbose else tuple(shortened(target.assumptions))
        assumed = [line for text in texts for line in style.wrapped(text, "    ", "      ")]
        if texts != target.assumptions:
            assumed.append(style("    --verbose names them all", dim=True))
        yield Told(NOTE, (f"  {style('assumed', dim=True)}", *assumed))


def _finding(report: Report, group: Group, style: Style, verbose: bool) -> Told:
    return Told(rank(group), tuple(_group(report, group, style, verbose)))


def _group(report: Report, group: Group, style: Style, verbose: bool) -> Iterator[str]:
    finding = group.first
    first, *more = printable(headline(group)).splitlines() or [""]
    yield from _headline(first, finding, style)
    for line in more:
        yield from style.wrapped(line, "    ")
    if finding.object:
        place = report.locate(finding.object, finding.path)
        if len(group.findings) == 1:
            if place:
                yield f"    {style(printable(f'at {place}'), dim=True)}"
        else:
            yield from _members(report, group, style, verbose)
        yield from _cause(report, group, style)
    for effect in finding.effects:
        yield from style.wrapped(effect, "    ", "      ")
    if finding.help:
        yield from style.wrapped(f"→ {finding.help}", "    ", "      ")


def _headline(text: str, finding: Finding, style: Style) -> Iterator[str]:
    """The mark, the text, and the rule's name: behind it where there is room, else below."""
    mark, fg = MARKS[finding.severity]
    notes = [f"caught by {finding.caught_by}"] if finding.caught_by else []
    notes += ["was there before this change"] if finding.existing else []
    fits = not style.terminal or len("  ".join(("    " + text, finding.rule, *notes))) <= style.width
    wrapped_text = [text] if fits else [line[4:] for line in style.wrapped(text, "    ")] or [""]
    lines = [style(line, bold=True) for line in wrapped_text]
    tags = "  ".join((style(finding.rule, fg), *(style(note, dim=True) for note in notes)))
    if fits:
        lines = [f"{lines[0]}  {tags}"]
    else:
        lines.append(tags)
    yield f"  {style(mark, fg, bold=True)} {lines[0]}"
    yield from (f"    {line}" for line in lines[1:])


def _cause(report: Report, group: Group, style: Style) -> Iterator[str]:
    finding = group.first
    subject = finding.object
    if subject is None or not finding.causes or finding.causes[0].object.ref == subject.ref:
        return
    cause = finding.causes[0]
    links = chain(subject, finding.causes)
    if len(group.findings) > 1:
        links = links.removeprefix(f"{subject.ref} ")
    at = report.locate(cause.object, cause.path)
    yield from style.wrapped(f"{links}, at {at}" if at else links, "    ", "      ")


def _members(report: Report, group: Group, style: Style, verbose: bool) -> Iterator[str]:
    shown = group.findings if verbose else group.findings[:NAMED_OBJECTS]
    for finding in shown:
        if finding.object:
            place = report.locate(finding.object, finding.path)
            yield f"    {printable(str(finding.object.ref))}" + (
                style(printable(f"  at {place}"), dim=True) if place else ""
            )
    if len(shown) < len(group.findings):
        yield style(f"    and {len(group.findings) - len(shown)} more (--verbose names them)", dim=True)


def _suppressed(report: Report, style: Style) -> Iterator[str]:
    found = list(report.all_suppressed())
    if found:
        yield ""
        yield style("suppressed", dim=True)
    for finding, how, reason, place in found:
        told = f" ({reason})" if reason else ""
        yield from style.wrapped(f"{finding.rule}: {finding.message}, by {how} at {place}{told}", "  ", "    ")


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
        how = "was there before and does" if existing == 1 else "were there before and do"
        note = f"{existing} of them {how} not fail the check (--fail-on-existing)"
        yield from (style(line, dim=True) for line in style.wrapped(note, "", "  "))
    hows = Counter(s.how for s in report.all_suppressed())
    if hows:
        ways = ", ".join(f"{n} by {how}" for how, n in hows.items())
        more = "" if verbose else "; --verbose names them"
        note = f"{count(hows.total(), 'finding')} suppressed ({ways}{more})"
        yield from (style(line, dim=True) for line in style.wrapped(note, "", "  "))
    if not report.targets:
        yield "no manifests, kustomizations, charts or Applications were found here"
    if report.problems:
        yield style(f"{count(len(report.problems_by_target()), 'target')} could not be checked", "red", bold=True)


def count(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def wrapped(text: str, indent: str, hanging: str | None = None, width: int = WIDTH) -> Iterator[str]:
    """The lines of a text within the width, the first one behind `indent`, the others behind `hanging`."""
    for i, line in enumerate(printable(text).splitlines()):
        lines = textwrap.wrap(
            line,
            width,
            initial_indent=indent if i == 0 else hanging or indent,
            subsequent_indent=hanging or indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from map(inert, lines)  # a command can come to the start of a line
