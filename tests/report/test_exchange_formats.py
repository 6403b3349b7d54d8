"""SARIF, JUnit and Code Quality: what their readers insist on, held by our own schemas of the parts that we write.

SARIF is held by the published schema, too, as pydantic-sarif has it: closed models made from the schema of SARIF 2.1.0.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as PublishedSarif

from gitops_kong.predict.model import Cause, Finding, Outcome, Prediction, TargetPrediction
from gitops_kong.report import code_quality, json_format, json_lines, junit, sarif
from gitops_kong.report.identity import fingerprints
from gitops_kong.report.model import Problem
from gitops_kong.report.rule_texts import rule_texts
from tests.report.sample import CHECKOUT, FINDINGS, SEARCH, obj, report

PROBLEMS = (Problem("staging", "chart catalog: no such file"),)


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
        "additionalProperties": False,
    }


def many(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


TEXT = {"type": "string", "minLength": 1}
MESSAGE = closed({"text": TEXT})
LEVEL = {"enum": ["error", "warning", "note"]}
PHYSICAL = closed(
    {
        "artifactLocation": closed(
            {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~/%-]+$"}, "uriBaseId": {"const": "%SRCROOT%"}}
        ),
        "region": closed(
            {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}
        ),
    }
)
LOGICAL = many(closed({"fullyQualifiedName": TEXT, "kind": {"const": "resource"}}), 1)
SARIF_RESULT = closed(
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": many(closed({"physicalLocation": PHYSICAL}, {"logicalLocations": LOGICAL}), 1),
        "partialFingerprints": closed({"gitopsKong/v1": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}),
        "properties": {"type": "object"},
    },
    {
        "baselineState": {"enum": ["new", "unchanged"]},
        "relatedLocations": many(
            closed(
                {"id": {"type": "integer", "minimum": 0}, "message": MESSAGE},
                {"physicalLocation": PHYSICAL, "logicalLocations": LOGICAL},
            ),
            1,
        ),
    },
)
SARIF_RULE = closed(
    {
        "id": TEXT,
        "name": TEXT,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": closed({"text": TEXT, "markdown": TEXT}),
        "defaultConfiguration": closed({"level": LEVEL}),
        "properties": closed({"tags": many(TEXT)}),
    }
)
CODE_QUALITY = many(
    closed(
        {
            "check_name": TEXT,
            "description": TEXT,
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": closed({"path": TEXT, "lines": closed({"begin": {"type": "integer", "minimum": 1}})}),
        }
    )
)


def run_of(written: str) -> dict[str, Any]:
    log = json.loads(written)
    PublishedSarif.model_validate(log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    Draft202012Validator(many(SARIF_RESULT)).validate(run["results"])
    Draft202012Validator(many(SARIF_RULE)).validate(run["tool"]["driver"]["rules"])
    return dict(run)


def test_the_published_schema_of_sarif_refuses_what_it_does_not_know() -> None:
    log = json.loads(sarif.write(report()))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(ValidationError, match="startLine"):
        PublishedSarif.model_validate(log)


def test_sarif_points_to_rules_and_causes() -> None:
    run = run_of(sarif.write(report()))
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    excluded = next(r for r in run["results"] if r["ruleId"] == "excluded")
    (cause,) = excluded["relatedLocations"]
    assert cause["message"]["text"] == "KongPlugin shop/rl: config.minutes: unknown field"
    assert cause["physicalLocation"]["artifactLocation"]["uri"] == "apps/shop/rl.yaml"
    assert [r["baselineState"] for r in run["results"]] == ["new"] * 4 + ["unchanged"]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_without_a_base_claims_no_baseline() -> None:
    run = run_of(sarif.write(replace(report(), base=None)))
    assert not any("baselineState" in r for r in run["results"])


def test_sarif_says_what_could_not_be_checked() -> None:
    (invocation,) = run_of(sarif.write(report((), PROBLEMS)))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2


def test_sarif_paths_are_uris() -> None:
    odd = Finding("excluded", "error", "m", "t", obj("Ingress", "a", "b", "my apps/ä#1.yaml"))
    (result,) = run_of(sarif.write(report((odd,))))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "my%20apps/%C3%A4%231.yaml"


def test_a_rule_of_the_repository_itself_has_help_too() -> None:
    own = Finding("our-own-rule", "warning", "m", "t", CHECKOUT, help="Ask the platform team.")
    (rule,) = run_of(sarif.write(report((own,))))["tool"]["driver"]["rules"]
    assert rule["help"]["text"] == "Ask the platform team."
    assert "our-own-rule" not in rule_texts()


def test_fingerprints_outlive_wording_and_lines_but_not_the_object() -> None:
    first, again = (
        FINDINGS[0],
        replace(FINDINGS[0], message="other words", object=obj(*["Ingress", "search", "search", "x"])),
    )
    assert [p for _, p in fingerprints([first])] == [p for _, p in fingerprints([again])]
    other = replace(first, object=CHECKOUT)
    assert len({p for _, p in fingerprints([first, first, other, replace(first, target="staging")])}) == 4


def test_a_finding_without_an_object_is_shown_where_the_controller_is_set() -> None:
    general = replace(report(()), general=(Finding("fallback-configuration-off", "warning", "off"),))
    (result,) = run_of(sarif.write(general))["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    (issue,) = json.loads(code_quality.write(replace(general, controller_source="default")))
    assert issue["location"] == {"path": ".gitops-kong.yaml", "lines": {"begin": 1}}


def test_code_quality_keeps_to_its_schema_and_never_looks_healthy_when_unchecked() -> None:
    issues = json.loads(code_quality.write(report(problems=PROBLEMS)))
    Draft202012Validator(CODE_QUALITY).validate(issues)
    assert issues[0]["severity"] == "blocker"
    assert len({i["fingerprint"] for i in issues}) == len(issues) == 6
    assert json.loads(code_quality.write(report(()))) == []


def cases(root: ET.Element) -> Iterator[ET.Element]:
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert suite.get("name")
        assert int(suite.get("tests", "")) == len(suite)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
        for case in suite:
            assert case.tag == "testcase"
            assert case.get("name")
            assert case.get("classname")
            assert [child.tag for child in case] in (
                [],
                ["failure"],
                ["failure", "system-out"],
                ["system-out"],
                ["error"],
            )
            yield case


def test_junit_fails_on_what_fails_the_run() -> None:
    root = ET.fromstring(junit.write(report()))
    failed = {c.get("name"): c.find("failure") for c in cases(root) if c.find("failure") is not None}
    assert set(failed) == {"shop/rl", "shop/checkout", "search/search"}
    checkout = failed["shop/checkout"]
    assert checkout is not None
    assert "Ingress shop/checkout ← KongPlugin shop/rl: config.minutes: unknown field" in (checkout.text or "")
    outputs = [c.findtext("system-out", "") for c in cases(root)]
    assert any("was broken before" in o for o in outputs)  # was there before: told, but not a failure


def test_junit_errors_where_a_target_could_not_be_checked() -> None:
    root = ET.fromstring(junit.write(report((), PROBLEMS)))
    assert [c.get("classname") for c in cases(root) if c.find("error") is not None] == ["staging"]
    assert root.get("errors") == "1"


@given(st.text(min_size=1))
def test_any_text_makes_well_formed_documents(text: str) -> None:
    odd = report((Finding("excluded", "error", text, text, SEARCH, help=text),), (Problem(text, text),))
    list(cases(ET.fromstring(junit.write(odd))))
    run_of(sarif.write(odd))
    json.loads(code_quality.write(odd))


def test_lines_hold_what_the_document_holds() -> None:
    lines = [json.loads(line) for line in json_lines.write(report(problems=PROBLEMS)).splitlines()]
    whole = json_format.document(report(problems=PROBLEMS))
    assert lines[0] == {"type": "run"} | {k: v for k, v in whole.items() if k not in json_lines.LISTS}
    assert [x for x in lines if x["type"] == "problem"] == [{"type": "problem", **p} for p in whole["problems"]]
    assert len(lines) == 1 + sum(len(whole[name]) for name in json_lines.LISTS)


def test_causes_that_many_share_are_those_of_each() -> None:
    causes = tuple(Cause(CHECKOUT, f'"causes": [] {i}') for i in range(5))
    outcome = Outcome("blocked", "empty", "none")
    predictions = tuple(Prediction("*", each, "added", outcome, causes) for each in (CHECKOUT, SEARCH))
    made = replace(report(()), targets=(TargetPrediction("t", predictions, (), 2),))
    whole = json_format.document(made)
    assert [len(p["causes"]) for p in whole["predictions"]] == [5, 5]
    assert json.loads(json_format.write(made)) == whole
    read = [json.loads(line) for line in json_lines.write(made).splitlines()]
    assert [line["causes"] for line in read if line["type"] == "prediction"] == [whole["predictions"][0]["causes"]] * 2
