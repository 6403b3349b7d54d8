"""Kubernetes Events that the controller records, with the reasons and messages of the real ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gitops_kong.controller.errors import ResourceFailure
from gitops_kong.manifests.objects import Ref
from gitops_kong.translate.state import TranslationFailure

# Reasons (KIC `internal/dataplane/kong_client.go`); a fallback's have the prefix `Fallback`.
APPLY_SUCCEEDED = "KongConfigurationSucceeded"
TRANSLATION_FAILED = "KongConfigurationTranslationFailed"
APPLY_FAILED = "KongConfigurationApplyFailed"


class Event(NamedTuple):
    """One Event on one object."""

    object: Ref
    type: str
    reason: str
    message: str


def translation_events(failures: Iterable[TranslationFailure], reason: str) -> list[Event]:
    """An Event on each object that a translation failure names."""
    return [Event(obj.ref, "Warning", reason, failure.message) for failure in failures for obj in failure.objects]


def failure_events(failures: Iterable[ResourceFailure], reason: str, fallback: bool) -> list[Event]:
    """An Event on each object that the gateway's errors name."""
    reason = f"Fallback{reason}" if fallback else reason
    return [Event(failure.object, "Warning", reason, failure.message) for failure in failures]
