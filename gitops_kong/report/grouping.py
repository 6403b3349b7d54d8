"""Findings that say the same of many objects become one group, so that a report stays short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gitops_kong.predict.model import Finding
from gitops_kong.report.model import worst_first


class Group(NamedTuple):
    """Findings of one rule with the same effects, cause and help; `findings[0]` speaks for all."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that speaks for the group."""
        return self.findings[0]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Groups, worst first."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in worst_first(tuple(findings)):
        groups.setdefault(group_key(finding), []).append(finding)
    return [Group(tuple(g)) for g in groups.values()]


def group_key(finding: Finding) -> tuple[object, ...]:
    """What findings of one group have in common."""
    root = finding.causes[0].object.ref if finding.causes else None
    kind, message = "", finding.message
    if finding.object:
        kind, message = finding.object.kind, message.replace(str(finding.object.ref), "", 1)
        root = None if root == finding.object.ref else root
    return finding.rule, finding.severity, finding.existing, finding.effects, finding.help, kind, message, root


def headline(group: Group) -> str:
    """What the group says, of all its objects: `3 Ingresses: served, but …`."""
    message = group.first.message
    if len(group.findings) == 1 or not group.first.object:
        return message
    subject = group.first.object
    return message.replace(str(subject.ref), _plural(len(group.findings), subject.kind), 1)


def _plural(number: int, kind: str) -> str:
    """`3 Ingresses`, `2 Gateways`, `2 BackendTLSPolicies`, `4 Endpoints`."""
    if kind.endswith("y") and kind[-2:-1] not in "aeiou":
        return f"{number} {kind[:-1]}ies"
    if kind.endswith("s"):
        return f"{number} {kind}es" if kind.endswith("ss") else f"{number} {kind}"
    return f"{number} {kind}s"
