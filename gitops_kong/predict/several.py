"""Several controllers in one cluster: what each of them does, as one prediction of the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.model import Finding, TargetPrediction


def together(found: Sequence[tuple[str, TargetPrediction]]) -> TargetPrediction:
    """One target as all its controllers, given by name, see it.

    What a controller ignores and another one handles is not told of the first; what all ignore is told of the first
    controller only. A finding names its controller in its effects too.
    """
    if len(found) == 1:
        return found[0][1]
    handled = [
        {p.object.ref for p in each.predictions if p.outcome.configuration not in ("ignored", "api-rejected")}
        for _, each in found
    ]
    anywhere: set[Ref] = set().union(*handled)
    predictions = []
    findings: list[Finding] = []
    told: set[tuple[str, str, Ref | None]] = set()
    signs: list[str] = []
    for position, (name, each) in enumerate(found):
        mine = handled[position]

        def concerns(ref: Ref, mine: set[Ref] = mine, first: bool = position == 0) -> bool:
            return ref in mine or (first and ref not in anywhere)

        predictions += [replace(p, controller=name) for p in each.predictions if concerns(p.object.ref)]
        for finding in each.findings:
            ref = finding.object.ref if finding.object else None
            if ref is not None and not concerns(ref) and ref in anywhere:
                continue
            key = (finding.rule, finding.message, ref)
            if ref not in mine and key in told:
                continue
            told.add(key)
            effects = (*finding.effects, f"controller: {name}")
            findings.append(replace(finding, controller=name, effects=effects))
        signs += [f"{name}: {sign}" for sign in each.signs]
    first = found[0][1]
    assumptions = dict.fromkeys(text for _, each in found for text in each.assumptions)
    return replace(
        first,
        predictions=tuple(predictions),
        findings=tuple(findings),
        assumptions=tuple(assumptions),
        signs=tuple(signs),
        worse=frozenset().union(*(each.worse for _, each in found)),
    )
