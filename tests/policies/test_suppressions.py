"""Suppressions by annotation, comment and baseline; those that have expired or suppress nothing."""

import json
from collections.abc import Iterable
from datetime import date

import pytest

from gitops_kong.errors import UserError
from gitops_kong.manifests.yaml import read_objects
from gitops_kong.policies.suppressions import BASELINE, Suppressions, expired, read_baseline, write_baseline
from gitops_kong.predict.model import Finding, TargetPrediction
from gitops_kong.sources.tree import MemoryTree

TODAY = date(2026, 11, 24)
INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: a
  annotations: {}
spec:
  ingressClassName: kong
"""


def run(
    text: str, rules: Iterable[str], baseline: str = "", line: int = 1, path: tuple[str, ...] = ()
) -> tuple[list[str], list[str], list[str]]:
    """Rules that are reported, rules that are suppressed (and how), and findings on suppressions."""
    files = {"a.yaml": text.encode()} | ({BASELINE: baseline.encode()} if baseline else {})
    tree = MemoryTree(files)
    objects = read_objects(text.encode(), "a.yaml")
    suppressions = Suppressions(TODAY, read_baseline(tree, TODAY))
    suppressions.look_at("t", objects, tree)
    findings = tuple(Finding(rule, "error", f"{rule} told", "t", objects[-1], path) for rule in rules)
    judged = suppressions.apply(TargetPrediction("t", (), findings, 1), lambda _: ("a.yaml", line))
    left = [f"{f.rule}: {f.message}" for f in suppressions.leftovers(complete=True)]
    return [f.rule for f in judged.findings], [f"{s.finding.rule} {s.how} {s.reason}" for s in judged.suppressed], left


def annotated(value: str) -> str:
    return INGRESS.replace("annotations: {}", f"annotations: {{gitops-kong.dev/ignore: '{value}'}}")


def test_annotation() -> None:
    kept, apart, left = run(annotated("one, two # we know until=2026-11-24"), ["one", "two", "three"])
    assert kept == ["three"]
    assert apart == ["one annotation we know until=2026-11-24", "two annotation we know until=2026-11-24"]
    assert left == []


def test_annotation_without_quotes_has_its_reason_in_a_comment() -> None:
    text = INGRESS.replace(
        "annotations: {}", "annotations:\n    gitops-kong.dev/ignore: one # we know until=2026-11-23"
    )
    kept, _, left = run(text, ["one"])
    assert kept == ["one"]
    assert "expired on 2026-11-23" in left[0]
    assert run(text.replace("-23", "-24"), ["one"])[1] == ["one annotation we know until=2026-11-24"]


def test_expired_and_unused_ones_are_findings() -> None:
    kept, apart, left = run(annotated("one, two # until=2026-11-23"), ["one"])
    assert (kept, apart) == (["one"], [])
    assert [line.split(":")[0] for line in left] == ["suppression-expired", "suppression-expired"]
    assert "expired on 2026-11-23" in left[0]
    _, _, left = run(annotated("one"), ["two"])
    assert left == ["suppression-unused: Ingress a: the suppression of one suppresses nothing"]


def test_a_comment_anywhere_in_the_document_for_policies() -> None:
    text = INGRESS.replace("kong\n", "kong  # gitops-kong: ignore wildcard-host # wanted\n")
    assert run(text, ["wildcard-host"]) == ([], ["wildcard-host comment wanted"], [])
    other = text + "---\n" + INGRESS
    kept, _, left = run(other, ["wildcard-host"])
    assert kept == ["wildcard-host"]
    assert left[0].startswith("suppression-unused: a.yaml:7: ")


def test_a_comment_at_the_line_for_predictions() -> None:
    path = ("spec", "ingressClassName")
    at = INGRESS.replace("kong\n", "kong  # gitops-kong: ignore gateway-rejected\n")
    above = INGRESS.replace("  ingress", "  # gitops-kong: ignore gateway-rejected # why\n  ingress")
    before = "# gitops-kong: ignore gateway-rejected\n" + INGRESS
    elsewhere = INGRESS.replace("name: a", "name: a  # gitops-kong: ignore gateway-rejected")
    assert run(at, ["gateway-rejected"], line=7, path=path)[0] == []
    assert run(above, ["gateway-rejected"], line=8, path=path)[0] == []
    assert run(before, ["gateway-rejected"], line=8, path=path)[0] == []
    assert run(elsewhere, ["gateway-rejected"], line=7, path=path)[0] == ["gateway-rejected"]


def test_baseline() -> None:
    obj = read_objects(INGRESS.encode(), "a.yaml")[0]
    baseline = write_baseline([Finding("one", "error", "one told", "t", obj)], None, "legacy", "2026-12-01")
    assert run(INGRESS, ["one", "two"], baseline) == (["two"], ["one baseline legacy until=2026-12-01"], [])
    assert run(INGRESS, [], baseline)[2][0].startswith("suppression-unused: .gitops-kong/baseline.json: Ingress a")
    old = baseline.replace("2026-12-01", "2026-01-01")
    kept, _, left = run(INGRESS, ["one"], old)
    assert kept == ["one"]
    assert "expired on 2026-01-01" in left[0]
    changed = baseline.replace("one told", "something else")
    assert run(INGRESS, ["one"], changed)[0] == ["one"]


def test_a_baseline_that_is_written_again_keeps_reasons() -> None:
    first = write_baseline([Finding("one", "error", "m", "t"), Finding("two", "error", "m", "t")], None, "legacy")
    again = json.loads(
        write_baseline([Finding("one", "error", "m", "t"), Finding("new", "error", "m", "t")], first.encode())
    )
    assert [(i["rule"], i.get("reason")) for i in again["findings"]] == [("new", None), ("one", "legacy")]


def test_findings_on_the_controller_are_suppressed_by_the_baseline() -> None:
    finding = Finding("fallback-configuration-off", "warning", "off")
    tree = MemoryTree({BASELINE: write_baseline([finding], None).encode()})
    kept, apart = Suppressions(TODAY, read_baseline(tree, TODAY)).split([finding])
    assert (kept, len(apart)) == ((), 1)


@pytest.mark.parametrize("text", ["", "[]", '{"findings": 1}', '{"findings": [1]}'])
def test_what_is_no_baseline_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"baseline\.json"):
        read_baseline(MemoryTree({BASELINE: text.encode()}), TODAY)


def test_a_day_that_is_none() -> None:
    assert "is no date" in expired("until=tomorrow", TODAY)
    assert expired("until=2026-11-24.", TODAY) == ""
