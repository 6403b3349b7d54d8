"""Priorities of expression routes made from HTTPRoutes and GRPCRoutes.

Each match gets a base priority from its own fields; among equal ones the Gateway API's order decides (age, namespace,
name, place in the route). The layout of the bits is KIC's (`EncodeToPriority` of both kinds, 3.5.13).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.translate.gotext import instant

PRECISE_HOSTNAME_SHIFT = 43
HOSTNAME_LENGTH_SHIFT = 35


@dataclass(frozen=True)
class SplitMatch:
    """One match of one rule for one host name ('' where the route has none)."""

    route: K8sObject
    hostname: str
    rule: Mapping[str, Any]
    match: Mapping[str, Any]
    rule_index: int
    match_index: int

    @property
    def hostname_in_name(self) -> str:
        """The host name as names of Kong services and routes have it."""
        return self.hostname.replace("*", "_") or "_"


def split(route: K8sObject) -> list[SplitMatch]:
    """The matches of all rules for each host name; a rule without matches counts as one empty match."""
    return [
        SplitMatch(route, hostname, rule, match, rule_index, match_index)
        for hostname in route.spec.get("hostnames") or ("",)
        for rule_index, rule in enumerate(route.spec.get("rules") or ())
        for match_index, match in enumerate(rule.get("matches") or (EMPTY,))
    ]


def hostname_priority(hostname: str) -> int:
    """The part of a priority that the host name gives."""
    precise = bool(hostname) and not hostname.startswith("*")
    return (precise << PRECISE_HOSTNAME_SHIFT) + (len(hostname) << HOSTNAME_LENGTH_SHIFT)


def with_priorities(
    matches: Iterable[SplitMatch], base_priority: Callable[[SplitMatch], int], order_bits: int
) -> list[tuple[SplitMatch, int]]:
    """Each match with its priority; `order_bits` lowest bits tell equal base priorities apart, highest first."""
    by_priority: defaultdict[int, list[SplitMatch]] = defaultdict(list)
    for match in matches:
        by_priority[base_priority(match)].append(match)
    highest = (1 << order_bits) - 1
    result: list[tuple[SplitMatch, int]] = []
    for base, equals in by_priority.items():
        # The same match for two host names of equal length: KIC's comparison then says that the later one comes
        # first, so its stable sort turns them round.
        equals.reverse()
        equals.sort(key=_order)
        result.extend((match, base + highest - i) for i, match in enumerate(equals))
    return result


def _order(match: SplitMatch) -> tuple[str, str, str, int, int]:
    created = instant(match.route.metadata.get("creationTimestamp"))
    return created, match.route.namespace, match.route.name, match.rule_index, match.match_index
