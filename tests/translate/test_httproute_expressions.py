"""HTTPRoutes as expression routes."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.manifests.objects import K8sObject
from tests.gateway_objects import gateway, options, path_match, route, rule, service
from tests.translate.translated import Translated

HTTP_ROUTE = 2 << 44
FIRST = (1 << 12) - 1  # the order bits of the first of equal matches


def translated(*objects: K8sObject, version: str = "3.5.13") -> Translated:
    return Translated(options(version, router_flavor="expressions"), gateway(), service(), *objects)


@pytest.mark.parametrize(
    ("match", "expression"),
    [
        (path_match("/a/"), '(http.path == "/a") || (http.path ^= "/a/")'),
        (path_match("/"), 'http.path ^= "/"'),
        (path_match("/a", "Exact"), 'http.path == "/a"'),
        (path_match("/a.*", "RegularExpression"), 'http.path ~ "^/a.*"'),
        (
            path_match(
                method="GET",
                headers=[{"name": "X-B", "value": "2"}, {"name": "X-A", "value": "1", "type": "RegularExpression"}],
                queryParams=[{"name": "q", "value": 'a"b'}],
            ),
            '(http.path ^= "/") && ((http.headers.x_a ~ "1") && (http.headers.x_b == "2"))'
            ' && (http.queries.q == "a\\"b") && (http.method == "GET")',
        ),
    ],
)
def test_expressions(match: dict[str, Any], expression: str) -> None:
    assert translated(route("HTTPRoute", "site", rule(matches=[match]))).route()["expression"] == expression


def test_hosts_and_annotated_snis() -> None:
    metadata = {"annotations": {"konghq.com/snis": "a.example,b.example"}}
    site = route(hostnames=["*.example"], metadata=metadata)
    found = translated(site).route("httproute.shop.site._.example.0.0")
    assert found["expression"] == (
        '(http.host =^ ".example") && ((tls.sni == "a.example") || (tls.sni == "b.example")) && (http.path ^= "/")'
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.4.11", None),
        ("3.4.12", ["http", "https"]),
        ("3.4.14", ["http"]),
        ("3.5.4", None),
        ("3.5.6", ["http", "https"]),
        ("3.5.7", ["http"]),
    ],
)
def test_protocols(version: str, expected: list[str] | None) -> None:
    assert translated(route(), version=version).route().get("protocols") == expected


def test_catch_all() -> None:
    found = translated(route("HTTPRoute", "site", rule(matches=[]))).route()
    assert found["expression"] == '(net.protocol == "http") || (net.protocol == "https")'
    assert found["priority"] == HTTP_ROUTE + FIRST


@pytest.mark.parametrize(
    ("hostname", "match", "bits"),
    [
        ("", path_match("/"), 0),
        ("a.example", path_match("/"), (1 << 43) + (9 << 35)),
        ("*.example", path_match("/"), 9 << 35),
        ("", path_match("/ab", "Exact"), (1 << 34) + (2 << 23)),
        ("", path_match("/ab", "RegularExpression"), (1 << 33) + (2 << 23)),
        ("", path_match("/é"), 2 << 23),
        ("", path_match(method="GET"), 1 << 22),
        ("", path_match(headers=[{"name": "a", "value": "1"}]), 1 << 17),
        ("", path_match(queryParams=[{"name": "a", "value": "1"}]), 1 << 12),
    ],
)
def test_priorities(hostname: str, match: dict[str, Any], bits: int) -> None:
    spec = {"hostnames": [hostname]} if hostname else {}
    found = translated(route("HTTPRoute", "site", rule(matches=[match]), **spec)).route()
    assert found["priority"] == HTTP_ROUTE + bits + FIRST


def test_order_of_equal_matches() -> None:
    young = route("HTTPRoute", "a", metadata={"creationTimestamp": "2024-01-02T00:00:00Z"})
    old = route(
        "HTTPRoute", "b", rule(matches=[path_match("/")] * 2), metadata={"creationTimestamp": "2024-01-01T00:00:00Z"}
    )
    priorities = {r["name"]: r["priority"] - HTTP_ROUTE for r in translated(young, old).routes}
    assert priorities == {
        "httproute.shop.b._.0.0": FIRST,
        "httproute.shop.b._.0.1": FIRST - 1,
        "httproute.shop.a._.0.0": FIRST - 2,
    }


def test_host_names_of_equal_length_are_turned_round() -> None:
    names = ["a.example", "b.example", "c.example"]
    result = translated(route(hostnames=names))
    ordered = sorted(result.routes, key=lambda r: -int(r["priority"]))
    assert [r["name"].split(".")[3] for r in ordered] == ["c", "b", "a"]


def test_a_prefix_rewrite_keeps_other_matchers_from_a_version_on() -> None:
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/b"}
    filters = [{"type": "URLRewrite", "urlRewrite": {"path": path}}]
    site = route("HTTPRoute", "site", rule(matches=[path_match("/a", method="GET")], filters=filters))
    capture = '(http.path == "/a") || (http.path ~ "^/a(/.*)")'
    assert translated(site, version="3.4.3").route()["expression"] == capture
    assert translated(site, version="3.4.4").route()["expression"] == f'({capture}) && (http.method == "GET")'


def test_services_before_3_4_are_by_host_name_and_rule() -> None:
    names = ["a.example", "*.b.example"]
    old = translated(route(hostnames=names), version="3.3.1")
    assert sorted(old.services) == ["httproute.shop.site._.b.example.0", "httproute.shop.site.a.example.0"]
    assert list(translated(route(hostnames=names)).services) == ["httproute.shop.site.0"]
