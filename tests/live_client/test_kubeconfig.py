"""Kubeconfig files as kubectl reads them."""

from __future__ import annotations

import base64
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_kong.errors import UserError
from gitops_kong.live import kubeconfig
from gitops_kong.live.credentials import Credential
from gitops_kong.live.kubeconfig import connect


def write(file: Path, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://c.example:6443/", **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
            {"name": "two", "context": {"cluster": "c", "user": "u"}},
        ],
        "current-context": "one",
    }
    file.write_text(yaml.safe_dump(content))
    return file


def credential(user: dict[str, Any], folder: Path) -> Credential:
    return connect(str(write(folder / "config", user)), None, {}).credentials.get()


def test_the_current_context(tmp_path: Path) -> None:
    found = connect(None, None, {"KUBECONFIG": str(write(tmp_path / "config"))})
    assert (found.server, found.namespace) == ("https://c.example:6443", "shop")
    assert connect(str(tmp_path / "config"), "two", {}).namespace == "default"


def test_the_first_of_several_files_wins(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text(yaml.safe_dump({"current-context": "two", "users": [{"name": "u", "user": {"token": "first"}}]}))
    second = write(tmp_path / "second", {"token": "second"})
    found = connect(None, None, {"KUBECONFIG": f"{first}:{tmp_path / 'none'}:{second}"})
    assert found.namespace == "default"
    assert found.credentials.get().authorization == "Bearer first"


def test_home(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", {"token": "t"})
    assert connect(None, None, {"HOME": str(tmp_path)}).credentials.get() == Credential("Bearer t")


def test_paths_start_from_the_file_that_has_them(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "crt").write_text("CERT")
    (tmp_path / "key").write_text("KEY")
    (tmp_path / "ca").write_text("CA")
    user = {"tokenFile": "token", "token": "unused", "client-certificate": "crt", "client-key": "key"}
    assert credential(user, tmp_path) == Credential("Bearer from-file", "CERT", "KEY")
    assert connect(str(write(tmp_path / "config", **{"certificate-authority": "ca"})), None, {}).authority == "CA"


def test_inline_data_and_passwords(tmp_path: Path) -> None:
    encoded = {
        f"client-{k}-data": base64.b64encode(v.encode()).decode() for k, v in (("certificate", "C"), ("key", "K"))
    }
    assert credential(encoded, tmp_path) == Credential(None, "C", "K")
    assert credential({"username": "a", "password": "b"}, tmp_path).authorization == "Basic YTpi"


def _plugin(folder: Path, text: str) -> Path:
    program = folder / "plugin"
    program.write_text(f"#!{sys.executable}\n{text}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_an_exec_plugin_is_told_of_the_cluster_and_asked_again_when_due(tmp_path: Path) -> None:
    _plugin(
        tmp_path,
        "import json, os, pathlib\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "runs = pathlib.Path(os.environ['RUNS'])\n"
        "runs.write_text(runs.read_text() + 'x' if runs.exists() else 'x')\n"
        "token = f\"{info['spec']['cluster']['server']} {len(runs.read_text())}\"\n"
        "status = {'token': token, 'expirationTimestamp': '2000-01-01T00:00:00Z'}\n"
        "print(json.dumps({'apiVersion': info['apiVersion'], 'kind': 'ExecCredential', 'status': status}))\n",
    )
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./plugin",
            "env": [{"name": "RUNS", "value": str(tmp_path / "runs")}],
            "provideClusterInfo": True,
        }
    }
    found = connect(str(write(tmp_path / "config", user)), None, {}).credentials
    assert found.get().authorization == "Bearer https://c.example:6443/ 1"
    assert found.get().authorization == "Bearer https://c.example:6443/ 2"  # the first one is past its time


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print('no json, s3cret')", "printed no ExecCredential with a status"),
        ("print('{\"status\": {}}')", "printed neither a token nor a client certificate and key"),
        ("raise SystemExit(3)", "ended with exit status 3"),
    ],
)
def test_an_exec_plugin_that_fails_is_named_without_its_output(tmp_path: Path, text: str, message: str) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": str(_plugin(tmp_path, text))}
    with pytest.raises(UserError, match=message) as raised:
        credential({"exec": plugin}, tmp_path)
    assert "s3cret" not in str(raised.value)


def test_an_exec_plugin_that_is_not_there_gives_its_hint(tmp_path: Path) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "no-such-plugin-here",
        "installHint": "Install it\nfrom your vendor.",
    }
    with pytest.raises(UserError, match="no-such-plugin-here is not installed: Install it from your vendor"):
        credential({"exec": plugin}, tmp_path)


@pytest.mark.parametrize(
    ("user", "cluster", "context", "message"),
    [
        ({"auth-provider": {"name": "gcp"}}, {}, None, "use an exec plugin"),
        ({"exec": {"apiVersion": "v2", "command": "x"}}, {}, None, "apiVersion 'v2' is none of"),
        ({"exec": {"command": "x"}}, {}, None, "exec needs command and apiVersion"),
        ({}, {"server": "c.example"}, None, r"server 'c.example' is no http\(s\) URL"),
        ({}, {}, "three", "context 'three' is not in the kubeconfig; there are one, two"),
        ({}, {"certificate-authority": "nowhere"}, None, "nowhere: No such file"),
        ({"client-key-data": "%%%"}, {}, None, "client-key-data is not base64"),
    ],
)
def test_what_cannot_be_used_is_said(
    tmp_path: Path, user: Any, cluster: Any, context: str | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        connect(str(write(tmp_path / "config", user, **cluster)), context, {}).credentials.get()


def test_no_cluster_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no cluster to ask: give --kubeconfig"):
        connect(None, None, {"HOME": str(tmp_path)})


def test_the_account_of_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("token", "pods"), ("namespace", "kong"), ("ca.crt", "CA")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(kubeconfig, "ACCOUNT", tmp_path)
    pod = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": str(tmp_path)}
    found = connect(None, None, pod)
    assert (found.server, found.namespace, found.authority) == ("https://[fd00::1]:443", "kong", "CA")
    assert found.credentials.get().authorization == "Bearer pods"


def test_json_is_read_too(tmp_path: Path) -> None:
    file = write(tmp_path / "config", {"token": "t"})
    file.write_text(json.dumps(yaml.safe_load(file.read_text())))
    assert connect(str(file), None, {}).credentials.get().authorization == "Bearer t"
