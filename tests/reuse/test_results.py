"""What is kept of a verdict is all that there is."""

from dataclasses import fields

from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.predict.model import Cause, Finding, Outcome, Prediction, SeenCondition, TargetPrediction
from gitops_kong.reuse.results import finding_from_plain, finding_to_plain, prediction_from_plain, prediction_to_plain


def test_every_field_is_kept() -> None:
    data = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "b"}}
    obj = K8sObject(data, Origin("f.yaml", 1, ("items", 0)))
    cause = Cause(obj, "why", ("spec", 0))
    outcome = Outcome("configured", "written", "new")
    condition = SeenCondition(*("x" for _ in SeenCondition._fields))
    prediction = Prediction("rollout", obj, "modified", outcome, (cause,), "kong", (condition,))
    finding = Finding(
        "r", "info", "m", "t", obj, ("spec",), (cause,), "h", ("rollout",), ("e",), True, "gateway", "kong"
    )
    for value, again in (
        (prediction, prediction_from_plain(prediction_to_plain(prediction))),
        (finding, finding_from_plain(finding_to_plain(finding))),
    ):
        for field in fields(value):
            assert getattr(value, field.name), f"{field.name} is not tried here"
            assert repr(getattr(again, field.name)) == repr(getattr(value, field.name))
    known = "target predictions findings objects changed assumptions signs suppressed scenarios worse removed"
    assert [field.name for field in fields(TargetPrediction)] == known.split(), "reuse.splice must know of it"
