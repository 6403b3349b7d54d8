"""The controller's Events: what it could not translate or what the gateway refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from gitops_kong.live.client import ApiError, Client
from gitops_kong.live.lists import Resource, list_all
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import Ref

EVENTS = Resource("v1", "Event", "events")
# KIC `internal/dataplane/kong_client.go`
REASONS = (
    "KongConfigurationApplyFailed",
    "FallbackKongConfigurationApplyFailed",
    "KongConfigurationTranslationFailed",
    "FallbackKongConfigurationTranslationFailed",
)


class Event(NamedTuple):
    """One Event; `last` is when it was told last, `times` how often."""

    object: Ref
    reason: str
    message: str
    last: datetime | None
    times: int


def read_events(
    client: Client, namespaces: tuple[str, ...] = (), say: Callable[[str], None] = lambda _: None
) -> list[Event] | None:
    """The Events of the controller on objects; None where they may not be listed."""
    found = []
    try:
        for namespace in namespaces or ("",):
            for reason in REASONS:
                for item in list_all(client, EVENTS, namespace, say, {"fieldSelector": f"reason={reason}"}).items:
                    involved = mapping(item.get("involvedObject"))
                    group = str(involved.get("apiVersion") or "").rpartition("/")[0]
                    ref = Ref(group, *(str(involved.get(key) or "") for key in ("kind", "namespace", "name")))
                    series = mapping(item.get("series"))
                    last = item.get("lastTimestamp") or series.get("lastObservedTime") or item.get("eventTime")
                    count = item.get("count") or series.get("count") or 1
                    found.append(Event(ref, reason, str(item.get("message") or ""), _instant(last), int(count)))
    except ApiError as e:
        if e.status != 403:
            raise
        return None
    return found


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
