"""What is told of the rules, whether they judge predictions or manifests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from gitops_kong.policies.model import built_in
from gitops_kong.predict.rules import RULES


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
    known = {r.id: RuleText(*r) for r in RULES.values()}
    return known | {p.id: RuleText(p.id, p.severity, p.title, p.meaning, p.remediation) for p in built_in().values()}
