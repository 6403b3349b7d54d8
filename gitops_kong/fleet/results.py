"""What a job predicts, as plain data, and back: objects by the number that they have in the contents of the job.

A result speaks of no file. Whoever reads it says where the objects stand: the same result serves every repository and
cluster that has the same content.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gitops_kong.fleet.content import plain
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.model import Cause, Finding, TargetPrediction

# The object of a part (`head`, `base`, `context`) by its number, None where there is none.
Find = Callable[[str, int], "K8sObject | None"]


@dataclass(frozen=True)
class Result:
    """A target as its controllers treat it, without the single predictions.

    `general` are findings on the controllers' settings; `by_configuration` and `by_status` count objects by one answer
    of their prediction: an object that several scenarios judge differently counts in each.
    """

    target: TargetPrediction
    general: tuple[Finding, ...]
    by_configuration: dict[str, int]
    by_status: dict[str, int]


def packed_result(target: TargetPrediction, general: Iterable[Finding]) -> bytes:
    """The result as compressed JSON."""
    value = {
        "objects": target.objects,
        "changed": target.changed,
        "assumptions": target.assumptions,
        "signs": target.signs,
        "scenarios": target.scenarios,
        "worse": sorted(target.worse),
        "findings": [_finding(f) for f in target.findings],
        "general": [_finding(f) for f in general],
        "byConfiguration": _tally(target, "configuration"),
        "byStatus": _tally(target, "status"),
    }
    return zlib.compress(plain(value), 1)


def unpacked_result(data: bytes, target: str, find: Find) -> Result:
    """The result of a target of this name, with the objects that `find` gives."""
    value = json.loads(zlib.decompress(data))
    predicted = TargetPrediction(
        target,
        (),
        tuple(_found(entry, target, find) for entry in value["findings"]),
        value["objects"],
        value["changed"],
        tuple(value["assumptions"]),
        tuple(value["signs"]),
        (),
        tuple(value["scenarios"]),
        frozenset(Ref(*ref) for ref in value["worse"]),
    )
    general = tuple(_found(entry, "", find) for entry in value["general"])
    return Result(predicted, general, value["byConfiguration"], value["byStatus"])


def _tally(target: TargetPrediction, answer: str) -> dict[str, int]:
    seen = {(p.object.ref, getattr(p.outcome, answer)) for p in target.predictions}
    return dict(sorted(Counter(value for _, value in seen).items()))


def _object(obj: K8sObject) -> list[Any]:
    origin = obj.origin
    return [obj.api_version, *obj.ref[1:], origin.file if origin else "", origin.document if origin else -1]


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "object": _object(finding.object) if finding.object else None,
        "path": finding.path,
        "causes": [[_object(c.object), c.message, c.path] for c in finding.causes],
        "help": finding.help,
        "scenarios": finding.scenarios,
        "effects": finding.effects,
        "existing": finding.existing,
        "caughtBy": finding.caught_by,
        "controller": finding.controller,
    }


def _found(entry: Any, target: str, find: Find) -> Finding:
    return Finding(
        entry["rule"],
        entry["severity"],
        entry["message"],
        target,
        _restored(entry["object"], find) if entry["object"] else None,
        tuple(entry["path"]),
        tuple(Cause(_restored(obj, find), message, tuple(path)) for obj, message, path in entry["causes"]),
        entry["help"],
        tuple(entry["scenarios"]),
        tuple(entry["effects"]),
        entry["existing"],
        entry["caughtBy"],
        entry["controller"],
    )


def _restored(told: Sequence[Any], find: Find) -> K8sObject:
    """The object as it was checked: its identity as predicted, labels, annotations and place as they are written."""
    version, kind, namespace, name, role, number = cast("tuple[str, str, str, str, str, int]", tuple(told))
    written = find(role, number) if number >= 0 else None
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if written is not None:
        metadata |= {"labels": written.labels, "annotations": written.annotations}
    data = {"apiVersion": version, "kind": kind, "metadata": metadata}
    return K8sObject(data, written.origin if written else None)
