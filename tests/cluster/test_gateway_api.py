"""What the reconcilers of the Gateway API take in, and what they write."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gitops_kong.cluster.gateway_api import GatewayApiIntake, take_in
from gitops_kong.cluster.gateway_status import class_conditions, gateway_status, route_parents
from gitops_kong.cluster.intake import take_in as cluster_take_in
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from tests.gateway_objects import (
    GROUP,
    backend,
    gateway,
    gateway_class,
    grant,
    listener,
    obj,
    options,
    parent_ref,
    route,
    rule,
    service,
)
from tests.translate.translated import Translated

PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").decode()


def intake(*objects: K8sObject, version: str = "3.5.13", gates: dict[str, bool] | None = None) -> GatewayApiIntake:
    return take_in(ObjectStore(objects), options(version, gates))


def reason(route_: K8sObject, *objects: K8sObject, **settings: Any) -> str:
    """Why a route is left out, '' if it is taken in."""
    return intake(*objects, route_, **settings).left_out.get(route_.ref, "")


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}


def test_route_of_a_listener_is_taken_in() -> None:
    site = route(hostnames=["shop.example"])
    result = intake(gateway_class(), gateway(), site)
    assert result.left_out == {}
    assert {o.kind for o in result.taken_in} == {"GatewayClass", "Gateway", "HTTPRoute"}
    assert next(o for o in result.taken_in if o.kind == "HTTPRoute") is site


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([], "Gateway edge/kong does not exist"),
        ([gateway()], "Gateway edge/kong: its GatewayClass kong does not exist"),
        (
            [gateway(), gateway_class(controller="other.example/gateways")],
            "Gateway edge/kong: its GatewayClass kong is not this controller's: controllerName is"
            " other.example/gateways, this controller's is konghq.com/kic-gateway-controller",
        ),
    ],
)
def test_route_without_gateway_of_this_controller(objects: list[K8sObject], expected: str) -> None:
    assert reason(route(), *objects) == expected


@pytest.mark.parametrize(
    ("listeners", "spec", "status", "explanation"),
    [
        (
            [listener("web", hostname="*.test")],
            {"hostnames": ["shop.example"]},
            "NoMatchingListenerHostname",
            "listener web of Gateway edge/kong serves *.test, which is none of the route's host names",
        ),
        (
            [listener("web")],
            {"parentRefs": [parent_ref(sectionName="tls")]},
            "NoMatchingParent",
            "Gateway edge/kong has no listener tls",
        ),
        (
            [listener("web")],
            {"parentRefs": [parent_ref(port=8080)]},
            "NoMatchingParent",
            "listener web of Gateway edge/kong is not on port 8080",
        ),
        (
            [listener("web", allowedRoutes={"namespaces": {"from": "Same"}})],
            {"parentRefs": [parent_ref()]},
            "NotAllowedByListeners",
            "listener web of Gateway edge/kong allows routes of its own namespace only, not of shop",
        ),
        (
            [listener("web", allowedRoutes={"kinds": [{"group": GROUP, "kind": "TCPRoute"}]})],
            {},
            "NotAllowedByListeners",
            "listener web of Gateway edge/kong allows no HTTPRoutes",
        ),
        (
            [listener("db", "TCP", 5432)],
            {},
            "NotAllowedByListeners",
            "listener db of Gateway edge/kong takes no HTTPRoutes",
        ),
        (
            [
                listener("web", "HTTPS", 443, tls={"certificateRefs": [{"name": "gone"}]}),
            ],
            {},
            "NotAllowedByListeners",
            "listener web of Gateway edge/kong is not programmed (InvalidCertificateRef)",
        ),
    ],
)
def test_listeners_refuse(listeners: list[dict[str, Any]], spec: dict[str, Any], status: str, explanation: str) -> None:
    site = route(**spec)
    result = intake(gateway_class(), gateway(*listeners), site)
    assert result.left_out[site.ref] == explanation
    assert [p.reason for p in result.parents[site.ref]] == [status]


def test_namespace_selector_reads_labels_of_the_namespace() -> None:
    allowed = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "shop"}}}}
    base = (gateway_class(), gateway(listener("web", allowedRoutes=allowed)))
    namespace = obj("v1", "Namespace", "shop", metadata={"labels": {"team": "shop"}})
    assert reason(route(), *base, namespace) == ""
    assert "labels do not fit" in reason(route(), *base)
    by_name = {"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
    assert reason(route(), gateway_class(), gateway(listener("web", allowedRoutes={"namespaces": by_name}))) == ""


def test_cache_holds_the_host_names_that_listeners_leave() -> None:
    base = (gateway_class(), gateway(listener("web", hostname="*.example"), listener("b", hostname="b.test")))
    site = route(hostnames=["*.test", "shop.example", "shop.test"])
    taken = next(o for o in intake(*base, site).taken_in if o.kind == "HTTPRoute")
    assert taken.spec["hostnames"] == ["b.test", "shop.example"]
    assert site.spec["hostnames"] == ["*.test", "shop.example", "shop.test"]
    without = next(o for o in intake(*base, route()).taken_in if o.kind == "HTTPRoute")
    assert without.spec["hostnames"] == ["*.example", "b.test"]


def test_alpha_kinds_need_their_gate() -> None:
    base = (gateway_class(), gateway(listener("db", "TCP", 5432)))
    tcp = route("TCPRoute", "db", {"backendRefs": [backend()]})
    assert reason(tcp, *base) == "the controller reads TCPRoute objects only with the feature gate GatewayAlpha"
    assert reason(tcp, *base, gates={"GatewayAlpha": True}) == ""


@pytest.mark.parametrize(("reported", "taken"), [("True", True), ("False", False), (None, True)])
def test_managed_gateway_is_as_its_status_says(reported: str | None, taken: bool) -> None:
    given = {}
    if reported:
        given["status"] = {
            "conditions": [
                {"type": kind, "status": reported, "reason": kind, "observedGeneration": 1}
                for kind in ("Accepted", "Programmed")
            ],
        }
    edge = gateway(metadata={"generation": 1}, **given)
    site = route()
    result = intake(gateway_class(unmanaged=False), edge, site)
    assert (edge.ref not in result.left_out) is taken
    assert result.left_out.get(site.ref, "") == ("" if taken else "Gateway edge/kong is not programmed yet")


def test_secrets_of_listeners_are_references() -> None:
    refs = [{"group": "", "kind": "Secret", "name": "cert", "namespace": "infra"}]
    edge = gateway(listener("web", "HTTPS", 443, tls={"mode": "Terminate", "certificateRefs": refs}))
    secret = obj("v1", "Secret", "cert", "infra", data={"tls.crt": PEM, "tls.key": PEM})
    result = intake(gateway_class(), edge, secret, grant("infra", kind="Gateway", origin="edge", to="Secret"))
    assert [(r.kind, r.namespace, r.name) for r in result.references] == [("Secret", "infra", "cert")]
    assert result.gateways[edge.ref].listeners["web"].is_programmed
    ungranted = intake(gateway_class(), edge, secret)
    assert ungranted.gateways[edge.ref].listeners["web"].problem() == "RefNotPermitted"


def test_a_missing_secret_may_be_assumed() -> None:
    edge = gateway(listener("web", "HTTPS", 443, tls={"certificateRefs": [{"name": "cert"}]}))
    store = ObjectStore([gateway_class(), edge])
    assert take_in(store, options(), assume_missing=True).gateways[edge.ref].listeners["web"].is_programmed
    assert not take_in(store, options()).gateways[edge.ref].listeners["web"].is_programmed


def test_the_cache_holds_what_is_written_into_statuses() -> None:
    edge = gateway(listener("web"), listener("tls", "TLS", 8443, tls={"mode": "Passthrough"}))
    tls = route("TLSRoute", "tls", {"backendRefs": [backend()]}, hostnames=["a.example"])
    result = intake(gateway_class(), edge, tls, gates={"GatewayAlpha": True})
    held = {o.kind: o for o in result.taken_in}
    assert [li["name"] for li in held["Gateway"].data["status"]["listeners"]] == ["web", "tls"]
    assert [p["parentRef"] for p in held["TLSRoute"].data["status"]["parents"]] == [parent_ref()]
    translated = Translated(options(gates={"GatewayAlpha": True}), *result.taken_in, service())
    assert translated.route()["protocols"] == ["tls_passthrough"]


def test_conflicts_hit_both_listeners() -> None:
    edge = gateway(listener("a"), listener("b", "TCP"), listener("c", port=81), listener("d", port=81))
    store = ObjectStore([gateway_class(), edge])
    status = gateway_status(edge, take_in(store, options()), store)
    assert status is not None
    by_name = {li["name"]: conditions(li) for li in status["listeners"]}
    assert by_name["a"] == {
        "Accepted": ("True", "Accepted"),
        "Conflicted": ("True", "ProtocolConflict"),
        "Programmed": ("False", "Invalid"),
        "ResolvedRefs": ("True", "ResolvedRefs"),
    }
    assert "ResolvedRefs" not in by_name["b"]
    assert {by_name[name]["Conflicted"] for name in "cd"} == {("True", "HostnameConflict")}
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_grpc_routes_cannot_be_named_by_a_listener() -> None:
    kinds = {"kinds": [{"group": GROUP, "kind": "GRPCRoute"}], "namespaces": {"from": "All"}}
    edge = gateway(listener("web", allowedRoutes=kinds))
    result = intake(gateway_class(), edge)
    assert result.gateways[edge.ref].listeners["web"].problem() == "InvalidRouteKinds"


def test_http_route_status() -> None:
    site = route("HTTPRoute", "site", rule(backend("gone")), metadata={"generation": 3})
    store = ObjectStore([gateway_class(), gateway(), site])
    for version, message in (("3.5.13", "target shop/gone of type Service does not exist"), ("3.3.1", "")):
        of_version = options(version)
        written = route_parents(site, "Succeeded", take_in(store, of_version), store, of_version)
        assert len(written) == 1
        assert written[0]["parentRef"] == parent_ref()
        assert conditions(written[0]) == {
            "Accepted": ("True", "Accepted"),
            "ResolvedRefs": ("False", "BackendNotFound"),
            "Programmed": ("True", "ConfiguredInGateway"),
        }
        assert written[0]["conditions"][1]["message"] == message
        assert {c["observedGeneration"] for c in written[0]["conditions"]} == {3}


def test_refused_routes_are_told_so_from_a_version_on() -> None:
    call = route("GRPCRoute", "call", {"backendRefs": [backend()]}, hostnames=["a.test"])
    store = ObjectStore([gateway_class(), gateway(listener("web", hostname="b.test")), call])
    told = {}
    for version in ("3.4.2", "3.4.3"):
        of_version = options(version)
        told[version] = conditions(route_parents(call, "Unknown", take_in(store, of_version), store, of_version)[0])
    assert told["3.4.2"]["Accepted"] == ("True", "Accepted")
    assert told["3.4.3"]["Accepted"] == ("False", "NoMatchingListenerHostname")


def test_tcp_routes_get_a_status_when_they_are_configured() -> None:
    tcp = route("TCPRoute", "db", {"backendRefs": [backend()]})
    store = ObjectStore([gateway_class(), gateway(listener("db", "TCP", 5432)), tcp])
    of_version = options(gates={"GatewayAlpha": True})
    result = take_in(store, of_version)
    assert route_parents(tcp, "Failed", result, store, of_version) == []
    assert len(route_parents(tcp, "Succeeded", result, store, of_version)) == 1


def test_attached_routes_and_class() -> None:
    edge = gateway(listener("a"), listener("b", port=81, hostname="b.test"))
    site = route(hostnames=["a.test"])
    store = ObjectStore([gateway_class(), edge, site])
    status = gateway_status(edge, take_in(store, options()), store)
    assert status is not None
    assert {li["name"]: li["attachedRoutes"] for li in status["listeners"]} == {"a": 1, "b": 0}
    assert class_conditions(gateway_class())[0]["status"] == "True"


def policy(name: str = "tls", **validation: Any) -> K8sObject:
    spec = {
        "targetRefs": [{"group": "", "kind": "Service", "name": "web"}],
        "validation": {"hostname": "web.example", **validation},
    }
    return obj(f"{GROUP}/v1alpha3", "BackendTLSPolicy", name, "shop", spec=spec)


def test_backend_tls_policies() -> None:
    base = (gateway_class(), gateway(), route(), service())
    alpha = {"GatewayAlpha": True}
    certificates = [{"group": "", "kind": "ConfigMap", "name": "ca"}]
    config_map = obj("v1", "ConfigMap", "ca", "shop")
    good = policy(caCertificateRefs=certificates)

    def left_out(*objects: K8sObject, gates: dict[str, bool] | None = None, version: str = "3.5.13") -> str:
        return intake(*objects, version=version, gates=gates).left_out.get(good.ref, "")

    assert left_out(*base, good, config_map, gates=alpha) == ""
    assert ("ConfigMap", "ca") in {(r.kind, r.name) for r in intake(*base, good, config_map, gates=alpha).references}
    held = cluster_take_in([*base, good, config_map], options(gates=alpha)).store
    assert config_map.ref in held
    assert "GatewayAlpha" in left_out(*base, good, config_map)
    assert "does not read" in left_out(*base, good, config_map, gates=alpha, version="3.3.1")
    assert "no HTTPRoute" in left_out(service(), good, config_map, gates=alpha)
    assert left_out(*base, good, gates=alpha) == (
        'failed getting *v1.ConfigMap shop/ca set as CACertificateRef: ConfigMap "ca" not found'
    )
    assert left_out(*base, good, policy("second"), config_map, gates=alpha) == (
        "Multiple BackendTLSPolicies target the same service"
    )
    system = policy(wellKnownCACertificates="System")
    assert intake(*base, system, gates=alpha).left_out[system.ref] == (
        "WellKnownCACertificates feature is not currently supported"
    )


def test_what_a_repository_lacks_may_be_assumed() -> None:
    site, tcp = route(hostnames=["shop.example"]), route("TCPRoute", "db", {"backendRefs": [backend()]})
    of_version = options(gates={"GatewayAlpha": True})
    nothing = take_in(ObjectStore([site, tcp]), of_version, assume_missing=True)
    assert site in nothing.taken_in
    assert nothing.left_out == {tcp.ref: "Gateway edge/kong does not exist"}
    without_class = take_in(ObjectStore([gateway(), site]), of_version, assume_missing=True)
    assert {o.kind for o in without_class.taken_in} == {"Gateway", "HTTPRoute"}


def test_objects_come_in_the_watched_version() -> None:
    old = obj(f"{GROUP}/v1beta1", "HTTPRoute", "site", "shop", spec=route().spec)
    held = cluster_take_in([gateway_class(), gateway(), old], options()).store.by_ref(old.ref)
    assert held is not None
    assert held.api_version == f"{GROUP}/v1"
