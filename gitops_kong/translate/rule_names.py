"""Names of Gateway API rules, which become tags of Kong routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions


def rule_names(rules: Iterable[Mapping[str, Any]], options: ControllerOptions) -> list[str]:
    """The names of those rules that have one (GEP-995), for versions that make tags of them."""
    if not options.behaviours["named-route-rule-tags"]:
        return []
    return [name for rule in rules if (name := rule.get("name"))]
