"""`check` takes the controller that the repository deploys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli
from gitops_kong.errors import UserError
from gitops_kong.sources import render
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
