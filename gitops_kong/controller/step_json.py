"""A step's result as `simulate --format jsonl` prints it (CONTRACT.md, 'Scenario files and `simulate`')."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gitops_kong.controller.fallback.generate import Affected, FallbackCache
from gitops_kong.controller.loop import Push
from gitops_kong.manifests.objects import Ref
from gitops_kong.translate.state import TranslationFailure

if TYPE_CHECKING:
    from gitops_kong.controller.simulate import StepResult

UID_TAG = "k8s-uid:"


def step_json(result: StepResult) -> dict[str, Any]:
    """STEP of CONTRACT.md."""
    record = result.record
    step: dict[str, Any] = {
        "pushes": [_push(p) for p in record.pushes],
        "translationFailures": [[_failure(f) for f in failures] for failures in record.translations],
        "fallback": [_fallback(f) for f in record.fallbacks],
        "statuses": [{"object": ref.to_json(), "status": status} for ref, status in result.statuses],
        "events": [
            {"object": e.object.to_json(), "type": e.type, "reason": e.reason, "message": e.message}
            for e in record.events
        ],
        "configStatus": record.config_status,
        "updateFailed": record.failed,
        "notDecodable": _refs(result.not_decodable),
        "gatewayConfig": result.gateway_config,
    }
    if result.seen:
        step["seen"] = [
            {"object": ref.to_json(), "status": seen.status, "text": seen.text} for ref, seen in result.seen.items()
        ]
    if result.left_out:
        step["leftOut"] = [{"object": ref.to_json(), "reason": reason} for ref, reason in result.left_out.items()]
    if result.crash is not None:
        step["crash"] = result.crash
    return step


def _push(push: Push) -> dict[str, Any]:
    written = {
        "accepted": push.answer.accepted,
        "config": without_uid_tags(push.config),
        "errors": [without_uid_tags(e) for e in push.answer.errors],
    }
    return written | ({"unchanged": True} if push.answer.status == 304 else {})


def without_uid_tags(value: Any) -> Any:
    """`value` with all `k8s-uid:` tags left out."""
    if isinstance(value, dict):
        return {k: without_uid_tags(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_uid_tags(v) for v in value if not (isinstance(v, str) and v.startswith(UID_TAG))]
    return value


def _failure(failure: TranslationFailure) -> dict[str, Any]:
    return {"objects": _refs(o.ref for o in failure.objects), "message": failure.message}


def _fallback(fallback: FallbackCache) -> dict[str, Any]:
    return {
        "mode": fallback.mode,
        "broken": _refs(fallback.broken),
        "excluded": [_affected(a) for a in fallback.excluded],
        "backfilled": [_affected(a) for a in fallback.backfilled],
    }


def _affected(affected: Affected) -> dict[str, Any]:
    return {"object": affected.object.ref.to_json(), "causing": _refs(affected.causing)}


def _refs(refs: Iterable[Ref]) -> list[dict[str, str]]:
    return [ref.to_json() for ref in refs]
