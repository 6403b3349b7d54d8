import pytest

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import ControllerPanic
from gitops_kong.translate.state import PortDefinition
from gitops_kong.translate.upstreams import PortError, find_port
from tests.translate.world import endpoints, failures, ingress, ingress_class, obj, path, run, service

TWO_PORTS = [
    {"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"},
    {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
]


def targets(*objects, to=None, **settings):
    result = run(*objects, ingress(path(to=to)), **settings)
    assert failures(result) == []
    return sorted((t["target"], t.get("weight")) for t in result.config["upstreams"][0].get("targets", []))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (PortDefinition(53), 53),
        (PortDefinition(name="dns"), 53),
        (PortDefinition(name="web"), 80),
        (PortDefinition(54), "no suitable port found"),
        (PortDefinition(name="5353"), "no suitable port found"),
        (PortDefinition(), "in implicit mode, service must have exactly 1 port, has 2"),
    ],
)
def test_find_port(wanted, expected):
    found = K8sObject(service(ports=TWO_PORTS))
    if isinstance(expected, int):
        assert find_port(found, wanted)["port"] == expected
    else:
        with pytest.raises(PortError, match=expected):
            find_port(found, wanted)


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ({"number": 81}, "no suitable port found"),
        ({"name": "gone"}, "no suitable port found"),
    ],
)
def test_missing_port_fails_and_leaves_port_80(port, message):
    to = {"service": {"name": "web", "port": port}}
    result = run(service(), ingress(path(to=to)))
    assert failures(result) == [
        (f"can't find port for backend kubernetes service: {message}", ["Service a/web", "Ingress a/in"])
    ]
    assert result.config["services"][0]["port"] == 80


@pytest.mark.parametrize("port", [{"name": "http"}, {}])
def test_external_name_needs_a_number(port):
    external = service(spec={"type": "ExternalName", "externalName": "ext.example"})
    result = run(external, ingress(path(to={"service": {"name": "web", "port": port}})))
    assert failures(result)[0][0] == (
        "can't find port for backend kubernetes service: rules with an ExternalName service must specify numeric ports"
    )


def test_external_name():
    external = service(spec={"type": "ExternalName", "externalName": "ext.example"})
    to = {"service": {"name": "web", "port": {"number": 9443}}}
    assert targets(external, to=to) == [("ext.example:9443", None)]


def test_an_address_for_each_protocol_of_the_service_doubles_the_weight():
    external = service(ports=TWO_PORTS, spec={"type": "ExternalName", "externalName": "ext.example"})
    assert targets(external) == [("ext.example:80", 200)]


def test_readiness():
    found = [
        {"addresses": ["10.0.0.1"], "conditions": {"ready": True}},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
        {"addresses": ["10.0.0.3"], "conditions": {}},
        {"addresses": ["10.0.0.4", "10.0.0.5"]},
        {"addresses": ["10.0.0.6"], "conditions": {"ready": False, "serving": True, "terminating": True}},
    ]
    assert [t for t, _ in targets(service(), endpoints("web", *found))] == [
        "10.0.0.1:8080",
        "10.0.0.3:8080",
        "10.0.0.4:8080",
    ]


TERMINATING = {"addresses": ["10.0.0.2"], "conditions": {"ready": False, "terminating": True}}


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.5.0", [("10.0.0.1:8080", None), ("10.0.0.2:8080", 0)]), ("3.4.20", [("10.0.0.1:8080", None)])],
)
def test_drain_support(version, expected):
    objects = (service(), endpoints("web", "10.0.0.1", TERMINATING))
    assert targets(*objects, version=version, drain_support=True) == expected
    assert targets(*objects, version=version) == [("10.0.0.1:8080", None)]


def test_slices_match_by_port_name_and_protocol():
    ports = [
        {"name": "http", "port": 8080, "protocol": "TCP"},
        {"name": "http", "port": 9090, "protocol": "UDP"},
        {"name": "other", "port": 7070, "protocol": "TCP"},
        {"name": "http", "protocol": "TCP"},
    ]
    assert targets(service(), endpoints("web", "10.0.0.1", ports=ports)) == [("10.0.0.1:8080", None)]


def test_slices_of_another_namespace_do_not_count():
    assert targets(service(), endpoints("web", "10.0.0.1", namespace="b")) == []


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("2001:db8::1", "[2001:db8::1]:8080"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1:8080"),
        ("fe80::1%eth0", "fe80::1%eth0:8080"),
    ],
)
def test_ipv6(address, target):
    assert targets(service(), endpoints("web", address)) == [(target, None)]


@pytest.mark.parametrize(
    ("version", "domain", "target"),
    [
        ("3.5.13", "", "web.a.svc:80"),
        ("3.4.0", "cluster.local", "web.a.svc.cluster.local:80"),
        ("3.3.1", "cluster.local", "web.a.svc:80"),
    ],
)
def test_upstream_service(version, domain, target):
    marked = service(annotations={"ingress.kubernetes.io/service-upstream": "true"})
    found = targets(marked, endpoints("web", "10.0.0.1"), version=version, cluster_domain=domain)
    assert found == [(target, None)]


def test_upstream_services_by_class_parameters():
    reference = {
        "apiGroup": "configuration.konghq.com",
        "kind": "IngressClassParameters",
        "name": "p",
        "namespace": "b",
        "scope": "Namespace",
    }
    parameters = obj(
        "configuration.konghq.com/v1alpha1", "IngressClassParameters", "p", "b", spec={"serviceUpstream": True}
    )
    found = targets(ingress_class(spec={"parameters": reference}), parameters, service(), endpoints("web", "10.0.0.1"))
    assert found == [("web.a.svc:80", None)]


def test_a_service_without_endpoints_has_an_upstream_without_targets():
    assert targets(service()) == []


def test_an_endpoint_without_addresses_ends_the_controller():
    with pytest.raises(ControllerPanic):
        targets(service(), endpoints("web", {"addresses": []}))
