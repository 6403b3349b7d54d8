"""`gitops-kong snapshot` against a real API server."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gitops_kong.cli.schema import schema
from gitops_kong.live import lists
from gitops_kong.manifests.objects import CONTENT_PROBLEM, CONTENT_UNKNOWN
from tests.live.commands import run
from tests.live.server import Cluster, find

PLUGIN = {
    "apiVersion": "configuration.konghq.com/v1",
    "kind": "KongPlugin",
    "metadata": {"name": "session", "namespace": "shop"},
    "plugin": "session",
    "config": {"secret": "inline-sentinel", "storage": "cookie"},
}
ROUTE = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"hostnames": ["web.example"]},
    "status": {"parents": [{"controllerName": "konghq.com/kic-gateway-controller", "parentRef": {"name": "kong"}}]},
}


def ingress(name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": f"/{name}", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ingressClassName": "kong", "rules": [{"host": f"{name}.example", "http": {"paths": [path]}}]},
        **more,
    }


def secret(name: str, values: dict[str, str], namespace: str = "shop", kind: str = "Opaque", **metadata: Any) -> Any:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "data": data,
    }


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def pair(folder: Path) -> tuple[str, str]:
    """A certificate and its key."""
    openssl = find("openssl")
    assert openssl is not None
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "crt")]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=web.example", "-days", "30"]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return (folder / "crt").read_text(), (folder / "key").read_text()


@pytest.fixture(scope="module")
def filled(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    crt, key = pair(tmp_path_factory.mktemp("tls"))
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"stringData": {"k": "applied-sentinel"}}'}
    labels = {"konghq.com/credential": "key-auth"}
    cluster.create(
        namespace("shop"),
        namespace("other"),
        PLUGIN,
        ROUTE,
        ingress("web", status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
        secret("one", {"key": "credential-sentinel", "ttl": "60"}, labels=labels, annotations=annotations),
        secret("two", {"key": "credential-sentinel"}, labels=labels),
        secret("three", {"key": "another-sentinel"}, labels=labels),
        secret("tls", {"tls.crt": crt, "tls.key": key}, kind="kubernetes.io/tls"),
        secret("broken", {"tls.crt": "no-pem-sentinel", "tls.key": "x"}, kind="kubernetes.io/tls"),
        secret("sh.helm.release.v1.x.v1", {"release": "helm-sentinel"}, kind="helm.sh/release.v1"),
        secret("private", {"password": "elsewhere-sentinel"}, namespace="other"),
    )
    return cluster


@pytest.fixture
def config(filled: Cluster, tmp_path: Path) -> Path:
    return filled.kubeconfig(tmp_path / "kubeconfig")


def taken(config: Path, *arguments: str, status: int = 0) -> dict[str, Any]:
    done = run("snapshot", "--kubeconfig", str(config), *arguments)
    assert done.returncode == status, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(schema("snapshot")).validate(found)
    return found


def by_name(snapshot: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {o["metadata"]["name"]: o for o in snapshot["items"] if o["kind"] == kind}


def test_every_kind_with_status_and_resource_version(config: Path) -> None:
    found = taken(config)
    web = by_name(found, "Ingress")["web"]
    assert web["status"] == {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    assert web["metadata"]["resourceVersion"].isdecimal()
    assert "managedFields" not in web["metadata"]
    assert by_name(found, "HTTPRoute")["web"]["status"] == ROUTE["status"]
    assert {"Namespace", "Service", "Ingress", "HTTPRoute", "KongPlugin", "Secret"} <= {
        o["kind"] for o in found["items"]
    }
    about = found["gitopsKong"]
    assert about["kubernetesVersion"] == "v1.33.4"
    assert about["notListed"] == about["notServed"] == []
    assert about["resourceVersions"]["Ingress.networking.k8s.io/v1"].isdecimal()


def test_no_secret_leaves_the_cluster(config: Path, filled: Cluster) -> None:
    done = run("snapshot", "--kubeconfig", str(config))
    assert "sentinel" not in done.stdout + done.stderr
    for item in filled.request("GET", "/api/v1/secrets")["items"]:
        for value in item["data"].values():
            if len(value) > 8:
                assert value not in done.stdout
    assert "PRIVATE KEY" not in done.stdout


def test_what_prediction_needs_of_secrets_is_kept(config: Path) -> None:
    found = by_name(taken(config), "Secret")
    one, two, three = (found[name]["data"]["key"] for name in ("one", "two", "three"))
    assert one == two != three
    assert base64.b64decode(found["one"]["data"]["ttl"]) == b"1"  # a number, as it was
    assert found["one"]["metadata"]["labels"] == {"konghq.com/credential": "key-auth"}
    assert found["tls"]["type"] == "kubernetes.io/tls"
    assert set(found["tls"]["data"]) == {"tls.crt", "tls.key"}
    assert found["tls"]["metadata"]["annotations"] == {CONTENT_UNKNOWN: "true"}
    assert found["broken"]["metadata"]["annotations"][CONTENT_PROBLEM] == "failed to construct certificate from secret"
    assert "sh.helm.release.v1.x.v1" not in found


def test_two_snapshots_do_not_share_a_key(config: Path) -> None:
    first, second = (by_name(taken(config), "Secret")["one"]["data"]["key"] for _ in range(2))
    assert first != second


def test_kubectl_reads_it_as_a_list(config: Path) -> None:
    found = taken(config)
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")


def test_since_brings_an_old_one_up_to_date(config: Path, filled: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    first = run("snapshot", "--kubeconfig", str(config), "-n", "shop", "-o", str(file))
    assert first.returncode == 0, first.stderr
    filled.create(ingress("new"), ingress("gone"))
    run("snapshot", "--kubeconfig", str(config), "--since", str(file))
    filled.delete(ingress("gone"))
    filled.delete(ingress("new"))
    filled.create(ingress("newer"))
    done = run("snapshot", "--kubeconfig", str(config), "--since", str(file))
    assert "1 added, 0 changed, 2 deleted" in done.stderr
    found = json.loads(file.read_text())
    assert set(by_name(found, "Ingress")) == {"web", "newer"}
    assert found["gitopsKong"]["namespaces"] == ["shop"]
    assert set(by_name(found, "Namespace")) == {"shop"}
    assert file.stat().st_mode & 0o077 == 0
    filled.delete(ingress("newer"))


# restricted users: each needs a start of the API server that knows its token


@pytest.fixture(scope="module")
def users(filled: Cluster) -> Cluster:
    ingresses = {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get", "list"]}
    services = {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]}
    namespaces = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}
    filled.user("token-of-one-namespace", "one-namespace", [ingresses, services], "shop")
    filled.user("token-of-no-secrets", "no-secrets", [ingresses, services, namespaces])
    filled.user("token-of-nothing", "nothing", [])
    filled.stop_server()
    filled.start_server()
    return filled


def user(cluster: Cluster, tmp_path: Path, token: str, namespace: str = "") -> Path:
    return cluster.kubeconfig(tmp_path / "restricted", {"token": token}, namespace=namespace)


def test_a_user_of_one_namespace_gets_it_and_is_told_of_the_rest(users: Cluster, tmp_path: Path) -> None:
    config = user(users, tmp_path, "token-of-one-namespace", "shop")
    done = run("snapshot", "--kubeconfig", str(config))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(by_name(found, "Ingress")) == {"web"}
    told = {(n["kind"], n["namespace"]): n["reason"] for n in found["gitopsKong"]["notListed"]}
    assert told["Ingress", ""] == "forbidden outside of namespace shop"
    assert told["Secret", ""] == "forbidden"
    assert "not listed: Secret (forbidden)" in done.stderr
    asked = json.loads(run("snapshot", "--kubeconfig", str(config), "-n", "shop").stdout)
    kinds = {n["kind"] for n in asked["gitopsKong"]["notListed"] if n["namespace"] == "shop"}
    assert "Secret" in kinds
    assert "Ingress" not in kinds


def test_a_user_without_secrets(users: Cluster, tmp_path: Path) -> None:
    found = taken(user(users, tmp_path, "token-of-no-secrets"))
    assert "web" in by_name(found, "Ingress")
    assert by_name(found, "Secret") == {}
    assert ("Secret", "") in {(n["kind"], n["namespace"]) for n in found["gitopsKong"]["notListed"]}


def test_a_user_of_nothing_is_told_so(users: Cluster, tmp_path: Path) -> None:
    done = run("snapshot", "--kubeconfig", str(user(users, tmp_path, "token-of-nothing")))
    assert done.returncode == 2
    assert "may list nothing" in done.stderr


def test_a_wrong_token_is_one_line(filled: Cluster, tmp_path: Path) -> None:
    done = run("snapshot", "--kubeconfig", str(user(filled, tmp_path, "no-such-token-sentinel")))
    assert done.returncode == 2
    assert "does not accept the credentials" in done.stderr
    assert "sentinel" not in done.stderr
    assert "Traceback" not in done.stderr


# what happens to real clusters


@pytest.fixture(scope="module")
def many(filled: Cluster) -> Cluster:
    filled.create(namespace("many"))
    for number in range(60):
        filled.create(ingress(f"i{number:04}", "many"))
    return filled


def test_the_api_server_restarts_in_the_middle(
    many: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Any
) -> None:
    """It ends after the second page and comes back a little later."""
    monkeypatch.setattr(lists, "PAGE", 10)
    asked = client(many)
    get, pages = asked.get, [0]
    back = threading.Thread(target=lambda: (time.sleep(1), many.start_server()))

    def interrupted(path: str, parameters: Any = None, accept: str = "application/json") -> Any:
        pages[0] += 1
        if pages[0] == 3:
            many.stop_server()
            back.start()
        return get(path, parameters, accept)

    monkeypatch.setattr(asked, "get", interrupted)
    listed = lists.list_all(asked, lists.Resource("networking.k8s.io/v1", "Ingress", "ingresses"), "many")
    back.join()
    assert [i["metadata"]["name"] for i in listed.items] == [f"i{n:04}" for n in range(60)]


def test_a_list_that_is_gone_410(many: Cluster, monkeypatch: pytest.MonkeyPatch, client: Any) -> None:
    """etcd is compacted between two pages: the API server really answers 410."""
    monkeypatch.setattr(lists, "PAGE", 10)
    asked, said = client(many), []
    get, pages = asked.get, [0]

    def compacted(path: str, parameters: Any = None, accept: str = "application/json") -> Any:
        pages[0] += 1
        if pages[0] == 3:
            many.create(ingress("later", "many"))
            many.compact()
        return get(path, parameters, accept)

    monkeypatch.setattr(asked, "get", compacted)
    resource = lists.Resource("networking.k8s.io/v1", "Ingress", "ingresses")
    listed = lists.list_all(asked, resource, "many", said.append)
    assert [i["metadata"]["name"] for i in listed.items] == [*(f"i{n:04}" for n in range(60)), "later"]
    assert said == ["the list of ingresses ran out in the middle (410 Gone); starting it again"]
    many.delete(ingress("later", "many"))


def test_a_token_that_runs_out_in_the_middle(many: Cluster, tmp_path: Path, monkeypatch: Any, client: Any) -> None:
    """The token file is renewed while the API server, started again, knows only the new token."""
    monkeypatch.setattr(lists, "PAGE", 10)
    file = tmp_path / "token"
    many.tokens["first-token"] = ("admin", "system:masters")
    many.stop_server()
    many.start_server()
    file.write_text("first-token")
    asked = client(many, {"tokenFile": str(file)})
    get, pages = asked.get, [0]

    def expired(path: str, parameters: Any = None, accept: str = "application/json") -> Any:
        pages[0] += 1
        if pages[0] == 3:
            del many.tokens["first-token"]
            many.tokens["second-token"] = ("admin", "system:masters")
            many.stop_server()
            many.start_server()
            file.write_text("second-token")
        return get(path, parameters, accept)

    monkeypatch.setattr(asked, "get", expired)
    listed = lists.list_all(asked, lists.Resource("networking.k8s.io/v1", "Ingress", "ingresses"), "many")
    assert len(listed.items) == 60
    assert pages[0] == 6
