"""`simulate` and `test` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from gitops_kong.cli.simulate import command as simulate
from gitops_kong.cli.test import command as run_tests

MANIFESTS = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: %s
  rules:
  - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
CASE = """\
name: the shop
steps:
- manifests: a.yaml
  expect:
    gatewayConfig: push 0
    statuses:
    - object: {kind: Ingress, namespace: shop, name: web}
      status: %s
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(MANIFESTS % "kong")
    (tmp_path / "case.yaml").write_text(CASE % "Succeeded")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "case.yaml").write_text("steps: [{expect: {nonsense: 1}}]")
    return tmp_path


def test_expectations_that_hold(repository: Path) -> None:
    result = CliRunner().invoke(run_tests, [str(repository)])
    assert (result.exit_code, result.output) == (0, "✓ 1 of 1 steps in 1 files are as expected\n")


def test_expectations_that_do_not_hold(repository: Path) -> None:
    (repository / "case.yaml").write_text(CASE % "Failed")
    junit = repository / "out.xml"
    arguments = [str(repository), "--junit", str(junit), "--controller-version", "3.4.3"]
    result = CliRunner().invoke(run_tests, [*arguments, "--controller-version", "3.5.13"])
    assert result.exit_code == 1
    assert "controller 3.4.3" in result.output
    assert '"status": "Failed"' in result.output
    suite = ET.parse(junit).getroot()[0]  # our own output
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("the shop", "2", "2")


def test_update_makes_expectations_hold(repository: Path) -> None:
    (repository / "case.yaml").write_text(CASE % "Failed")
    assert CliRunner().invoke(run_tests, [str(repository), "--update"]).exit_code == 0
    assert CliRunner().invoke(run_tests, [str(repository)]).exit_code == 0
    assert "status: Succeeded" in (repository / "case.yaml").read_text()


def test_unknown_expectations_are_refused(repository: Path) -> None:
    (repository / "case.yaml").write_text("steps:\n- manifests: a.yaml\n  expect: {nonsense: 1}\n")
    result = CliRunner().invoke(run_tests, [str(repository)])
    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_simulate_keeps_the_lines_of_other_cases(repository: Path) -> None:
    arguments = ["--format", "jsonl", "--controller-version", "3.4.3"]
    result = CliRunner().invoke(simulate, [*arguments, str(repository / "none"), str(repository / "case.yaml")])
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    assert [line["case"] for line in lines] == [str(repository / "case.yaml")]
    assert lines[0]["steps"][0]["pushes"][0]["accepted"] is True


def test_simulate_says_why_an_object_is_left_out(repository: Path) -> None:
    (repository / "a.yaml").write_text(MANIFESTS % "nginx")
    result = CliRunner().invoke(simulate, [str(repository / "case.yaml")])
    assert "Ingress shop/web is left out: its class is 'nginx', and this controller's is 'kong'" in result.output
    assert "the gateway runs push 0" in result.output
