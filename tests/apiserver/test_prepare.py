import copy
from typing import Any

import pytest

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.manifests.objects import K8sObject

OLD, NEW = ApiServer((3, 2, 4)), ApiServer((3, 5, 13))


def kong_plugin(**fields: Any) -> K8sObject:
    return K8sObject(
        {
            "apiVersion": "configuration.konghq.com/v1",
            "kind": "KongPlugin",
            "metadata": {"name": "p", "namespace": "n"},
            "plugin": "cors",
            **fields,
        }
    )


def http_route(**spec: Any) -> K8sObject:
    return K8sObject(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "r", "namespace": "n"},
            "spec": spec,
        }
    )


def service(**spec: Any) -> K8sObject:
    return K8sObject({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "n"}, "spec": spec})


def test_object_that_does_not_change_is_the_same_object() -> None:
    ingress = K8sObject(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "i", "namespace": "n", "labels": {"a": "b"}},
            "spec": {"ingressClassName": "kong"},
        }
    )
    assert NEW.prepare(ingress) is ingress


def test_unknown_kind_passes_through() -> None:
    obj = K8sObject({"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"a": None}})
    assert NEW.prepare(obj) is obj
    assert NEW.decodes(obj) is None


def test_preparing_leaves_its_argument_alone() -> None:
    route = http_route(rules=[{"matches": [{"path": {}}], "surprise": 1}])
    before = copy.deepcopy(route.data)
    assert NEW.prepare(route) is not route
    assert route.data == before


def test_custom_resource_is_pruned_but_not_inside_free_form_fields() -> None:
    plugin = NEW.prepare(kong_plugin(surprise=1, config={"anything": {"goes": None}}))
    assert "surprise" not in plugin.data
    assert plugin.data["config"] == {"anything": {"goes": None}}


def test_null_of_a_custom_resource_vanishes_or_becomes_the_default() -> None:
    route = NEW.prepare(http_route(hostnames=None, rules=None, parentRefs=[{"name": "g", "kind": None}]))
    assert "hostnames" not in route.spec
    assert route.spec["rules"] == [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]
    assert route.spec["parentRefs"] == [{"name": "g", "kind": "Gateway", "group": "gateway.networking.k8s.io"}]


def test_fields_of_later_versions_are_pruned_by_earlier_ones() -> None:
    route = http_route(rules=[{"name": "first"}])
    assert "name" in NEW.prepare(route).spec["rules"][0]
    assert "name" not in OLD.prepare(route).spec["rules"][0]


def test_service_gets_its_defaults() -> None:
    prepared = NEW.prepare(service(ports=[{"port": 80}, {"port": 81, "targetPort": "web", "protocol": "UDP"}]))
    assert prepared.spec == {
        "ports": [
            {"port": 80, "protocol": "TCP", "targetPort": 80},
            {"port": 81, "targetPort": "web", "protocol": "UDP"},
        ],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }


def test_string_data_of_a_secret_becomes_data() -> None:
    secret = K8sObject(
        {"apiVersion": "v1", "kind": "Secret", "stringData": {"key": "x"}, "data": {"key": "eQ==", "b": "eg=="}}
    )
    assert NEW.prepare(secret).data["data"] == {"key": "eA==", "b": "eg=="}
    assert NEW.prepare(secret).data["type"] == "Opaque"


def test_null_of_a_core_kind_is_the_zero_value() -> None:
    prepared = NEW.prepare(service(type=None, selector={"app": None}, ports=[None]))
    assert prepared.spec["type"] == "ClusterIP"
    assert prepared.spec["selector"] == {"app": ""}
    assert prepared.spec["ports"] == [{"protocol": "TCP", "targetPort": 0}]


@pytest.mark.parametrize(
    ("obj", "where"),
    [
        (service(ports=[{"port": "80"}]), "spec.ports[0].port: cannot read string as integer"),
        (service(ports=[{"port": 80.5}]), "spec.ports[0].port: cannot read number as integer"),
        (service(selector={"a": 1}), "spec.selector[a]: cannot read number as string"),
        (K8sObject({"apiVersion": "v1", "kind": "Secret", "data": {"a": "?"}}), "data[a]: illegal base64 data"),
        (kong_plugin(disabled="yes"), "disabled: cannot read string as bool"),
        (kong_plugin(metadata={"name": 3}), "metadata.name: cannot read number as string"),
        (kong_plugin(config={"a": 1}), None),
        (service(ports=[{"port": 80, "targetPort": "web"}]), None),
    ],
)
def test_decodes_names_the_first_wrong_type(obj: K8sObject, where: str | None) -> None:
    assert NEW.decodes(obj) == where
