"""`fleet --format json` and `jsonl`: schema version 1, `gitops-kong schema fleet` and `fleet-lines`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.report.fleet_model import Check, Checked, FleetReport, Spread, Verdict
from gitops_kong.report.json_format import finding_json
from gitops_kong.report.model import Locate, Place


def write(report: FleetReport) -> str:
    """The whole report as one JSON document."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: FleetReport) -> dict[str, Any]:
    """The report as plain values: clusters in the fleet's order, each finding once with the clusters that have it."""
    return {
        "schemaVersion": "1",
        "fleet": report.file,
        "summary": summary(report),
        "clusters": [
            {
                "name": each.name,
                "labels": dict(each.labels),
                "verdict": report.verdict_of(each),
                "problems": list(each.problems),
                "checks": [check_json(check, report.verdict(check)) for check in each.checks],
            }
            for each in report.clusters
        ],
        "findings": [_spread(each) for each in report.spread],
        "remarks": [
            {"repository": repository, **finding_json(finding, _always(place))}
            for repository, finding, place in report.remarks
        ],
    }


def _always(place: Place | None) -> Locate:
    return lambda _object, _path: place


def summary(report: FleetReport) -> dict[str, Any]:
    """Counts over the whole fleet; a finding that many clusters have counts once."""
    counts = report.counts()
    return {
        "clusters": len(report.clusters),
        "repositories": len(report.repositories),
        "checks": report.checks,
        "distinctChecks": report.distinct,
        "byVerdict": dict(report.by_verdict),
        "errors": counts["error"],
        "warnings": counts["warning"],
        "infos": counts["info"],
    }


def check_json(check: Check, verdict: Verdict) -> dict[str, Any]:
    """One check: where, with which controllers, how it ended, and the key of its result (null where there is none)."""
    return {
        "cluster": check.cluster,
        "repository": check.repository,
        "revision": check.revision or None,
        "base": check.base or None,
        "target": check.target,
        "controllers": [{"name": c.name, "source": c.source, **_options(c.options)} for c in check.controllers],
        "verdict": verdict,
        "problems": list(check.problems),
        "result": check.checked.key if check.checked else None,
        **_counts(check.checked),
    }


def result_json(checked: Checked) -> dict[str, Any]:
    """What checks with the same result share, for the stream: its findings."""
    return {
        "result": checked.key,
        "repository": checked.repository,
        "target": checked.target.target,
        "findings": [finding_json(f, checked.locate) for f in checked.findings],
        "assumptions": list(checked.target.assumptions),
    }


def _counts(checked: Checked | None) -> dict[str, Any]:
    if checked is None:
        return {}
    worse = checked.target.worse
    return {
        "errors": checked.counts["error"],
        "warnings": checked.counts["warning"],
        "infos": checked.counts["info"],
        "suppressed": len(checked.suppressed),
        "objects": checked.target.objects,
        "changed": checked.target.changed,
        "madeWorse": {"objects": len(worse), "routes": sum(ref.kind in ROUTE_KINDS for ref in worse)},
        "byConfiguration": dict(checked.by_configuration),
        "byStatus": dict(checked.by_status),
    }


def _options(options: ControllerOptions) -> Mapping[str, Any]:
    return {
        "version": options.version_text,
        "ingressClass": options.ingress_class,
        "featureGates": dict(options.feature_gates),
        "useLastValidConfigForFallback": options.use_last_valid_config_for_fallback,
        "gateway": {
            "version": ".".join(map(str, options.gateway_version)),
            "routerFlavor": options.router_flavor,
            "edition": options.gateway_edition,
        },
    }


def _spread(each: Spread) -> dict[str, Any]:
    told = finding_json(each.finding, each.checked.locate)
    del told["target"]
    return {
        "repository": each.repository,
        **told,
        "where": [{"cluster": cluster, "target": target} for cluster, target in each.where],
    }
