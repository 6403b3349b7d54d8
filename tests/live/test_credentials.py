"""Each way to say who asks, against a real API server."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.commands import run
from tests.live.server import ADMIN, Cluster


def with_user(cluster: Cluster, folder: Path, user: dict[str, Any], **of_cluster: Any) -> Path:
    config = cluster.kubeconfig(folder / "kubeconfig", user)
    if of_cluster:
        content = yaml.safe_load(config.read_text())
        content["clusters"][0]["cluster"] = {"server": cluster.url, **of_cluster}
        config.write_text(yaml.safe_dump(content))
    return config


def snapshot(config: Path, status: int = 0, **environment: str) -> str:
    done = run("snapshot", "-n", "default", "--kubeconfig", str(config), "--timeout", "5", **environment)
    assert done.returncode == status, done.stderr
    if status == 0:
        assert json.loads(done.stdout)["kind"] == "List"
    return done.stderr


def test_a_client_certificate(cluster: Cluster, tmp_path: Path) -> None:
    crt, key = cluster.client_certificate("someone", "system:masters")
    files = {"client-certificate": str(tmp_path / "crt"), "client-key": str(tmp_path / "key")}
    (tmp_path / "crt").write_text(crt)
    (tmp_path / "key").write_text(key)
    snapshot(with_user(cluster, tmp_path, files))
    encoded = {f"{name}-data": base64.b64encode(Path(file).read_bytes()).decode() for name, file in files.items()}
    snapshot(with_user(cluster, tmp_path, encoded))


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_exec_plugin(cluster: Cluster, tmp_path: Path, version: str) -> None:
    about = {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential"}
    status = {**about, "status": {"token": ADMIN}}
    plugin = {
        "apiVersion": about["apiVersion"],
        "command": sys.executable,
        "args": ["-c", f"print({json.dumps(json.dumps(status))})"],
        "interactiveMode": "IfAvailable",
    }
    snapshot(with_user(cluster, tmp_path, {"exec": plugin}))


def test_an_authority_that_is_not_asked_for_is_not_warned_of(cluster: Cluster, tmp_path: Path) -> None:
    told = snapshot(with_user(cluster, tmp_path, {"token": ADMIN}, **{"insecure-skip-tls-verify": True}))
    assert "Warning" not in told


def test_a_certificate_of_an_unknown_authority_is_refused_at_once(cluster: Cluster, tmp_path: Path) -> None:
    told = snapshot(with_user(cluster, tmp_path, {"token": ADMIN}, **{"proxy-url": ""}), status=2)
    assert "its certificate is not trusted" in told
    assert "trying again" not in told


def test_another_name_of_the_server(cluster: Cluster, tmp_path: Path) -> None:
    given = {"certificate-authority": str(cluster.authority), "tls-server-name": "kubernetes.default.svc"}
    snapshot(with_user(cluster, tmp_path, {"token": ADMIN}, **given))
    wrong = {**given, "tls-server-name": "elsewhere.example"}
    assert "not trusted" in snapshot(with_user(cluster, tmp_path, {"token": ADMIN}, **wrong), status=2)
