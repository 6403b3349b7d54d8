"""`gitops-kong audit` against a real API server, with a gateway and diagnostics that answer by script."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from gitops_kong.cli.schema import schema
from tests.live.commands import run
from tests.live.server import Cluster
from tests.live.test_snapshot import ingress, namespace, secret
from tests.live_client.script import Answer, Request, serving

NS = "audit"
ADDRESS = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}
OTHER = {"loadBalancer": {"ingress": [{"hostname": "old.example"}]}}


def obj(version: str, kind: str, name: str, *, cluster: bool = False, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **({} if cluster else {"namespace": NS}), **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def ingress_class(name: str) -> dict[str, Any]:
    spec = {"controller": "ingress-controllers.konghq.com/kong"}
    return obj("networking.k8s.io/v1", "IngressClass", name, cluster=True, spec=spec)


def of_class(name: str, ingress_class: str | None, **more: Any) -> dict[str, Any]:
    made = ingress(name, NS, **more)
    del made["spec"]["ingressClassName"]
    if ingress_class:
        made["spec"]["ingressClassName"] = ingress_class
    return made


def controller(image: str = "kong/kubernetes-ingress-controller:3.4.3") -> dict[str, Any]:
    container = {
        "name": "ingress-controller",
        "image": image,
        "env": [{"name": "CONTROLLER_PUBLISH_SERVICE", "value": f"{NS}/proxy"}],
    }
    labels = {"app": "kong"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return obj("apps/v1", "Deployment", "kong", spec={"selector": {"matchLabels": labels}, "template": template})


def route(name: str, observed: int, generation_marker: str, status: str = "True") -> dict[str, Any]:
    condition = {
        "type": "Programmed",
        "status": status,
        "observedGeneration": observed,
        "reason": "R",
        "message": "why",
    }
    parent = {
        "controllerName": "konghq.com/kic-gateway-controller",
        "parentRef": {"name": "kong"},
        "conditions": [condition],
    }
    return obj(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        name,
        spec={
            "parentRefs": [{"name": "kong"}],
            "hostnames": [f"{generation_marker}.example"],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
        },
        status={"parents": [parent]},
    )


SERVICE = obj("v1", "Service", "web", spec={"ports": [{"name": "http", "port": 80}]})
MANIFESTS = [SERVICE, ingress("good", NS), ingress("fine", NS), ingress("moved", NS)]


@pytest.fixture(scope="module")
def audited(cluster: Cluster) -> Cluster:
    proxy = {"type": "LoadBalancer", "ports": [{"name": "proxy", "port": 80}]}
    gateway = {"gatewayClassName": "kong", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
    unmanaged = {"metadata": {"annotations": {"konghq.com/gatewayclass-unmanaged": "true"}}}
    cluster.create(
        namespace(NS),
        ingress_class("kong"),
        ingress_class("ghost"),
        obj("v1", "Service", "proxy", spec=proxy, status=ADDRESS),
        SERVICE,
        controller(),
        ingress("good", NS),
        ingress("fine", NS, status=ADDRESS),
        ingress("moved", NS, status=OTHER),
        of_class("left", "ghost", status=OTHER),
        of_class("typo", "knog"),
        of_class("classless", None),
        obj(
            "gateway.networking.k8s.io/v1",
            "GatewayClass",
            "kong",
            cluster=True,
            spec={"controllerName": "konghq.com/kic-gateway-controller"},
            **unmanaged,
        ),
        obj("gateway.networking.k8s.io/v1", "Gateway", "kong", spec=gateway),
        route("current", 1, "current"),
        route("refused", 1, "refused", "False"),
        secret("plain", {"password": "audit-sentinel"}, NS),
        obj(
            "v1",
            "Event",
            "one",
            involvedObject={"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "namespace": NS, "name": "good"},
            reason="KongConfigurationApplyFailed",
            type="Warning",
            message="invalid paths[0]: should start with /",
            count=7,
            lastTimestamp=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
    )
    outdated = route("outdated", 1, "outdated")
    cluster.create(outdated)
    cluster.request(
        "PATCH",
        f"/apis/gateway.networking.k8s.io/v1/namespaces/{NS}/httproutes/outdated",
        {"spec": {"hostnames": ["newer.example"]}},
    )
    return cluster


@pytest.fixture
def audit(audited: Cluster, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    config = audited.kubeconfig(tmp_path / "kubeconfig")

    def made(*arguments: str, status: int = 1) -> dict[str, Any]:
        flags = ["--kubeconfig", str(config), "-n", NS, "--grace", "0"]
        done = run("audit", *flags, "--format", "json", *arguments)
        assert done.returncode == status, done.stderr
        assert "sentinel" not in done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        Draft202012Validator(schema("audit")).validate(found)
        return found

    return made


def by_rule(report: dict[str, Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in report["findings"]:
        found.setdefault(each["rule"], {})[(each["object"] or {}).get("name", "")] = each["message"]
    return found


def test_statuses_and_classes(audit: Callable[..., dict[str, Any]]) -> None:
    report = audit()
    found = by_rule(report)
    assert report["controller"] == {"version": "3.4.3", "source": "audit/kong", "ingressClass": "kong"}
    assert set(found["ingress-status-missing"]) == {"good"}
    assert (
        "KIC 3.4.3 writes no status while a fallback configuration is in use" in found["ingress-status-missing"]["good"]
    )
    differs = "its address is old.example, that of Service audit/proxy is 192.0.2.10"
    assert found["ingress-address-differs"] == {"moved": differs}
    assert set(found["class-not-handled"]) == {"left"}
    assert "its address old.example is of a controller that is gone" in found["class-not-handled"]["left"]
    assert set(found["class-missing"]) == {"typo"}
    assert set(found["class-not-named"]) == {"classless"}
    assert found["status-outdated"] == {
        "outdated": "for Gateway kong: Programmed is of generation 1, the object is of generation 2"
    }
    assert found["not-programmed"] == {"refused": "for Gateway kong: Programmed is False: R: why"}
    told = found["configuration-event"]["good"]
    assert told.startswith("KongConfigurationApplyFailed: invalid paths[0]: should start with / (7 times, last ")
    assert "route-without-status" not in found
    assert "gateway-lacks" not in found


def pushed(tmp_path: Path) -> dict[str, Any]:
    """What the controller would have pushed of all that the cluster has."""
    file = tmp_path / "all.yaml"
    objects = [ingress_class("kong"), *MANIFESTS]
    file.write_text(yaml.safe_dump_all(objects))
    done = run("translate", str(file), "--controller-version", "3.4.3")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


def admin(config: dict[str, Any], *, paged: bool = False) -> Callable[[Request], Answer]:
    """An Admin API; `paged` without `/config`, two entities a page."""

    def answer(request: Request) -> Answer:
        if request.path == "/":
            about = {"database": "off", "router_flavor": "traditional_compatible"}
            return Answer(200, {"version": "3.9.1", "configuration": about})
        if request.path == "/config":
            return Answer(404, {"message": "Not found"}) if paged else Answer(200, {"config": yaml.safe_dump(config)})
        entities = _flat(config).get(request.path.strip("/"), [])
        start = int(request.query.get("offset") or 0)
        more = {"offset": str(start + 2)} if start + 2 < len(entities) else {}
        return Answer(200, {"data": entities[start : start + 2], "next": None, **more})

    return answer


def _flat(config: dict[str, Any]) -> dict[str, list[Any]]:
    services = config.get("services", [])
    own = [{k: v for k, v in s.items() if k != "routes"} for s in services]
    return {"services": own, "routes": [r for s in services for r in s["routes"]], "upstreams": config["upstreams"]}


@pytest.mark.parametrize("paged", [False, True])
def test_a_gateway_that_runs_what_it_should(audit: Any, tmp_path: Path, paged: bool) -> None:
    with serving(admin(pushed(tmp_path), paged=paged)) as server:
        report = audit("--admin-url", server.url)
    found = by_rule(report)
    assert not {"gateway-differs", "gateway-has-more"} & found.keys()
    assert set(found.get("gateway-lacks", {})) <= {
        "current",
        "refused",
        "outdated",
        "web",
    }
    assert "the gateway has" in found["ingress-status-missing"]["good"]
    assert all(request.path in ("/", "/config") or paged for request in server.requests)


def test_a_gateway_that_runs_something_else(audit: Any, tmp_path: Path) -> None:
    config = pushed(tmp_path)
    services = config["services"]
    routes = {r["name"]: (s, r) for s in services for r in s["routes"]}
    service, lost = next(v for k, v in routes.items() if ".good." in k)
    service["routes"].remove(lost)
    _, changed = next(v for k, v in routes.items() if ".fine." in k)
    changed["paths"] = ["/elsewhere"]
    stranger = copy.deepcopy(changed)
    stranger["name"] = stranger["id"] = "audit.deleted.web"
    stranger["tags"] = [t.replace("k8s-name:fine", "k8s-name:deleted") for t in changed["tags"]]
    service["routes"].append(stranger)
    with serving(admin(config)) as server:
        found = by_rule(audit("--admin-url", server.url))
    assert "route audit.good.web" in found["gateway-lacks"]["good"]
    assert found["gateway-differs"]["fine"].endswith(": paths")
    assert found["gateway-has-more"] == {"deleted": "route audit.deleted.web"}
    assert "good" in found["not-served"]


def _diagnostics(fallback: Any, raw: Any = None) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        if name == "fallback":
            return Answer(200, fallback)
        if name == "raw-error" and raw is not None:
            return Answer(200, json.dumps(raw).encode(), {"Content-Type": "text/plain"})
        if name == "failed" and raw is not None:
            return Answer(200, {"hash": "abc", "config": {"_format_version": "3.0", "services": []}})
        return Answer(204, b"")

    return answer


def test_what_the_controllers_diagnostics_tell(audit: Any) -> None:
    about = {"group": "networking.k8s.io", "kind": "Ingress", "namespace": NS, "name": "fine", "id": "1"}
    fallback = {
        "status": "triggered",
        "brokenObjects": [{**about, "name": "good"}],
        "excludedObjects": [{**about, "causingObjects": ["networking.k8s.io/Ingress:audit/good"]}],
    }
    tags = ["k8s-name:good", f"k8s-namespace:{NS}", "k8s-kind:Ingress", "k8s-group:networking.k8s.io", "k8s-version:v1"]
    problem = {"type": "field", "field": "paths", "message": "should start with /"}
    raw = {"flattened_errors": [{"entity_type": "route", "entity_tags": tags, "errors": [problem]}]}
    with serving(_diagnostics(fallback, raw)) as server:
        found = by_rule(audit("--diagnostics-url", server.url))
    assert found["excluded-now"] == {"fine": "because of networking.k8s.io/Ingress:audit/good"}
    assert found["gateway-refuses"]["good"] == "invalid paths: should start with /"


def test_diagnostics_that_are_off(audit: Any, audited: Cluster, tmp_path: Path) -> None:
    with serving(lambda _: Answer(404, b"404 page not found\n")) as server:
        config = audited.kubeconfig(tmp_path / "of-admin")
        done = run("audit", "--kubeconfig", str(config), "--diagnostics-url", server.url)
    assert done.returncode == 2
    assert "start the controller with --dump-config" in done.stderr


def test_drift(audit: Any, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    objects = copy.deepcopy(MANIFESTS)
    objects[1]["metadata"]["annotations"] = {"konghq.com/strip-path": "true"}
    objects[2]["spec"]["rules"][0]["host"] = "renamed.example"
    objects.append(ingress("unsynced", NS))
    (repository / "all.yaml").write_text(yaml.safe_dump_all(objects))
    report = audit(str(repository))
    found = by_rule(report)
    assert found["drift"] == {
        "good": "differs in metadata.annotations.konghq.com/strip-path",
        "fine": "differs in spec.rules[0].host",
    }
    assert set(found["not-in-cluster"]) == {"unsynced"}
    (where,) = (f["source"]["file"] for f in report["findings"] if f["rule"] == "not-in-cluster")
    assert where == "all.yaml"


def test_all_formats_and_exit_statuses(audit: Any, audited: Cluster, tmp_path: Path) -> None:
    config = audited.kubeconfig(tmp_path / "of-admin")
    metrics = tmp_path / "kong.prom"
    flags = ["--kubeconfig", str(config), "-n", NS, "--grace", "0", "--report", f"prometheus={metrics}"]
    done = run("audit", *flags)
    assert done.returncode == 1
    assert "An Ingress that works has no address in its status" in done.stdout
    assert "Ingress audit/good: status.loadBalancer is empty" in done.stdout
    text = metrics.read_text()
    assert 'gitops_kong_audit_findings{rule="ingress-status-missing",severity="error"} 1' in text
    assert 'gitops_kong_audit_findings{rule="excluded-now",severity="error"} 0' in text
    assert 'kind="Ingress",exported_namespace="audit",name="good"' in text
    assert metrics.stat().st_mode & 0o777 == 0o644
    assert audit("--controller-version", "3.5.13", "-n", "shop-without-objects", "--fail-on", "error")


def test_a_user_who_may_read_little_is_told(audited: Cluster, tmp_path: Path) -> None:
    ingresses = {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get", "list"]}
    audited.user("token-of-an-auditor", "auditor", [ingresses], NS)
    audited.stop_server()
    audited.start_server()
    config = audited.kubeconfig(tmp_path / "of-auditor", {"token": "token-of-an-auditor"})
    done = run("audit", "--kubeconfig", str(config), "-n", NS, "--grace", "0", "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    found = by_rule(json.loads(done.stdout))
    assert "not-seen" in found
    assert "class-missing" not in found  # IngressClasses could not be read
    assert "ingress-address-differs" not in found  # nor the publish Service


def test_a_healthy_cluster_has_no_findings(cluster: Cluster, tmp_path: Path) -> None:
    """In a namespace of its own, with the newest controller."""
    cluster.create(
        namespace("healthy"),
        {**SERVICE, "metadata": {"name": "web", "namespace": "healthy"}},
        ingress("web", "healthy", status=ADDRESS),
    )
    config = cluster.kubeconfig(tmp_path / "of-admin")
    done = run("audit", "--kubeconfig", str(config), "-n", "healthy", "--controller-version", "3.5.13")
    assert done.returncode == 0, done.stdout
    assert "0 errors, 0 warnings, 0 infos" in done.stdout


def test_each_controller_of_a_cluster_is_judged(cluster: Cluster, tmp_path: Path) -> None:
    """A second one of class `inner`, whose Ingress has no address."""
    second = controller("kong/kubernetes-ingress-controller:3.5.13")
    second["metadata"] = {"name": "inner", "namespace": "two"}
    second["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "CONTROLLER_INGRESS_CLASS", "value": "inner"}
    ]
    first = controller()
    first["metadata"]["namespace"] = "two"
    web = ingress("of-inner", "two")
    web["spec"]["ingressClassName"] = "inner"
    service = {**SERVICE, "metadata": {"name": "web", "namespace": "two"}}
    cluster.create(namespace("two"), first, second, service, ingress_class("inner"), web)
    config = cluster.kubeconfig(tmp_path / "of-admin")
    done = run("audit", "--kubeconfig", str(config), "-n", "two", "--grace", "0", "--format", "json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert set(by_rule(report)["ingress-status-missing"]) == {"of-inner"}
    assert "class-not-handled" not in by_rule(report)
    assert report["controller"]["source"] == "two/kong and 1 more"
