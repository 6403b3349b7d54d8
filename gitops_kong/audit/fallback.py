"""What is refused, left out or served in an older version right now."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_kong.audit.evidence import AuditEvidence
from gitops_kong.audit.found import finding
from gitops_kong.controller.errors import parse
from gitops_kong.live.diagnostics import Affected
from gitops_kong.live.events import Event
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.predict.model import Finding


def refused(evidence: AuditEvidence) -> Iterator[Finding]:
    """What the gateway refuses: as the controller's diagnostics tell, and as is predicted of the objects of now."""
    scrub = Scrubber(evidence.state.store)
    told: set[Ref] = set()
    diagnostics = evidence.diagnostics
    if diagnostics is not None and (diagnostics.failed is not None or diagnostics.fallback):
        for failure in parse(diagnostics.errors).failures:
            told.add(failure.object)
            yield finding("gateway-refuses", scrub(failure.message), _object(failure.object, evidence))
    for ref, causes in evidence.reader.refusals.by_object.items():
        if ref not in told:
            for cause in causes:
                yield finding("gateway-refuses", f"{cause.message} (predicted)", cause.object, cause.path)


def fallback(evidence: AuditEvidence) -> Iterator[Finding]:
    """What the fallback configuration leaves out or takes from before: as the controller tells, else as predicted."""
    diagnostics = evidence.diagnostics
    if diagnostics is not None:
        if diagnostics.fallback:
            for rule, affected in (("excluded-now", diagnostics.excluded), ("backfilled-now", diagnostics.backfilled)):
                yield from (finding(rule, _because(each), _object(each.ref, evidence)) for each in affected)
        return
    life = evidence.reader.life
    if evidence.reader.runs != "fallback" or life.fallback is None:
        return
    for each in life.fallback.excluded:
        causes = ", ".join(map(str, dict.fromkeys(each.causing))) or "its cause is not told"
        yield finding("excluded-now", f"because of {causes} (predicted)", each.object)


def events(evidence: AuditEvidence) -> Iterator[Finding]:
    """The newest Event of each object and reason, of objects that are still there."""
    scrub = Scrubber(evidence.state.store)
    newest: dict[tuple[Ref, str, str], Event] = {}
    for event in evidence.events or ():
        old = event.last is None or evidence.now - event.last > evidence.events_within
        if old or event.object not in evidence.state.stored:
            continue
        key = (event.object, event.reason.removeprefix("Fallback"), event.message)
        known = newest.get(key)
        if known is None or (known.last and event.last and known.last < event.last):
            newest[key] = event
    for event in newest.values():
        often = "once" if event.times == 1 else f"{event.times} times"
        last = event.last.strftime("%Y-%m-%dT%H:%M:%SZ") if event.last else "at an unknown time"
        message = f"{event.reason}: {scrub(event.message)} ({often}, last {last})"
        yield finding("configuration-event", message, evidence.state.stored[event.object])


def _because(affected: Affected) -> str:
    return f"because of {', '.join(dict.fromkeys(affected.causes))}" if affected.causes else "its cause is not told"


def _object(ref: Ref, evidence: AuditEvidence) -> K8sObject | Ref:
    return evidence.live.get(ref) or ref
