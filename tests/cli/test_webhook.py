"""`check` with the admission webhook on, off, and not known."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli
from gitops_kong.cli.settings import kubernetes_version
from gitops_kong.errors import UserError
from gitops_kong.sources.config import Config

PLUGIN = """
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
config: {minute: 5, minutes: 5}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: limit}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
"""


@pytest.mark.parametrize(
    ("flags", "rule", "caught_by", "told"),
    [
        ((), "gateway-rejected", "gateway", "would refuse it, if it is installed"),
        (("--admission-webhook", "off"), "gateway-rejected", "gateway", "would refuse it, but it is off"),
        (("--admission-webhook", "on"), "api-rejected", "webhook", "denied the request: plugin failed schema"),
    ],
)
def test_who_stops_a_broken_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], rule: str, caught_by: str, told: str
) -> None:
    (tmp_path / "shop.yaml").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["check", "--no-base", "--format", "json", *flags])
    assert done.exit_code == 1, done.output
    found = next(f for f in json.loads(done.stdout)["findings"] if f["caughtBy"])
    assert (found["rule"], found["caughtBy"], found["object"]["name"]) == (rule, caught_by, "limit")
    assert told in " ".join((found["message"], *found["effects"]))


@pytest.mark.parametrize(("text", "version"), [(None, (1, 33)), ("1.29", (1, 29)), ("v1.31.4+k3s1", (1, 31))])
def test_kubernetes_version_of_the_api_server(text: str | None, version: tuple[int, int]) -> None:
    assert kubernetes_version(Config(kubernetes_version=text)) == version


def test_what_is_no_kubernetes_version_is_said() -> None:
    with pytest.raises(UserError, match="'newest' is no Kubernetes version"):
        kubernetes_version(Config(kubernetes_version="newest"))


def test_the_chart_says_what_the_webhook_is_called_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kong").mkdir()
    (tmp_path / "kong" / "Chart.yaml").write_text(
        "apiVersion: v2\nname: kong\nversion: 1.0.0\n"
        "dependencies: [{name: kong, version: 2.51.0, repository: 'https://charts.konghq.com'}]\n"
    )
    (tmp_path / "kong" / "values.yaml").write_text("kong: {}\n")
    (tmp_path / "shop.yaml").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["check", "--no-base", "--format", "json"])
    refusal = next(f for f in json.loads(done.stdout)["findings"] if f["rule"] == "api-rejected")
    assert 'admission webhook "validations.kong.konghq.com" denied the request' in refusal["message"]
    assert refusal["source"] == {"file": "shop.yaml", "line": 6, "column": 21}
    assert any("failurePolicy Ignore" in effect for effect in refusal["effects"])
