"""What depends on what, kind by kind, and what a fallback leaves out or fills back."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.fallback.generate import backfill, exclude
from gitops_kong.controller.fallback.graph import ConfigGraph, dependencies, vertex
from gitops_kong.controller.versions import behaviours
from gitops_kong.manifests.objects import K8sObject

CONFIGURATION = "configuration.konghq.com"
GATEWAY_API = "gateway.networking.k8s.io"
INCUBATOR = "incubator.ingress-controller.konghq.com"
NEW, OLD = behaviours((3, 5, 13)), behaviours((3, 2, 4))


def obj(api_version: str, kind: str, name: str, namespace: str = "shop", **rest: Any) -> K8sObject:
    metadata = {"name": name, "namespace": namespace, "uid": f"{kind}-{name}", **rest.pop("metadata", {})}
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest})


def noted(**annotations: str) -> dict[str, Any]:
    return {"annotations": {f"konghq.com/{k.replace('_', '-')}": v for k, v in annotations.items()}}


SERVICE = obj("v1", "Service", "web")
PLUGIN = obj(f"{CONFIGURATION}/v1", "KongPlugin", "slow")
WIDE = obj(f"{CONFIGURATION}/v1", "KongClusterPlugin", "wide", "")
SECRET = obj("v1", "Secret", "keys")
POLICY = obj(f"{CONFIGURATION}/v1beta1", "KongUpstreamPolicy", "sticky")
CLASS = obj("networking.k8s.io/v1", "IngressClass", "kong", "")
FACADE = obj(f"{INCUBATOR}/v1alpha1", "KongServiceFacade", "front")
THERE = (SERVICE, PLUGIN, WIDE, SECRET, POLICY, CLASS, FACADE)


def ingress(backend: dict[str, Any], **rest: Any) -> K8sObject:
    spec = {"ingressClassName": "kong", "rules": [{"http": {"paths": [{"backend": backend}]}}, {"host": "x"}]}
    return obj("networking.k8s.io/v1", "Ingress", "gate", spec=spec, **rest)


FROM_KEYS = {"secretKeyRef": {"name": "keys", "key": "k"}}
FACADE_BACKEND = {"resource": {"apiGroup": INCUBATOR, "kind": "KongServiceFacade", "name": "front"}}
PARENT = {"group": CONFIGURATION, "kind": "KongPlugin", "name": "slow"}
BACKENDS = [{"kind": "Service", "name": "web"}, {"name": "front"}, {"kind": "Service", "group": "x", "name": "web"}]


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        (
            obj("v1", "Service", "s", metadata=noted(plugins="slow, wide,,none", upstream_policy="sticky")),
            "slow wide sticky",
        ),
        (obj("v1", "Service", "s", metadata=noted(plugins="shop:slow")), ""),
        (ingress({"service": {"name": "web"}}, metadata=noted(plugins="slow")), "kong web slow"),
        (ingress(FACADE_BACKEND), "kong front"),
        (obj(f"{GATEWAY_API}/v1", "HTTPRoute", "r", spec={"rules": [{"backendRefs": BACKENDS}]}), "web"),
        (obj(f"{CONFIGURATION}/v1", "KongPlugin", "p", configFrom=FROM_KEYS), "keys"),
        (obj(f"{CONFIGURATION}/v1", "KongPlugin", "p", configPatches=[{"path": "/a", "valueFrom": FROM_KEYS}]), "keys"),
        (obj(f"{CONFIGURATION}/v1", "KongClusterPlugin", "p", "", configFrom=FROM_KEYS), ""),
        (
            obj(
                f"{CONFIGURATION}/v1", "KongConsumer", "c", credentials=["keys", "none"], metadata=noted(plugins="slow")
            ),
            "slow keys",
        ),
        (obj(f"{CONFIGURATION}/v1beta1", "KongConsumerGroup", "g", metadata=noted(plugins="wide")), "wide"),
        (
            obj(f"{CONFIGURATION}/v1beta1", "TCPIngress", "t", spec={"rules": [{"backend": {"serviceName": "web"}}]}),
            "web",
        ),
        (obj(f"{CONFIGURATION}/v1alpha1", "KongCustomEntity", "e", spec={"parentRef": PARENT}), "slow"),
        (
            obj(f"{CONFIGURATION}/v1alpha1", "KongCustomEntity", "e", spec={"parentRef": {**PARENT, "namespace": "x"}}),
            "",
        ),
        (obj(f"{CONFIGURATION}/v1alpha1", "KongVault", "v", "", spec={}), ""),
    ],
    ids=lambda value: value.kind if isinstance(value, K8sObject) else "",
)
def test_dependencies(subject: K8sObject, found: str) -> None:
    assert [d.name for d in dependencies(ObjectStore(THERE), subject, NEW)] == found.split()


def test_custom_entities_had_no_parents_in_3_2() -> None:
    entity = obj(f"{CONFIGURATION}/v1alpha1", "KongCustomEntity", "e", spec={"parentRef": PARENT})
    assert list(dependencies(ObjectStore(THERE), entity, OLD)) == []


GATE = ingress({"service": {"name": "web"}})
PLUGGED = obj("v1", "Service", "web", metadata=noted(plugins="slow"))


def test_what_is_affected_goes_through_the_graph() -> None:
    graph = ConfigGraph(ObjectStore((PLUGIN, PLUGGED, GATE)), NEW)
    assert [o.name for o in graph.affected(vertex(PLUGIN))] == ["slow", "web", "gate"]
    assert graph.affected((PLUGIN.ref, "another uid")) == []


def test_exclusion_names_each_cause() -> None:
    result = exclude(ObjectStore((PLUGIN, PLUGGED, GATE, SECRET)), [vertex(PLUGIN), vertex(GATE)], NEW)
    assert [o.name for o in result.store] == ["keys"]
    causes = {a.object.name: [c.name for c in a.causing] for a in result.excluded}
    assert causes == {"slow": ["slow"], "web": ["slow"], "gate": ["slow", "gate"]}


def test_backfill_brings_back_what_depended_on_it_before() -> None:
    # In the last valid snapshot the Ingress used the plugin's Service; now it has another backend.
    now = ObjectStore((PLUGIN, PLUGGED, ingress({"service": {"name": "other"}}), SECRET))
    result = backfill(now, ObjectStore((PLUGIN, PLUGGED, GATE)), [vertex(PLUGIN)], NEW)
    assert sorted(a.object.name for a in result.backfilled) == ["gate", "slow", "web"]
    assert result.store.by_ref(GATE.ref) is GATE
    without = backfill(now, None, [vertex(PLUGIN)], NEW)
    assert without.backfilled == ()
    assert PLUGGED.ref not in without.store
