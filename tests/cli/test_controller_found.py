"""`check` takes the controller that the repository deploys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gitops_kong.cli import target_run
from gitops_kong.cli.main import cli
from gitops_kong.errors import UserError
from gitops_kong.predict.scenarios import predict
from gitops_kong.sources import render
from gitops_kong.sources.chart_versions import chart_versions
from tests.sources.build import service, write

WEBHOOK = (
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: kong}\n"
    "webhooks: [{name: validations.kong.konghq.com}]\n"
)


def deployment(tag: str, ingress_class: str = "kong", name: str = "kong") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: kong}}\nspec:\n"
        "  template:\n    spec:\n      containers:\n"
        f"      - image: kong/kubernetes-ingress-controller:{tag}\n"
        f"        args: [--feature-gates=FillIDs=false, --ingress-class={ingress_class}]\n      - image: kong:3.7\n"
    )


def check(root: Path, *arguments: str) -> dict[str, Any]:
    arguments = ("check", str(root), "--no-base", "--format", "json", *arguments)
    done = CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_settings_come_from_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {"kong/c.yaml": deployment("3.4.3"), "kong/w.yaml": WEBHOOK, "a.yaml": service("a", "x")})
    report = check(tmp_path)
    controller = report["controller"]
    assert controller["version"] == "3.4.3"
    assert controller["source"] == "kong/c.yaml: image kong/kubernetes-ingress-controller:3.4.3"
    assert controller["featureGates"]["FillIDs"] is False
    assert controller["admissionWebhook"] is True
    assert report["gateway"]["version"] == "3.7"


def test_flags_and_file_win(tmp_path: Path) -> None:
    write(tmp_path, {"kong/c.yaml": deployment("3.4.3"), ".gitops-kong.yaml": 'gateway: {version: "3.8"}\n'})
    report = check(tmp_path, "--controller-version", "3.5.13", "--feature-gate", "FillIDs=true")
    assert report["controller"]["version"] == "3.5.13"
    assert report["controller"]["source"] == "--controller-version"
    assert report["controller"]["featureGates"]["FillIDs"] is True
    assert report["gateway"]["version"] == "3.8"


def test_of_two_controllers_the_wanted_class_decides(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": deployment("3.2.4", "inner", "a"), "b.yaml": deployment("3.4.3", "kong", "b")})
    assert check(tmp_path)["controller"]["version"] == "3.4.3"
    assert check(tmp_path, "--ingress-class", "inner")["controller"]["version"] == "3.2.4"
    assert check(tmp_path, "--ingress-class", "other")["controller"]["source"] == "default"


def test_versions_that_are_not_known_name_their_place(tmp_path: Path) -> None:
    write(tmp_path, {"kong/c.yaml": deployment("2.12")})
    with pytest.raises(
        UserError, match=r"^kong/c\.yaml: image .*:2\.12: controller version 2\.12.*--controller-version"
    ):
        check(tmp_path)


def test_staged_content_is_checked_against_the_last_commit(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": service("committed", "x"), "kong.yaml": deployment("3.4.3")})
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *settings, *command], cwd=tmp_path, check=True)
    write(tmp_path, {"a.yaml": service("staged", "x"), "kong.yaml": deployment("3.2.4")})
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    write(tmp_path, {"a.yaml": service("later", "x"), "kong.yaml": deployment("3.5.13")})
    arguments = ["check", str(tmp_path), "--staged", "--format", "json", "--all"]
    report = json.loads(CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False).stdout)
    assert report["controller"]["version"] == "3.2.4"
    changes = {found["object"]["name"]: found["change"] for found in report["predictions"]}
    assert changes["staged"] == "added"
    assert "later" not in changes
    with pytest.raises(UserError, match=r"^--staged: in no Git repository$"):
        check(write(tmp_path.parent / "plain", {"a.yaml": service("a")}), "--staged")


def test_targets_that_a_change_cannot_reach_are_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{name}/kustomization.yaml": "resources: [s.yaml]\n" for name in "ab"}
    write(tmp_path, {**files, "a/s.yaml": service("s"), "b/s.yaml": service("s")})
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *settings, *command], cwd=tmp_path, check=True)
    write(tmp_path, {"b/s.yaml": service("changed")})
    built: list[str] = []
    original = render.SOURCES["kustomize"]
    monkeypatch.setitem(
        render.SOURCES, "kustomize", lambda target, *rest: built.append(target.name) or original(target, *rest)
    )
    CliRunner().invoke(cli, ["check", str(tmp_path), "--base", "HEAD"], standalone_mode=False)
    assert sorted(built) == ["a", "b", "b"]


def ingress(name: str, ingress_class: str) -> str:
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: default}}\n"
        f"spec:\n  ingressClassName: {ingress_class}\n  rules:\n  - host: {name}.example.com\n    http:\n"
        "      paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]\n"
    )


TWO = {
    "k/a.yaml": deployment("3.2.4", "inner", "a"),
    "k/b.yaml": deployment("3.4.3", "kong", "b"),
    "k/apps.yaml": ingress("in", "inner") + "---\n" + ingress("out", "kong") + "---\n" + ingress("none", "nginx"),
}


def test_two_controllers_each_see_their_own_class(tmp_path: Path) -> None:
    report = check(write(tmp_path, TWO), "--all")
    assert [(each["name"], each["version"], each["ingressClass"]) for each in report["controllers"]] == [
        ("kong/b", "3.4.3", "kong"),
        ("kong/a", "3.2.4", "inner"),
    ]
    assert report["controller"]["version"] == "3.4.3"
    told = {
        (each["object"]["name"], each["controller"], each["configuration"])
        for each in report["predictions"]
        if each["object"]["kind"] == "Ingress"
    }
    assert {(name, controller) for name, controller, _ in told} == {
        ("in", "kong/a"),
        ("out", "kong/b"),
        ("none", "kong/b"),
    }
    assert ("none", "kong/b", "ignored") in told
    assert all(name == "none" or configuration != "ignored" for name, _, configuration in told)
    assert {each["controller"] for each in report["findings"]} <= {"kong/a", "kong/b"}
    text = CliRunner().invoke(cli, ["check", str(tmp_path), "--no-base"]).stdout
    assert "controller kong/a: 3.2.4 (k/a.yaml: image kong/kubernetes-ingress-controller:3.2.4), class inner" in text


def test_controllers_of_the_file_and_of_its_targets(tmp_path: Path) -> None:
    listed = (
        "controller: {featureGates: {FillIDs: false}}\ncontrollers:\n- {name: outer, version: 3.4.3}\n"
        "- {name: inner, version: 3.2.4, ingressClass: inner, gateway: {version: '3.6'}, watchNamespaces: [x]}\n"
    )
    apps = {"k/apps.yaml": TWO["k/apps.yaml"]}
    report = check(write(tmp_path / "one", {**apps, ".gitops-kong.yaml": listed}), "--all")
    found = {each["name"]: each for each in report["controllers"]}
    assert found["inner"]["gateway"]["version"] == "3.6"
    assert found["inner"]["featureGates"]["FillIDs"] is False
    left_out = [each for each in report["predictions"] if each["object"]["name"] == "in"]
    assert [each["configuration"] for each in left_out] == ["ignored"]  # its namespace is not watched
    targets = (
        "controller: {version: 3.5.13}\ntargets:\n- path: a\n- path: b\n"
        "  controller: {name: other, version: 3.2.4, ingressClass: inner}\n"
    )
    files = {"a/apps.yaml": apps["k/apps.yaml"], "b/apps.yaml": apps["k/apps.yaml"], ".gitops-kong.yaml": targets}
    report = check(write(tmp_path / "two", files), "--all")
    taken = {
        (each["target"], each["object"]["name"])
        for each in report["predictions"]
        if each["object"]["kind"] == "Ingress" and each["configuration"] != "ignored"
    }
    assert taken == {("a", "out"), ("b", "in")}


def test_a_controller_of_one_target_does_not_see_another(tmp_path: Path) -> None:
    files = {f"{name}/kustomization.yaml": "resources: [k.yaml, i.yaml]\n" for name in "ab"}
    files |= {"a/k.yaml": deployment("3.2.4"), "b/k.yaml": deployment("3.5.13")}
    report = check(write(tmp_path, {**files, "a/i.yaml": ingress("x", "kong"), "b/i.yaml": ingress("y", "kong")}))
    assert [(each["name"], each["version"]) for each in report["controllers"]] == [
        ("kong/kong", "3.2.4"),
        ("kong/kong of b", "3.5.13"),
    ]


def test_the_default_version_says_why_it_is_taken(tmp_path: Path) -> None:
    report = check(write(tmp_path / "found", {"k/c.yaml": deployment("latest")}))
    assert report["controller"]["source"] == "default; k/c.yaml tells no version that is known"
    (off,) = [each for each in report["findings"] if each["rule"] == "fallback-configuration-off"]
    assert off["effects"] == []
    report = check(write(tmp_path / "none", {"k/i.yaml": ingress("web", "kong")}))
    assert report["controller"]["source"] == "default"
    (off,) = [each for each in report["findings"] if each["rule"] == "fallback-configuration-off"]
    assert off["effects"][0].startswith("no controller was found in this repository")


def test_controllers_that_run_the_same_are_told_once_with_their_places(tmp_path: Path) -> None:
    files = {f"{name}/kustomization.yaml": "resources: [k.yaml]\n" for name in "abcd"}
    files |= {f"{name}/k.yaml": deployment("3.4.3") for name in "abc"}
    files["d/k.yaml"] = deployment("3.4.3", "inner", "other")
    report = check(write(tmp_path, files))
    assert [(each["name"], each["ingressClass"]) for each in report["controllers"]] == [
        ("kong/kong", "kong"),
        ("kong/other", "inner"),
    ]
    image = "k.yaml: image kong/kubernetes-ingress-controller:3.4.3"
    assert report["controllers"][0]["alsoFoundAt"] == [f"b/{image}", f"c/{image}"]
    (off,) = [each for each in report["findings"] if each["rule"] == "fallback-configuration-off"]
    assert off["effects"] == ["controllers: kong/kong, kong/other"]
    text = CliRunner().invoke(cli, ["check", str(tmp_path), "--no-base"]).stdout
    assert f"controller kong/kong: 3.4.3 (a/{image}" in text
    assert "and 1 more), class kong, FallbackConfiguration" in " ".join(text.split())


@pytest.mark.parametrize("file", ["k/c.yaml", ".gitops-kong.yaml"])
def test_a_change_of_the_controller_keeps_what_ran_before(tmp_path: Path, file: str) -> None:
    """The base is predicted with the controller that runs it."""
    if file == "k/c.yaml":
        before, after = deployment("3.2.4"), deployment("3.5.13")
    else:
        before, after = 'controller: {version: "3.2.4"}\n', 'controller: {version: "3.5.13"}\n'
    backend = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\nspec: {ports: [{port: 80}]}\n"
    write(tmp_path, {file: before, "k/i.yaml": ingress("out", "kong"), "k/s.yaml": backend})
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *settings, *command], cwd=tmp_path, check=True)
    write(tmp_path, {file: after})
    versions: list[list[str]] = []

    def seen(*arguments: Any, **named: Any) -> Any:
        world, base_world = arguments[3], arguments[6]
        versions.append([world.options.version_text, base_world.options.version_text])
        return predict(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target_run, "predict", seen)
        arguments = ["check", str(tmp_path), "--base", "HEAD", "--format", "json", "--all"]
        report = json.loads(CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False).stdout)
    assert versions == [["3.5.13", "3.2.4"]]
    assert report["controller"]["version"] == "3.5.13"
    assert [each["configuration"] for each in report["predictions"] if each["object"]["name"] == "out"] == [
        "configured"
    ]


def test_a_chart_without_tags_tells_versions_by_its_own() -> None:
    assert chart_versions("kong", "2.48.0") == ("3.4", "3.9")
    assert chart_versions("ingress", "0.16.0") == ("3.3", "3.8")
    assert chart_versions("kong", "v3.4.1") == ("3.5", "3.9")
    assert chart_versions("kong", "~2.48") is chart_versions("ingress", "0.1.0") is chart_versions("kong", "1.0.0")


def test_a_dump_of_the_cluster_is_context(tmp_path: Path) -> None:
    dump = (
        "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n"
        "- apiVersion: v1\n  kind: Service\n  metadata: {name: s, namespace: default, uid: a-b, resourceVersion: '7'}\n"
        "  spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n  status: {loadBalancer: {}}\n"
        "- apiVersion: configuration.konghq.com/v1\n  kind: KongPlugin\n  plugin: key-auth\n"
        "  metadata: {name: auth, namespace: default, managedFields: [{manager: kubectl}]}\n"
        "  status: {conditions: []}\n"
    )
    annotated = ingress("out", "kong").replace(
        "namespace: default", "namespace: default, annotations: {konghq.com/plugins: auth}"
    )
    write(tmp_path, {"k/i.yaml": annotated})
    write(tmp_path, {"dump.yaml": dump, ".gitops-kong.yaml": "targets: [{path: k}]\n"})
    report = check(tmp_path, "--context", "dump.yaml", "--all")
    told = {each["object"]["name"]: each["configuration"] for each in report["predictions"]}
    assert told == {"out": "configured", "s": "configured", "auth": "configured"}
