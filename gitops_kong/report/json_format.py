"""`--format json`: the report as CONTRACT.md lays it down, schema version 1."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.model import Cause, Finding, Prediction, TargetPrediction
from gitops_kong.report.json_pieces import pieces
from gitops_kong.report.model import Controller, Locate, Place, Report

_FEW = 3  # causes that are written anew each time


def write(report: Report) -> str:
    """The whole report as one JSON document; each prediction, finding and so on is a line."""
    return "".join(pieces(document(report).items(), lines()))


def lines() -> Callable[[Mapping[str, Any]], str]:
    """An entry of the report as JSON on one line; causes that many entries share are put into words once."""
    texts: dict[int, str] = {}

    def line(entry: Mapping[str, Any]) -> str:
        causes = entry.get("causes") or ()
        if len(causes) <= _FEW:
            return json.dumps(entry, ensure_ascii=False)
        if id(causes) not in texts:
            texts[id(causes)] = json.dumps(causes, ensure_ascii=False)
        # in texts these quotation marks have backslashes
        return json.dumps({**entry, "causes": []}, ensure_ascii=False).replace(
            '"causes": []', f'"causes": {texts[id(causes)]}', 1
        )

    return line


def document(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    options = report.options
    counts = report.counts()
    causes: _Known = {}
    return {
        "schemaVersion": "1",
        "controller": {
            **_settings(options),
            "source": report.controller_source,
            "admissionWebhook": report.admission_webhook,
        },
        "gateway": _gateway(options),
        "controllers": [_controller(each) for each in report.controllers],
        "base": report.base,
        "summary": {
            "targets": len(report.targets),
            "objects": sum(t.objects for t in report.targets),
            "errors": counts["error"],
            "warnings": counts["warning"],
            "infos": counts["info"],
            "suppressed": sum(1 for _ in report.all_suppressed()),
            "madeWorse": dict(zip(("objects", "routes"), report.made_worse(), strict=True)),
            "byConfiguration": _tally(report, "configuration"),
            "byStatus": _tally(report, "status"),
        },
        "predictions": [
            _prediction(target.target, prediction, report.locate, causes)
            for target in report.targets
            for prediction in target.predictions
            if report.all_predictions or not prediction.plain or prediction.change != "unchanged"
        ],
        "findings": [finding_json(finding, report.locate) for finding in report.findings()],
        "suppressed": [
            {
                **finding_json(s.finding, report.locate),
                "suppressedBy": s.how,
                "reason": s.reason,
                "suppressedAt": s.place,
            }
            for s in report.all_suppressed()
        ],
        "problems": [{"target": p.target, "message": p.message} for p in report.problems],
        "signs": [{"target": t.target, "message": s} for t in report.targets for s in t.signs],
        "assumptions": [{"target": t.target, "message": a} for t in report.targets for a in t.assumptions],
    }


def _settings(options: ControllerOptions) -> dict[str, Any]:
    return {
        "version": options.version_text,
        "featureGates": dict(options.feature_gates),
        "useLastValidConfigForFallback": options.use_last_valid_config_for_fallback,
        "ingressClass": options.ingress_class,
    }


def _gateway(options: ControllerOptions) -> dict[str, Any]:
    return {
        "version": ".".join(map(str, options.gateway_version)),
        "routerFlavor": options.router_flavor,
        "edition": options.gateway_edition,
    }


def _controller(each: Controller) -> dict[str, Any]:
    return {
        "name": each.name,
        **_settings(each.options),
        "source": each.source,
        "alsoFoundAt": list(each.also),
        "admissionWebhook": each.webhook.installed,
        "watchNamespaces": sorted(each.options.watch_namespaces),
        "gateway": _gateway(each.options),
    }


def _tally(report: Report, answer: str) -> dict[str, int]:
    """Objects by one answer of their prediction; an object that several scenarios judge differently counts in each."""
    seen = {
        (target.target, prediction.object.ref, getattr(prediction.outcome, answer))
        for target in report.targets
        for prediction in target.predictions
    }
    return dict(sorted(Counter(value for _, _, value in seen).items()))


_Known = dict[int, list[dict[str, Any]]]  # causes as the report has them, by the `id()` of what they are made from


def _prediction(target: str, prediction: Prediction, locate: Locate, known: _Known) -> dict[str, Any]:
    causes = known.get(id(prediction.causes))
    if causes is None:
        causes = known[id(prediction.causes)] = list(_causes(prediction.causes, locate))
    return {
        "target": target,
        "scenario": prediction.scenario,
        "object": reference(prediction.object),
        "source": source(locate(prediction.object, ())),
        "change": prediction.change,
        "configuration": prediction.outcome.configuration,
        "status": prediction.outcome.status,
        "traffic": prediction.outcome.traffic,
        "causes": causes,
        **({"conditions": [c._asdict() for c in prediction.conditions]} if prediction.conditions else {}),
        **({"controller": prediction.controller} if prediction.controller else {}),
    }


def finding_json(finding: Finding, locate: Locate) -> dict[str, Any]:
    """A finding as the report has it."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "target": finding.target,
        "object": reference(finding.object) if finding.object else None,
        "source": source(locate(finding.object, finding.path)) if finding.object else None,
        "causes": list(_causes(finding.causes, locate)),
        "help": finding.help,
        "scenarios": list(finding.scenarios),
        "effects": list(finding.effects),
        "existing": finding.existing,
        "caughtBy": finding.caught_by,
        **({"controller": finding.controller} if finding.controller else {}),
    }


def _causes(causes: tuple[Cause, ...], locate: Locate) -> Iterator[dict[str, Any]]:
    for cause in causes:
        yield {
            "object": reference(cause.object),
            "message": cause.message,
            "source": source(locate(cause.object, cause.path)),
        }


def reference(obj: K8sObject) -> dict[str, str]:
    """An object as the report names it."""
    return {"apiVersion": obj.api_version, "kind": obj.kind, "namespace": obj.namespace, "name": obj.name}


def source(place: Place | None) -> dict[str, Any] | None:
    """A place as the report names it."""
    return place._asdict() if place else None


def of_target(target: TargetPrediction, locate: Locate) -> list[dict[str, Any]]:
    """All predictions of one target, for tests and `explain`."""
    known: _Known = {}
    return [_prediction(target.target, prediction, locate, known) for prediction in target.predictions]
