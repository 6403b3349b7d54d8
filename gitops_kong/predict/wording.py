"""How outcomes are said to people: one line for the scenarios that share an outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.predict.model import SCENARIOS, Outcome, Scenario, SeenCondition

CONFIGURATION = {
    "configured": "configured",
    "excluded": "left out",
    "backfilled": "filled back with its last valid version",
    "translation-failed": "not fully translated",
    "blocked": "nothing new reaches the gateway",
    "ignored": "not taken in",
    "api-rejected": "not stored",
}
STATUS = {
    "written": "status written",
    "stale": "status keeps its old value",
    "empty": "status stays empty",
}
ROUTE_TRAFFIC = {"new": "served", "last-valid": "its last valid version is served", "none": "not served"}
OTHER_TRAFFIC = {"new": "in effect", "last-valid": "its last valid version is in effect", "none": "not in effect"}


def effects(kind: str, outcomes: Mapping[Scenario, Outcome]) -> tuple[str, ...]:
    """Lines such as `rollout, gateway-restart: left out, status stays empty, not served`."""
    by_outcome: defaultdict[Outcome, list[Scenario]] = defaultdict(list)
    for scenario, outcome in outcomes.items():
        by_outcome[outcome].append(scenario)
    return tuple(f"{when(scenarios)}: {outcome_text(kind, outcome)}" for outcome, scenarios in by_outcome.items())


def when(scenarios: list[Scenario]) -> str:
    """The scenarios' names, or `every scenario`."""
    return "every scenario" if len(scenarios) == len(SCENARIOS) else ", ".join(scenarios)


def outcome_text(kind: str, outcome: Outcome) -> str:
    """`left out, status stays empty, not served`, for an object of `kind`."""
    traffic = ROUTE_TRAFFIC if kind in ROUTE_KINDS else OTHER_TRAFFIC
    parts = (CONFIGURATION[outcome.configuration], STATUS.get(outcome.status), traffic.get(outcome.traffic))
    return ", ".join(filter(None, parts))


def status_field(kind: str) -> str:
    """The part of a status that people wait for."""
    if kind in ("Ingress", "TCPIngress", "UDPIngress"):
        return "status.loadBalancer"
    return "its Programmed condition"


def subject(kind: str) -> str:
    """What an object of the kind does when all is well."""
    return "served" if kind in ROUTE_KINDS else "configured"


def condition_lines(conditions: Iterable[SeenCondition]) -> Iterator[str]:
    """One line for the object's own conditions, and one for each listener, parent or ancestor."""
    for of, each in groupby(conditions, key=lambda condition: condition.of):
        told = ", ".join(condition.text for condition in each)
        yield f"{of}: {told}" if of else told
