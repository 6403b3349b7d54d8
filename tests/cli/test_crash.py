"""`check` and others on manifests that make the controller panic."""

from __future__ import annotations

from pathlib import Path

from tests.integrations.shop import gitops_kong

CRASHING = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: kong, defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
config: {minute: 5, policy: local}
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong, konghq.com/plugins: limit}}
custom_id: "7"
"""


def test_a_panic_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CRASHING)
    done = gitops_kong("check", ".", "--controller-version", "3.3.1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "The controller crashes on KongConsumer shop/ada" in done.stdout
    explained = gitops_kong("explain", "Ingress/shop/web", ".", "--controller-version", "3.3.1", cwd=tmp_path)
    assert "KongConsumer shop/ada has plugins and no username" in explained.stdout
