from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.build import rendered, service, write

CONTROL_PLANE = "apiVersion: gateway-operator.konghq.com/v2beta1\nkind: ControlPlane\nmetadata: {name: cp}\n"
DATA_PLANE = "---\napiVersion: gateway-operator.konghq.com/v1beta1\nkind: DataPlane\nmetadata: {name: dp}\n"
CLASS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong}
spec: {controllerName: konghq.com/gateway-operator}
"""
RELEASE = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: operator, namespace: argocd}
spec:
  source: {repoURL: "https://charts.konghq.com", chart: kong-operator, targetRevision: 1.0.0}
  destination: {namespace: kong-system}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator}
spec: {template: {spec: {containers: [{name: manager, image: "docker.io/kong/kong-operator:2.0.1"}]}}}
"""


@pytest.mark.parametrize(
    ("text", "of"),
    [
        (CONTROL_PLANE + DATA_PLANE + DATA_PLANE.replace("dp", "dq"), "ControlPlane, DataPlane"),
        (CLASS, "GatewayClass"),
        (RELEASE, "Gateways"),
        (DEPLOYMENT, "Gateways"),
    ],
)
def test_kong_operator_is_named_once(tmp_path: Path, text: str, of: str) -> None:
    write(tmp_path, {"all.yaml": text})
    (told,) = rendered(tmp_path).assumptions
    assert told.message.startswith(f"Kong Operator runs the controllers and gateways of its {of} itself")


def test_a_controller_alone_is_no_operator(tmp_path: Path) -> None:
    ours = CLASS.replace("gateway-operator", "kic-gateway-controller")
    image = DEPLOYMENT.replace("kong-operator:2.0.1", "kubernetes-ingress-controller:3.5")
    write(tmp_path, {"all.yaml": f"{service('a')}---{ours}---{image}"})
    assert rendered(tmp_path).assumptions == []
