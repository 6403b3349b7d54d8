"""What the API server assigns to a new version of an object."""

from __future__ import annotations

from gitops_kong.controller.identity import assign, generation
from gitops_kong.manifests.objects import K8sObject


def made(**metadata: object) -> K8sObject:
    return K8sObject({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", **metadata}, "spec": {}})


def test_taking_away_the_last_annotation_is_a_new_version_of_the_same_generation() -> None:
    (before,) = assign([made(annotations={"konghq.com/plugins": "limit"})], {})
    (after,) = assign([made()], {before.ref: before})
    assert before.metadata["resourceVersion"] != after.metadata["resourceVersion"]
    assert generation(before) == generation(after)


def test_an_equal_object_keeps_its_version() -> None:
    (before,) = assign([made(annotations={"a": "b"})], {})
    (after,) = assign([made(annotations={"a": "b"})], {before.ref: before})
    assert before.metadata == after.metadata
