"""`simulate` and `test` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
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


BROKEN = """\
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: slow, namespace: shop}
plugin: rate-limiting
config: {minutes: 5}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop, annotations: {konghq.com/plugins: slow}}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: other, namespace: shop}
spec:
  ingressClassName: kong
  rules:
  - host: a.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: other, port: {number: 80}}}}]}
"""
PREDICTIONS = """\
controllerVersion: 3.4.3
options: {fallbackConfiguration: true}
steps:
- manifests: a.yaml
  expect:
    predictions: []
- manifests: [a.yaml, b.yaml]
  expect:
    predictions:
    - {object: {kind: Ingress, name: web}, scenario: cold-start, status: %s, traffic: new}
    - {object: {kind: Ingress, name: other}, scenario: rollout, configuration: excluded}
"""


@pytest.fixture
def broken(repository: Path) -> Path:
    (repository / "b.yaml").write_text(BROKEN)
    return repository


def test_predictions_are_expected_of_a_step_against_the_one_before(broken: Path) -> None:
    (broken / "case.yaml").write_text(PREDICTIONS % "empty")
    result = CliRunner().invoke(run_tests, [str(broken)])
    assert (result.exit_code, result.output) == (0, "✓ 2 of 2 steps in 1 files are as expected\n")
    (broken / "case.yaml").write_text(PREDICTIONS % "written")
    result = CliRunner().invoke(run_tests, [str(broken)])
    assert result.exit_code == 1
    assert '"status": "empty"' in result.output


def test_no_predictions_means_that_all_is_well(broken: Path) -> None:
    (broken / "case.yaml").write_text("steps:\n- manifests: [a.yaml, b.yaml]\n  expect: {predictions: []}\n")
    assert CliRunner().invoke(run_tests, [str(broken)]).exit_code == 1


def test_update_writes_the_predictions_that_say_something(broken: Path) -> None:
    (broken / "case.yaml").write_text(PREDICTIONS % "written")
    assert CliRunner().invoke(run_tests, [str(broken), "--update"]).exit_code == 0
    assert CliRunner().invoke(run_tests, [str(broken)]).exit_code == 0
    steps = yaml.safe_load((broken / "case.yaml").read_text())["steps"]
    assert steps[0]["expect"] == {"predictions": []}
    other = [p for p in steps[1]["expect"]["predictions"] if p["object"]["name"] == "other"]
    assert {p["configuration"] for p in other if p["object"]["kind"] == "Ingress"} == {"excluded"}
