"""Expectations of scenario files: what matches, what is reported, what --update writes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from gitops_kong.controller.expectations import differences, filled
from gitops_kong.controller.scenario_update import updated
from gitops_kong.errors import UserError

GATE = {"kind": "Ingress", "namespace": "shop", "name": "gate"}


@pytest.mark.parametrize(
    ("expected", "actual", "paths"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({"l": []}, {"l": []}, []),
        ({"l": []}, {"l": [1]}, ["l"]),
        ({"l": [2]}, {"l": [1, 2]}, []),
        ({"l": [2, 2]}, {"l": [1, 2]}, ["l[1]"]),
        ({"l": [{"x": 1}]}, {"l": [{"x": 2, "y": 1}]}, ["l[0].x"]),
        ({"l": [{"x": 1}]}, {"l": [{"y": 1}, {"x": 1, "z": 1}]}, []),
        ({"l": [1]}, {"l": "text"}, ["l"]),
    ],
)
def test_subsets(expected: dict[str, Any], actual: dict[str, Any], paths: list[str]) -> None:
    assert [d.path for d in differences(expected, actual)] == paths


def test_a_missing_item_is_shown_beside_the_one_about_the_same_object() -> None:
    wanted = {"object": GATE, "status": "Succeeded"}
    actual = [{"object": {**GATE, "name": "x"}, "status": "Failed"}, {"object": GATE, "status": "Unknown"}]
    (found,) = differences({"statuses": [wanted]}, {"statuses": actual})
    assert "Succeeded" in str(found)
    assert found.actual == actual[1]


def test_update_fills_the_named_parts_or_the_usual_ones() -> None:
    actual = {"gatewayConfig": "push 0", "updateFailed": False, "statuses": [], "events": [], "pushes": []}
    assert filled({"gatewayConfig": "x"}, actual) == {"gatewayConfig": "push 0"}
    assert set(filled({}, actual)) == {"gatewayConfig", "updateFailed", "statuses", "events"}


YAML = """\
# A comment that stays
name: shop
steps:
  - manifests: a.yaml  # the first
    expect:
      gatewayConfig: push 9
      events: []

  # between
  - manifests: b.yaml
    expect: {}
  - manifests: c.yaml
# the end
"""


def test_update_leaves_all_other_text() -> None:
    text = updated(YAML, False, [{"gatewayConfig": "push 0"}, {"events": [{"reason": "x"}]}, None])
    steps = yaml.safe_load(text)["steps"]
    assert [s.get("expect") for s in steps] == [{"gatewayConfig": "push 0"}, {"events": [{"reason": "x"}]}, None]
    for line in ("# A comment that stays", "  - manifests: a.yaml  # the first", "  # between", "# the end"):
        assert line in text.splitlines()


def test_update_adds_what_is_missing() -> None:
    text = updated("steps:\n- manifests: a.yaml\n- manifests: b.yaml", False, [{"a": 1}, {"b": [2]}])
    assert [s["expect"] for s in yaml.safe_load(text)["steps"]] == [{"a": 1}, {"b": [2]}]


def test_update_of_json_and_of_flow_style() -> None:
    assert '"expect"' in updated('{"steps": [{"manifests": "a.yaml"}]}', True, [{"a": 1}])
    with pytest.raises(UserError):
        updated("steps: [{manifests: a.yaml}]", False, [{"a": 1}])
