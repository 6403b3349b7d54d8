"""docs/live.md tells of every rule of `audit`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_kong.audit.rules import RULES

TEXT = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_of_audit_is_told(name: str) -> None:
    rule = RULES[name]
    assert f"| `{name}` | {rule.severity} | {rule.title}. {rule.meaning} |" in TEXT
