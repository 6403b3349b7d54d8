"""Which rules are applied, and the repository's own."""

import pytest

from gitops_kong.errors import UserError
from gitops_kong.policies.model import built_in
from gitops_kong.policies.selection import listed, own_rules, select
from gitops_kong.predict.model import Finding
from gitops_kong.sources.tree import MemoryTree

OWN = b"""
id: team-label-missing
group: correctness
severity: warning
title: An Ingress without a team
meaning: m
remediation: r
kinds: [Ingress]
unless: [object.metadata.labels.team]
expression: 'true'
message: "'no team'"
examples: {fail: [{objects: []}], pass: [{objects: []}]}
"""


def severities(settings: dict[str, dict[str, object]]) -> dict[str, str]:
    return {p.id: p.severity for p in select(settings, {}).policies}


def test_defaults_are_the_rules_own() -> None:
    assert severities({}) == {p.id: p.severity for p in built_in().values() if p.enabled}


def test_a_rules_line_wins_over_its_groups() -> None:
    found = severities({"groups": {"security": "off", "upgrade": False}, "rules": {"inline-secret": "error"}})
    assert found["inline-secret"] == "error"
    assert not {p.id for p in built_in().values() if p.group in ("security", "upgrade")} & set(found) - {
        "inline-secret"
    }
    assert severities({"rules": {"wildcard-host": True}})["wildcard-host"] == built_in()["wildcard-host"].severity


def test_rules_on_predictions_change_too() -> None:
    chosen = select({"groups": {"prediction": "warning"}, "rules": {"blocked": "off"}}, {})
    given = [Finding("blocked", "error", "b"), Finding("excluded", "error", "e"), Finding("plugin-unused", "info", "p")]
    assert [(f.rule, f.severity) for f in chosen.judged(given)] == [("excluded", "warning"), ("plugin-unused", "info")]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"rules": {"plugin-unsued": "off"}}, r"'plugin-unsued' is no rule \(did you mean plugin-unused\?\)"),
        ({"groups": {"securty": "off"}}, r"'securty' is no group \(did you mean security\?\)"),
    ],
)
def test_what_is_not_known_is_told(settings: dict[str, dict[str, str]], told: str) -> None:
    with pytest.raises(UserError, match=told):
        select(settings, {})


def test_own_rules_are_read_and_listed() -> None:
    own = own_rules(MemoryTree({".gitops-kong/policies/team.yaml": OWN, "elsewhere.yaml": b"a: 1"}))
    assert list(own) == ["team-label-missing"]
    assert "team-label-missing" in {p.id for p in select({}, own).policies}
    assert "team-label-missing" in {row.id for row in listed(own)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OWN.replace(b"team-label-missing", b"plugin-unused"), "there is another rule 'plugin-unused'"),
        (OWN.replace(b"team-label-missing", b"excluded"), "there is another rule 'excluded'"),
        (OWN.replace(b"'true'", b"'1 +'"), "team.yaml: expression:"),
        (OWN.replace(b"'true'", b"'os.system(1)'"), "team.yaml: expression:"),
        (OWN.replace(b"meaning: m", b"meaning: " + b"m" * 300_000), "at most"),
    ],
)
def test_own_rules_that_are_wrong_are_told(text: bytes, told: str) -> None:
    with pytest.raises(UserError, match=told):
        own_rules(MemoryTree({".gitops-kong/policies/team.yaml": text}))
