"""What an operator sees of each outcome: Events, log lines and metrics, in the words of the real controller.

Sources: KIC `internal/dataplane/kong_client.go`, `sendconfig.PerformUpdate`, `internal/metrics/prometheus.go`: these
metrics have the same names in 3.2 - 3.5. `GATEWAY` stands for the address of a gateway's Admin API. Log lines of the
debug level are not listed: they are off by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.events import APPLY_FAILED, TRANSLATION_FAILED
from gitops_kong.controller.loop import Record

Outcome = Literal[
    "translation-failed",
    "rejected",
    "also-rejected-without-object",
    "rejected-without-object",
    "rejected-without-entity",
    "gateway-error",
    "fallback-translation-failed",
    "fallback-accepted",
    "fallback-rejected",
    "last-valid-pushed",
    "last-valid-rejected",
    "crash",
]


class Sign(NamedTuple):
    """One thing to see, and where: `Event`, `Event on the Pod`, `log` or `metric`.

    `row` is a row of `versions` that a controller must have for it, or must not have where it starts with `not `.
    """

    where: str
    text: str
    row: str = ""

    def shown(self, behaviours: Mapping[str, bool]) -> bool:
        """Whether a controller with `behaviours` shows it."""
        return not self.row or behaviours[self.row.removeprefix("not ")] is not self.row.startswith("not ")


def _event(reason: str, text: str) -> Sign:
    return Sign("Event", f"Warning {reason} on {text}")


def _pod(reason: str, text: str) -> Sign:
    kind = "Normal" if reason.endswith("Succeeded") else "Warning"
    return Sign("Event on the Pod", f"{kind} {reason}: {text}")


_PUSH = "ingress_controller_configuration_push"
_FALLBACK_PUSH = "ingress_controller_fallback_configuration_push"
_FAILED = 'success="false",protocol="db-less",failure_reason="other"'
_SUCCEEDED = 'success="true",protocol="db-less"'
_REFUSED = _pod("KongConfigurationApplyFailed", "failed to apply Kong configuration to GATEWAY: …")
_REFUSED_AGAIN = _pod(
    "FallbackKongConfigurationApplyFailed", "failed to apply fallback Kong configuration to GATEWAY: …"
)
_NOT_UPDATED = Sign("log", "error: Could not update kong admin")
_COUNTED = Sign("metric", f"{_PUSH}_count{{{_FAILED}}} grows; {_PUSH}_last_successful stands still")
_COUNTED_AGAIN = Sign("metric", f"{_FALLBACK_PUSH}_count{{{_FAILED}}} grows")
_NOT_COUNTED = Sign("metric", f"{_PUSH}_last_successful stands still; {_PUSH}_count does not count it")
_OBJECT_LOGGED = Sign(
    "log",
    "error: recording a Warning event for object … object failed to apply",
    "not failures-logged-for-debugging-only",
)
_NAMED = "each object that the gateway's errors name"

_UNTAGGED_LOGGED = (
    Sign(
        "log",
        "error: API error returned from the gateway for an entity is missing Kubernetes metadata in tags, Kubernetes"
        " Event won't be created",
        "untagged-errors-logged-in-full",
    ),
    Sign("log", "error: Entity tags missing fields", "not untagged-errors-logged-in-full"),
)

SIGNS: Mapping[Outcome, tuple[Sign, ...]] = {
    "translation-failed": (
        _event("KongConfigurationTranslationFailed", "each object that could not be translated"),
        _OBJECT_LOGGED,
        Sign("metric", "ingress_controller_translation_broken_resource_count above 0"),
        Sign("metric", 'ingress_controller_translation_count{success="false"} grows'),
    ),
    "rejected": (
        _event("KongConfigurationApplyFailed", _NAMED),
        _REFUSED,
        _OBJECT_LOGGED,
        _NOT_UPDATED,
        _COUNTED,
        Sign("metric", f"{_PUSH}_broken_resource_count above 0"),
    ),
    "also-rejected-without-object": _UNTAGGED_LOGGED,
    "rejected-without-object": (
        _REFUSED,
        *_UNTAGGED_LOGGED,
        _NOT_UPDATED,
        _COUNTED,
    ),
    "rejected-without-entity": (
        _REFUSED,
        Sign("log", "error: Could not fully parse config error … declarative config is invalid: …"),
        _NOT_UPDATED,
        _NOT_COUNTED,
    ),
    "gateway-error": (
        _pod("KongConfigurationApplyFailed", "failed to apply Kong configuration to GATEWAY: … HTTP status 500 …"),
        _NOT_UPDATED,
        _NOT_COUNTED,
    ),
    "fallback-translation-failed": (
        _event("FallbackKongConfigurationTranslationFailed", "each object that could not be translated"),
        _OBJECT_LOGGED,
        Sign("metric", "ingress_controller_fallback_translation_broken_resource_count above 0"),
        Sign("metric", 'ingress_controller_fallback_translation_count{success="false"} grows'),
    ),
    "fallback-accepted": (
        _pod("FallbackKongConfigurationSucceeded", "successfully applied fallback Kong configuration to GATEWAY"),
        Sign("log", "info: Successfully recovered from configuration rejection with fallback configuration"),
        Sign("metric", f"{_FALLBACK_PUSH}_count{{{_SUCCEEDED}}} grows; {_FALLBACK_PUSH}_last moves"),
    ),
    "fallback-rejected": (
        _event("FallbackKongConfigurationApplyFailed", _NAMED),
        _REFUSED_AGAIN,
        _OBJECT_LOGGED,
        Sign("log", "error: Failed to recover from configuration rejection with fallback configuration"),
        _COUNTED_AGAIN,
        Sign("metric", f"{_FALLBACK_PUSH}_broken_resource_count above 0"),
    ),
    "last-valid-pushed": (
        _pod("FallbackKongConfigurationSucceeded", "successfully applied fallback Kong configuration to GATEWAY"),
        Sign("metric", f"{_FALLBACK_PUSH}_count{{{_SUCCEEDED}}} grows; {_FALLBACK_PUSH}_last moves"),
    ),
    "last-valid-rejected": (_REFUSED_AGAIN, _COUNTED_AGAIN),
    "crash": (
        Sign("log", "panic: … and a stack trace; the container restarts (CrashLoopBackOff when it goes on)"),
        Sign("metric", "kube_pod_container_status_restarts_total of the controller grows"),
    ),
}


def outcomes(record: Record, crashed: bool = False) -> Iterator[Outcome]:
    """The outcomes of one or more runs of the update loop, in the order in which they happen."""
    reasons = {event.reason for event in record.events}
    if TRANSLATION_FAILED in reasons:
        yield "translation-failed"
    refused = [p.answer for p in record.pushes if not p.fallback and not p.answer.accepted]
    if any(answer.status != 400 for answer in refused):
        yield "gateway-error"
    elif any(not answer.errors for answer in refused):
        yield "rejected-without-entity"
    elif refused:
        named = APPLY_FAILED in reasons
        yield "rejected" if named else "rejected-without-object"
        if named and any(object_of_tags(e.get("entityTags") or ()) is None for a in refused for e in a.errors):
            yield "also-rejected-without-object"
    if f"Fallback{TRANSLATION_FAILED}" in reasons:
        yield "fallback-translation-failed"
    fallback = [p for p in record.pushes if p.fallback]
    if any(not p.answer.accepted for p in fallback):
        yield "fallback-rejected" if record.fallbacks else "last-valid-rejected"
    if any(p.answer.accepted for p in fallback):
        recovered = bool(record.fallbacks) and fallback[0].answer.accepted
        yield "fallback-accepted" if recovered else "last-valid-pushed"
    if crashed:
        yield "crash"


def signs(record: Record, behaviours: Mapping[str, bool], crashed: bool = False) -> list[Sign]:
    """All that an operator of a controller with `behaviours` sees of one or more runs, each sign once."""
    found = (sign for outcome in outcomes(record, crashed) for sign in SIGNS[outcome])
    return [sign for sign in dict.fromkeys(found) if sign.shown(behaviours)]
