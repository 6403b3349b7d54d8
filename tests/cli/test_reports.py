"""`check --report`: files where people want them, and nothing in them that is nobody's business."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gitops_kong.cli.check import FORMATS
from tests.integrations.shop import gitops_kong

MANIFESTS = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: "limit, login"}}
spec:
  ingressClassName: kong
  defaultBackend: {service: {name: web, port: {number: 80}}}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
configFrom: {secretKeyRef: {name: limits, key: config}}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: login, namespace: shop}
plugin: session
config: {cookie_name: hello}
configPatches: [{path: /secret, valueFrom: {secretKeyRef: {name: limits, key: secret}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: limits, namespace: shop}
stringData:
  config: "{minute: 4711, policy: redis, redis: {host: zebra-host, password: zebra-OLD}}"
  secret: '"zebra-session-OLD"'
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A change of two values in a Secret, not committed."""
    git = ("git", "-c", "user.name=Shop", "-c", "user.email=shop@example.com")
    file = tmp_path / "apps" / "shop.yaml"
    file.parent.mkdir()
    file.write_text(MANIFESTS)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Begin"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    file.write_text(MANIFESTS.replace("OLD", "NEW").replace("4711", "4712"))
    return tmp_path


def test_values_of_secrets_are_in_no_report(repository: Path) -> None:
    reports = [f"--report={name}=out/{name}" for name in FORMATS]
    done = gitops_kong("check", "--base", "HEAD", "--all", "--verbose", *reports, cwd=repository)
    assert done.returncode == 0, done.stdout + done.stderr
    written = {name: (repository / "out" / name).read_text() for name in FORMATS}
    assert "+ config: ***" in written["markdown"]
    assert "+ config.secret: ***" in written["markdown"]
    assert '["config","***","***"]' in written["html"]
    for name, text in {**written, "stdout": done.stdout}.items():
        for secret in ("zebra", "4711", "4712"):
            assert secret not in text, name


def test_a_report_that_cannot_be_written_keeps_no_other_from_people(repository: Path) -> None:
    reports = ("--report", "json=apps/shop.yaml/x", "--report", "sarif=a/new/folder/x.sarif")
    done = gitops_kong("check", "--base", "HEAD", *reports, cwd=repository)
    assert done.returncode == 2
    assert "--report json=apps/shop.yaml/x: " in done.stderr
    assert "1 target" in done.stdout
    assert json.loads((repository / "a/new/folder/x.sarif").read_text())["version"] == "2.1.0"
