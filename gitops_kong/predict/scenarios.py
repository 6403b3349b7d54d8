"""Base and head through the scenarios: predictions for every object, and findings from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_kong.controller.signs import signs
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.predict.cluster_state import ClusterState
from gitops_kong.predict.conditions import Conditions
from gitops_kong.predict.findings import Verdicts, findings
from gitops_kong.predict.life import Life, World, lives
from gitops_kong.predict.model import (
    IGNORED,
    PLAIN,
    SCENARIOS,
    Cause,
    Change,
    Outcome,
    Prediction,
    Scenario,
    TargetPrediction,
)
from gitops_kong.predict.outcomes import LifeReader, Verdict


def predict(
    target: str,
    base: ClusterState | None,
    head: ClusterState,
    world: World,
    scenarios: Sequence[Scenario] = SCENARIOS,
    assumptions: Iterable[str] = (),
    base_world: World | None = None,
) -> TargetPrediction:
    """All predictions and findings of one target.

    `base` is what the cluster runs; None where it is not known: then every object is new to an empty cluster.
    `base_world` is the controller and gateway that run it, where the change replaces them as well.
    """
    readers = _readers(base, head, world, scenarios, base_world)
    changed = changes(base, head)
    verdicts = _all_verdicts(readers, head, Conditions(head, world.options))
    predictions = tuple(_predictions(verdicts, head, changed))
    before = None
    if base is not None and any(not p.plain and p.outcome != IGNORED for p in predictions):
        before = _all_verdicts(_readers(base, base, base_world or world, scenarios), base)
    found = tuple(findings(target, readers, verdicts, before, head, world.gateway.schemas, world.options, base))
    return TargetPrediction(
        target,
        predictions,
        found,
        objects=len(head.stored),
        changed=sum(change != "unchanged" for change in changed.values()) if base is not None else 0,
        assumptions=tuple(assumptions),
        signs=_signs(next(iter(readers.values())).life, world),
        scenarios=tuple(readers),
        worse=_worse(verdicts, before) if before is not None else frozenset(),
        removed=tuple(base.stored[ref] for ref, change in changed.items() if change == "removed") if base else (),
    )


# What a person would rather have, first; where the configuration differs only, nothing is worse.
_RANKS: dict[str, int] = {
    "written": 0,
    "new": 0,
    "not-applicable": 0,
    "stale": 1,
    "last-valid": 1,
    "empty": 2,
    "none": 2,
}


def _worse(verdicts: Verdicts, before: Verdicts) -> frozenset[Ref]:
    """Objects whose status or traffic is worse than with the base alone, or that are new and not as they should be."""
    return frozenset(
        ref
        for scenario, found in verdicts.items()
        for ref, verdict in found.items()
        if verdict.outcome not in PLAIN and _is_worse(verdict.outcome, before[scenario].get(ref))
    )


def _is_worse(new: Outcome, before: Verdict | None) -> bool:
    old = before.outcome if before else None
    if old is None or old in PLAIN:
        return True
    return _RANKS[new.status] > _RANKS[old.status] or _RANKS[new.traffic] > _RANKS[old.traffic]


def _signs(life: Life, world: World) -> tuple[str, ...]:
    """What an operator sees in the first of the wanted scenarios, nothing where all went well."""
    seen = signs(life.record, world.options.behaviours, life.crash is not None)
    events = (f"Event {e.type} {e.reason} on {e.object}: {e.message}" for e in life.record.events)
    konnect = life.record.config_status
    found = [*events, *(f"{sign.where}: {sign.text}" for sign in seen if sign.where != "Event")]
    if konnect not in (None, "OK"):
        found.append(f"Konnect: {konnect}")
    return tuple(dict.fromkeys(map(Scrubber(life.store), found)))


def _readers(
    base: ClusterState | None,
    head: ClusterState,
    world: World,
    scenarios: Sequence[Scenario],
    base_world: World | None = None,
) -> dict[Scenario, LifeReader]:
    found: Mapping[Scenario, Life] = lives(base.store if base else None, head.store, world, scenarios, base_world)
    return {scenario: LifeReader(found[scenario], world) for scenario in SCENARIOS if scenario in found}


def _all_verdicts(
    readers: Mapping[Scenario, LifeReader], state: ClusterState, conditions: Conditions | None = None
) -> dict[Scenario, dict[Ref, Verdict]]:
    """Verdicts of every scenario; lives that end alike share them."""
    judged: list[tuple[LifeReader, dict[Ref, Verdict]]] = []
    verdicts: dict[Scenario, dict[Ref, Verdict]] = {}
    for scenario, reader in readers.items():
        alike = next((known for other, known in judged if reader.ends_like(other)), None)
        if alike is None:
            alike = _verdicts(reader, state, conditions)
            judged.append((reader, alike))
        verdicts[scenario] = alike
    return verdicts


def _verdicts(reader: LifeReader, state: ClusterState, conditions: Conditions | None) -> dict[Ref, Verdict]:
    verdicts: dict[Ref, Verdict] = {}
    for ref, obj in state.stored.items():
        reason = state.left_out.get(ref)
        verdicts[ref] = Verdict(IGNORED, (Cause(obj, reason),)) if reason else reader.verdict(obj, conditions)
    for ref, answer in state.refused.items():
        stands = verdicts.get(ref)
        outcome = Outcome("api-rejected", "stale", "last-valid") if stands else Outcome("api-rejected", "empty", "none")
        verdicts[ref] = Verdict(outcome, tuple(Cause(answer.object, m, path) for m, path in answer.refusals))
    return verdicts


def changes(base: ClusterState | None, head: ClusterState) -> dict[Ref, Change]:
    """What the change did to each object, by the versions that the API server assigns."""
    found: dict[Ref, Change] = {}
    for ref, obj in head.stored.items():
        old = base.stored.get(ref) if base else None
        found[ref] = "added" if old is None else "modified" if _content(old) != _content(obj) else "unchanged"
    for ref in head.refused:
        found[ref] = "modified" if base and ref in base.stored else "added"
    for ref in base.stored if base else ():
        found.setdefault(ref, "removed")
    return found


def _content(obj: K8sObject) -> object:
    return obj.metadata.get("resourceVersion"), obj.metadata.get("generation")


def _predictions(
    verdicts: Mapping[Scenario, Mapping[Ref, Verdict]], head: ClusterState, changed: Mapping[Ref, Change]
) -> Iterator[Prediction]:
    objects = {**head.stored, **{ref: answer.object for ref, answer in head.refused.items()}}
    each = list(verdicts.values())
    if all(found is each[0] for found in each):
        for ref, obj in objects.items():
            verdict = each[0][ref]
            yield Prediction("*", obj, changed[ref], verdict.outcome, verdict.causes, conditions=verdict.conditions)
        return
    for ref, obj in objects.items():
        by_verdict: defaultdict[Verdict, list[Scenario]] = defaultdict(list)
        for scenario, found in verdicts.items():
            by_verdict[found[ref]].append(scenario)
        for verdict, scenarios in by_verdict.items():
            if len(scenarios) == len(verdicts):
                yield Prediction("*", obj, changed[ref], verdict.outcome, verdict.causes, conditions=verdict.conditions)
            else:
                for scenario in scenarios:
                    yield Prediction(
                        scenario, obj, changed[ref], verdict.outcome, verdict.causes, conditions=verdict.conditions
                    )
