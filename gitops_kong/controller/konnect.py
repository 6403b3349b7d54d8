"""The node status that the controller tells Konnect (KIC `clients.CalculateConfigStatus`)."""

from __future__ import annotations

from typing import Literal

ConfigStatus = Literal["OK", "TranslationErrorHappened", "ApplyFailed"]


def config_status(translation_failed: bool, apply_failed: bool) -> ConfigStatus:
    """The status of the regular configuration; a fallback that the gateway accepts does not change it."""
    if apply_failed:
        return "ApplyFailed"
    return "TranslationErrorHappened" if translation_failed else "OK"
