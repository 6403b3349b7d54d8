import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.translate import overrides
from tests.translate.world import failures, ingress, routes, run, service

ROUTE = "a.in.web.h.example.80"


def route(annotations, version="3.5.13", **settings):
    return routes(run(service(), ingress(annotations=annotations), version=version, **settings))[ROUTE]


def kong_service(annotations, version="3.5.13"):
    return run(service(annotations=annotations), ingress(), version=version).config["services"][0]


@pytest.mark.parametrize(
    ("annotation", "value", "field", "expected"),
    [
        ("strip-path", "TRUE", "strip_path", True),
        ("strip-path", "1", "strip_path", False),
        ("preserve-host", "False", "preserve_host", False),
        ("preserve-host", "no", "preserve_host", True),
        ("request-buffering", "F", "request_buffering", False),
        ("request-buffering", "nope", "request_buffering", True),
        ("response-buffering", "0", "response_buffering", False),
        ("https-redirect-status-code", "308", "https_redirect_status_code", 308),
        ("https-redirect-status-code", "+302", "https_redirect_status_code", 302),
        ("https-redirect-status-code", "418", "https_redirect_status_code", 426),
        ("regex-priority", "-7", "regex_priority", -7),
        ("regex-priority", "7.0", "regex_priority", 0),
        ("methods", "get, POST,,", "methods", ["GET", "POST"]),
        ("methods", "GET,P0ST", "methods", None),
        ("snis", "x.example, y-1.example", "snis", ["x.example", "y-1.example"]),
        ("snis", "x.example,*.y.example", "snis", None),
        ("snis", "", "snis", None),
        ("host-aliases", "z.example,h.example,*.w.example", "hosts", ["h.example", "z.example", "*.w.example"]),
        ("host-aliases", "z.example,bad_host", "hosts", ["h.example"]),
        ("path-handling", "v7", "path_handling", "v7"),
        ("path-handling", "xv1", "path_handling", "xv1"),
        ("path-handling", "one", "path_handling", "v0"),
        ("protocols", "https , http", "protocols", ["https", "http"]),
        ("protocols", "https,gopher", "protocols", ["gopher", "https"]),
        ("protocols", "grpc,http", "protocols", ["http", "https"]),
        ("protocols", "grpc,gopher", "protocols", ["http", "https"]),
        ("protocols", "grpc,grpcs", "protocols", ["grpc", "grpcs"]),
        ("protocols", ",", "protocols", None),
        ("headers.X-Tier", " gold , silver ", "headers", {"X-Tier": ["gold", "silver"]}),
        ("headers.X-Tier", "", "headers", None),
        ("headers.", "x", "headers", None),
    ],
)
def test_route_annotations(annotation, value, field, expected):
    assert route({f"konghq.com/{annotation}": value}).get(field) == expected


def test_header_separator():
    annotations = {"konghq.com/headers.X": "a,b;c", "konghq.com/headers-separator": ";"}
    assert route(annotations)["headers"] == {"X": ["a,b", "c"]}
    annotations = {"konghq.com/headers.X": "ab", "konghq.com/headers-separator": ""}
    assert route(annotations)["headers"] == {"X": ["a", "b"]}


def test_grpc_routes_have_no_strip_path():
    assert "strip_path" not in route({"konghq.com/protocols": "grpc", "konghq.com/strip-path": "true"})
    assert "strip_path" not in route({"konghq.com/protocols": "grpc,http"})


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [(None, ["https"]), ("http,bogus", ["https"]), ("grpc,bogus", ["grpcs"]), ("grpc,http,bogus", ["http", "https"])],
)
def test_force_ssl_redirect(protocols, expected):
    annotations = {"ingress.kubernetes.io/force-ssl-redirect": "true"}
    if protocols:
        annotations["konghq.com/protocols"] = protocols
    found = route(annotations)
    assert (found["protocols"], found["https_redirect_status_code"]) == (expected, 302)
    coded = route({**annotations, "konghq.com/https-redirect-status-code": "301"})
    assert coded["https_redirect_status_code"] == 301


def test_force_ssl_redirect_needs_exactly_true():
    assert "protocols" not in route({"ingress.kubernetes.io/force-ssl-redirect": "True"})


