"""Objects as Go types hold them."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.controller.typed_manifests import text, typed, without_raw_json
from gitops_kong.manifests.objects import K8sObject

VERSION = (3, 5, 13)


def route(rules: Any) -> K8sObject:
    metadata = {"name": "r", "namespace": "shop", "annotations": {"konghq.com/retries": 5, "empty": None}}
    data = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata}
    return K8sObject({**data, "spec": {"rules": rules}})


def test_scalars_become_text_where_a_string_is_wanted() -> None:
    read = typed(route([{"matches": [{"method": True}]}]), VERSION, as_text=True)
    assert read.spec["rules"][0]["matches"][0]["method"] == "true"
    assert read.annotations == {"konghq.com/retries": "5", "empty": ""}


def test_kubectl_does_not_make_them_text() -> None:
    read = typed(route([{"matches": [{"method": True}]}]), VERSION, as_text=False)
    assert read.spec["rules"][0]["matches"][0]["method"] is True


def test_nulls_are_zero_values() -> None:
    read = typed(route([None, {"matches": None, "backendRefs": [None]}]), VERSION, as_text=False)
    assert read.spec["rules"] == [{}, {"backendRefs": [{}]}]


def test_an_object_without_any_of_that_is_the_same() -> None:
    plain = K8sObject({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": []}})
    assert typed(plain, VERSION, as_text=True) is plain
    other = K8sObject({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": 1}})
    assert typed(other, VERSION, as_text=True) is other


def test_raw_json_is_not_looked_into() -> None:
    data = {"apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongVault", "metadata": {"name": "v"}}
    vault = K8sObject({**data, "spec": {"backend": "env", "config": [1, None]}})
    assert typed(vault, VERSION, as_text=True) is vault
    assert without_raw_json(vault).spec == {"backend": "env"}
    assert without_raw_json(K8sObject({**data, "spec": ["x"]})).data["spec"] == ["x"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e6, "1e+06"),
        (123456.0, "123456"),
        (1234567.5, "1.2345675e+06"),
        (1e-7, "1e-07"),
        (0.0001, "0.0001"),
        (1e300, "+Inf"),
        ("x", "x"),
        ([1], [1]),
    ],
)
def test_scalars_as_go_writes_them(value: Any, written: Any) -> None:
    assert text(value) == written
