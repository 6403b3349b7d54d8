"""What an operator sees of each outcome: Events, log lines and metrics, in the words of the real controller.

Sources: KIC `internal/dataplane/kong_client.go`, `sendconfig`, `internal/metrics/prometheus.go`. `GATEWAY` stands for
the address of a gateway's Admin API. Log lines of the debug level are not listed: they are off by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from gitops_kong.controller.loop import Record

Outcome = Literal[
    "translation-failed",
    "rejected",
    "rejected-without-object",
    "gateway-error",
    "fallback-accepted",
    "fallback-rejected",
    "last-valid-pushed",
    "crash",
]


class Sign(NamedTuple):
    """One thing to see, and where: `Event`, `Event on the Pod`, `log` or `metric`."""

    where: str
    text: str


def _event(reason: str, text: str) -> Sign:
    return Sign("Event", f"Warning {reason} on {text}")


def _pod(reason: str, text: str) -> Sign:
    kind = "Normal" if reason.endswith("Succeeded") else "Warning"
    return Sign("Event on the Pod", f"{kind} {reason}: {text}")


_PUSH = "ingress_controller_configuration_push"
_FALLBACK_PUSH = "ingress_controller_fallback_configuration_push"
_LABELS = 'protocol="db-less"'

SIGNS: Mapping[Outcome, tuple[Sign, ...]] = {
    "translation-failed": (
        _event("KongConfigurationTranslationFailed", "each object that could not be translated"),
        Sign("metric", "ingress_controller_translation_broken_resource_count above 0"),
        Sign("metric", 'ingress_controller_translation_count{success="false"} grows'),
    ),
    "rejected": (
        _event("KongConfigurationApplyFailed", "each object that the gateway's errors name"),
        _pod("KongConfigurationApplyFailed", "failed to apply Kong configuration to GATEWAY: …"),
        Sign("log", "Could not update kong admin"),
        Sign("metric", f'{_PUSH}_count{{success="false",{_LABELS},failure_reason="other"}} grows'),
        Sign("metric", f"{_PUSH}_broken_resource_count above 0; {_PUSH}_last_successful stands still"),
    ),
    "rejected-without-object": (
        _pod("KongConfigurationApplyFailed", "failed to apply Kong configuration to GATEWAY: …"),
        Sign(
            "log",
            "API error returned from the gateway for an entity is missing Kubernetes metadata in tags, Kubernetes Event"
            " won't be created (before 3.4: Entity tags missing fields), or: Config error missing per-resource errors",
        ),
        Sign("log", "Could not update kong admin"),
        Sign("metric", f'{_PUSH}_count{{success="false",{_LABELS},failure_reason="other"}} grows'),
    ),
    "gateway-error": (
        _pod("KongConfigurationApplyFailed", "failed to apply Kong configuration to GATEWAY: … HTTP status 500 …"),
        Sign("log", "Could not update kong admin"),
        Sign("metric", f"{_PUSH}_last_successful stands still; no push is counted as failed"),
    ),
    "fallback-accepted": (
        _pod("FallbackKongConfigurationSucceeded", "successfully applied fallback Kong configuration to GATEWAY"),
        Sign("log", "Successfully recovered from configuration rejection with fallback configuration"),
        Sign("metric", f'{_FALLBACK_PUSH}_count{{success="true",{_LABELS}}} grows; {_FALLBACK_PUSH}_last moves'),
    ),
    "fallback-rejected": (
        _event("FallbackKongConfigurationApplyFailed", "each object that the gateway's errors name"),
        _pod("FallbackKongConfigurationApplyFailed", "failed to apply fallback Kong configuration to GATEWAY: …"),
        Sign("log", "Failed to recover from configuration rejection with fallback configuration"),
        Sign("metric", f'{_FALLBACK_PUSH}_count{{success="false",{_LABELS},failure_reason="other"}} grows'),
    ),
    "last-valid-pushed": (
        _pod("FallbackKongConfigurationSucceeded", "successfully applied fallback Kong configuration to GATEWAY"),
        Sign("metric", f'{_FALLBACK_PUSH}_count{{success="true",{_LABELS}}} grows'),
    ),
    "crash": (
        Sign("log", "panic: … and a stack trace; the container restarts (CrashLoopBackOff when it goes on)"),
        Sign("metric", "kube_pod_container_status_restarts_total of the controller grows"),
    ),
}


def outcomes(record: Record, crashed: bool = False) -> Iterator[Outcome]:
    """The outcomes of one or more runs of the update loop, in the order in which they happen."""
    if any(record.translations):
        yield "translation-failed"
    regular = [p for p in record.pushes if not p.fallback and not p.answer.accepted]
    if any(p.answer.status != 400 for p in regular):
        yield "gateway-error"
    elif regular:
        named = any(e.reason == "KongConfigurationApplyFailed" for e in record.events)
        yield "rejected" if named else "rejected-without-object"
    fallback = [p for p in record.pushes if p.fallback]
    if any(not p.answer.accepted for p in fallback):
        yield "fallback-rejected"
    if any(p.answer.accepted for p in fallback):
        recovered = bool(record.fallbacks) and fallback[0].answer.accepted
        yield "fallback-accepted" if recovered else "last-valid-pushed"
    if crashed:
        yield "crash"


# Before 3.4 each Event on an object of these outcomes has a log line.
_LOGGED: frozenset[Outcome] = frozenset({"translation-failed", "rejected", "fallback-rejected"})
_LOG_LINE = Sign("log", "recording a Warning event for object … object failed to apply")


def signs(record: Record, behaviours: Mapping[str, bool], crashed: bool = False) -> list[Sign]:
    """All that an operator of a controller with `behaviours` sees of one or more runs, each sign once."""
    happened = list(outcomes(record, crashed))
    found = [sign for outcome in happened for sign in SIGNS[outcome]]
    if not behaviours["failures-logged-for-debugging-only"] and not _LOGGED.isdisjoint(happened):
        found.append(_LOG_LINE)
    return list(dict.fromkeys(found))
