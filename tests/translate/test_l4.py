"""TCPRoutes, UDPRoutes, TLSRoutes, TCPIngresses and UDPIngresses."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.manifests.objects import K8sObject
from tests.gateway_objects import backend, gateway, listener, obj, options, parent_ref, route, service
from tests.translate.translated import Translated

EDGE = gateway(
    listener("db", "TCP", 5432),
    listener("cache", "TCP", 6379),
    listener("dns", "UDP", 53),
    listener("pass", "TLS", 8443, tls={"mode": "Passthrough"}),
)
TO_WEB = {"backendRefs": [backend()]}


def translated(*objects: K8sObject, version: str = "3.5.13", **settings: Any) -> Translated:
    return Translated(options(version, **settings), EDGE, service(), *objects)


def test_routes_listen_on_the_ports_of_their_listeners() -> None:
    tcp, udp = route("TCPRoute", "db", TO_WEB), route("UDPRoute", "dns", TO_WEB)
    result = translated(tcp, udp)
    found = result.route("tcproute.shop.db.0.0")
    assert found["destinations"] == [{"port": 5432}, {"port": 6379}]
    assert found["protocols"] == ["tcp"]
    assert result.route("udproute.shop.dns.0.0")["destinations"] == [{"port": 53}]
    assert {"TCPRoute/db", "UDPRoute/dns"} <= result.configured
    one = translated(route("TCPRoute", "db", TO_WEB, parentRefs=[parent_ref(sectionName="cache")]))
    assert one.route()["destinations"] == [{"port": 6379}]


def test_expressions() -> None:
    tcp, tls = route("TCPRoute", "db", TO_WEB), route("TLSRoute", "tls", TO_WEB, hostnames=["a.example"])
    result = translated(tcp, tls, router_flavor="expressions")
    found = result.route("tcproute.shop.db.0.0")
    assert found["expression"] == "(net.dst.port == 5432) || (net.dst.port == 6379)"
    assert found["priority"] == 1
    assert "destinations" not in found
    assert result.route("tlsroute.shop.tls.0.0")["expression"] == 'tls.sni == "a.example"'


def test_what_is_not_routed() -> None:
    tcp = route("TCPRoute", "db", TO_WEB, {})
    tls = route("TLSRoute", "tls", TO_WEB)
    udp = route("UDPRoute", "dns", TO_WEB, {})
    result = translated(tcp, tls, udp)
    # The rules before the bad one of a TCPRoute stay, and only UDPRoutes have failures.
    assert list(result.services) == ["tcproute.shop.db.0"]
    assert result.messages == ["no backendRefs in rule"]
    assert result.configured == {"Service/web"}
    empty = udp.with_data({**udp.data, "spec": {"rules": []}})
    assert translated(empty).messages == ["no rules provided"]


@pytest.mark.parametrize(
    ("ref", "protocol"),
    [
        (parent_ref(), "tls_passthrough"),
        (parent_ref(sectionName="db"), "tls"),
        (parent_ref(name="gone"), "tls"),
        (parent_ref(kind="Service"), "tls"),
        (None, "tls"),
    ],
)
def test_tls_passthrough_is_read_from_the_status(ref: dict[str, Any] | None, protocol: str) -> None:
    tls = route("TLSRoute", "tls", TO_WEB, hostnames=["a.example"])
    if ref:
        tls = tls.with_data({**tls.data, "status": {"parents": [{"parentRef": ref}]}})
    found = translated(tls).route()
    assert found["protocols"] == [protocol]
    assert found["snis"] == ["a.example"]


@pytest.mark.parametrize(
    ("version", "terminates"),
    [("3.4.8", True), ("3.4.9", False), ("3.5.0", True), ("3.5.1", True), ("3.5.2", False)],
)
def test_services_without_backends(version: str, terminates: bool) -> None:
    tcp = route("TCPRoute", "db", {"backendRefs": [backend("gone")]})
    found = translated(tcp, version=version).services["tcproute.shop.db.0"]
    assert ("plugins" in found) is terminates


def ingress(kind: str, name: str, *rules: dict[str, Any], annotation: str = "kong", **spec: Any) -> K8sObject:
    metadata = {"annotations": {"kubernetes.io/ingress.class": annotation} if annotation else {}}
    content = {"rules": list(rules), **spec}
    return obj("configuration.konghq.com/v1beta1", kind, name, "shop", spec=content, metadata=metadata)


def to_web(port: int, **more: Any) -> dict[str, Any]:
    return {"port": port, "backend": {"serviceName": "web", "servicePort": 80}, **more}


def test_tcp_ingress() -> None:
    tls = [{"hosts": ["a.example"], "secretName": "cert"}, {"secretName": "unused"}]
    result = translated(ingress("TCPIngress", "db", to_web(9000, host="a.example"), to_web(9001), tls=tls))
    (found,) = result.services.values()
    assert (found["name"], found["host"], found["protocol"]) == ("shop.web.80", "web.shop.80.svc", "tcp")
    first, second = sorted(result.routes, key=lambda r: str(r["name"]))
    assert (first["name"], first["snis"], first["destinations"]) == ("shop.db.0", ["a.example"], [{"port": 9000}])
    assert second["protocols"] == ["tcp", "tls"]
    assert result.messages == ["Failed to fetch the secret (shop/cert)"]


def test_udp_ingress() -> None:
    result = translated(ingress("UDPIngress", "dns", to_web(53)))
    found = result.services["shop.web.80.udp"]
    assert found["protocol"] == "udp"
    assert "retries" not in found
    assert result.route("shop.dns.0.udp")["destinations"] == [{"port": 53}]


@pytest.mark.parametrize(
    ("annotation", "default", "taken"), [("kong", False, True), ("other", True, False), ("", True, True)]
)
def test_classes(annotation: str, default: bool, taken: bool) -> None:
    metadata = {"annotations": {"ingressclass.kubernetes.io/is-default-class": str(default).lower()}}
    own = obj("networking.k8s.io/v1", "IngressClass", "kong", metadata=metadata)
    result = translated(own, ingress("UDPIngress", "dns", to_web(53), annotation=annotation))
    assert bool(result.services) is taken


def test_a_later_kind_replaces_a_service_of_the_same_name() -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    spec = {"ingressClassName": "kong", "rules": [{"http": {"paths": [path]}}]}
    http = obj("networking.k8s.io/v1", "Ingress", "web", "shop", spec=spec)
    result = translated(http, ingress("TCPIngress", "db", to_web(9000)))
    assert [r["name"] for r in result.routes] == ["shop.db.0"]
