"""A repository against a snapshot of a real cluster: what was applied is unchanged, what is new is judged."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.commands import run
from tests.live.server import Cluster
from tests.live.test_snapshot import ingress, namespace, pair, secret

NS = "checked"


def obj(version: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NS}, **more}


def service(name: str, **spec: Any) -> dict[str, Any]:
    return obj("v1", "Service", name, spec=spec)


def limited(name: str) -> dict[str, Any]:
    made = ingress(name, NS)
    made["metadata"]["annotations"] = {"konghq.com/plugins": "limit"}
    return made


MANIFESTS = [
    service("web", ports=[{"port": 80}], selector={"app": "web"}),
    service(
        "public",
        type="LoadBalancer",
        ports=[{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81}],
    ),
    service("headless", clusterIP="None", ports=[{"port": 80}]),
    service("elsewhere", type="ExternalName", externalName="example.org"),
    service("nodes", type="NodePort", ports=[{"port": 80, "protocol": "TCP"}]),
    limited("shop"),
    {
        **ingress("tls", NS),
        "spec": {**ingress("tls", NS)["spec"], "tls": [{"hosts": ["tls.example"], "secretName": "tls"}]},
    },
    obj(
        "configuration.konghq.com/v1",
        "KongPlugin",
        "limit",
        plugin="rate-limiting",
        config={"minute": 5, "policy": "local"},
    ),
    obj(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        "route",
        spec={"parentRefs": [{"name": "gateway"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]},
    ),
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "checked"},
        "spec": {"controller": "ingress-controllers.konghq.com/kong"},
    },
    obj(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        "web-1",
        addressType="IPv4",
        endpoints=[{"addresses": ["192.0.2.7"]}],
        ports=[{"name": "", "port": 80}],
    ),
]


@pytest.fixture(scope="module")
def applied(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot after the manifests were applied, beside an Ingress and a Secret that Git does not have."""
    folder = tmp_path_factory.mktemp("snapshot")
    crt, key = pair(folder)
    cluster.create(namespace(NS), *MANIFESTS, limited("of-others"))
    cluster.create(secret("tls", {"tls.crt": crt, "tls.key": key}, NS, "kubernetes.io/tls"))
    config = cluster.kubeconfig(folder / "kubeconfig")
    done = run("snapshot", "--kubeconfig", str(config), "-n", NS, "-o", str(folder / "snapshot.json"))
    assert done.returncode == 0, done.stderr
    return folder / "snapshot.json"


def check(folder: Path, objects: list[dict[str, Any]], base: Path, status: int = 0) -> dict[str, Any]:
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects))
    done = run("check", str(folder / "all.yaml"), "--base", str(base), "--all", "--format", "json")
    assert done.returncode == status, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_was_applied_is_unchanged(applied: Path, tmp_path: Path) -> None:
    report = check(tmp_path, MANIFESTS, applied)
    changed = {(p["object"]["kind"], p["object"]["name"]): p["change"] for p in report["predictions"]}
    assert {key for key, change in changed.items() if change != "unchanged"} == set()
    assert ("Ingress", "of-others") in changed


def test_a_change_is_judged_with_all_that_the_cluster_has(applied: Path, tmp_path: Path) -> None:
    objects = copy.deepcopy(MANIFESTS)
    (plugin,) = (o for o in objects if o["kind"] == "KongPlugin")
    plugin["config"] = {"minutes": 5}
    report = check(tmp_path, objects, applied, status=1)
    others = [p for p in report["predictions"] if p["object"]["name"] == "of-others"]
    assert {p["traffic"] for p in others if p["scenario"] == "cold-start"} == {"none"}
    assert {p["change"] for p in others} == {"unchanged"}
