"""The verdicts on a part of a target put into those of an earlier run on the whole of it."""

from __future__ import annotations

from collections import defaultdict

from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.model import Prediction, TargetPrediction
from gitops_kong.reuse.part import Part
from gitops_kong.reuse.results import finding_from_plain, object_from_plain, prediction_from_plain, ref_of
from gitops_kong.reuse.snapshot import Snapshot


def splice(snapshot: Snapshot, part: Part, found: TargetPrediction) -> TargetPrediction | None:
    """What a run on everything would give; None where the part shows that verdicts may hang on all objects."""
    if found.signs or found.assumptions or not found.all_well or any(f.object is None for f in found.findings):
        return None
    by_file: defaultdict[str, list[Prediction]] = defaultdict(list)
    place: dict[Ref, str] = {}
    for plain in snapshot.result.predictions:
        file = plain[1][4]
        if file not in part.affected:
            by_file[file].append(prediction_from_plain(plain))
            place[ref_of(plain[1])] = file
    for prediction in found.predictions:
        file = _file(prediction.object)
        if file in part.affected:
            by_file[file].append(prediction)
            if place.setdefault(prediction.object.ref, file) != file:
                return None
    predictions = tuple(p for path in part.manifests for p in by_file.get(path, ()))
    findings = [finding_from_plain(f) for f in snapshot.result.findings if f[4][4] not in part.affected]
    findings += [f for f in found.findings if f.object is not None and _file(f.object) in part.affected]
    removed = [object_from_plain(obj) for obj in snapshot.result.removed if obj[4] not in part.affected]
    removed += [obj for obj in found.removed if _file(obj) in part.affected]
    worse = [ref for each in snapshot.result.worse if (ref := Ref(*each)) in place and place[ref] not in part.affected]
    worse += [ref for ref in found.worse if place.get(ref) in part.affected]
    compared = snapshot.differs is not None
    return TargetPrediction(
        found.target,
        predictions,
        tuple(findings),
        objects=len(predictions),
        changed=sum(p.change != "unchanged" for p in predictions) + len(removed) if compared else 0,
        scenarios=found.scenarios,
        worse=frozenset(worse),
        removed=tuple(removed),
    ).in_order()


def _file(obj: K8sObject) -> str:
    return obj.origin.file if obj.origin else ""
