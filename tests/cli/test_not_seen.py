"""What is missing may come from a part of the cluster that was not seen: then it is a doubt, not an error."""

import json
from pathlib import Path

from tests.integrations.shop import gitops_kong

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: kong
  rules:
  - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: elsewhere, port: {number: 80}}}}]}
"""
APPLICATION = """
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: chart, namespace: argocd}
spec:
  source: {repoURL: "https://charts.example.com", chart: elsewhere, targetRevision: 1.0.0}
  destination: {namespace: shop}
"""


def severities(root: Path) -> dict[str, str]:
    done = gitops_kong("check", "--format", "json", cwd=root)
    return {f["rule"]: f["severity"] for f in json.loads(done.stdout)["findings"]}


def test_a_missing_service_is_an_error_only_where_everything_was_seen(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(INGRESS)
    (tmp_path / ".gitops-kong.yaml").write_text("targets: [{path: all.yaml}]")
    assert severities(tmp_path)["translation-failed"] == "error"
    (tmp_path / "all.yaml").write_text(INGRESS + APPLICATION)
    (tmp_path / ".gitops-kong.yaml").write_text(
        "targets: [{name: all, sources: [{path: all.yaml}, {path: all.yaml, source: argocd}]}]"
    )
    assert severities(tmp_path)["translation-failed"] == "warning"


def test_what_another_tool_fills_in_is_not_judged(tmp_path: Path) -> None:
    route = INGRESS.replace("  - http:", "  - host: shop.${DOMAIN}\n    http:")
    (tmp_path / "web.yaml").write_text(route + "---\n" + INGRESS.replace("name: web", "name: 'Web Shop'"))
    (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]")
    done = gitops_kong("check", "--format", "json", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert [f["object"]["name"] for f in said["findings"] if f["rule"] == "api-rejected"] == ["Web Shop"]
    assert "what Ingress shop/web becomes is not seen: another tool fills in ${DOMAIN}" in [
        each["message"] for each in said["assumptions"]
    ]
