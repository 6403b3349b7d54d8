"""API versions by Kubernetes version, and rules of CRDs that cannot be evaluated, in `check` and the other commands."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli

INGRESS = """
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {}
"""
OTHER = """
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1}
"""


def findings(folder: Path, *flags: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(cli, ["check", "--no-base", "--format", "json", *flags])
    assert done.exit_code in (0, 1), done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return [f for f in found if f["rule"].startswith("api-")]


@pytest.mark.parametrize(
    ("text", "version", "rule", "told"),
    [
        (INGRESS, "1.33", "api-rejected", "removed in Kubernetes 1.22; use networking.k8s.io/v1"),
        (INGRESS, "1.21", "api-deprecated", "is deprecated in v1.19+, unavailable in v1.22+; use networking.k8s.io/v1"),
        (INGRESS, "1.18", None, ""),
        (OTHER, "1.25", "api-rejected", "removed in Kubernetes 1.25; use policy/v1"),
        (OTHER, "v1.24.3", "api-deprecated", "use policy/v1 PodDisruptionBudget"),
        (OTHER.replace("v1beta1", "v1"), "1.33", None, ""),
    ],
)
def test_versions_by_kubernetes_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, version: str, rule: str | None, told: str
) -> None:
    (tmp_path / "a.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = findings(tmp_path, "--kubernetes-version", version)
    assert [f["rule"] for f in found] == ([rule] if rule else [])
    for each in found:
        assert told in each["message"]
        assert each["source"] == {"file": "a.yaml", "line": 2, "column": 1}
        assert each["severity"] == ("error" if rule == "api-rejected" else "warning")


def test_translate_follows_the_kubernetes_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(INGRESS)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["translate", "--kubernetes-version", "1.33"])
    assert done.exit_code == 0, done.output
    assert 'Ingress shop/web: the API server refuses it: no matches for kind "Ingress"' in done.stderr
    assert "refuses" not in CliRunner().invoke(cli, ["translate", "--kubernetes-version", "1.21"]).stderr
    done = CliRunner().invoke(cli, ["translate", "--kubernetes-version", "newest"])
    assert "is no Kubernetes version" in str(done.exception)


def test_simulate_refuses_removed_versions(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\nmetadata: {name: a, namespace: n}\n"
    )
    case = tmp_path / "case.yaml"
    case.write_text("name: x\nsteps: [{manifests: a.yaml}]\n")

    def not_decodable(version: str) -> list[str]:
        done = CliRunner().invoke(cli, ["simulate", "--format", "jsonl", "--kubernetes-version", version, str(case)])
        assert done.exit_code == 0, done.output
        return [ref["name"] for ref in json.loads(done.stdout)["steps"][0]["notDecodable"]]

    assert not_decodable("1.24") == []
    assert not_decodable("1.25") == ["a"]


CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kongplugins.configuration.konghq.com}
spec:
  group: configuration.konghq.com
  names: {kind: KongPlugin, plural: kongplugins}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          plugin: {type: string}
          config: {type: object, x-kubernetes-preserve-unknown-fields: true}
        x-kubernetes-validations:
        - {rule: "quantity('1').isGreaterThan(quantity('0'))", message: never}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: p, namespace: shop}
plugin: cors
"""


def test_a_rule_that_cannot_be_evaluated_is_information(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(CRD)
    monkeypatch.chdir(tmp_path)
    found = findings(tmp_path)
    assert [(f["rule"], f["severity"], f["object"]["name"]) for f in found] == [("api-rule-not-evaluated", "info", "p")]
    assert "quantity" in found[0]["message"]


def test_an_old_object_is_compared_with(tmp_path: Path) -> None:
    def plugin(name: str) -> dict[str, Any]:
        metadata = {"name": "p", "namespace": "n"}
        return {"apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin", "metadata": metadata, "plugin": name}

    line = {"name": "a", "object": plugin("cors")}
    lines = [
        line,
        {**line, "name": "b", "oldObject": plugin("jwt")},
        {**line, "name": "c", "oldObject": plugin("cors")},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = CliRunner().invoke(cli, ["api-validate", "--format", "jsonl", str(tmp_path / "a.jsonl")])
    answers = {row["name"]: (row["accepted"], row.get("fields")) for row in map(json.loads, done.stdout.splitlines())}
    assert answers == {"a": (True, None), "b": (False, []), "c": (True, None)}


def manifest(api_version: str, kind: str) -> str:
    return json.dumps({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}})


@pytest.mark.parametrize(
    ("api_version", "kind", "rule", "told"),
    [
        ("configuration.konghq.com/v1beta1", "KongPlugin", "api-rejected", "(served in configuration.konghq.com/v1)"),
        ("configuration.konghq.com/v1", "KongPlugins", "api-rejected", "(did you mean KongPlugin?)"),
        ("networking.k8s.io/v2", "Ingress", "api-rejected", "(served in networking.k8s.io/v1)"),
        ("gateway.networking.k8s.io/v1alpha2", "HTTPRoute", "api-rejected", "no matches for kind"),
        (
            "gateway.networking.k8s.io/v1",
            "TCPRoute",
            "not-taken-in",
            "reads TCPRoute only in gateway.networking.k8s.io/",
        ),
        ("configuration.konghq.com/v1alpha1", "KongService", None, ""),
        ("example.com/v1", "KongPlugin", None, ""),
        ("networking.istio.io/v1", "Gateway", None, ""),
    ],
)
def test_versions_and_kinds_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api_version: str, kind: str, rule: str | None, told: str
) -> None:
    (tmp_path / "a.json").write_text(manifest(api_version, kind))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["check", "--no-base", "--format", "json"])
    found = [f for f in json.loads(done.stdout)["findings"] if f["rule"] in ("api-rejected", "not-taken-in")]
    assert [f["rule"] for f in found] == ([rule] if rule else [])
    assert all(told in f["message"] for f in found)


def test_a_definition_of_the_repository_serves_its_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = CRD.partition("---")[0].replace("name: v1\n", "name: v1beta1\n")
    (tmp_path / "a.yaml").write_text(own + "---\n" + manifest("configuration.konghq.com/v1beta1", "KongPlugin"))
    monkeypatch.chdir(tmp_path)
    assert [f["rule"] for f in findings(tmp_path)] != ["api-rejected"]
