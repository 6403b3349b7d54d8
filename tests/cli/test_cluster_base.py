"""`check --base SNAPSHOT` and `--context SNAPSHOT`: what the cluster has, and the repository applied to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli
from gitops_kong.live.snapshot import NotListed, Snapshot, write

GIT = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations: {konghq.com/plugins: limit}
spec:
  ingressClassName: kong
  tls: [{hosts: [shop.example], secretName: tls}]
  rules:
  - host: shop.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
config: {minute: 5, policy: local}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80, targetPort: 8080}]}
"""


def live(obj: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object as a cluster has it."""
    given = {"uid": f"u-{obj['kind']}-{obj['metadata']['name']}", "resourceVersion": "7", "generation": 2}
    return {**obj, "metadata": {**obj["metadata"], **given, "creationTimestamp": "2026-01-01T00:00:00Z"}, **more}


def ingress(name: str, **spec: Any) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": f"{name}.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ingressClassName": "kong", "rules": [rule], **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }


def cluster(*, secrets: bool = True, **changed: Any) -> list[dict[str, Any]]:
    shop = ingress("shop", tls=[{"hosts": ["shop.example"], "secretName": "tls"}])
    shop["metadata"]["annotations"] = {"konghq.com/plugins": "limit"}
    plugin = {"apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin"}
    service = {
        "clusterIP": "10.0.0.7",
        "clusterIPs": ["10.0.0.7"],
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}],
    }
    tls = {"name": "tls", "namespace": "shop", "annotations": {"gitops-kong/content-unknown": "true"}}
    found = [
        live(shop),
        live(ingress("other")),
        live({**plugin, "metadata": {"name": "limit", "namespace": "shop"}, "plugin": "rate-limiting"})
        | {"config": {"minute": 5, "policy": "local"}},
        live(
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": service}
        ),
        live({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "kong"}})
        | {"spec": {"controller": "ingress-controllers.konghq.com/kong"}},
    ]
    return [*found, live({"apiVersion": "v1", "kind": "Secret", "metadata": tls})] if secrets else found


def snapshot(file: Path, objects: list[dict[str, Any]], *not_listed: NotListed) -> Path:
    made = Snapshot(tuple(objects), "https://c.example", "v1.33.4", "2026-11-29T12:00:00Z", not_listed=not_listed)
    file.write_text("".join(write(made)))
    return file


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "shop.yaml").write_text(GIT)
    monkeypatch.chdir(folder)
    return folder


def check(*arguments: str, status: int = 0, stdin: str | None = None) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["check", "--format", "json", *arguments], input=stdin, catch_exceptions=False)
    assert done.exit_code == status, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def predicted(report: dict[str, Any]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in report["predictions"]:
        found.setdefault((each["object"]["kind"], each["object"]["name"]), []).append(each)
    return found


def test_what_the_cluster_has_already_is_unchanged(repository: Path, tmp_path: Path) -> None:
    report = check("--base", str(snapshot(tmp_path / "s.json", cluster())), "--all")
    assert {p["change"] for p in report["predictions"]} == {"unchanged"}
    assert report["summary"]["errors"] == 0
    assert ("Ingress", "other") in predicted(report)  # the repository does not have it, the cluster does


def test_what_a_change_does_to_objects_of_others(repository: Path, tmp_path: Path) -> None:
    """The plugin is refused, so nothing new reaches the gateway: for an Ingress that is not in Git, too."""
    (repository / "shop.yaml").write_text(GIT.replace("minute: 5", "minutes: 5"))
    report = check("--base", str(snapshot(tmp_path / "s.json", cluster())), "--all", status=1)
    found = predicted(report)
    assert [p["change"] for p in found["KongPlugin", "limit"]] == ["modified"] * len(found["KongPlugin", "limit"])
    other = {p["scenario"]: p for p in found["Ingress", "other"]}
    assert other["rollout"]["change"] == "unchanged"
    assert other["rollout"]["traffic"] == "last-valid"
    assert other["cold-start"]["traffic"] == "none"


def test_a_field_that_git_took_away_is_a_change(repository: Path, tmp_path: Path) -> None:
    (repository / "shop.yaml").write_text(GIT.replace("  annotations: {konghq.com/plugins: limit}\n", ""))
    report = check("--base", str(snapshot(tmp_path / "s.json", cluster())), "--all")
    assert predicted(report)["Ingress", "shop"][0]["change"] == "modified"


def test_a_tls_secret_that_is_broken_in_the_cluster(repository: Path, tmp_path: Path) -> None:
    objects = cluster()
    objects[-1]["metadata"]["annotations"]["gitops-kong/content-problem"] = (
        "failed to construct certificate from secret"
    )
    report = check("--base", str(snapshot(tmp_path / "s.json", objects)), "--all", "--fail-on-existing", status=1)
    assert "translation-failed" in {p["configuration"] for p in predicted(report)["Ingress", "shop"]}


def test_secrets_that_could_not_be_listed_are_assumed(repository: Path, tmp_path: Path) -> None:
    file = snapshot(tmp_path / "s.json", cluster(secrets=False), NotListed("v1", "Secret", "", "forbidden"))
    assert check("--base", str(file))["summary"]["errors"] == 0
    assert check("--no-base", "--context", str(file))["summary"]["errors"] == 0


def test_secrets_that_are_not_there_are_missed(repository: Path, tmp_path: Path) -> None:
    report = check("--base", str(snapshot(tmp_path / "s.json", cluster(secrets=False))), "--fail-on-existing", status=1)
    assert any("tls" in f["message"] for f in report["findings"])


def test_manifests_from_stdin_against_a_snapshot(repository: Path, tmp_path: Path) -> None:
    file = str(snapshot(tmp_path / "s.json", cluster()))
    assert check("-", "--base", file, "--all", stdin=GIT)["summary"]["errors"] == 0


def test_a_snapshot_that_is_broken_or_newer_is_said(repository: Path, tmp_path: Path) -> None:
    file = snapshot(tmp_path / "s.json", cluster())
    whole = file.read_text()
    file.write_text(whole[:-40])
    done = CliRunner().invoke(cli, ["check", "--base", str(file)])
    assert "the snapshot is broken; take it again" in str(done.exception)
    file.write_text(whole.replace('"schemaVersion": "1"', '"schemaVersion": "9"'))
    done = CliRunner().invoke(cli, ["check", "--base", str(file)])
    assert "a snapshot of format 9" in str(done.exception)
