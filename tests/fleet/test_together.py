"""Targets that make up one state of a cluster: each is checked with what the others bring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from git import Repo

from gitops_kong.cli.main import cli
from tests.fleet.fleets import APP, BAD, GOOD, report, run, write

GLOBAL = """
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata:
  name: everywhere
  labels: {{global: "true"}}
  annotations: {{kubernetes.io/ingress.class: kong}}
plugin: rate-limiting
config: {{{field}: 5}}
"""
OWN = GOOD.replace("rate-limiting", "own-plugin").replace("minute", "word")
SCHEMA = {
    "name": "own-plugin",
    "fields": [{"config": {"type": "record", "fields": [{"word": {"type": "integer", "required": True}}]}}],
}


def fleet(root: Path, repositories: Mapping[str, Mapping[str, str]], together: bool = True, **entry: Any) -> Path:
    """A cluster that runs all targets of these repositories."""
    for name, files in repositories.items():
        write(root / name, files)
    file = root / "fleet.yaml"
    value = {
        "repositories": {name: {"path": name, **entry} for name in repositories},
        "groups": [{"together": together}],
        "clusters": [{"name": "one", "targets": [{"repository": name} for name in repositories]}],
    }
    file.write_text(yaml.safe_dump(value))
    return file


def told(found: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Rule, object and message of each finding on an object."""
    return {
        (f["rule"], f"{f['object']['kind']} {f['object']['name']}", f["message"])
        for f in found["findings"]
        if f["object"]
    }


def check(folder: Path) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["check", str(folder), "--no-base", "--format", "json"])
    value: dict[str, Any] = json.loads(done.stdout)
    return value


@pytest.mark.parametrize(
    "platform",
    [
        {"plugin.yaml": GOOD},
        {"plugin.yaml": BAD},
        {"plugin.yaml": GOOD, "global.yaml": GLOBAL.format(field="minutes")},
        {"service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: shop}\nspec: {ports: 1}\n"},
    ],
)
def test_it_is_what_check_says_of_all_of_it(platform: dict[str, str], tmp_path: Path) -> None:
    repositories = {"platform": platform, "apps": {"app.yaml": APP}}
    found = report(fleet(tmp_path, repositories))
    write(tmp_path / "whole", {**platform, "app.yaml": APP})
    whole = check(tmp_path / "whole")
    assert told(found) == told(whole)
    (cluster,) = found["clusters"]
    assert sum(each["objects"] for each in cluster["checks"]) == whole["summary"]["objects"]


def test_what_another_target_brings_is_there_only_together(tmp_path: Path) -> None:
    repositories = {"platform": {"plugin.yaml": GOOD}, "apps": {"app.yaml": APP}}
    assert "translation-failed" in {rule for rule, *_ in told(report(fleet(tmp_path, repositories, together=False)))}
    assert told(report(fleet(tmp_path, repositories))) == set()


def test_a_failure_of_another_target_is_named_with_its_repository(tmp_path: Path) -> None:
    repositories = {
        "platform": {"global.yaml": GLOBAL.format(field="minutes")},
        "apps": {"app.yaml": APP, "p.yaml": GOOD},
    }
    file = fleet(tmp_path, repositories)
    found = report(file)
    assert {c["repository"]: c["verdict"] for c in found["clusters"][0]["checks"]} == {
        "platform": "failed",
        "apps": "failed",
    }
    refused = {f["repository"]: f["source"] for f in found["findings"] if f["rule"] == "gateway-rejected"}
    assert refused["platform"]["file"] == "global.yaml"
    assert refused["apps"] == {**refused["platform"], "file": "platform: global.yaml"}
    assert "platform: global.yaml" in run(file).stdout


def test_what_is_suppressed_in_one_repository_is_in_the_others_too(tmp_path: Path) -> None:
    mark = "# gitops-kong: ignore gateway-rejected # known\n"
    platform = {"global.yaml": mark + GLOBAL.format(field="minutes").lstrip()}
    file = fleet(tmp_path, {"platform": platform, "apps": {"app.yaml": APP, "p.yaml": GOOD}})
    found = report(file)
    assert "gateway-rejected" not in {f["rule"] for f in found["findings"]}
    assert {c["repository"]: c["suppressed"] for c in found["clusters"][0]["checks"]} == {"platform": 1, "apps": 1}
    assert "gateway-rejected" in {f["rule"] for f in report(file, "--no-suppressions")["findings"]}


def test_of_an_object_that_two_targets_hold_each_has_its_own(tmp_path: Path) -> None:
    repositories = {"good": {"a.yaml": APP, "p.yaml": GOOD}, "bad": {"a.yaml": APP, "p.yaml": BAD}}
    found = report(fleet(tmp_path, repositories))
    assert {c["repository"]: c["verdict"] for c in found["clusters"][0]["checks"]} == {
        "good": "passed",
        "bad": "failed",
    }


def test_a_plugin_s_schema_of_another_repository_holds(tmp_path: Path) -> None:
    schema = {".gitops-kong/schemas/own.json": json.dumps(SCHEMA)}
    repositories = {"platform": {"plugin.yaml": OWN, **schema}, "apps": {"app.yaml": APP}}
    found = report(fleet(tmp_path, repositories))
    assert "gateway-rejected" not in {rule for rule, *_ in told(found)}
    wrong = {"platform": {"plugin.yaml": OWN.replace("5", "x"), **schema}, "apps": {"app.yaml": APP}}
    assert "gateway-rejected" in {rule for rule, *_ in told(report(fleet(tmp_path, wrong)))}


def test_a_change_of_another_target_is_compared(tmp_path: Path) -> None:
    repositories = {
        "platform": {"global.yaml": GLOBAL.format(field="minute")},
        "apps": {"app.yaml": APP, "plugin.yaml": GOOD},
    }
    file = fleet(tmp_path, repositories, base="main")
    for name in repositories:
        git = Repo.init(tmp_path / name, initial_branch="main")
        git.git.add(all=True)
        git.git(c=("user.name=test", "user.email=test@example.com")).commit(message="before")
    assert told(report(file)) == set()
    write(tmp_path / "platform", {"global.yaml": GLOBAL.format(field="minutes")})
    found = report(file)
    worse = {c["repository"]: c["madeWorse"]["objects"] for c in found["clusters"][0]["checks"]}
    assert worse == {"platform": 1, "apps": 3}
    assert not any(f["existing"] for f in found["findings"] if f["object"])
    checks = {c["repository"]: c["changed"] for c in found["clusters"][0]["checks"]}
    assert checks == {"platform": 1, "apps": 0}


def test_secrets_of_other_targets_stay_where_they_are(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {a: hush-hush}\n"
    file = fleet(tmp_path, {"platform": {"s.yaml": secret, "p.yaml": GOOD}, "apps": {"app.yaml": APP}})
    found = run(file, "--format", "json")
    assert "hush-hush" not in found.stdout
    for kept in (tmp_path / "state").rglob("*"):
        assert kept.is_dir() or b"hush-hush" not in kept.read_bytes()
