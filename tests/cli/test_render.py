"""`render` and `init`, as a person runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gitops_kong.cli.main import cli
from gitops_kong.errors import UserError
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.config import parse_config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.tree import WorkTree
from tests import tools
from tests.sources.build import service, write

FILES = {
    "plain/b.yaml": service("b", "x") + "---\n" + service("a", "x"),
    "plain/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: x\n  annotations:\n"
    '    kubectl.kubernetes.io/last-applied-configuration: \'{"stringData":{"password":"hunter2"}}\'\n'
    "stringData: {password: hunter2}\ndata: {other: aHVudGVyMw==}\n",
    "k/kustomization.yaml": "resources: [c.yaml]\nnamePrefix: p-\n",
    "k/c.yaml": service("c"),
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    "chart/values-eu.yaml": "{}\n",
    "chart/templates/s.yaml": service("d"),
    "kong/controller.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kong, namespace: kong}\nspec:\n"
    "  template:\n    spec:\n      containers:\n      - image: kong/kubernetes-ingress-controller:3.4.3\n"
    "        env: [{name: CONTROLLER_INGRESS_CLASS, value: 'yes'}, "
    "{name: CONTROLLER_FEATURE_GATES, value: FillIDs=false}]\n"
    "      - image: kong:3.9\n",
}


def run(*arguments: str, status: int = 0) -> Result:
    result = CliRunner(env={"PATH": tools.search()}).invoke(cli, arguments)
    assert result.exit_code == status, (result.output, result.exception)
    return result


def test_render_prints_all_targets_in_a_stable_order(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    result = run("render", str(tmp_path))
    assert re.findall(r"^# target: (.*)$", result.stdout, re.MULTILINE) == [".", "chart:values-eu.yaml", "k"]
    values = read_documents(result.stdout.encode(), "output")
    assert [(value["kind"], value["metadata"]["name"]) for value in values] == [
        ("Deployment", "kong"),
        ("Secret", "s"),
        ("Service", "a"),
        ("Service", "b"),
        ("Service", "d"),
        ("Service", "p-c"),
    ]
    assert "# k/c.yaml\n" in result.stdout
    assert values[2] == read_documents(service("a", "x").encode(), "f")[0]
    assert run("render", str(tmp_path), "--target", "k").stdout.count("kind: ") == 1


def test_render_never_shows_values_of_secrets(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    output = run("render", str(tmp_path)).output
    assert "hunter" not in output
    assert "aHVudGVy" not in output
    assert "password: '***'" in output


def test_render_says_what_went_wrong_and_goes_on(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "broken/kustomization.yaml": "resources: [gone.yaml]\n"})
    result = run("render", str(tmp_path), status=2)
    assert "gitops-kong: broken: broken/kustomization.yaml: it names gone.yaml, and there is no such" in result.stderr
    assert "name: p-c" in result.stdout


def test_init_writes_what_discovery_finds(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    found = discover(WorkTree(tmp_path), parse_config(b"", "f"))
    output = run("init", str(tmp_path)).output
    assert "3 targets; controller: kong/kong" in output
    text = (tmp_path / ".gitops-kong.yaml").read_bytes()
    config = parse_config(text, "f")
    again = discover(WorkTree(tmp_path), config)
    assert [(target.name, target.source, target.path) for target in again] == [
        (target.name, target.source, target.path) for target in found
    ]
    assert again[0].options["files"] == found[0].options["files"]
    assert config.controller.version == "3.4.3"
    assert config.controller.ingress_class == "yes"
    assert config.controller.feature_gates == {"FillIDs": False}
    assert config.controller.gateway_version == "3.9"
    assert b"# kong/controller.yaml: CONTROLLER_INGRESS_CLASS" in text
    with pytest.raises(UserError, match=r"^\.gitops-kong\.yaml is there already"):
        CliRunner().invoke(cli, ["init", str(tmp_path)], standalone_mode=False, catch_exceptions=False)
    assert run("init", str(tmp_path), "--stdout").stdout.encode() == text
    run("init", str(tmp_path), "--force")


def test_init_without_a_controller(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": service("a")})
    text = run("init", str(tmp_path), "--stdout").stdout
    assert "# The controller was not found" in text
    assert [target.path for target in parse_config(text.encode(), "f").targets] == ["."]


def test_other_repositories_are_given_by_flags_only(tmp_path: Path) -> None:
    app = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n"
        "  source: {repoURL: https://git.example.com/other, path: deploy}\n"
    )
    write(tmp_path, {"repo/app.yaml": app, "other/deploy/o.yaml": service("o")})
    done = run("render", str(tmp_path / "repo"), "--repo", f"https://git.example.com/other={tmp_path / 'other'}")
    assert "name: o" in done.stdout
    assert "not seen: deploy of https://git.example.com/other" in run("render", str(tmp_path / "repo")).stderr
    for path in ("../other", "/", "link"):
        settings = f"repositories: {{'https://git.example.com/other': '{path}'}}\n"
        write(tmp_path, {"repo/.gitops-kong.yaml": settings})
        link = tmp_path / "repo/link"
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / "other")
        with pytest.raises(UserError, match=r"outside of the repository; give it with --repo"):
            CliRunner().invoke(cli, ["render", str(tmp_path / "repo")], standalone_mode=False, catch_exceptions=False)
    run("render", str(tmp_path / "repo"), "--repo", "nothing", status=2)
