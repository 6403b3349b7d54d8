import pytest

from tests.translate.world import failures, ingress, obj, run, service

POLICY = "konghq.com/upstream-policy"


def policy(name: str = "p", namespace: str = "a", **spec):
    return obj("configuration.konghq.com/v1beta1", "KongUpstreamPolicy", name, namespace, spec=spec)


def upstream(spec, version="3.5.13", gateway_version="3.11"):
    result = run(
        service(annotations={POLICY: "p"}), policy(**spec), ingress(), version=version, gateway_version=gateway_version
    )
    assert failures(result) == []
    [found] = result.config["upstreams"]
    return {k: v for k, v in found.items() if k not in ("name", "tags")}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"algorithm": "round-robin"}),
        ({"algorithm": "latency", "slots": 10}, {"algorithm": "latency", "slots": 10}),
        ({"hashOn": {"input": "ip"}}, {"algorithm": "round-robin", "hash_on": "ip"}),
        (
            {"hashOn": {"header": "X"}, "hashOnFallback": {"uriCapture": "id"}},
            {
                "algorithm": "round-robin",
                "hash_on": "header",
                "hash_on_header": "X",
                "hash_fallback": "uri_capture",
                "hash_fallback_uri_capture": "id",
            },
        ),
        (
            {"hashOn": {"cookie": "c", "cookiePath": "/"}, "hashOnFallback": {"queryArg": "q"}},
            {
                "algorithm": "round-robin",
                "hash_on": "cookie",
                "hash_on_cookie": "c",
                "hash_on_cookie_path": "/",
                "hash_fallback": "query_arg",
                "hash_fallback_query_arg": "q",
            },
        ),
        (
            {"algorithm": "sticky-sessions", "stickySessions": {"cookie": "s", "cookiePath": "/p"}},
            {"algorithm": "sticky-sessions", "sticky_sessions_cookie": "s", "sticky_sessions_cookie_path": "/p"},
        ),
    ],
)
def test_fields(spec, expected):
    assert upstream(spec) == expected


def test_healthchecks():
    checks = {
        "active": {
            "type": "https",
            "concurrency": 2,
            "httpPath": "/up",
            "httpsSni": "up.example",
            "httpsVerifyCertificate": False,
            "timeout": 0,
            "headers": {"X": ["1"]},
            "healthy": {"httpStatuses": [200], "interval": 1, "successes": 3},
            "unhealthy": {"httpFailures": 1, "httpStatuses": [], "tcpFailures": 0, "timeouts": 4, "interval": 5},
        },
        "passive": {"type": "tcp", "healthy": {}},
        "threshold": 20,
    }
    assert upstream({"healthchecks": checks})["healthchecks"] == {
        "active": {
            "type": "https",
            "concurrency": 2,
            "http_path": "/up",
            "https_sni": "up.example",
            "https_verify_certificate": False,
            "timeout": 0,
            "headers": {"X": ["1"]},
            "healthy": {"http_statuses": [200], "interval": 1, "successes": 3},
            "unhealthy": {"http_failures": 1, "tcp_failures": 0, "timeouts": 4, "interval": 5},
        },
        "passive": {"type": "tcp", "healthy": {}},
        "threshold": 20,
    }


@pytest.mark.parametrize(
    ("version", "spec", "field", "there"),
    [
        ("3.4.7", {"hashOn": {"input": "ip"}, "hashOnFallback": {"cookie": "c"}}, "hash_on_cookie", False),
        ("3.4.8", {"hashOn": {"input": "ip"}, "hashOnFallback": {"cookie": "c"}}, "hash_on_cookie", True),
        ("3.4.20", {"stickySessions": {"cookie": "c"}}, "sticky_sessions_cookie", False),
        ("3.5.0", {"stickySessions": {"cookie": "c"}}, "sticky_sessions_cookie", True),
    ],
)
def test_fields_by_version(version, spec, field, there):
    assert (field in upstream(spec, version)) is there


@pytest.mark.parametrize(("version", "there"), [("3.4.9", False), ("3.4.10", True), ("3.5.2", False), ("3.5.3", True)])
def test_threshold_by_version(version, there):
    assert ("threshold" in upstream({"healthchecks": {"threshold": 1}}, version)["healthchecks"]) is there


def test_sticky_sessions_need_gateway_3_11():
    objects = (service(annotations={POLICY: "p"}), policy(algorithm="sticky-sessions", slots=9), ingress())
    result = run(*objects, gateway_version="3.10")
    message = (
        "sticky sessions algorithm specified in KongUpstreamPolicy 'p' is not supported with Kong Gateway"
        " versions < 3.11.0"
    )
    assert failures(result) == [(message, ["Service a/web"])]
    assert "slots" not in result.config["upstreams"][0]
    assert failures(run(*objects, gateway_version="3.10", version="3.4.20")) == []


@pytest.mark.parametrize("name", ["gone", ""])
def test_missing_policy(name):
    result = run(service(annotations={POLICY: name}), policy("p", "b"), ingress())
    message = f"failed fetching KongUpstreamPolicy: KongUpstreamPolicy a/{name} not found"
    assert failures(result) == [(message, ["Service a/web"])]


def kong_ingress(**upstream):
    return obj("configuration.konghq.com/v1", "KongIngress", "k", upstream=upstream)


def test_kong_ingress_then_annotation_then_policy():
    annotations = {"konghq.com/override": "k", "konghq.com/host-header": "own.example", POLICY: "p"}
    settings = {
        "host_header": "other.example",
        "algorithm": "least-connections",
        "hash_on": "consumer",
        "healthchecks": {"active": {"healthy": {"http_statuses": []}, "headers": {}}, "passive": None},
    }
    result = run(service(annotations=annotations), kong_ingress(**settings), policy(algorithm="latency"), ingress())
    [found] = result.config["upstreams"]
    assert found["host_header"] == "own.example"
    assert found["algorithm"] == "latency"
    assert found["hash_on"] == "consumer"
    assert found["healthchecks"] == {"active": {"healthy": {}}}


def test_missing_kong_ingress_leaves_the_policy():
    result = run(service(annotations={"konghq.com/override": "k", POLICY: "p"}), policy(slots=11), ingress())
    assert failures(result) == [("failed to get KongIngress: KongIngress k not found", ["Service a/web"])]
    assert result.config["upstreams"][0]["slots"] == 11
