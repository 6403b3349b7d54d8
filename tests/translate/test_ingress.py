import pytest

from gitops_kong.translate.context import ControllerPanic
from gitops_kong.translate.ids import entity_id
from tests.translate.world import (
    backend,
    endpoints,
    entities,
    failures,
    ingress,
    ingress_class,
    obj,
    path,
    routes,
    run,
    service,
)

FACADE_GROUP = "incubator.ingress-controller.konghq.com"


def facade(name: str = "f", to: str = "web", port: int = 80, **more):
    return obj(
        f"{FACADE_GROUP}/v1alpha1", "KongServiceFacade", name, spec={"backendRef": {"name": to, "port": port}}, **more
    )


def to_facade(name: str = "f", kind: str = "KongServiceFacade", group: str | None = FACADE_GROUP):
    return {"resource": {"kind": kind, "name": name, **({} if group is None else {"apiGroup": group})}}


def test_one_ingress_becomes_service_route_and_upstream():
    result = run(ingress_class(), service(), endpoints("web", "10.0.0.1"), ingress(path("/shop")))
    assert failures(result) == []
    [kong_service] = result.config["services"]
    assert {k: v for k, v in kong_service.items() if k not in ("routes", "tags")} == {
        "id": entity_id("services", "a.web.80"),
        "name": "a.web.80",
        "host": "web.a.80.svc",
        "port": 80,
        "protocol": "http",
        "path": "/",
        "connect_timeout": 60000,
        "read_timeout": 60000,
        "write_timeout": 60000,
        "retries": 5,
    }
    assert kong_service["routes"] == [
        {
            "id": entity_id("routes", "a.in.web.h.example.80"),
            "name": "a.in.web.h.example.80",
            "hosts": ["h.example"],
            "paths": ["/shop/", "~/shop$"],
            "strip_path": False,
            "preserve_host": True,
            "request_buffering": True,
            "response_buffering": True,
            "regex_priority": 0,
            "https_redirect_status_code": 426,
            "path_handling": "v0",
            "tags": [
                "k8s-name:in",
                "k8s-namespace:a",
                "k8s-kind:Ingress",
                "k8s-uid:uid-Ingress-a-in",
                "k8s-group:networking.k8s.io",
                "k8s-version:v1",
            ],
        }
    ]
    [upstream] = result.config["upstreams"]
    assert upstream["name"] == "web.a.80.svc"
    assert upstream["algorithm"] == "round-robin"
    assert upstream["targets"] == [{"target": "10.0.0.1:8080"}]
    assert upstream["tags"] == kong_service["tags"]
    assert {str(o.ref) for o in result.configured} == {"Service a/web", "Ingress a/in"}


@pytest.mark.parametrize(
    ("value", "path_type", "expected"),
    [
        ("/", "Prefix", ["/"]),
        ("/foo/", "Prefix", ["/foo/", "~/foo$"]),
        ("//foo//bar", "Prefix", ["/foo/bar/", "~/foo/bar$"]),
        ("/foo/", "Exact", ["~/foo/$"]),
        ("/", "Exact", ["~/$"]),
        ("/foo", "ImplementationSpecific", ["/foo"]),
        ("", "ImplementationSpecific", ["/"]),
        ("/~/v\\d+", "ImplementationSpecific", ["~/v\\d+"]),
        ("/~x", "Prefix", ["~x/", "~/~x$"]),
    ],
)
def test_paths(value, path_type, expected):
    result = run(service(), ingress(path(value, path_type)))
    assert routes(result)["a.in.web.h.example.80"]["paths"] == expected


def test_a_path_without_type_is_implementation_specific():
    result = run(service(), ingress({"path": "/x", "backend": backend()}))
    assert routes(result)["a.in.web.h.example.80"]["paths"] == ["/x"]


@pytest.mark.parametrize(
    ("prefix", "value", "expected"),
    [("/@", "/@re", "~re"), ("/@", "/~re", "/~re"), ("", "/x", "~/x"), ("/x", "/x/x", "~/x")],
)
def test_regex_prefix_annotation(prefix, value, expected):
    result = run(
        service(),
        ingress(path(value, "ImplementationSpecific"), annotations={"konghq.com/regex-prefix": prefix}),
    )
    assert routes(result)["a.in.web.h.example.80"]["paths"] == [expected]


def parameters(**spec):
    reference = {
        "apiGroup": "configuration.konghq.com",
        "kind": "IngressClassParameters",
        "name": "p",
        "namespace": "a",
        "scope": "Namespace",
    }
    return [
        ingress_class(spec={"parameters": reference}),
        obj("configuration.konghq.com/v1alpha1", "IngressClassParameters", "p", spec=spec),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("/v\\d", "~/v\\d"), ("/plain-1.0_~%20", "/plain-1.0_~%20"), ("~/x(", "~/x("), ("/a b", "~/a b")],
)
def test_legacy_regex_detection(value, expected):
    result = run(
        *parameters(enableLegacyRegexDetection=True), service(), ingress(path(value, "ImplementationSpecific"))
    )
    assert routes(result)["a.in.web.h.example.80"]["paths"] == [expected]


