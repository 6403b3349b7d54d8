"""deploy/argocd: rendered by kustomize and helm themselves, held against Kubernetes' schemas, RBAC and Pod Security."""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from gitops_kong.live.resources import READ
from tests.integrations.shop import ROOT, environment, make
from tests.live_client.script import Answer, Request, Server, serving

ARGOCD = ROOT / "deploy/argocd"
KUBERNETES = "1.33"
GIVEN = ("--set", "application.name=checkout", "--set", "image.repository=registry.example.com/gitops-kong")
PATHS = {resource.path(): resource for resource in READ}


def run(*command: str, cwd: Path = ARGOCD, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=environment(**env), capture_output=True, text=True, check=False)


def objects(*command: str, cwd: Path = ARGOCD) -> list[dict[str, Any]]:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    for each in found:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)
    return found


def kustomize(folder: str) -> list[dict[str, Any]]:
    return objects("kustomize", "build", folder)


def chart(*flags: str) -> list[dict[str, Any]]:
    common = ("--namespace", "checkout", "--kube-version", KUBERNETES, *GIVEN)
    return objects("helm", "template", "release", "chart", *common, *flags)


def one(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (each,) = (o for o in found if o["kind"] == kind)
    return each


def pod(found: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = one(found, "Job")["spec"]["template"]["spec"]
    return spec


def test_both_forms_are_one_hook() -> None:
    by_kustomize, by_helm = pod(kustomize("kustomize/example/job")), pod(chart())
    by_helm["serviceAccountName"] = by_kustomize["serviceAccountName"]
    del by_helm["containers"][0]["imagePullPolicy"]
    assert by_helm == by_kustomize
    jobs = [one(found, "Job") for found in (kustomize("kustomize/example/job"), chart())]
    assert jobs[0]["metadata"]["annotations"] == jobs[1]["metadata"]["annotations"]
    for job in jobs:
        del job["spec"]["template"]
    assert jobs[0]["spec"] == jobs[1]["spec"]


def restricted(spec: dict[str, Any]) -> Iterator[str]:
    """What the Pod Security profile `restricted` refuses (kubernetes.io, Pod Security Standards)."""
    of_pod = spec.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    allowed = {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
    for volume in spec.get("volumes", ()):
        if not set(volume) - {"name"} <= allowed:
            yield f"volume {volume}"
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        context = container.get("securityContext", {})
        merged = {**of_pod, **context}
        if context.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if context.get("capabilities", {}).get("drop") != ["ALL"] or context["capabilities"].get("add"):
            yield "capabilities"
        if merged.get("runAsNonRoot") is not True or merged.get("runAsUser") == 0:
            yield "runAsNonRoot"
        if merged.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "seccompProfile"
        if context.get("privileged"):
            yield "privileged"


def test_pods_keep_to_the_restricted_profile_and_write_nowhere_else() -> None:
    for found in (kustomize("kustomize/example/job"), chart("--set", "credentials={a}", "--set", "knownHosts=k")):
        spec = pod(found)
        assert list(restricted(spec)) == []
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["resources"]["limits"]["memory"]
        assert one(found, "ServiceAccount")["automountServiceAccountToken"] is False
    assert list(restricted({"containers": [{"name": "a"}]})) != []


def test_a_hook_may_list_what_is_read_and_get_one_application() -> None:
    wanted: dict[str, set[str]] = defaultdict(set)
    for resource in READ:
        wanted[resource.api_version.rpartition("/")[0]].add(resource.plural)
    without = {**wanted, "": wanted[""] - {"secrets"}}
    for found, expected in (
        (kustomize("kustomize/example/rbac"), without),
        (chart(), without),
        (chart("--set", "rbac.secrets=true"), wanted),
    ):
        rules = one(found, "ClusterRole")["rules"]
        assert {rule["apiGroups"][0]: set(rule["resources"]) for rule in rules} == expected
        assert {verb for rule in rules for verb in rule["verbs"]} == {"list"}
        role = one(found, "Role")
        assert role["metadata"]["namespace"] == "argocd"
        assert role["rules"] == [
            {
                "apiGroups": ["argoproj.io"],
                "resources": ["applications"],
                "resourceNames": ["checkout"],
                "verbs": ["get"],
            }
        ]
        account = (
            one(chart(), "ServiceAccount")["metadata"]["name"] if found[0].get("metadata", {}).get("labels") else None
        )
        for kind in ("RoleBinding", "ClusterRoleBinding"):
            binding = one(found, kind)
            assert binding["roleRef"]["name"] in {
                role["metadata"]["name"],
                one(found, "ClusterRole")["metadata"]["name"],
            }
            (subject,) = binding["subjects"]
            assert subject["namespace"] == "checkout"
            assert subject["name"] == (account or "gitops-kong-presync")


def test_secrets_are_a_component(tmp_path: Path) -> None:
    text = (ARGOCD / "kustomize/example/rbac/kustomization.yaml").read_text()
    place = tmp_path / "with"
    place.mkdir()
    relative = os.path.relpath(ARGOCD / "kustomize", place)
    (place / "kustomization.yaml").write_text(
        text.replace("# - ../../secrets", "- ../../secrets").replace("../..", relative)
    )
    found = objects("kustomize", "build", "--load-restrictor", "LoadRestrictionsNone", str(place))
    assert "secrets" in one(found, "ClusterRole")["rules"][0]["resources"]


def test_the_chart_is_sound_and_refuses_values_that_make_no_sense() -> None:
    assert run("helm", "lint", "--strict", "chart", *GIVEN).returncode == 0
    for wrong in ("failOn=everything", "application.name=A_B", "image.digest=latest", "rbac.create=perhaps", "typo=1"):
        done = run("helm", "template", "r", "chart", "--kube-version", KUBERNETES, *GIVEN, "--set-string", wrong)
        assert done.returncode != 0, wrong
        assert wrong.partition("=")[0].rpartition(".")[2] in done.stderr


def test_flags_credentials_and_digests_reach_the_job() -> None:
    digest = "sha256:" + "a" * 64
    values = {
        "controllerVersion": "3.4.3",
        "failOpen": True,
        "failOn": "warning",
        "credentials": ["repository-checkout"],
        "knownHosts": "argocd-ssh-known-hosts-cm",
        "args": ["--feature-gate=FallbackConfiguration=true"],
        "image": {"digest": digest},
    }
    spec = pod(chart(*(part for k, v in values.items() for part in ("--set-json", f"{k}={json.dumps(v)}"))))
    (container,) = spec["containers"]
    assert container["image"] == f"registry.example.com/gitops-kong@{digest}"
    assert container["args"] == [
        "presync",
        "--controller-version=3.4.3",
        "--fail-on=warning",
        "--fail-open",
        "--credentials=/credentials/0",
        "--known-hosts=/known-hosts/ssh_known_hosts",
        "--feature-gate=FallbackConfiguration=true",
    ]
    from gitops_kong.cli.presync import command

    os.environ["GITOPS_KONG_APPLICATION"] = "argocd/checkout"
    try:
        assert command.make_context("presync", container["args"][1:]).params["fail_open"] is True
    finally:
        del os.environ["GITOPS_KONG_APPLICATION"]
    mounted = {m["mountPath"] for m in container["volumeMounts"]}
    assert {"/credentials/0", "/known-hosts"} <= mounted


# the plugin


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


@pytest.fixture
def cluster(shop: Path, tmp_path: Path) -> Iterator[Server]:
    """A cluster that has what main of the shop renders to, and its kubeconfig as the default one."""
    subprocess.run(["git", "checkout", "--quiet", "main"], cwd=shop, check=True)
    done = run("python", "-m", "gitops_kong", "render", "--target", "production", cwd=shop, PYTHONPATH=str(ROOT))
    items = [each for each in yaml.safe_load_all(done.stdout) if each]
    for i, each in enumerate(items):
        each["metadata"] |= {"uid": f"u{i}", "resourceVersion": str(i + 1)}
    subprocess.run(["git", "checkout", "--quiet", "pull-request"], cwd=shop, check=True)

    def answer(request: Request) -> Answer:
        if request.path == "/version":
            return Answer(body={"gitVersion": "v1.33.4"})
        resource = PATHS.get(request.path)
        if resource is None or resource.kind == "Secret":
            return Answer(403, {"message": "forbidden"})
        found = [o for o in items if (o["apiVersion"], o["kind"]) == (resource.api_version, resource.kind)]
        return Answer(body={"metadata": {"resourceVersion": "9"}, "items": found})

    with serving(answer) as server:
        config = {
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "contexts": [{"name": "x", "context": {"cluster": "c"}}],
            "current-context": "x",
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        yield server


def generate(shop: Path, tmp_path: Path, folder: str, namespace: str, **env: str) -> subprocess.CompletedProcess[str]:
    programs = tmp_path / "programs"
    programs.mkdir(exist_ok=True)
    script = programs / "gitops-kong"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec python -m gitops_kong "$@"\n')
    script.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    given = {
        "ARGOCD_APP_NAME": "app",
        "ARGOCD_APP_NAMESPACE": namespace,
        "GITOPS_KONG_ARGS": "--controller-version 3.5.13",
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "TMPDIR": str(scratch),
        "KUBE_VERSION": "1.33.4",
        "KUBE_API_VERSIONS": "v1,networking.k8s.io/v1",
        **env,
    }
    plugin = yaml.safe_load((ARGOCD / "plugin/plugin.yaml").read_text())
    shell, file = plugin["spec"]["generate"]["command"]
    whole = environment(**given)
    whole["PATH"] = f"{programs}:{whole['PATH']}"
    command = [shell, str(ARGOCD / "plugin" / Path(file).name)]
    return subprocess.run(command, cwd=shop / folder, env=whole, capture_output=True, text=True, check=False)


def test_the_plugin_prints_what_the_cluster_can_take(cluster: Server, shop: Path, tmp_path: Path) -> None:
    done = generate(shop, tmp_path, "apps/search", "search")
    assert done.returncode == 0, done.stderr
    kinds = sorted(each["kind"] for each in yaml.safe_load_all(done.stdout) if each)
    assert kinds == ["Ingress", "Ingress", "Service"]
    asked = len(cluster.requests)
    done = generate(
        shop, tmp_path, "charts/catalog", "catalog", PARAM_RELEASE_NAME="catalog", PARAM_VALUES_FILES_0="values.yaml"
    )
    assert done.returncode == 0, done.stderr
    assert "kind: Ingress" in done.stdout
    assert len(cluster.requests) == asked  # the snapshot is young enough
    assert not [f for f in (tmp_path / "scratch").iterdir() if f.is_dir()]


def test_the_plugin_stops_what_the_gateway_refuses(cluster: Server, shop: Path, tmp_path: Path) -> None:
    folder = "apps/checkout/overlays/production"
    done = generate(shop, tmp_path, folder, "checkout")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean config.minute?" in done.stderr
    done = generate(shop, tmp_path, folder, "checkout", GITOPS_KONG_ENFORCE="false")
    assert done.returncode == 0
    assert "minutes: 120" in done.stdout


def test_the_plugin_does_not_print_half_of_what_fails(cluster: Server, shop: Path, tmp_path: Path) -> None:
    (shop / "apps/checkout/overlays/production/kustomization.yaml").write_text("resources: [nowhere]\n")
    done = generate(shop, tmp_path, "apps/checkout/overlays/production", "checkout")
    assert done.returncode != 0
    assert done.stdout == ""
    done = generate(shop, tmp_path, "charts/catalog", "catalog", PARAM_VALUES_FILES_0="../../../secrets.yaml")
    assert (done.returncode, done.stdout) == (2, "")


def test_the_plugin_fails_closed_unless_told_otherwise(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("{}")
    assert generate(shop, tmp_path, "apps/search", "search").returncode == 2
    done = generate(shop, tmp_path, "apps/search", "search", GITOPS_KONG_FAIL_OPEN="true")
    assert done.returncode == 0
    assert "kind: Ingress" in done.stdout
    assert "unchecked" in done.stderr


def test_the_sidecar_fits_the_repo_server_of_argo_cd(tmp_path: Path) -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "argocd-repo-server", "namespace": "argocd"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "automountServiceAccountToken": False,
                    "serviceAccountName": "argocd-repo-server",
                    "containers": [{"name": "argocd-repo-server", "image": "argocd"}],
                    "volumes": [{"name": "var-files", "emptyDir": {}}, {"name": "plugins", "emptyDir": {}}],
                },
            },
        },
    }
    (tmp_path / "install.yaml").write_text(yaml.safe_dump(deployment))
    component = os.path.relpath(ARGOCD / "plugin", tmp_path)
    (tmp_path / "kustomization.yaml").write_text(f"resources: [install.yaml]\ncomponents: [{component}]\n")
    found = objects("kustomize", "build", "--load-restrictor", "LoadRestrictionsNone", str(tmp_path))
    spec = one(found, "Deployment")["spec"]["template"]["spec"]
    sidecar = next(c for c in spec["containers"] if c["name"] == "gitops-kong")
    assert sidecar["securityContext"]["runAsUser"] == 999
    assert list(restricted({**spec, "containers": [sidecar]})) == []
    volumes = {v["name"]: v for v in spec["volumes"]}
    assert {m["name"] for m in sidecar["volumeMounts"]} <= set(volumes)
    config = one(found, "ConfigMap")
    assert volumes["gitops-kong-plugin"]["configMap"]["name"] == config["metadata"]["name"]
    assert set(config["data"]) == {"plugin.yaml", "generate.sh"}
    assert len(next(c for c in spec["containers"] if c["name"] == "argocd-repo-server")) == 2  # it gets no token
