"""`gitops-kong audit --from SNAPSHOT`: judged without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli
from tests.cli.test_cluster_base import cluster, snapshot


def audit(file: Path, *arguments: str, status: int) -> dict[str, Any]:
    flags = ["--from", str(file), "--format", "json", *arguments]
    done = CliRunner().invoke(cli, ["audit", *flags], catch_exceptions=False)
    assert done.exit_code == status, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def objects(status: bool = True) -> list[dict[str, Any]]:
    found = cluster()
    if not status:
        for obj in found:
            obj.pop("status", None)
    return found


def test_a_healthy_snapshot(tmp_path: Path) -> None:
    assert audit(snapshot(tmp_path / "s.json", objects()), status=0)["findings"] == []


@pytest.mark.parametrize(("version", "told"), [("3.4.3", True), ("3.5.13", False)])
def test_ingresses_without_status(tmp_path: Path, version: str, told: bool) -> None:
    found = audit(snapshot(tmp_path / "s.json", objects(status=False)), "--controller-version", version, status=1)
    rules = {(f["rule"], f["object"]["name"]) for f in found["findings"]}
    assert rules == {("ingress-status-missing", "shop"), ("ingress-status-missing", "other")}
    known = "writes no status while a fallback configuration is in use"
    assert all((known in f["message"]) == told for f in found["findings"])


def test_a_plugin_that_the_gateway_refuses_is_predicted(tmp_path: Path) -> None:
    broken = objects()
    (plugin,) = (o for o in broken if o["kind"] == "KongPlugin")
    plugin["config"] = {"minutes": 5}
    flags = ["--feature-gate", "FallbackConfiguration=true", "--controller-version", "3.4.3"]
    found = audit(snapshot(tmp_path / "s.json", broken), *flags, status=1)
    rules = {(f["rule"], f["object"]["name"]) for f in found["findings"]}
    assert ("gateway-refuses", "limit") in rules
    assert ("excluded-now", "shop") in rules
    assert ("excluded-now", "other") not in rules


def test_exit_zero(tmp_path: Path) -> None:
    audit(snapshot(tmp_path / "s.json", objects(status=False)), "--exit-zero", status=0)
    audit(snapshot(tmp_path / "s.json", objects(status=False)), "--fail-on", "warning", status=1)


def test_a_file_that_is_no_snapshot_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("kind: List\n")
    done = CliRunner().invoke(cli, ["audit", "--from", str(tmp_path / "x.yaml")])
    assert "no snapshot; `gitops-kong snapshot` writes one" in str(done.exception)
