"""A target in one cluster state with the other targets of its cluster: what is told of it alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.model import TargetPrediction
from gitops_kong.sources.base import Rendered

BESIDE, BESIDE_BASE = "beside", "besideBase"


def role(name: str, number: int) -> str:
    """The role of the content of another target, in the order of the cluster."""
    return f"{name} {number}"


def roles(name: str, parts: Mapping[str, object]) -> list[str]:
    """The roles of that name among those of a job, in order."""
    return sorted((each for each in parts if each.startswith(f"{name} ")), key=lambda each: int(each.split(" ")[1]))


def joined(own: Rendered, others: Iterable[Rendered]) -> Rendered:
    """A target with the others; of an object that several of them hold, the target's own counts, then the first."""
    whole = Rendered([*own.objects], [], [*own.assumptions], [*own.not_seen])
    there = {_identity(obj) for obj in own.objects}
    assumed = {each.message for each in own.assumptions}
    for each in others:
        new = [obj for obj in each.objects if _identity(obj) not in there]
        there.update(map(_identity, new))
        whole.objects.extend(new)
        more = [a for a in each.assumptions if a.message not in assumed]
        assumed.update(a.message for a in more)
        whole.assumptions.extend(more)
        whole.not_seen.extend(n for n in each.not_seen if n not in whole.not_seen)
    return whole


def of_target(found: TargetPrediction) -> TargetPrediction:
    """What is told of the target. What is told of others' objects belongs to their own checks, unless this target
    suffers from it.
    """
    predictions = tuple(p for p in found.predictions if not _is_beside(p.object))
    others = {p.object.ref: p for p in found.predictions if _is_beside(p.object)}
    stored = sum(p.outcome.configuration != "api-rejected" for p in others.values())
    removed = tuple(obj for obj in found.removed if not _is_beside(obj))
    harmful = {cause.object.ref for p in predictions if not p.plain for cause in p.causes}
    changed = sum(p.change != "unchanged" for p in others.values()) + len(found.removed) - len(removed)
    return replace(
        found,
        predictions=predictions,
        findings=tuple(
            f for f in found.findings if f.object is None or not _is_beside(f.object) or f.object.ref in harmful
        ),
        objects=found.objects - stored,
        changed=max(0, found.changed - changed),
        worse=frozenset(ref for ref in found.worse if ref not in others),
        removed=removed,
    )


def _is_beside(obj: K8sObject) -> bool:
    return obj.origin is not None and obj.origin.file.startswith((f"{BESIDE} ", f"{BESIDE_BASE} "))


def _identity(obj: K8sObject) -> tuple[str, str, str, str]:
    ref: Ref = obj.ref
    return (ref.group, ref.kind, ref.namespace or "default", ref.name)
