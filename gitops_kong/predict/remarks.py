"""What the API server says of objects beside refusing those of the controller: old versions, rules not evaluated."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_kong.apiserver.webhook.model import CONFIGURATION
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.cluster_state import ClusterState
from gitops_kong.predict.foreign import for_another, meant_for_another
from gitops_kong.predict.model import CaughtBy, Finding
from gitops_kong.predict.rules import RULES

_VERSION = ("apiVersion",)


def remarks(
    target: str, head: ClusterState, base: ClusterState | None, options: ControllerOptions
) -> Iterator[Finding]:
    """Deprecated API versions of all objects, removed ones of kinds that the controller does not watch."""
    for ref, answer in head.remarks.items():
        existing = base is not None and ref in base.remarks
        if ref.group != CONFIGURATION:  # rules of their own say more of KongIngress, TCPIngress, UDPIngress
            for text in answer.warnings:
                yield _finding("api-deprecated", target, answer.object, f"{ref}: {text}", existing)
        for text in answer.unknown:
            message = f"{ref}: a rule of its definition is {text}"
            yield _finding("api-rule-not-evaluated", target, answer.object, message, existing, ())
    for key, answer in head.elsewhere.items():
        ref, existing = key[1], base is not None and key in base.elsewhere
        for text, _ in answer.refusals:
            message = f"The API server refuses {ref}: {text}"
            yield _finding("api-rejected", target, answer.object, message, existing, by="API server")
        for text in answer.warnings:
            yield _finding("api-deprecated", target, answer.object, f"{ref}: {text}", existing)
        if answer.unread:
            message = f"{ref}: not taken in: the controller reads {ref.kind} only in {', '.join(answer.unread)}"
            finding = _finding("not-taken-in", target, answer.object, message, existing)
            yield meant_for_another(finding) if for_another(answer.object, head, options) else finding


def _finding(
    rule: str,
    target: str,
    obj: K8sObject,
    message: str,
    existing: bool,
    path: tuple[str, ...] = _VERSION,
    by: CaughtBy | None = None,
) -> Finding:
    known = RULES[rule]
    return Finding(
        rule, known.severity, message, target, obj, path, help=known.remediation, existing=existing, caught_by=by
    )
