"""Every difference between controller versions, as one table.

A row is a behaviour that some versions have: `since` is the first version with it, `until` the first without it
again (`None`: open). Other packages get `behaviours(version)` in their options and ask for a row by its name; they
never compare versions. Sources are named by KIC's file and function, or by its pull request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Version = tuple[int, int, int]

OLDEST: Version = (3, 2, 0)
NEWEST_KNOWN: Version = (3, 5, 13)


class Behaviour(NamedTuple):
    """One difference: the versions in [since, until) have it."""

    name: str
    since: Version | None
    until: Version | None
    effect: str


BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour(
        "fallback-reports-objects",
        (3, 4, 4),
        None,
        "Objects in an accepted fallback configuration are reported as configured; before, nothing is reported after"
        " a fallback push (KongClient.Update; issue 7172, pull request 7306).",
    ),
)


@dataclass(frozen=True)
class GateDefault:
    """A feature gate's default: on in [on_since, …)."""

    gate: str
    on_since: Version | None


FEATURE_GATE_DEFAULTS: tuple[GateDefault, ...] = (
    GateDefault("FillIDs", OLDEST),
    GateDefault("KongCustomEntity", (3, 3, 0)),
    GateDefault("FallbackConfiguration", None),
    GateDefault("RewriteURIs", None),
    GateDefault("KongServiceFacade", None),
    GateDefault("GatewayAlpha", None),
    GateDefault("SanitizeKonnectConfigDumps", OLDEST),
    GateDefault("CombinedServicesFromDifferentHTTPRoutes", None),
)


def behaviours(version: Version) -> dict[str, bool]:
    """Every row's name and whether `version` has it."""
    return {
        row.name: (row.since is None or version >= row.since) and (row.until is None or version < row.until)
        for row in BEHAVIOURS
    }


def feature_gates(version: Version) -> dict[str, bool]:
    """The defaults of all feature gates in `version`."""
    return {row.gate: row.on_since is not None and version >= row.on_since for row in FEATURE_GATE_DEFAULTS}
