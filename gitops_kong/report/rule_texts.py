"""What is told of the rules, whether they judge predictions or manifests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from gitops_kong.policies.selection import listed


class RuleText(NamedTuple):
    """What is told of a rule."""

    id: str
    severity: str
    title: str
    meaning: str
    remediation: str


@cache
def rule_texts() -> Mapping[str, RuleText]:
    """Every built-in rule by its name."""
    return {r.id: RuleText(r.id, r.severity, r.title, r.meaning, r.remediation) for r in listed()}
