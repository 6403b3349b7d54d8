"""What the statuses of Gateways, routes and policies show in each scenario."""

from __future__ import annotations

import pytest

from gitops_kong.predict.model import TargetPrediction
from tests.predict.shop import HEALTHY, LIMIT_PLUGIN, broken, ingress, outcomes, run, service

GATEWAY = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong, annotations: {konghq.com/gatewayclass-unmanaged: "true"}}
spec: {controllerName: konghq.com/kic-gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  gatewayClassName: kong
  listeners:
  - {name: http, protocol: HTTP, port: 80}
  - {name: odd, protocol: TCP, port: 9000, allowedRoutes: {kinds: [{kind: Service}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: site, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{name: stocked, port: 80}]}]
---
apiVersion: configuration.konghq.com/v1beta1
kind: TCPIngress
metadata: {name: tcp, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
spec: {rules: [{port: 9000, backend: {serviceName: stocked, servicePort: 80}}]}
"""
POLICY = """
---
apiVersion: configuration.konghq.com/v1beta1
kind: KongUpstreamPolicy
metadata: {name: sticky, namespace: shop}
spec: {algorithm: least-connections}
---
apiVersion: v1
kind: Service
metadata: {name: stocked, namespace: shop, annotations: {konghq.com/upstream-policy: sticky}}
spec: {ports: [{port: 80}]}
"""
CONSUMER = """
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
username: ada
"""
BASE = HEALTHY + GATEWAY + POLICY + CONSUMER
BROKEN = broken(service("paid") + LIMIT_PLUGIN + ingress("bad", "paid", "{konghq.com/plugins: limit}"))


def conditions(predicted: TargetPrediction, name: str) -> dict[str, list[str]]:
    return {p.scenario: list(map(str, p.conditions)) for p in predicted.predictions if p.object.name == name}


@pytest.mark.parametrize(("version", "told"), [("3.4.3", "Unknown"), ("3.4.4", "True (ConfiguredInGateway)")])
def test_a_healthy_route_after_a_fallback_that_is_not_reported(version: str, told: str) -> None:
    predicted = run(BASE + BROKEN, BASE, version)
    cold = conditions(predicted, "site").get("cold-start") or conditions(predicted, "site")["*"]
    assert cold == [
        "parent Gateway shop/edge: Accepted True",
        "parent Gateway shop/edge: ResolvedRefs True",
        f"parent Gateway shop/edge: Programmed {told}",
    ]
    if version == "3.4.3":
        assert outcomes(predicted, "site")["controller-restart"] == "configured stale new"
        assert outcomes(predicted, "site")["cold-start"] == "configured empty new"
        assert outcomes(predicted, "tcp")["cold-start"] == "configured empty new"
        # What was written stays, although the controller knows nothing of it after its restart.
        assert conditions(predicted, "site")["controller-restart"][-1].endswith("Programmed True (ConfiguredInGateway)")


def test_gateways_tell_of_their_listeners() -> None:
    told = conditions(run(BASE, BASE, "3.5.13"), "edge")["*"]
    assert told[:2] == ["Accepted True", "Programmed True"]
    assert "listener http: Programmed True" in told
    assert "listener odd: ResolvedRefs False (InvalidRouteKinds)" in told


def test_ancestors_of_a_policy_are_programmed_when_the_service_is_reported() -> None:
    predicted = run(BASE + BROKEN, BASE, "3.4.3")
    told = conditions(predicted, "sticky")
    assert told["rollout"] == [
        "ancestor Service shop/stocked: Accepted True",
        "ancestor Service shop/stocked: Programmed True",
    ]
    assert told["cold-start"][1] == "ancestor Service shop/stocked: Programmed False (Pending)"
    assert outcomes(predicted, "sticky")["cold-start"].split()[1] == "written"


def test_a_policy_conflicts_where_a_rule_mixes_services_with_and_without_it() -> None:
    mixed = BASE.replace("[{name: stocked, port: 80}]}]", "[{name: stocked, port: 80}, {name: web, port: 80}]}]")
    assert conditions(run(mixed, mixed, "3.5.13"), "sticky")["*"] == [
        "ancestor Service shop/stocked: Accepted False (Conflicted)",
        "ancestor Service shop/stocked: Programmed False (Pending)",
    ]


@pytest.mark.parametrize(
    ("version", "status", "condition"),
    [("3.2.3", "empty", "Programmed False (Pending)"), ("3.2.4", "stale", "Programmed True")],
)
def test_a_consumer_s_condition_before_3_2_4_is_taken_back(version: str, status: str, condition: str) -> None:
    predicted = run(BASE + BROKEN, BASE, version)
    assert outcomes(predicted, "ada")["controller-restart"] == f"configured {status} new"
    assert conditions(predicted, "ada")["controller-restart"] == [condition]
