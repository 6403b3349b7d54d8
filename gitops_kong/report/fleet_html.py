"""`fleet --format html`: one page without scripts and network: the matrix, then each finding with its clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from gitops_kong import __version__
from gitops_kong.report.fleet_model import VERDICTS, ClusterChecks, FleetReport, Spread, Verdict
from gitops_kong.report.grouping import Group, headline
from gitops_kong.report.html_page import content_hash
from gitops_kong.report.model import chain
from gitops_kong.report.text import count, printable

_NAMED = 100  # objects of a group
_HERO = {0: ("passed", "✓"), 1: ("failed", "✗"), 2: ("unknown", "?")}


def write(report: FleetReport) -> str:
    """The page."""
    folder = files("gitops_kong.report").joinpath("page")
    style = "".join(folder.joinpath(name).read_text("utf-8") for name in ("report.css", "fleet.css"))
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {content_hash(style)}"
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">',
            f"<title>gitops-kong fleet</title>\n<style>{style}</style>\n</head>\n<body>",
            *_head(report),
            "<main>",
            *_problems(report),
            *_matrix(report),
            *_findings(report),
            "</main>\n</body>\n</html>\n",
        )
    )


def _head(report: FleetReport) -> Iterator[str]:
    kind, mark = _HERO[report.exit_status]
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in report.by_verdict.items() if number)
    found = ", ".join(count(number, severity) for severity, number in report.counts().items() if number)
    distinct = f", {report.distinct} of them distinct" if report.distinct != report.checks else ""
    yield f'<header><div class="bar"><p class="brand">gitops-kong <span>{__version__}</span></p>'
    yield f"<p>{_text(report.file)}</p></div>"
    yield f'<div class="hero {kind}"><span id="mark" aria-hidden="true">{mark}</span><div>'
    yield f"<h1>{count(len(report.clusters), 'cluster')}: {verdicts}</h1>"
    yield f"<p>{count(report.checks, 'check')}{distinct}; {found or 'nothing to report'}</p></div></div></header>"


def _problems(report: FleetReport) -> Iterator[str]:
    if report.problems:
        yield '<section><h2>Not checked in whole</h2><ul aria-label="Not checked">'
        for problem, clusters in report.problems.items():
            yield f'<li class="card">{_text(problem)}{_where(clusters, len(report.clusters))}</li>'
        yield "</ul></section>"


def _matrix(report: FleetReport) -> Iterator[str]:
    yield '<section><h2>Clusters</h2><div class="matrix" tabindex="0" role="region" aria-label="Verdicts">'
    yield '<table><thead><tr><th scope="col">Cluster</th><th scope="col">Verdict</th>'
    yield "".join(f'<th scope="col">{_text(name)}</th>' for name in report.repositories) + "</tr></thead><tbody>"
    order = sorted(report.clusters, key=lambda c: VERDICTS.index(report.verdict_of(c)))
    for each in order:
        cells = (report.cell(each, repository) for repository in report.repositories)
        row = "".join(f"<td>{_verdict(cell)}</td>" for cell in (report.verdict_of(each), *cells))
        yield f'<tr><th scope="row"{_labels(each)}>{_text(each.name)}</th>{row}</tr>'
    yield "</tbody></table></div></section>"


def _labels(cluster: ClusterChecks) -> str:
    told = ", ".join(f"{key}={value}" for key, value in cluster.labels.items())
    return f' title="{_text(told)}"' if told else ""


def _verdict(verdict: Verdict | None) -> str:
    return f'<span class="v {verdict}">{verdict}</span>' if verdict else '<span class="quiet">–</span>'


def _findings(report: FleetReport) -> Iterator[str]:
    if report.groups or report.remarks:
        yield "<section><h2>Findings</h2>"
        for group in report.groups:
            yield from _group(group, len(report.clusters))
        for repository, finding, place in report.remarks:
            at = f' <span class="place">{_text(str(place))}</span>' if place else ""
            yield f'<p class="card f {finding.severity}">{_text(f"{repository}: {finding.message}")}{at}</p>'
        yield "</section>"


def _group(group: Sequence[Spread], clusters: int) -> Iterator[str]:
    finding = group[0].finding
    existing = ' <span class="quiet">was there before this change</span>' if finding.existing else ""
    text = headline(Group(tuple(s.finding for s in group)))
    yield f'<details class="card f {finding.severity}"><summary><strong>{_text(text)}</strong>'
    yield f" <code>{_text(finding.rule)}</code>{existing}{_where(group[0].clusters, clusters)}</summary><ul>"
    for each in group[:_NAMED]:
        if each.finding.object:
            at = f' <span class="place">{_text(f"{each.repository}, {each.place}")}</span>' if each.place else ""
            yield f"<li>{_text(chain(each.finding.object, each.finding.causes))}{at}</li>"
    if len(group) > _NAMED:
        yield f"<li>and {len(group) - _NAMED} more</li>"
    yield "".join(f"<li>{_text(effect)}</li>" for effect in finding.effects) + "</ul>"
    if finding.help:
        yield f"<p>→ {_text(finding.help)}</p>"
    yield "</details>"


def _where(names: Sequence[str], clusters: int) -> str:
    if len(names) == clusters and clusters > 1:
        return f'<p class="quiet">in all {clusters} clusters</p>'
    return f'<p class="quiet">in {count(len(names), "cluster")}: {_text(", ".join(names))}</p>'


def _text(text: str) -> str:
    """Text of a manifest or a file: never markup."""
    return escape(printable(text))