@pytest.mark.parametrize(
    ("annotation", "value", "old", "new"),
    [
        ("protocols", "https, http", ["http", "https"], ["https", "http"]),
        ("methods", "get,,put", None, ["GET", "PUT"]),
        ("methods", " get ,put", ["GET", "PUT"], ["GET", "PUT"]),
        ("snis", "a.example,", None, ["a.example"]),
        ("host-aliases", " q.example", ["h.example", "q.example"], ["h.example", "q.example"]),
        ("host-aliases", "q.example,", ["h.example"], ["h.example", "q.example"]),
    ],
)
def test_lists_before_and_since_3_4(annotation, value, old, new):
    field = {"host-aliases": "hosts"}.get(annotation, annotation)
    annotations = {f"konghq.com/{annotation}": value}
    assert route(annotations, "3.3.1").get(field) == old
    assert route(annotations, "3.4.20").get(field) == new


@pytest.mark.parametrize(("version", "tags"), [("3.3.1", ["x", "", " y"]), ("3.4.0", ["x", "y"])])
def test_user_tags(version, tags):
    assert route({"konghq.com/tags": "x,, y,x"}, version)["tags"][-len(tags) :] == tags


def test_expression_routes_take_no_matchers():
    annotations = {
        "konghq.com/methods": "GET",
        "konghq.com/snis": "x.example",
        "konghq.com/host-aliases": "z.example",
        "konghq.com/regex-priority": "3",
        "konghq.com/path-handling": "v1",
        "konghq.com/headers.X": "1",
        "konghq.com/strip-path": "true",
        "konghq.com/protocols": "grpc,http",
    }
    found = route(annotations, router_flavor="expressions")
    assert found["strip_path"] is True
    assert found["protocols"] == ["grpc", "http"]
    assert not {"methods", "snis", "hosts", "regex_priority", "path_handling", "headers", "paths"} & set(found)


@pytest.mark.parametrize(
    ("annotation", "value", "field", "expected"),
    [
        ("protocol", "https", "protocol", "https"),
        ("path", "/api", "path", "/api"),
        ("path", "api", "path", "/"),
        ("connect-timeout", "+1500", "connect_timeout", 1500),
        ("read-timeout", "1e3", "read_timeout", 60000),
        ("write-timeout", "-1", "write_timeout", -1),
        ("write-timeout", "99999999999999999999", "write_timeout", 60000),
        ("retries", "0", "retries", 0),
        ("retries", "1_0", "retries", 5),
        ("tls-verify", "T", "tls_verify", True),
        ("tls-verify", "yes", "tls_verify", None),
        ("tls-verify-depth", "-3", "tls_verify_depth", -3),
    ],
)
def test_service_annotations(annotation, value, field, expected):
    assert kong_service({f"konghq.com/{annotation}": value}).get(field) == expected


def test_grpc_services_have_no_path():
    assert "path" not in kong_service({"konghq.com/protocol": "grpcs", "konghq.com/path": "/x"})


def test_tls_verification_came_with_3_4():
    annotations = {"konghq.com/tls-verify": "true", "konghq.com/tls-verify-depth": "2"}
    assert "tls_verify" not in kong_service(annotations, "3.3.1")
    assert kong_service(annotations, "3.4.0")["tls_verify_depth"] == 2


@pytest.mark.parametrize("protocol", ["udp", "HTTP", "x"])
def test_refused_protocol(protocol):
    result = run(service(annotations={"konghq.com/protocol": protocol, "konghq.com/path": "/p"}), ingress())
    message = f"konghq.com/protocol annotation has invalid value: {protocol}"
    assert failures(result) == [(message, ["Service a/web"])]
    [found] = result.config["services"]
    assert (found["protocol"], found["path"]) == ("http", "/p")


SOURCES = {
    "VALID_SNI": r"([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*)+(\.([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*))*",
    "VALID_HOST": r"(\*\.)?([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*)+(\.([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*))*?(\.\*)?",
}


@pytest.mark.parametrize("name", SOURCES)
@given(text=st.text("a-.*", max_size=9))
def test_host_patterns_equal_the_controllers(name, text):
    """The same language as the controller's patterns, which backtrack without end on long names."""
    assert bool(getattr(overrides, name).fullmatch(text)) == bool(re.fullmatch(SOURCES[name], text))


def test_long_host_names_are_judged_at_once():
    assert not overrides.VALID_HOST.fullmatch("a" * 5000 + "_")
