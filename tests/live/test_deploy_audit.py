"""deploy/audit on a real API server: its Pod is admitted, its role is enough, its command runs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.live.commands import run
from tests.live.server import Cluster, path_of
from tests.live_client.script import Answer, Request, serving
from tests.tools import ROOT, search


def rendered(folder: str) -> list[dict[str, Any]]:
    command = ["kustomize", "build", str(ROOT / folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": search()})
    return list(yaml.safe_load_all(done.stdout))


def test_it_is_admitted_and_runs_with_its_own_role(cluster: Cluster, tmp_path: Path) -> None:
    objects = rendered("deploy/audit")
    cluster.create(*objects)
    (cronjob,) = (o for o in objects if o["kind"] == "CronJob")
    template = cronjob["spec"]["jobTemplate"]["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "once", "namespace": "gitops-kong"}, **template}
    pod["metadata"] = {**template.get("metadata", {}), "name": "once", "namespace": "gitops-kong"}
    cluster.create(pod)  # the namespace enforces the restricted profile
    account = "/api/v1/namespaces/gitops-kong/serviceaccounts/gitops-kong-audit/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = cluster.request("POST", account, body)["status"]["token"]
    config = cluster.kubeconfig(tmp_path / "kubeconfig", {"token": token})
    arguments = [a for a in template["spec"]["containers"][0]["args"] if not a.startswith("--push-url")]
    done = run(*arguments, "--kubeconfig", str(config), "--format", "json")
    assert done.returncode == 0, done.stderr
    refused = {line for line in done.stdout.splitlines() if '"message"' in line and "forbidden" in line}
    assert refused == {'      "message": "Secret: forbidden",'}
    for obj in reversed([*objects, pod]):
        cluster.request("DELETE", f"{path_of(obj)}/{obj['metadata']['name']}")


def test_metrics_reach_a_pushgateway(cluster: Cluster, tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(request: Request) -> Answer:
        seen.append((request.path, request.body))
        return Answer(200, b"")

    with serving(answer) as server:
        config = cluster.kubeconfig(tmp_path / "kubeconfig")
        done = run("audit", "-n", "default", "--kubeconfig", str(config), "--push-url", server.url)
        assert done.returncode == 0, done.stdout + done.stderr
    ((path, body),) = seen
    assert path == "/metrics/job/gitops-kong-audit"
    assert b"gitops_kong_audit_last_run_timestamp_seconds " in body
