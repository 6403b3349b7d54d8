"""`gitops-kong logs --follow` through a real API server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.live.commands import run
from tests.live.kubelet import kubelet
from tests.live.server import Cluster
from tests.live.test_snapshot import namespace

NS = "logs"
MANIFEST = """\
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
config:
  minutes: 5
"""


def line(second: int, text: str, **fields: Any) -> bytes:
    """A line of the controller in JSON, behind the time that the kubelet writes."""
    at = f"2026-11-29T12:00:{second:02}.000000000Z"
    return f"{at} {json.dumps({'level': 'error', 'time': at, 'msg': text, **fields})}\n".encode()


def refused(second: int) -> bytes:
    about = {"reason": "KongConfigurationApplyFailed", "kind": "KongPlugin"}
    about["apiVersion"] = "configuration.konghq.com/v1"
    message = "invalid config.minutes: unknown field"
    return line(
        second, "recording a Warning event for object", **about, name="limit", namespace="shop", message=message
    )


def controller_pod() -> dict[str, Any]:
    container = {"name": "ingress-controller", "image": "kong/kubernetes-ingress-controller:3.3.1"}
    spec = {"nodeName": "node-of-logs", "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "controller", "namespace": NS}, "spec": spec}


def test_the_log_of_the_controllers_pod_is_followed_over_a_stream_that_breaks(cluster: Cluster, tmp_path: Path) -> None:
    """The log goes on where it broke: each line counts once."""
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "plugin.yaml").write_text(MANIFEST)
    streams: list[dict[str, str]] = []

    def log(asked: dict[str, str]) -> Iterator[bytes]:
        if asked.get("previous"):
            return
        streams.append(asked)
        written = [refused(1), refused(2)] if len(streams) == 1 else [refused(2), refused(3)]
        yield from written
        if len(streams) > 1:
            time.sleep(30)

    cluster.create(namespace(NS))
    with kubelet(cluster, "node-of-logs", tmp_path, log):
        cluster.create(controller_pod())
        config = cluster.kubeconfig(tmp_path / "kubeconfig")
        done = run(
            "logs", "--follow", "--for", "8", "--kubeconfig", str(config), str(tmp_path / "repository"), "-n", NS
        )
    assert done.returncode == 1, done.stderr
    assert "following logs/controller (ingress-controller)" in done.stderr
    told = "2026-11-29T12:00:01.000000000Z error gateway-rejected: KongPlugin shop/limit: invalid config.minutes"
    assert done.stdout.startswith(told)
    assert "plugin.yaml:6:3" in done.stdout
    assert "3 times, 2026-11-29T12:00:01.000000000Z to 2026-11-29T12:00:03.000000000Z" in done.stdout
    assert streams[0]["follow"] == streams[1]["follow"] == "true"
    assert streams[1]["sinceTime"] == "2026-11-29T12:00:02Z"


def test_what_the_pods_have_logged_so_far(cluster: Cluster, tmp_path: Path) -> None:
    def log(asked: dict[str, str]) -> Iterator[bytes]:
        assert "follow" not in asked
        yield from (each.partition(b" ")[2] for each in (refused(1), refused(2)))

    with kubelet(cluster, "node-of-logs", tmp_path, log):
        config = cluster.kubeconfig(tmp_path / "kubeconfig")
        done = run("logs", "--pods", "-n", NS, "--kubeconfig", str(config), "--format", "json")
    assert done.returncode == 1, done.stderr
    (entry,) = json.loads(done.stdout)["entries"]
    assert (entry["object"]["name"], entry["count"]) == ("limit", 2)


def test_no_controller_is_said(cluster: Cluster, tmp_path: Path) -> None:
    config = cluster.kubeconfig(tmp_path / "kubeconfig")
    done = run("logs", "--pods", "-n", "default", "--kubeconfig", str(config))
    assert done.returncode == 2
    assert "no Pod of the controller is found; give --namespace and --pod" in done.stderr
