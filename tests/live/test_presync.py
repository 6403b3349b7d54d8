"""The PreSync hook of deploy/argocd on a real API server: admitted, its own account, its command, both verdicts."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integrations.shop import gitops_kong, make
from tests.live.commands import run
from tests.live.server import Cluster, definitions, path_of
from tests.live.test_deploy_audit import rendered
from tests.live.test_snapshot import namespace
from tests.live_client.test_presync import application, git

NS = "checkout"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("argocd") / "shop")


@pytest.fixture(scope="module")
def synced(cluster: Cluster, shop: Path) -> Iterator[Cluster]:
    """The cluster as main of the shop made it, the hook and its role applied, the Application there."""
    broken = git(shop, "rev-parse", "pull-request")
    git(shop, "checkout", "--quiet", "main")
    cluster.create(*definitions([("argoproj.io/v1alpha1", "Application", True)]), status=False)
    for name, labels in (("argocd", {}), (NS, {"pod-security.kubernetes.io/enforce": "restricted"})):
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    objects = [o for o in yaml.safe_load_all(gitops_kong("render", "--target", "production", cwd=shop).stdout) if o]
    made = [o for o in objects if o["kind"] not in ("Namespace", "CustomResourceDefinition")]
    made = [o for o in made if not _there(cluster, o)]
    for each in made:
        _within(each)
    others = {each["metadata"].get("namespace", NS) for each in made} - {NS}
    cluster.create(*(namespace(name) for name in sorted(others)), *made)
    hook = [*rendered("deploy/argocd/kustomize/example/rbac"), *rendered("deploy/argocd/kustomize/example/job")]
    cluster.create(*hook, status=False)
    _wait_for_applications(cluster)
    content = application(shop, broken)
    content["metadata"] = {"name": "checkout", "namespace": "argocd"}
    cluster.create(content)
    yield cluster
    for each in [*made, *hook]:
        cluster.request("DELETE", f"{path_of(each)}/{each['metadata']['name']}")


def _there(cluster: Cluster, obj: dict[str, Any]) -> bool:
    """Whether the cluster has it already: IngressClass kong, of other tests."""
    try:
        cluster.request("GET", f"{path_of(obj)}/{obj['metadata']['name']}")
    except AssertionError:
        return False
    return True


def _within(obj: dict[str, Any]) -> None:
    if obj["kind"] not in ("IngressClass", "KongClusterPlugin", "GatewayClass", "ClusterRole", "ClusterRoleBinding"):
        obj["metadata"].setdefault("namespace", NS)


def _wait_for_applications(cluster: Cluster) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            cluster.request("GET", "/apis/argoproj.io/v1alpha1/applications")
        except AssertionError:
            assert time.monotonic() < until
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def template() -> dict[str, Any]:
    (job,) = (o for o in rendered("deploy/argocd/kustomize/example/job") if o["kind"] == "Job")
    found: dict[str, Any] = job["spec"]["template"]
    return found


@pytest.fixture
def token(synced: Cluster, template: dict[str, Any]) -> str:
    """Of the hook's own account."""
    account = f"/api/v1/namespaces/{NS}/serviceaccounts/{template['spec']['serviceAccountName']}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return str(synced.request("POST", account, body)["status"]["token"])


@pytest.fixture
def presync(synced: Cluster, template: dict[str, Any], token: str, tmp_path: Path) -> Any:
    config = synced.kubeconfig(tmp_path / "kubeconfig", {"token": token})
    (container,) = template["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}

    def made(*more: str) -> subprocess.CompletedProcess[str]:
        flags = ["--kubeconfig", str(config), "--controller-version", "3.5.13", *more]
        return run(*container["args"], *flags, cwd=tmp_path, **environment)

    return made


def test_its_pod_is_admitted_to_a_restricted_namespace(synced: Cluster, template: dict[str, Any]) -> None:
    metadata = {**template.get("metadata", {}), "name": "hook", "namespace": NS}
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"], "metadata": metadata}
    synced.create(pod, status=False)
    synced.delete(pod)
    del pod["spec"]["securityContext"]["seccompProfile"]
    with pytest.raises(AssertionError, match="PodSecurity"):
        synced.create(pod, status=False)


def test_its_account_sees_no_other_application_and_no_secrets(presync: Any, synced: Cluster, token: str) -> None:
    done = presync("--application", "argocd/other", "--timeout", "5")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "forbidden" in done.stderr
    with pytest.raises(AssertionError, match="403"):
        synced.request("GET", "/api/v1/secrets", token=token)


def test_a_revision_that_the_gateway_refuses_stops_the_sync(presync: Any, shop: Path) -> None:
    done = presync()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "did you mean config.minute?" in done.stdout
    assert "against the cluster, read " in done.stdout
    assert "not listed: Secret (forbidden)" in done.stderr or "Secret" in done.stdout


def test_a_healthy_revision_goes_on(presync: Any, synced: Cluster, shop: Path) -> None:
    status = application(shop, git(shop, "rev-parse", "main"))["status"]
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/checkout"
    synced.request("PATCH", f"{path}/status", {"status": status})
    done = presync()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 changed" in done.stdout
