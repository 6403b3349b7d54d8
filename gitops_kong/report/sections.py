"""What is told of targets, each thing once: a broken base that thirty overlays share is one thing to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitops_kong.predict.model import SEVERITIES, TargetPrediction
from gitops_kong.report.grouping import Group

NAMED_TARGETS = 5
NOTE = 2 * len(SEVERITIES)  # the rank of what is no finding


class Told(NamedTuple):
    """Something told of a target: how grave it is (0 the worst) and its lines; `findings` are those that it tells."""

    rank: int
    lines: tuple[str, ...]
    findings: int = 0


class Section(NamedTuple):
    """Targets, and what is told of each of them and of no other, worst first."""

    targets: tuple[TargetPrediction, ...]
    told: tuple[Told, ...]


def rank(group: Group) -> int:
    """How grave a group is: new before existing, errors before warnings."""
    return SEVERITIES.index(group.first.severity) + len(SEVERITIES) * group.first.existing


def sections(told: Iterable[tuple[TargetPrediction, Iterable[Told]]]) -> list[Section]:
    """Things by the targets that share them, the worst first."""
    sharing: dict[Told, list[TargetPrediction]] = {}
    for target, things in told:
        for thing in things:
            sharing.setdefault(thing, []).append(target)
    by_targets: dict[tuple[int, ...], tuple[list[TargetPrediction], list[Told]]] = {}
    for thing, targets in sharing.items():
        by_targets.setdefault(tuple(map(id, targets)), (targets, []))[1].append(thing)
    found = [Section(tuple(targets), tuple(things)) for targets, things in by_targets.values()]
    return sorted(found, key=lambda section: min(thing.rank for thing in section.told))


def names(targets: Sequence[TargetPrediction], all_of_them: bool = False) -> str:
    """`production, staging`, of many the first few and how many more."""
    shown = targets if all_of_them else targets[:NAMED_TARGETS]
    more = len(targets) - len(shown)
    return ", ".join(t.target for t in shown) + (f" and {more} more" if more else "")
