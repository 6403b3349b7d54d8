"""GRPCRoutes as Kong services and routes."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.manifests.objects import K8sObject
from tests.gateway_objects import backend, gateway, listener, options, parent_ref, route, service
from tests.translate.translated import Translated


def grpc(*rules: dict[str, Any], **spec: Any) -> K8sObject:
    return route("GRPCRoute", "call", *(rules or ({"backendRefs": [backend()]},)), **spec)


def matching(**method: Any) -> K8sObject:
    return grpc({"matches": [{"method": method}], "backendRefs": [backend()]})


def translated(*objects: K8sObject, flavor: str = "traditional_compatible", version: str = "3.5.13") -> Translated:
    settings: Any = {"router_flavor": flavor}
    return Translated(options(version, **settings), gateway(), service(), *objects)


@pytest.mark.parametrize(
    ("method", "path", "expression"),
    [
        ({"service": "s", "method": "m"}, "~/s/m", 'http.path == "/s/m"'),
        ({"service": "s"}, "~/s/", 'http.path ^= "/s/"'),
        ({"method": "m"}, "~/.+/m", 'http.path =^ "/m"'),
        ({"type": "Exact"}, "~/.+/", 'http.path ^= "/"'),
        ({"type": "RegularExpression", "service": "s"}, "~/s/.+", 'http.path ~ "^/s/.+"'),
        ({"type": "RegularExpression"}, "~/.+/.+", 'http.path ^= "/"'),
    ],
)
def test_methods(method: dict[str, Any], path: str, expression: str) -> None:
    found = translated(matching(**method)).route()
    assert found["paths"] == [path]
    assert found["protocols"] == ["grpc", "grpcs"]
    assert translated(matching(**method), flavor="expressions").route()["expression"] == expression


def test_protocol_of_the_service_is_that_of_the_listener() -> None:
    assert translated(grpc()).services["grpcroute.shop.call.0"]["protocol"] == "grpc"
    secure = gateway(listener("a", "HTTPS", 443))
    result = Translated(options(router_flavor="expressions"), secure, service(), grpc())
    assert result.services["grpcroute.shop.call._.0"]["protocol"] == "grpcs"
    assert result.route()["protocols"] == ["grpcs"]
    assert "protocols" not in translated(grpc(), flavor="expressions", version="3.4.11").route()
    between = translated(grpc(), flavor="expressions", version="3.4.12").route()
    assert between["protocols"] == ["http", "https"]


def test_host_names_come_from_listeners() -> None:
    edge = gateway(listener("a", hostname="a.example"), listener("b", port=81, hostname="b.example"))

    def hosts(*refs: dict[str, Any]) -> list[str] | None:
        found = Translated(options(), edge, service(), grpc(parentRefs=list(refs))).route()
        return found.get("hosts")

    assert hosts(parent_ref()) == ["a.example", "b.example"]
    assert hosts(parent_ref(sectionName="b")) == ["b.example"]
    assert hosts(parent_ref(), parent_ref(name="gone")) is None
    # The namespace of one parentRef holds for the next that has none.
    follower = {k: v for k, v in parent_ref().items() if k != "namespace"}
    assert hosts(parent_ref(sectionName="a"), follower) == ["a.example", "a.example", "b.example"]


def test_without_host_names_and_matches_all_paths_match() -> None:
    assert translated(grpc()).route()["paths"] == ["/"]
    named = translated(grpc(hostnames=["a.example"])).route()
    assert named["hosts"] == ["a.example"]
    assert "paths" not in named


def test_priority() -> None:
    call = grpc({"matches": [{"method": {"service": "abc", "method": "de"}, "headers": [{"name": "a", "value": "b"}]}]})
    expected = (1 << 44) + (3 << 24) + (2 << 13) + (1 << 8) + 255
    assert translated(call, flavor="expressions").route()["priority"] == expected


def test_each_match_terminates_again_without_backends() -> None:
    call = grpc({"matches": [{}, {}], "backendRefs": [backend("gone")]})
    (found,) = translated(call, flavor="expressions").services.values()
    assert len(found["plugins"]) == 2
    (found,) = translated(call).services.values()
    assert len(found["plugins"]) == 1


def test_a_service_of_several_backends_has_no_tags() -> None:
    call = grpc({"backendRefs": [backend(), backend("web", 81)]})
    assert "tags" not in translated(call).services["grpcroute.shop.call.0"]
    assert translated(call, flavor="expressions").services["grpcroute.shop.call._.0"]["tags"]
    assert translated(call).configured == {"GRPCRoute/call", "Service/web"}