def test_legacy_regex_detection_needs_usable_parameters():
    objects = [*parameters(enableLegacyRegexDetection=True), service(), ingress(path("/v\\d", "Exact"))]
    del objects[0]["spec"]["parameters"]["scope"]
    assert routes(run(*objects))["a.in.web.h.example.80"]["paths"] == ["~/v\\d$"]


def test_wildcard_host_is_kept_in_hosts_and_replaced_in_the_name():
    [(name, route)] = routes(run(service(), ingress(host="*.h.example"))).items()
    assert (name, route["hosts"]) == ("a.in.web._.h.example.80", ["*.h.example"])


def test_a_rule_without_host_has_an_empty_part_in_its_name():
    route = routes(run(service(), ingress(host="")))["a.in.web..80"]
    assert "hosts" not in route


@pytest.mark.parametrize(
    ("port", "name", "number"),
    [({"number": 80}, "a.web.80", 80), ({"name": "http"}, "a.web.http", 80), ({}, "a.web.implicitPort", 80)],
)
def test_ports_by_number_by_name_and_alone(port, name, number):
    to = {"service": {"name": "web", "port": port}}
    [kong_service] = run(service(), ingress(path(to=to))).config["services"]
    assert (kong_service["name"], kong_service["port"]) == (name, number)


def test_two_ingresses_meet_on_one_service():
    result = run(service(), ingress(name="one"), ingress(name="two", host="other.example"))
    [kong_service] = result.config["services"]
    assert [r["name"] for r in kong_service["routes"]] == ["a.two.web.other.example.80", "a.one.web.h.example.80"]


@pytest.mark.parametrize(
    ("default_class", "annotations", "spec", "taken"),
    [
        (False, {}, {}, True),
        (False, {"kubernetes.io/ingress.class": "other"}, {}, False),
        (False, {"kubernetes.io/ingress.class": "kong"}, {"ingressClassName": "other"}, True),
        (False, {"kubernetes.io/ingress.class": ""}, {}, True),
        (False, {}, {"ingressClassName": ""}, False),
        (True, {}, {"ingressClassName": ""}, False),
        (False, {}, {"ingressClassName": None}, False),
        (True, {}, {"ingressClassName": None}, True),
    ],
)
def test_class(default_class, annotations, spec, taken):
    marks = {"ingressclass.kubernetes.io/is-default-class": str(default_class).lower()}
    result = run(ingress_class(annotations=marks), service(), ingress(annotations=annotations, spec=spec))
    assert bool(routes(result)) is taken


def test_default_backend_of_the_oldest_ingress():
    young = {"spec": {"defaultBackend": backend("api"), "rules": []}, "created": "2026-02-01T00:00:00Z"}
    old = {"spec": {"defaultBackend": backend("web"), "rules": []}, "created": "2026-01-31T23:59:59Z"}
    result = run(service(), service("api"), ingress(name="a-young", **young), ingress(name="z-old", **old))
    [kong_service] = result.config["services"]
    assert kong_service["name"] == "a.web.80"
    assert "path" not in kong_service
    [route] = kong_service["routes"]
    assert (route["name"], route["paths"], route["regex_priority"]) == ("a.z-old", ["/"], 0)
    assert "hosts" not in route


def test_default_backend_joins_the_service_of_a_rule():
    result = run(service(), ingress(spec={"defaultBackend": backend()}))
    [kong_service] = result.config["services"]
    assert kong_service["path"] == "/"
    assert {r["name"] for r in kong_service["routes"]} == {"a.in", "a.in.web.h.example.80"}


@pytest.mark.parametrize(
    ("version", "flavor", "protocols"),
    [
        ("3.4.13", "traditional", ["http", "https"]),
        ("3.4.14", "traditional", None),
        ("3.5.6", "traditional", ["http", "https"]),
        ("3.5.7", "traditional", None),
        ("3.4.11", "expressions", None),
        ("3.4.12", "expressions", ["http", "https"]),
        ("3.4.14", "expressions", None),
        ("3.5.4", "expressions", None),
        ("3.5.5", "expressions", ["http", "https"]),
    ],
)
def test_protocols_by_version(version, flavor, protocols):
    objects = (service(), ingress(spec={"defaultBackend": backend()}))
    found = routes(run(*objects, version=version, router_flavor=flavor))
    assert {name: r.get("protocols") for name, r in found.items()} == {
        "a.in": protocols,
        "a.in.web.h.example.80": protocols,
    }


