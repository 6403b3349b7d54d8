"""Every rule's own examples, and what the engine does with a rule that is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import controller_options
from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.engine import judge, judge_controller
from gitops_kong.policies.model import Policy, built_in, read_policy

RULES = built_in()


def run(policy: Policy, example: Mapping[str, Any]) -> list[str]:
    controller = example.get("controller") or {}
    options = controller_options(
        str(controller.get("version") or "3.5.13"), feature_gates=controller.get("featureGates") or {}
    )
    store = ObjectStore(K8sObject(o) for o in example.get("objects") or ())
    found = [*judge_controller([policy], options), *judge([policy], "t", store, {}, options)]
    return [f"{f.severity} {f.rule}: {f.message}" for f in found]


@pytest.mark.parametrize("policy", RULES.values(), ids=lambda p: p.id)
def test_examples(policy: Policy) -> None:
    for example in policy.examples["fail"]:
        found = run(policy, example)
        assert found, f"{policy.id} does not find {example}"
        assert all(line.startswith(f"{policy.severity} {policy.id}: ") for line in found), found
    for example in policy.examples["pass"]:
        assert run(policy, example) == []


def test_there_are_rules_and_their_files_are_named_after_them() -> None:
    assert len(RULES) >= 5
    assert list(RULES) == sorted(RULES)


def test_a_rule_that_cannot_be_evaluated_is_info() -> None:
    policy = replace(RULES["plugin-unused"], expression="object.nothing.there == 1", relations=())
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
