"""Every rule's own examples, and what the engine does with a rule that is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gitops_kong.errors import UserError
from gitops_kong.policies.examples import failures, run_example
from gitops_kong.policies.model import Policy, built_in, read_policy

RULES = built_in()


def run(policy: Policy, example: Mapping[str, Any]) -> list[str]:
    return [f"{f.severity} {f.rule}: {f.message}" for f in run_example(policy, example)]


@pytest.mark.parametrize("policy", RULES.values(), ids=lambda p: p.id)
def test_examples(policy: Policy) -> None:
    assert list(failures([policy])) == []
    for example in policy.examples["fail"]:
        assert all(line.startswith(f"{policy.severity} {policy.id}: ") for line in run(policy, example))


def test_there_are_rules_and_their_files_are_named_after_them() -> None:
    assert len(RULES) >= 25
    assert list(RULES) == sorted(RULES)


def test_a_rule_that_cannot_be_evaluated_is_info() -> None:
    policy = replace(
        RULES["plugin-unused"], expression="object.nothing.there == 1", relations=(), variables=("object",)
    )
    found = run(policy, RULES["plugin-unused"].examples["fail"][0])
    assert [line.split(":")[0] for line in found] == ["info plugin-unused"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"- a", "one rule is expected"),
        (b"id: x", "'group' is missing"),
        (b"a: 1\nb: 2\nid: x", "'group' is missing"),
    ],
)
def test_a_rule_that_cannot_be_read_is_told(text: bytes, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_policy(text, "x.yaml")
