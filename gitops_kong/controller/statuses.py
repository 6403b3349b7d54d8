"""What the controller says of objects after a push (KIC `k8sobj.ConfigurationStatusSet`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from gitops_kong.controller.identity import generation
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.translate.state import TranslationFailure

ObjectStatus = Literal["Succeeded", "Failed", "Unknown"]


class Report(NamedTuple):
    """One object's entry: the generation that was configured, and whether it succeeded."""

    generation: int
    succeeded: bool


Reports = Mapping[Ref, Report]


def report(configured: Iterable[K8sObject], failures: Iterable[TranslationFailure]) -> Reports:
    """The set that replaces the one before; an object that a translation failure names has failed."""
    reports = {obj.ref: Report(generation(obj), True) for obj in configured}
    for failure in failures:
        for obj in failure.objects:
            reports[obj.ref] = Report(generation(obj), False)
    return reports


def status(reports: Reports, obj: K8sObject) -> ObjectStatus:
    """What `reports` say of `obj`; a newer generation than the reported one is `Unknown`."""
    entry = reports.get(obj.ref)
    if entry is None or entry.generation < generation(obj):
        return "Unknown"
    return "Succeeded" if entry.succeeded else "Failed"
