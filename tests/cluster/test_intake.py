"""What the reconcilers take in, and the reasons for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.cluster.intake import take_in
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.objects import K8sObject

GATEWAY_API = "gateway.networking.k8s.io"


def obj(api_version: str, kind: str, name: str = "x", namespace: str = "shop", **rest: Any) -> K8sObject:
    metadata = {"name": name, "namespace": namespace, **rest.pop("metadata", {})}
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest})


def ingress(name: str = "x", **rest: Any) -> K8sObject:
    return obj("networking.k8s.io/v1", "Ingress", name, **rest)


def ingress_class(default: bool) -> K8sObject:
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"} if default else {}
    metadata = {"annotations": annotations}
    return obj("networking.k8s.io/v1", "IngressClass", "kong", "", metadata=metadata)


def reason(subject: K8sObject, *others: K8sObject, version: str = "3.5.13", **settings: Any) -> str | None:
    return take_in([subject, *others], controller_options(version, **settings)).left_out.get(subject.ref)


def annotated(value: str) -> dict[str, Any]:
    return {"annotations": {"kubernetes.io/ingress.class": value}}


@pytest.mark.parametrize(
    ("spec", "metadata", "default", "taken"),
    [
        ({"ingressClassName": "kong"}, {}, False, True),
        ({"ingressClassName": "nginx"}, {}, True, False),
        ({}, annotated("kong"), False, True),
        ({}, annotated("nginx"), True, False),
        ({"ingressClassName": "nginx"}, annotated("kong"), False, True),
        ({"ingressClassName": "kong"}, annotated("nginx"), False, True),
        ({}, {}, True, True),
        ({}, {}, False, False),
        ({"ingressClassName": ""}, {}, True, False),
    ],
)
def test_ingress_classes(spec: dict[str, Any], metadata: dict[str, Any], default: bool, taken: bool) -> None:
    found = reason(ingress(spec=spec, metadata=metadata), ingress_class(default))
    assert (found is None) is taken


def test_reasons_say_what_to_write() -> None:
    assert reason(ingress(spec={"ingressClassName": "nginx"})) == (
        "its class is 'nginx', and this controller's is 'kong'"
    )
    assert reason(ingress(spec={})) == (
        "it has no spec.ingressClassName and no annotation kubernetes.io/ingress.class,"
        " and IngressClass kong is not the cluster's default: name class kong in it"
    )


def test_classes_of_kongs_own_kinds() -> None:
    consumer = obj("configuration.konghq.com/v1", "KongConsumer")
    assert reason(consumer) is not None
    assert reason(consumer, ingress_class(True)) is None
    assert reason(obj("configuration.konghq.com/v1", "KongPlugin")) is None
    entity = obj("configuration.konghq.com/v1alpha1", "KongCustomEntity", spec={"controllerName": "kong"})
    assert reason(entity) is None
    assert "KongCustomEntity is off" in (reason(entity, version="3.2.4") or "")


def test_control_plane_references() -> None:
    spec = {"controlPlaneRef": {"type": "konnectID"}}
    consumer = obj("configuration.konghq.com/v1", "KongConsumer", metadata=annotated("kong"), spec=spec)
    assert "konnectID" in (reason(consumer) or "")
    assert reason(consumer, version="3.3.1") is None


def test_feature_gates_and_namespaces() -> None:
    facade = obj("incubator.ingress-controller.konghq.com/v1alpha1", "KongServiceFacade", metadata=annotated("kong"))
    assert reason(facade) == "the controller's feature gate KongServiceFacade is off"
    assert reason(facade, feature_gates={"KongServiceFacade": True}) is None
    service = obj("v1", "Service")
    assert reason(service, watch_namespaces=frozenset({"other"})) == "the controller does not watch namespace shop"
    assert reason(service, watch_namespaces=frozenset({"shop"})) is None
    assert reason(obj("apps/v1", "Deployment")) == "the controller does not read objects of kind Deployment"


def backend(name: str) -> dict[str, Any]:
    return {"rules": [{"http": {"paths": [{"backend": {"service": {"name": name}}}]}}]}


def test_upstream_policies_need_a_used_service() -> None:
    policy = obj("configuration.konghq.com/v1beta1", "KongUpstreamPolicy", "sticky")
    service = obj("v1", "Service", "web", metadata={"annotations": {"konghq.com/upstream-policy": "sticky"}})
    assert "no Service" in (reason(policy) or "")
    assert "none of the Services" in (reason(policy, service) or "")
    assert reason(policy, service, version="3.2.4") is None
    assert reason(policy, service, ingress(spec={"ingressClassName": "kong", **backend("web")})) is None
    assert reason(policy, service, ingress(spec={"ingressClassName": "nginx", **backend("web")})) is not None
    tcp = obj(
        "configuration.konghq.com/v1beta1",
        "TCPIngress",
        metadata=annotated("kong"),
        spec={"rules": [{"backend": {"serviceName": "web"}}]},
    )
    assert "none of the Services" in (reason(policy, service, tcp) or "")
    spec = {
        "parentRefs": [{"group": GATEWAY_API, "kind": "Gateway", "name": "kong"}],
        "rules": [{"backendRefs": [{"kind": "Service", "name": "web"}]}],
    }
    route = obj(f"{GATEWAY_API}/v1", "HTTPRoute", spec=spec)
    assert reason(policy, service, route, *gateway()) is None
    assert "none of the Services" in (reason(policy, service, route) or "")


def gateway() -> list[K8sObject]:
    annotations = {"konghq.com/gatewayclass-unmanaged": "true"}
    spec = {"controllerName": "konghq.com/kic-gateway-controller"}
    allowed = {"namespaces": {"from": "Same"}}
    listener = {"name": "web", "protocol": "HTTP", "port": 80, "allowedRoutes": allowed}
    return [
        obj(f"{GATEWAY_API}/v1", "GatewayClass", "kong", "", metadata={"annotations": annotations}, spec=spec),
        obj(f"{GATEWAY_API}/v1", "Gateway", "kong", spec={"gatewayClassName": "kong", "listeners": [listener]}),
    ]


def test_config_maps() -> None:
    plain = obj("v1", "ConfigMap", "ca")
    assert "neither label" in (reason(plain) or "")
    assert reason(obj("v1", "ConfigMap", metadata={"labels": {"konghq.com/configmap": "true"}})) is None
    assert reason(plain, version="3.3.1") == "this controller version does not read ConfigMaps"
