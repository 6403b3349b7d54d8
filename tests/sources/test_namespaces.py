from __future__ import annotations

import json
from pathlib import Path

from gitops_kong.manifests.yaml import read_objects
from gitops_kong.sources.namespaces import as_stored
from tests.integrations.shop import gitops_kong

ANOTHER_GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: envoy, namespace: edge}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  gatewayClassName: envoy
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: to-https, namespace: edge}
spec:
  parentRefs: [{name: public}]
  rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]}]
"""


def test_objects_of_the_cluster_are_stored_without_the_namespace_that_kustomize_writes_into_them() -> None:
    stored = as_stored(
        read_objects((ANOTHER_GATEWAY + "---\n{apiVersion: v1, kind: Service, metadata: {name: s}}").encode(), "f")
    )
    assert [(found.kind, found.namespace) for found in stored] == [
        ("GatewayClass", ""),
        ("Gateway", "edge"),
        ("HTTPRoute", "edge"),
        ("Service", "default"),
    ]
    assert "namespace" not in stored[0].metadata


def test_a_route_of_another_gateway_is_none_of_kongs_business(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(ANOTHER_GATEWAY)
    done = gitops_kong("check", "--format", "json", "--all", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert {p["configuration"] for p in said["predictions"]} == {"ignored"}
