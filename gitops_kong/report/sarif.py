"""`--format sarif`: SARIF 2.1.0 (OASIS), for code scanning and editors.

The chain of causes becomes related locations; what was there before the change has the baseline state `unchanged`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from gitops_kong import __version__
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.model import Finding
from gitops_kong.report.identity import fingerprints, place_of
from gitops_kong.report.model import Place, Report, worst_first
from gitops_kong.report.rule_texts import RuleText, rule_texts

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def write(report: Report) -> str:
    """The report as one SARIF log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _run(report: Report) -> dict[str, Any]:
    findings = worst_first(report.findings())
    rules = {f.rule: f for f in reversed(findings)}
    index = {name: i for i, name in enumerate(sorted(rules))}
    return {
        "tool": {
            "driver": {
                "name": "gitops-kong",
                "semanticVersion": __version__,
                "rules": [_rule(rules[name], rule_texts().get(name)) for name in index],
            }
        },
        "automationDetails": {"id": "gitops-kong/"},
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.problems,
                "exitCode": report.exit_status,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{p.target} could not be checked: {p.message}"}}
                    for p in report.problems
                ],
            }
        ],
        "results": [_result(report, finding, print_, index) for finding, print_ in fingerprints(findings)],
    }


def _rule(finding: Finding, text: RuleText | None) -> dict[str, Any]:
    """A rule; one of the repository's own policies is only known by what it says of `finding`."""
    title = text.title if text else finding.rule
    meaning = text.meaning if text else finding.rule
    help_text = (text.remediation if text else finding.help) or meaning
    return {
        "id": finding.rule,
        "name": "".join(map(str.capitalize, finding.rule.split("-"))),
        "shortDescription": {"text": title},
        "fullDescription": {"text": meaning},
        "help": {"text": help_text, "markdown": f"{meaning}\n\n**How to mend it:** {help_text}"},
        "defaultConfiguration": {"level": LEVELS[text.severity if text else finding.severity]},
        "properties": {"tags": ["kong", "kubernetes"]},
    }


def _result(report: Report, finding: Finding, fingerprint: str, index: Mapping[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": "\n".join((finding.message, *finding.effects))},
        "locations": [_location(place_of(report, finding), finding.object)],
        "partialFingerprints": {"gitopsKong/v1": fingerprint},
        "properties": {"target": finding.target, "scenarios": list(finding.scenarios)},
    }
    related = list(_related(report, finding))
    if related:
        result["relatedLocations"] = related
    if report.base:
        result["baselineState"] = "unchanged" if finding.existing else "new"
    return result


def _related(report: Report, finding: Finding) -> Iterable[dict[str, Any]]:
    for i, cause in enumerate(finding.causes):
        place = report.locate(cause.object, cause.path)
        message = {"text": f"{cause.object.ref}: {cause.message}"}
        yield {"id": i, **_location(place, cause.object), "message": message}


def _location(place: Place | None, obj: K8sObject | None) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if place:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    if obj:
        location["logicalLocations"] = [{"fullyQualifiedName": str(obj.ref), "kind": "resource"}]
    return location
