"""Predictions and findings of a target as plain values, and back.

Of an object only its names, its place and the annotation that suppresses findings are kept: all that a report says of
it, and nothing that could be a secret.
"""

from __future__ import annotations

from typing import Any

from gitops_kong.manifests.objects import K8sObject, Origin, Ref
from gitops_kong.policies.suppressions import ANNOTATION
from gitops_kong.predict.model import Cause, Finding, Outcome, Prediction, SeenCondition

Plain = Any


def object_to_plain(obj: K8sObject) -> Plain:
    """Names, place and suppressions of an object. Raises ValueError where it has no place of its own."""
    origin = obj.origin
    if origin is None or origin.patches:
        raise ValueError(str(obj.ref))
    ignored = obj.annotations.get(ANNOTATION)
    return (obj.api_version, *obj.ref[1:], origin.file, origin.document, origin.item, ignored)


def object_from_plain(value: Plain) -> K8sObject:
    """An object with these names, this place, and nothing else."""
    api_version, kind, namespace, name, file, document, item, ignored = value
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    if ignored is not None:
        metadata["annotations"] = {ANNOTATION: ignored}
    data = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return K8sObject(data, Origin(file, document, item))


def prediction_to_plain(prediction: Prediction) -> Plain:
    """One prediction; its causes are left out where it has none."""
    return (
        prediction.scenario,
        object_to_plain(prediction.object),
        prediction.change,
        tuple(prediction.outcome),
        _causes_to_plain(prediction.causes),
        prediction.controller,
        tuple(map(tuple, prediction.conditions)),
    )


def prediction_from_plain(value: Plain) -> Prediction:
    """The prediction."""
    scenario, obj, change, outcome, causes, controller, conditions = value
    return Prediction(
        scenario,
        object_from_plain(obj),
        change,
        Outcome(*outcome),
        _causes_from_plain(causes) if causes else (),
        controller,
        tuple(SeenCondition(*each) for each in conditions) if conditions else (),
    )


def finding_to_plain(finding: Finding) -> Plain:
    """One finding on an object. Raises ValueError for one that is on none."""
    if finding.object is None:
        raise ValueError(finding.message)
    return (
        finding.rule,
        finding.severity,
        finding.message,
        finding.target,
        object_to_plain(finding.object),
        finding.path,
        _causes_to_plain(finding.causes),
        finding.help,
        finding.scenarios,
        finding.effects,
        finding.existing,
        finding.caught_by,
        finding.controller,
    )


def finding_from_plain(value: Plain) -> Finding:
    """The finding."""
    rule, severity, message, target, obj, path, causes, advice, *rest = value
    return Finding(
        rule, severity, message, target, object_from_plain(obj), path, _causes_from_plain(causes), advice, *rest
    )


def ref_of(value: Plain) -> Ref:
    """The identity of an object in plain form."""
    group, slash, _ = value[0].partition("/")
    return Ref(group if slash else "", value[1], value[2], value[3])


def _causes_to_plain(causes: tuple[Cause, ...]) -> Plain:
    return tuple((object_to_plain(cause.object), cause.message, cause.path) for cause in causes)


def _causes_from_plain(causes: Plain) -> tuple[Cause, ...]:
    return tuple(Cause(object_from_plain(obj), message, path) for obj, message, path in causes)