def test_facade_backend():
    result = run(
        service(annotations={"konghq.com/retries": "1"}),
        facade(annotations={"konghq.com/retries": "7", "konghq.com/tags": "mine"}),
        endpoints("web", "10.0.0.1"),
        ingress(path("/f", to=to_facade())),
        feature_gates={"KongServiceFacade": True},
    )
    [kong_service] = result.config["services"]
    assert kong_service["name"] == kong_service["host"] == "a.f.svc.facade"
    assert kong_service["retries"] == 7
    assert "k8s-kind:KongServiceFacade" in kong_service["tags"]
    assert "mine" in kong_service["tags"]
    assert [r["name"] for r in kong_service["routes"]] == ["a.in.h.example.f.svc.facade"]
    assert result.config["upstreams"][0]["targets"] == [{"target": "10.0.0.1:8080"}]
    assert {str(o.ref) for o in result.configured} == {"KongServiceFacade a/f", "Ingress a/in"}


GATE_OFF = "KongServiceFacade is not enabled, please set the \"KongServiceFacade\" feature gate to 'true' to enable it"


@pytest.mark.parametrize(
    ("to", "gate", "message"),
    [
        ({}, True, "no Service or Resource specified for Ingress path"),
        (to_facade(kind="Bucket"), True, f"unknown resource type {FACADE_GROUP}/Bucket"),
        (to_facade(group=None), True, "unknown resource type KongServiceFacade"),
        (to_facade(group=""), True, "unknown resource type /KongServiceFacade"),
        (to_facade(), False, GATE_OFF),
        (
            to_facade("gone"),
            True,
            'failed to get KongServiceFacade "gone": KongServiceFacade a/gone not found',
        ),
    ],
)
def test_unusable_backends_fail_and_leave_the_other_paths(to, gate, message):
    result = run(
        service(), facade(), ingress(path('/x"y', to=to), path("/ok")), feature_gates={"KongServiceFacade": gate}
    )
    assert failures(result) == [(f'failed to get backend for ingress path "/x\\"y": {message}', ["Ingress a/in"])]
    assert routes(result)["a.in.web.h.example.80"]["paths"] == ["/ok/", "~/ok$"]


@pytest.mark.parametrize(
    ("to", "gate", "message"),
    [
        (to_facade(kind="Bucket", group=None), True, "unsupported resource type Bucket"),
        (to_facade(), False, GATE_OFF),
        (
            to_facade("gone"),
            True,
            'KongServiceFacade "gone" could not be fetched: KongServiceFacade a/gone not found',
        ),
    ],
)
def test_unusable_default_backends(to, gate, message):
    spec = {"rules": [], "defaultBackend": to}
    result = run(service(), facade(), ingress(spec=spec), feature_gates={"KongServiceFacade": gate})
    assert failures(result) == [(f"default backend: {message}", ["Ingress a/in"])]
    assert "services" not in result.config
    assert [str(o.ref) for o in result.configured] == ["Ingress a/in"]


def test_default_backend_with_a_facade():
    spec = {"rules": [], "defaultBackend": to_facade()}
    result = run(service(), facade(), ingress(spec=spec), feature_gates={"KongServiceFacade": True})
    assert list(entities(result, "services")) == ["a.f.svc.facade"]
    assert list(routes(result)) == ["a.in"]


def test_without_anything_there_is_a_stub():
    assert run(ingress_class()).config == {"_format_version": "3.0", "upstreams": [{"name": "kong"}]}


def test_fill_ids_off():
    result = run(service(), ingress(), feature_gates={"FillIDs": False})
    assert "id" not in result.config["services"][0]
    assert "id" not in next(iter(routes(result).values()))


def test_two_ingresses_with_one_route_name():
    """`a` with Service `b` for `c.d`, and `a.b` with Service `c` for `d`: paths meet in the first's route."""
    first = ingress(path("/1", to=backend("b")), name="a", host="c.d")
    last = ingress(
        path("/2", "Exact", backend("c")), name="a.b", host="d", annotations={"konghq.com/strip-path": "true"}
    )
    result = run(service("b"), service("c"), first, last)
    assert list(entities(result, "services")) == ["a.b.80"]
    route = routes(result)["a.a.b.c.d.80"]
    assert (route["hosts"], route["paths"], route["strip_path"]) == (["c.d"], ["/1/", "~/1$", "~/2$"], True)


def test_a_default_backend_that_names_nothing_ends_the_controller():
    with pytest.raises(ControllerPanic) as raised:
        run(service(), ingress(spec={"defaultBackend": {}}))
    assert [str(o.ref) for o in raised.value.objects] == ["Ingress a/in"]
