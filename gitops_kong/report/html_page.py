"""`--format html`: one page that needs no network. The data is JSON in the page; `page/` draws it.

The page's policy allows no request and no script but its own. Text from manifests only ever reaches the page as text:
escaped as JSON here, and set with `textContent` by the script.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from gitops_kong import __version__
from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.predict.model import PLAIN, SCENARIOS, SEVERITIES, Cause, Outcome, Prediction, TargetPrediction
from gitops_kong.predict.wording import OTHER_TRAFFIC, ROUTE_TRAFFIC, outcome_text
from gitops_kong.report.grouping import Group, grouped, headline
from gitops_kong.report.model import Report

NAMED = 200  # findings of one group that are named; the rest is counted
VERDICTS = ("broken", "at risk", "healthy", "ignored")  # worst first
_BROKEN = frozenset({"excluded", "translation-failed", "blocked", "api-rejected"})
_HOLE = re.compile(r"\{\{(\w+)\}\}")


def write(report: Report) -> str:
    """The page."""
    style, script = (files("gitops_kong.report").joinpath(f"page/{name}").read_text("utf-8") for name in _PARTS)
    parts = {
        "policy": f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {_hash(style)};"
        f" script-src {_hash(script)}",
        "style": style,
        "script": script,
        "data": _in_script(document(report)),
    }
    template = files("gitops_kong.report").joinpath("page/report.html").read_text("utf-8")
    return _HOLE.sub(lambda hole: parts[hole[1]], template)


_PARTS = ("report.css", "report.js")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _in_script(document: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in (HTML: `</script`, `<!--`)."""
    text = json.dumps(document, separators=(",", ":"))  # ASCII only
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def document(report: Report) -> dict[str, Any]:
    """What the page shows: `rows` are objects, one a target, with the indexes of each scenario's outcome and causes.

    `outcomes` are `[verdict, text]`, `chains` lists of causes, nearest first; both hold each value once.
    """
    options = report.options
    outcomes: dict[tuple[str, str], int] = {}
    chains: dict[tuple[Cause, ...], int] = {(): 0}
    rows = [
        _row(report, target.target, predictions, outcomes, chains)
        for target in report.targets
        for predictions in _by_object(target)
    ]
    rows.sort(key=lambda r: (VERDICTS.index(r["verdict"]), r["change"] == "unchanged"))
    gate = "on" if options.gate("FallbackConfiguration") else "off"
    return {
        "version": __version__,
        "exit": report.exit_status,
        "base": report.base,
        "facts": [
            ["Controller", f"{options.version_text} ({report.controller_source})"],
            ["FallbackConfiguration", gate],
            ["Gateway", f"{'.'.join(map(str, options.gateway_version))}, router {options.router_flavor}"],
        ],
        "counts": report.counts(),
        "scenarios": SCENARIOS,
        "verdicts": VERDICTS,
        "problems": [[p.target, p.message] for p in report.problems],
        "findings": _findings(report),
        "outcomes": list(outcomes),
        "chains": [[_cause(report, cause) for cause in causes] for causes in chains],
        "rows": rows,
    }


def _by_object(target: TargetPrediction) -> Iterator[list[Prediction]]:
    by_object: dict[Ref, list[Prediction]] = {}
    for prediction in target.predictions:
        by_object.setdefault(prediction.object.ref, []).append(prediction)
    yield from by_object.values()


def _row(
    report: Report,
    target: str,
    predictions: list[Prediction],
    outcomes: dict[tuple[str, str], int],
    chains: dict[tuple[Cause, ...], int],
) -> dict[str, Any]:
    first = predictions[0]
    ref = first.object.ref
    of_scenario: dict[str, list[int]] = {}
    verdicts = set()
    for prediction in predictions:
        verdict = verdict_of(ref.kind, prediction.outcome)
        verdicts.add(verdict)
        pair = [
            outcomes.setdefault((verdict, _short(ref.kind, prediction.outcome)), len(outcomes)),
            chains.setdefault(prediction.causes, len(chains)),
        ]
        for scenario in SCENARIOS if prediction.scenario == "*" else (prediction.scenario,):
            of_scenario[scenario] = pair
    verdict = min(verdicts, key=VERDICTS.index)
    # Only what is wrong is worth a look at its file.
    place = report.locate(first.object, ()) if verdict in VERDICTS[:2] else None
    origin = first.object.origin
    return {
        "target": target,
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "change": first.change,
        "verdict": verdict,
        "at": str(place) if place else origin.file if origin else "",
        "scenarios": [of_scenario.get(scenario) for scenario in SCENARIOS],
    }


def verdict_of(kind: str, outcome: Outcome) -> str:
    """One word for a colour: `broken` is what does not work, `at risk` what works with less than it should have."""
    if outcome in PLAIN:
        return "healthy"
    if outcome.configuration == "ignored":
        return "ignored"
    unserved = kind in ROUTE_KINDS and outcome.traffic == "none"
    return "broken" if unserved or outcome.configuration in _BROKEN else "at risk"


def _short(kind: str, outcome: Outcome) -> str:
    if outcome not in PLAIN:
        return outcome_text(kind, outcome)
    return (ROUTE_TRAFFIC if kind in ROUTE_KINDS else OTHER_TRAFFIC).get(outcome.traffic, "configured")


def _findings(report: Report) -> list[dict[str, Any]]:
    """Groups, worst first; what is the same in several targets is one entry that names them."""
    told: dict[str, dict[str, Any]] = {}
    for target, findings in ((None, report.general), *((t.target, t.findings) for t in report.targets)):
        for group in grouped(findings):
            entry = _finding(report, group)
            entry = told.setdefault(json.dumps(entry), entry | {"targets": []})
            entry["targets"] += [target] if target is not None else []
    return sorted(told.values(), key=lambda e: (e["existing"], SEVERITIES.index(e["severity"]), not e["targets"]))


def _finding(report: Report, group: Group) -> dict[str, Any]:
    finding = group.first
    members = []
    for member in group.findings[:NAMED]:
        if member.object:
            place = report.locate(member.object, member.path)
            members.append([str(member.object.ref), str(place) if place else ""])
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": headline(group),
        "count": len(group.findings),
        "members": members,
        "causes": [_cause(report, cause) for cause in finding.causes],
        "effects": finding.effects,
        "help": finding.help,
        "existing": finding.existing,
    }


def _cause(report: Report, cause: Cause) -> list[str]:
    """Kind, namespace, name, message, place."""
    place = report.locate(cause.object, cause.path)
    ref = cause.object.ref
    return [ref.kind, ref.namespace, ref.name, cause.message, str(place) if place else ""]
