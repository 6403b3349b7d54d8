"""What is plainly meant for another controller is told as such, and fails no check."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.shop import gitops_kong
from tests.sources.test_namespaces import ANOTHER_GATEWAY

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {ANNOTATIONS}}
spec:
  ingressClassName: CLASS
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
"""
POLICY = """---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: tls, namespace: edge}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  validation: {hostname: web, wellKnownCACertificates: System}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: edge}
spec:
  parentRefs: [{name: PARENT}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""


def told(root: Path, text: str) -> list[tuple[str, str, bool]]:
    (root / "all.yaml").write_text(text)
    done = gitops_kong("check", "--format", "json", cwd=root)
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return [(f["object"]["kind"], f["severity"], f["existing"]) for f in found if f["rule"] == "not-taken-in"]


@pytest.mark.parametrize(
    ("name", "annotations", "severity"),
    [
        ("nginx", "", "info"),
        ("kong-internal", "", "warning"),
        ("knog", "", "warning"),
        ("nginx", "konghq.com/plugins: auth", "warning"),
    ],
)
def test_an_ingress_of_another_class(tmp_path: Path, name: str, annotations: str, severity: str) -> None:
    text = INGRESS.replace("ANNOTATIONS", annotations).replace("CLASS", name)
    assert told(tmp_path, text) == [("Ingress", severity, False)]


def test_routes_and_policies_of_another_gateway(tmp_path: Path) -> None:
    found = told(tmp_path, ANOTHER_GATEWAY + POLICY.replace("PARENT", "public"))
    assert sorted(found) == [
        ("BackendTLSPolicy", "info", False),
        ("HTTPRoute", "info", False),
        ("HTTPRoute", "info", False),
    ]
    # a Gateway that is not here can be Kong's, and then the policy is missed
    assert ("BackendTLSPolicy", "warning", False) in told(tmp_path, ANOTHER_GATEWAY + POLICY.replace("PARENT", "other"))


def test_what_was_not_taken_in_before_is_not_new(tmp_path: Path) -> None:
    text = INGRESS.replace("ANNOTATIONS", "").replace("CLASS", "knog")
    (tmp_path / "all.yaml").write_text(text)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *settings, *command], cwd=tmp_path, check=True)
    done = gitops_kong("check", "--base", "HEAD", "--format", "json", cwd=tmp_path)
    (found,) = [f for f in json.loads(done.stdout)["findings"] if f["rule"] == "not-taken-in"]
    assert found["existing"]


@pytest.mark.parametrize(("name", "found"), [("cilium", [("HTTPRoute", "info", False)]), ("internal", [])])
def test_a_class_that_is_not_here(tmp_path: Path, name: str, found: list[tuple[str, str, bool]]) -> None:
    gateway, route = ANOTHER_GATEWAY.split("---")[1:]
    assert told(tmp_path, gateway.replace("envoy", name) + "---" + route) == found
