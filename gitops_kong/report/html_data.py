"""The data of the HTML report: what the scripts of `page/` draw, as plain values.

What many objects share (outcomes, chains of causes) stands once; rows hold its index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gitops_kong import __version__
from gitops_kong.manifests.lenient import items, mappings, text
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.predict.model import (
    PLAIN,
    SCENARIOS,
    SEVERITIES,
    Cause,
    Outcome,
    Prediction,
    Scenario,
    TargetPrediction,
)
from gitops_kong.predict.wording import OTHER_TRAFFIC, ROUTE_TRAFFIC, outcome_text
from gitops_kong.report.grouping import Group, grouped, headline
from gitops_kong.report.model import Report
from gitops_kong.report.route_changes import EntityChange, RouteChange

NAMED = 200  # findings of one group that are named; the rest is counted
COMPARED = 1000  # objects whose routes are shown before and after; the rest is counted
VERDICTS = ("broken", "at risk", "healthy", "ignored")  # worst first
_BROKEN = frozenset({"excluded", "translation-failed", "blocked", "api-rejected"})


def document(report: Report) -> dict[str, Any]:
    """What the page shows: `rows` are objects, one a target and controller, with an index into `outcomes`
    (`[verdict, text]`) and one into `chains` (lists of causes, nearest first) for each of `scenarios`.
    """
    outcomes: dict[tuple[str, str], int] = {}
    chains: dict[tuple[Cause, ...], int] = {(): 0}
    ran = {scenario for target in report.targets for scenario in target.scenarios}
    scenarios = [scenario for scenario in SCENARIOS if scenario in ran]
    rows = [
        _row(report, target.target, predictions, scenarios, outcomes, chains)
        for target in report.targets
        for predictions in _by_object(target)
    ]
    rows.sort(key=lambda r: (VERDICTS.index(r["verdict"]), r["change"] == "unchanged"))
    changes = _changes(report)
    worse, worse_routes = report.made_worse()
    return {
        "version": __version__,
        "exit": report.exit_status,
        "base": report.base,
        "controllers": list(_controllers(report)),
        "counts": report.counts(),
        "worse": [worse, worse_routes],
        "scenarios": scenarios,
        "verdicts": VERDICTS,
        "targets": [[t.target, t.objects, t.signs, t.assumptions] for t in report.targets],
        "problems": [[p.target, p.message] for p in report.problems],
        "suppressed": [[s.finding.rule, s.finding.message, s.how, s.reason, s.place] for s in report.all_suppressed()],
        "findings": _findings(report),
        "changes": changes[:COMPARED],
        "changed": len(changes),
        "outcomes": list(outcomes),
        "chains": [[_cause(report, cause) for cause in causes] for causes in chains],
        "rows": rows,
    }


def _controllers(report: Report) -> Iterator[dict[str, Any]]:
    for name, options, source in report.runs():
        yield {
            "name": name,
            "version": options.version_text,
            "source": source,
            "fallback": options.gate("FallbackConfiguration"),
            "gateway": ".".join(map(str, options.gateway_version)),
            "router": options.router_flavor,
        }


def _by_object(target: TargetPrediction) -> Iterator[list[Prediction]]:
    by_object: dict[tuple[str, Ref], list[Prediction]] = {}
    for prediction in target.predictions:
        by_object.setdefault((prediction.controller, prediction.object.ref), []).append(prediction)
    yield from by_object.values()


def _row(
    report: Report,
    target: str,
    predictions: list[Prediction],
    scenarios: list[Scenario],
    outcomes: dict[tuple[str, str], int],
    chains: dict[tuple[Cause, ...], int],
) -> dict[str, Any]:
    first = predictions[0]
    ref = first.object.ref
    of_scenario: dict[Scenario, list[int]] = {}
    verdicts = set()
    for prediction in predictions:
        verdict = verdict_of(ref.kind, prediction.outcome)
        verdicts.add(verdict)
        pair = [
            outcomes.setdefault((verdict, _short(ref.kind, prediction.outcome)), len(outcomes)),
            chains.setdefault(prediction.causes, len(chains)),
        ]
        for scenario in scenarios if prediction.scenario == "*" else (prediction.scenario,):
            of_scenario[scenario] = pair
    verdict = min(verdicts, key=VERDICTS.index)
    # Only what is wrong is worth a look at its file.
    place = report.locate(first.object, ()) if verdict in VERDICTS[:2] else None
    origin = first.object.origin
    return {
        "target": target,
        **_ref(ref),
        "hosts": _hosts(first.object),
        "controller": first.controller,
        "change": first.change,
        "verdict": verdict,
        "at": str(place) if place else origin.file if origin else "",
        "scenarios": [of_scenario[scenario] for scenario in scenarios],
    }


def _ref(ref: Ref) -> dict[str, str]:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _hosts(obj: K8sObject) -> list[str]:
    """Host names of a route, none where it takes every host."""
    if obj.kind not in ROUTE_KINDS:
        return []
    found = [rule.get("host") for rule in mappings(obj.spec.get("rules"))] + items(obj.spec.get("hostnames"))
    return list(dict.fromkeys(filter(None, map(text, found))))


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
        "caughtBy": finding.caught_by,
        "help": finding.help,
        "existing": finding.existing,
    }


def _cause(report: Report, cause: Cause) -> list[str]:
    """Kind, namespace, name, message, place."""
    place = report.locate(cause.object, cause.path)
    ref = cause.object.ref
    return [ref.kind, ref.namespace, ref.name, cause.message, str(place) if place else ""]


def _changes(report: Report) -> list[dict[str, Any]]:
    """What changes for each route; what is the same in several targets is one entry that names them."""
    told: dict[RouteChange, list[str]] = {}
    for target, found in report.route_changes.items():
        for change in found:
            told.setdefault(change, []).append(target)
    return [
        {**_ref(c.object), "targets": targets, "change": c.change, "entities": list(map(_entity, c.entities))}
        for c, targets in told.items()
    ]


def _entity(change: EntityChange) -> list[Any]:
    """What it is, its name, the object that it comes from, what happens, and `[path, before, after]` of each field."""
    made_from = str(change.made_from) if change.made_from else ""
    return [change.entity, change.name, made_from, change.change, change.fields]
