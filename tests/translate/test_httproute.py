"""HTTPRoutes as Kong services and routes."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.manifests.objects import K8sObject
from tests.gateway_objects import (
    backend,
    gateway,
    grant,
    listener,
    obj,
    options,
    parent_ref,
    path_match,
    route,
    rule,
    service,
)
from tests.translate.translated import Translated

OLD, MIDDLE, NEW = "3.3.1", "3.4.3", "3.5.13"


def translated(*objects: K8sObject, version: str = NEW, **settings: Any) -> Translated:
    """With a Gateway of an HTTP listener and the Service `web`."""
    return Translated(options(version, **settings), gateway(), service(), *objects)


@pytest.mark.parametrize(
    ("match", "paths"),
    [
        (path_match("/a"), ["~/a$", "/a/"]),
        (path_match("/a/"), ["~/a/$", "/a/"]),
        (path_match("/"), ["~/$", "/"]),
        (path_match("/a", "Exact"), ["~/a$"]),
        (path_match("/a\\d+", "RegularExpression"), ["~/a\\d+"]),
    ],
)
def test_paths(match: dict[str, Any], paths: list[str]) -> None:
    assert translated(route("HTTPRoute", "site", rule(matches=[match]))).route()["paths"] == paths


def test_matches_that_differ_in_the_path_share_a_route() -> None:
    get = {"method": "GET"}
    matches = [path_match("/a"), path_match("/b", **get), path_match("/c"), path_match("/d", **get)]
    result = translated(route("HTTPRoute", "site", rule(matches=matches), hostnames=["a.example"]))
    by_name = {r["name"]: r for r in result.routes}
    assert by_name["httproute.shop.site.0.0"]["paths"] == ["~/a$", "/a/", "~/c$", "/c/"]
    assert by_name["httproute.shop.site.0.1"]["methods"] == ["GET"]
    assert all(r["hosts"] == ["a.example"] and r["strip_path"] is False for r in result.routes)


def test_headers() -> None:
    headers = [
        {"name": "X-A", "value": "1", "type": "Exact"},
        {"name": "x-b", "value": "^2", "type": "RegularExpression"},
    ]
    result = translated(route("HTTPRoute", "site", rule(matches=[path_match(headers=headers)])))
    assert result.route()["headers"] == {"X-A": ["1"], "x-b": ["~*^2"]}
    twice = translated(route("HTTPRoute", "site", rule(matches=[path_match(headers=headers[:1] * 2)])))
    assert twice.messages == [
        "HTTPRoute can't be routed: multiple header matches for the same header are not allowed: X-A"
    ]
    assert "HTTPRoute/site" not in twice.configured


def test_what_cannot_be_routed() -> None:
    query = path_match(queryParams=[{"name": "q", "value": "1"}])
    result = translated(route("HTTPRoute", "site", rule(matches=[query])))
    assert result.messages == ["HTTPRoute can't be routed: query param matches are not yet supported"]
    empty = route("HTTPRoute", "site")
    empty = empty.with_data({**empty.data, "spec": {"rules": []}})
    assert translated(empty).messages == ["HTTPRoute can't be routed: no rules provided"]


def test_one_bad_rule_leaves_the_others_from_3_4_on() -> None:
    mirror = [{"type": "RequestMirror", "requestMirror": {}}]
    site = route("HTTPRoute", "site", rule(backend("web", 81), filters=mirror), rule(backend()))
    for version in (MIDDLE, NEW):
        result = translated(site, version=version)
        assert result.messages == ["HTTPRoute can't be routed: httpFilter RequestMirror unsupported"]
        assert list(result.services) == ["httproute.shop.site.1"]
    assert not translated(site, version=OLD).services


@pytest.mark.parametrize(
    ("kind", "version", "refused"),
    [("CORS", "3.4.4", False), ("CORS", "3.4.5", True), ("Odd", "3.4.20", False), ("Odd", "3.5.0", True)],
)
def test_unknown_filters(kind: str, version: str, refused: bool) -> None:
    result = translated(route("HTTPRoute", "site", rule(filters=[{"type": kind}])), version=version)
    assert bool(result.messages) is refused


def redirect(**content: Any) -> list[dict[str, Any]]:
    return [{"type": "RequestRedirect", "requestRedirect": {"statusCode": 302, **content}}]


FULL_PATH = {"type": "ReplaceFullPath", "replaceFullPath": "/new/"}


@pytest.mark.parametrize(
    ("version", "gateway_version", "content", "plugin", "expected"),
    [
        (OLD, "3.9", {"hostname": "b.example"}, "response-transformer", "Location: http://b.example:80/a"),
        (MIDDLE, "3.8", {"hostname": "b.example"}, "response-transformer", "Location:http://b.example/a"),
        (NEW, "3.8", {"path": FULL_PATH}, "response-transformer", "Location:/new/"),
        (
            NEW,
            "3.8",
            {"hostname": "b.example", "port": 8443},
            "response-transformer",
            "Location:http://b.example:8443/a",
        ),
        (NEW, "3.9", {"hostname": "b.example", "scheme": "https"}, "redirect", "https://b.example"),
        (MIDDLE, "3.9", {"hostname": "b.example", "path": FULL_PATH}, "redirect", "http://b.example/new"),
    ],
)
def test_redirects(version: str, gateway_version: str, content: dict[str, Any], plugin: str, expected: str) -> None:
    site = route("HTTPRoute", "site", rule(matches=[path_match("/a")], filters=redirect(**content)))
    plugins = translated(site, version=version, gateway_version=gateway_version).plugins()
    if plugin == "redirect":
        keeps = "path" not in content
        assert plugins == {"redirect": {"status_code": 302, "location": expected, "keep_incoming_path": keeps}}
    else:
        assert plugins["request-termination"] == {"status_code": 302}
        assert plugins["response-transformer"] == {"add": {"headers": [expected]}}


def test_a_redirect_of_several_matches_repeats_the_route() -> None:
    matches = [path_match("/a"), path_match("/b")]
    result = translated(route("HTTPRoute", "site", rule(matches=matches, filters=redirect())))
    assert [r["name"] for r in result.routes] == ["httproute.shop.site.0.0"] * 2
    assert sorted(len(r["paths"]) for r in result.routes) == [2, 4]
    assert sorted(len(r["plugins"]) for r in result.routes) == [1, 2]


def rewrite(**content: Any) -> dict[str, Any]:
    return {"type": "URLRewrite", "urlRewrite": content}


@pytest.mark.parametrize(
    ("path", "replacement", "uri", "paths"),
    [
        ("/a", "/b", "/b$(uri_captures[1])", ["~/a$", "~/a(/.*)"]),
        ("/a/", "/b/", "/b$(uri_captures[1])", ["~/a$", "~/a(/.*)"]),
        ("/a", "/", '$(uri_captures[1] == nil and "/" or uri_captures[1])', ["~/a$", "~/a(/.*)"]),
        ("/", "/b", '/b$(uri_captures[1] == nil and "" or "/" .. uri_captures[1])', ["~/$", "~/(.*)"]),
        ("/", "/", '$(uri_captures[1] == nil and "/" or "/" .. uri_captures[1])', ["~/$", "~/(.*)"]),
    ],
)
def test_prefix_rewrites(path: str, replacement: str, uri: str, paths: list[str]) -> None:
    filters = [rewrite(path={"type": "ReplacePrefixMatch", "replacePrefixMatch": replacement})]
    result = translated(route("HTTPRoute", "site", rule(matches=[path_match(path)], filters=filters)))
    assert result.plugins() == {"request-transformer": {"replace": {"uri": uri}}}
    assert result.route()["paths"] == paths


def test_transformers_of_one_kind_join() -> None:
    modifier = {"set": [{"name": "X-A", "value": "1"}], "add": [{"name": "X-B", "value": ""}], "remove": ["X-C"]}
    filters = [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": modifier},
        rewrite(hostname="b.example", path={"type": "ReplaceFullPath", "replaceFullPath": "/x"}),
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["X-D"]}},
    ]
    site = route("HTTPRoute", "site", rule(filters=filters))
    assert translated(site).plugins() == {
        "request-transformer": {
            "replace": {"headers": ["X-A:1", "host:b.example"], "uri": "/x"},
            "add": {"headers": ["X-A:1", "host:b.example"]},
            "append": {"headers": ["X-B"]},
            "remove": {"headers": ["X-C"]},
        },
        "response-transformer": {"remove": {"headers": ["X-D"]}},
    }
    old = translated(site, version=OLD)
    assert old.plugins()["request-transformer"]["append"] == {"headers": ["X-B:"]}
    assert all("tags" not in p for p in old.route()["plugins"])
    assert all(p["tags"] for p in translated(site).route()["plugins"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "URLRewrite missing Path and Hostname"),
        (
            {"path": {"type": "ReplaceFullPath"}},
            "failed to generate request-transformer plugin for Path: failed to generate request-transformer plugin for"
            " URLRewrite: URLRewrite missing ReplaceFullPath",
        ),
        (
            {"path": {"type": "Odd"}},
            "failed to generate request-transformer plugin for Path: unsupported path type Odd for URLRewrite",
        ),
    ],
)
def test_refused_rewrites(content: dict[str, Any], message: str) -> None:
    result = translated(route("HTTPRoute", "site", rule(filters=[rewrite(**content)])))
    assert result.messages == [f"HTTPRoute can't be routed: {message}"]


def test_extension_of_another_kind() -> None:
    ref = {"group": "configuration.konghq.com", "kind": "KongClusterPlugin", "name": "x"}
    result = translated(route("HTTPRoute", "site", rule(filters=[{"type": "ExtensionRef", "extensionRef": ref}])))
    assert result.messages == [
        "HTTPRoute can't be routed: plugin configuration.konghq.com/KongClusterPlugin unsupported"
    ]


def test_rules_with_equal_backends_share_a_service() -> None:
    both = [backend("web"), backend("web", 81)]
    site = route("HTTPRoute", "site", rule(*both), rule(backend()), rule(*reversed(both)))
    assert sorted(translated(site).services) == ["httproute.shop.site.0", "httproute.shop.site.1"]


def test_services_combined_from_different_routes() -> None:
    gates = {"CombinedServicesFromDifferentHTTPRoutes": True}
    other = route("HTTPRoute", "other", rule(backend()))
    result = Translated(options(NEW, gates), gateway(), service(), route(), other)
    assert list(result.services) == ["httproute.shop.svc.shop.web.80.1"]
    assert {r["name"] for r in result.routes} == {"httproute.shop.site.0.0", "httproute.shop.other.0.0"}
    many = [backend("w" * 60 + str(i)) for i in range(9)]
    (name,) = Translated(options(NEW, gates), route("HTTPRoute", "site", rule(*many))).services
    assert name.startswith(f"httproute.shop.svc.shop.{'w' * 60}0.80.1_combined.")
    assert len(name.rpartition(".")[2]) == 64


def test_backends_that_cannot_be_used() -> None:
    refs = [backend("gone"), backend(kind="Other"), backend("web", namespace="infra")]
    site = route("HTTPRoute", "site", rule(*refs))
    result = translated(site, service("web", "infra"))
    (kong_service,) = result.services.values()
    termination = {"status_code": 500, "message": "no existing backendRef provided"}
    assert [(p["name"], p["config"]) for p in kong_service["plugins"]] == [("request-termination", termination)]
    assert "HTTPRoute/site" in result.configured
    granted = translated(site, service("web", "infra"), grant("infra"))
    assert "plugins" not in granted.services["httproute.shop.site.0"]


def timeouts(value: str) -> dict[str, Any]:
    return {"timeouts": {"backendRequest": value}}


def test_timeouts() -> None:
    site = route("HTTPRoute", "site", rule(**timeouts("1s")), rule(backend("web", 81), **timeouts("1m500ms")))
    found = {name: s["read_timeout"] for name, s in translated(site).services.items()}
    assert found == {"httproute.shop.site.0": 1000, "httproute.shop.site.1": 60500}
    old = {s["read_timeout"] for s in translated(site, version=OLD).services.values()}
    assert old == {60500}
    default_last = route("HTTPRoute", "site", rule(**timeouts("1s")), rule(**timeouts("60s")))
    assert [s["connect_timeout"] for s in translated(default_last).services.values()] == [1000]
    assert [s["connect_timeout"] for s in translated(default_last, version=OLD).services.values()] == [60000]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.4.13", ["http", "https"]), ("3.4.14", ["http"]), ("3.5.6", ["http", "https"]), ("3.5.7", ["http"])],
)
def test_protocols_follow_the_listeners(version: str, expected: list[str]) -> None:
    assert translated(route(), version=version).route()["protocols"] == expected


def test_section_and_missing_gateway() -> None:
    edge = gateway(listener("a"), listener("b", "HTTPS", 443))
    site = route(parentRefs=[parent_ref(sectionName="b")])
    assert Translated(options(), edge, service(), site).route()["protocols"] == ["https"]
    assert "protocols" not in Translated(options(), service(), site).route()


def test_names_of_rules_are_tags() -> None:
    site = route("HTTPRoute", "site", rule(name="front", matches=[path_match("/a"), path_match("/b")]))
    tag = "k8s-named-route-rule:front"
    assert translated(site).route()["tags"].count(tag) == 2
    assert tag not in translated(site, version=OLD).route()["tags"]


def test_a_rule_without_matches() -> None:
    filters = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["X"]}}]
    site = route("HTTPRoute", "site", rule(), rule(backend("web", 81), matches=[], filters=filters))
    found = translated(site).route("httproute.shop.site.1.0")
    assert "paths" not in found
    assert "plugins" not in found
    assert {r["name"] for r in translated(site, version=OLD).routes} == {"httproute.shop.site.0.0"}


@pytest.mark.parametrize(
    ("version", "annotated", "bound"),
    [("3.2.2", True, 1), ("3.2.3", True, 2), ("3.3.1", True, 2), ("3.3.1", False, 1), ("3.4.0", True, 1)],
)
def test_extensions_reach_the_whole_route_in_some_versions(version: str, annotated: bool, bound: int) -> None:
    ref = {"group": "configuration.konghq.com", "kind": "KongPlugin", "name": "cors"}
    rules = (rule(filters=[{"type": "ExtensionRef", "extensionRef": ref}]), rule(backend("web", 81)))
    metadata = {"annotations": {"konghq.com/preserve-host": "true"} if annotated else {}}
    plugin = obj("configuration.konghq.com/v1", "KongPlugin", "cors", "shop", plugin="cors")
    result = translated(route("HTTPRoute", "site", *rules, metadata=metadata), plugin, version=version)
    assert len(result.result.config["plugins"]) == bound
