"""Which Secrets and ConfigMaps are taken in, by label and by reference."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.cluster.intake import take_in
from gitops_kong.cluster.references import referred_secrets
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.objects import K8sObject, Ref

KONG = "configuration.konghq.com/v1"
OF_KONG = {"annotations": {"kubernetes.io/ingress.class": "kong"}}
UNUSED = (
    "nothing that the controller holds refers to it, and no label of it counts"
    " (konghq.com/credential, konghq.com/ca-cert)"
)


def obj(api_version: str, kind: str, name: str = "x", namespace: str = "shop", **rest: Any) -> K8sObject:
    metadata = {"name": name, "namespace": namespace, **rest.pop("metadata", {})}
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest})


def labelled(kind: str = "Secret", **labels: str) -> K8sObject:
    keys = {"ca": "konghq.com/ca-cert", "credential": "konghq.com/credential", "configmap": "konghq.com/configmap"}
    return obj("v1", kind, "s", metadata={"labels": {keys.get(k, k): v for k, v in labels.items()}})


def secret_key(name: str = "s", **rest: str) -> dict[str, Any]:
    return {"secretKeyRef": {"name": name, "key": "k", **rest}}


def reason(subject: K8sObject, *others: K8sObject, version: str = "3.3.1", **settings: Any) -> str | None:
    return take_in([subject, *others], controller_options(version, **settings)).left_out.get(subject.ref)


REFERRERS = [
    obj("v1", "Service", metadata={"annotations": {"konghq.com/client-cert": "s"}}),
    obj("networking.k8s.io/v1", "Ingress", metadata=OF_KONG, spec={"tls": [{"hosts": ["a"]}, {"secretName": "s"}]}),
    obj("configuration.konghq.com/v1beta1", "TCPIngress", metadata=OF_KONG, spec={"tls": [{"secretName": "s"}]}),
    obj(KONG, "KongPlugin", configFrom=secret_key()),
    obj(KONG, "KongPlugin", configPatches=[{"path": "/a", "valueFrom": secret_key()}]),
    obj(KONG, "KongClusterPlugin", namespace="", metadata=OF_KONG, configFrom=secret_key(namespace="shop")),
    obj(KONG, "KongConsumer", metadata=OF_KONG, credentials=["s"]),
]


@pytest.mark.parametrize("referrer", REFERRERS, ids=lambda r: r.kind)
def test_what_is_referred_to_is_taken_in(referrer: K8sObject) -> None:
    secret = labelled()
    assert reason(secret) == UNUSED
    assert reason(secret, referrer) is None
    assert referred_secrets([referrer]) == {Ref("", "Secret", "shop", "s")}


def test_a_referrer_that_is_left_out_does_not_count() -> None:
    other_class = obj(KONG, "KongConsumer", credentials=["s"])
    assert reason(labelled(), other_class) == UNUSED


@pytest.mark.parametrize(
    ("secret", "taken"),
    [
        (labelled(ca="true"), True),
        (labelled(ca="yes"), False),
        (labelled(credential="key-auth"), True),
        (labelled(credential="konnect"), True),
        (labelled(), False),
    ],
)
def test_labels_before_3_4(secret: K8sObject, taken: bool) -> None:
    assert (reason(secret) is None) is taken


def test_from_3_4_on_every_secret_counts_unless_a_label_is_asked_for() -> None:
    assert reason(labelled(), version="3.4.0") is None
    settings = {"secret_label_selector": "mine"}
    assert reason(labelled(mine="true"), version="3.4.0", **settings) is None
    assert reason(labelled(mine="false"), version="3.4.0", **settings) == UNUSED.replace(")", ", mine)")
    assert reason(labelled(mine="true"), version="3.3.1", **settings) == UNUSED


def test_with_a_selector_credentials_need_a_known_type_from_3_4_4_on() -> None:
    settings = {"secret_label_selector": "mine"}
    assert reason(labelled(credential="konnect"), version="3.4.3", **settings) is None
    assert reason(labelled(credential="konnect"), version="3.4.4", **settings) is not None
    assert reason(labelled(credential="acl"), version="3.4.4", **settings) is None


@pytest.mark.parametrize(
    ("config_map", "settings", "taken"),
    [
        (labelled("ConfigMap"), {}, False),
        (labelled("ConfigMap", configmap="true"), {}, True),
        (labelled("ConfigMap", ca="true"), {}, True),
        (labelled("ConfigMap", credential="anything"), {}, True),
        (labelled("ConfigMap", configmap="true"), {"config_map_label_selector": "mine"}, False),
        (labelled("ConfigMap"), {"config_map_label_selector": ""}, True),
    ],
)
def test_config_maps(config_map: K8sObject, settings: dict[str, Any], taken: bool) -> None:
    assert (reason(config_map, version="3.5.13", **settings) is None) is taken
