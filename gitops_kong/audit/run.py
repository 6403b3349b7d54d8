"""All checks of an audit, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gitops_kong.audit.classes import classes
from gitops_kong.audit.drift import drift
from gitops_kong.audit.evidence import AuditEvidence
from gitops_kong.audit.fallback import events, fallback, refused
from gitops_kong.audit.found import finding
from gitops_kong.audit.gateway import gateway
from gitops_kong.audit.rules import RULES
from gitops_kong.audit.statuses import addresses, conditions
from gitops_kong.predict.model import SEVERITIES, Finding


def not_seen(evidence: AuditEvidence) -> Iterator[Finding]:
    """What could not be read."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in evidence.not_listed:
        kinds.setdefault((each.kind, each.reason), []).append(each.namespace)
    for (kind, reason), namespaces in kinds.items():
        named = [n for n in namespaces if n]
        where = f" in {', '.join(named[:5])}{' …' if len(named) > 5 else ''}" if named else ""
        yield finding("not-seen", f"{kind}{where}: {reason}")
    if evidence.events is None:
        yield finding("not-seen", "Event: forbidden")


CHECKS: tuple[Callable[[AuditEvidence], Iterator[Finding]], ...] = (
    refused,
    fallback,
    events,
    addresses,
    classes,
    conditions,
    gateway,
    drift,
    not_seen,
)
_ORDER = {name: i for i, name in enumerate(RULES)}


# What is judged of each further controller of the cluster; the rest concerns the cluster, or was asked of one gateway
OF_A_CONTROLLER = (refused, fallback, addresses, conditions)


def audit(evidence: AuditEvidence, others: Iterable[AuditEvidence] = ()) -> tuple[Finding, ...]:
    """All findings: by severity, rule and object. `others` are the same cluster's further controllers."""
    found = [each for check in CHECKS for each in check(evidence)]
    found += [each for other in others for check in OF_A_CONTROLLER for each in check(other)]
    found = list({(f.rule, f.object.ref if f.object else None, f.message): f for f in found}.values())
    return tuple(
        sorted(found, key=lambda f: (SEVERITIES.index(f.severity), _ORDER[f.rule], f.object.ref if f.object else ()))
    )
