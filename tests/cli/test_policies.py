"""Rules, suppressions and upgrades from the command line."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.integrations.shop import gitops_kong

SHOP = """apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations:
    konghq.com/strip-paths: "true"
spec:
  ingressClassName: kong
  rules:
  - host: a.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
OWN = """id: team-label-missing
group: correctness
severity: error
title: An Ingress without a team
meaning: Nobody knows whom to call.
remediation: Set the label team.
kinds: [Ingress]
unless: [object.metadata.labels.team]
expression: "true"
message: "'no team'"
examples:
  fail:
  - objects: [{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: b}, spec: {}}]
  pass:
  - objects: [{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, labels: {team: x}}, spec: {}}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path


def check(folder: Path, *more: str) -> dict[str, list[str]]:
    done = gitops_kong("check", "--format", "json", "--feature-gate", "FallbackConfiguration=true", *more, cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    return {
        "findings": [f["rule"] for f in report["findings"]],
        "suppressed": [f"{f['rule']} {f['suppressedBy']}" for f in report["suppressed"]],
    }


def test_settings_own_rules_and_suppressions(shop: Path) -> None:
    assert check(shop)["findings"] == ["annotation-misspelt"]
    (shop / ".gitops-kong.yaml").write_text("policies: {rules: {annotation-misspelt: off, ingress-without-tls: on}}\n")
    assert check(shop)["findings"] == ["ingress-without-tls"]
    (shop / ".gitops-kong" / "policies").mkdir(parents=True)
    (shop / ".gitops-kong" / "policies" / "team.yaml").write_text(OWN)
    assert sorted(check(shop)["findings"]) == ["ingress-without-tls", "team-label-missing"]
    assert "Set the label team" in gitops_kong("explain", "team-label-missing", cwd=shop).stdout
    assert gitops_kong("rules", "--examples", cwd=shop).stdout == "1 rules, 0 examples wrong\n"
    ignored = SHOP.replace("    konghq", "    gitops-kong.dev/ignore: team-label-missing # soon\n    konghq")
    (shop / "shop.yaml").write_text(ignored)
    found = check(shop)
    assert found == {"findings": ["ingress-without-tls"], "suppressed": ["team-label-missing annotation"]}
    assert "team-label-missing" in check(shop, "--no-suppressions")["findings"]
    text = gitops_kong("check", "--verbose", cwd=shop).stdout
    assert "1 finding suppressed (1 by annotation)" in text
    assert "no team, by annotation at Ingress shop/shop (soon)" in text.replace("\n    ", " ")


SETTINGS = {
    "exclude: ['shop*']": ["shop* is excluded"],
    "targets: [{path: shop.yaml}]": ["only the targets that are listed are checked"],
    "policies: {groups: {security: off}, rules: {annotation-misspelt: info, checks-turned-off: off}}": [
        "group security is off", "rule annotation-misspelt is info", "rule checks-turned-off is off"
    ],
    "kubernetesVersion: '1.31'": [],
    "policies: {rules: {ingress-without-tls: on}}": [],
}  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_change_does_not_turn_off_its_own_check_without_a_word(shop: Path, settings: str) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=shop, check=True)
    (shop / ".gitops-kong.yaml").write_text(settings + "\n")
    done = gitops_kong("check", "--base", "HEAD", "--format", "json", "--no-cache", cwd=shop)
    found = [f["message"] for f in json.loads(done.stdout)["findings"] if f["rule"] == "checks-turned-off"]
    told = "; ".join(SETTINGS[settings])
    start = ".gitops-kong.yaml: this change turns off a part of its own check: "
    assert found == ([start + told] if told else [])
    for command in (["add", "-A"], ["commit", "-qm", "y"]):
        subprocess.run([*git, *command], cwd=shop, check=True)
    assert "turns off a part" not in gitops_kong("check", "--base", "HEAD", cwd=shop).stdout


def test_an_unknown_rule_in_the_settings(shop: Path) -> None:
    (shop / ".gitops-kong.yaml").write_text("policies: {rules: {annotation-mispelt: off}}\n")
    done = gitops_kong("check", cwd=shop)
    assert done.returncode == 2
    assert "did you mean annotation-misspelt?" in done.stderr


def test_baseline(shop: Path) -> None:
    gate = ("--feature-gate", "FallbackConfiguration=true")
    done = gitops_kong("baseline", *gate, "--reason", "legacy", "--until", "2999-01-01", cwd=shop)
    assert done.returncode == 0, done.stderr
    assert check(shop) == {"findings": [], "suppressed": ["annotation-misspelt baseline"]}
    (shop / "shop.yaml").write_text(SHOP.replace("strip-paths", "strip-path"))
    assert check(shop) == {"findings": ["suppression-unused"], "suppressed": []}
    assert gitops_kong("baseline", *gate, cwd=shop).returncode == 0
    assert json.loads((shop / ".gitops-kong" / "baseline.json").read_text())["findings"] == []


def test_upgrade_check(shop: Path) -> None:
    arguments = ("--controller-version", "3.5.0", "--to-controller", "3.5.13", "--format", "json")
    done = gitops_kong("upgrade-check", *arguments, cwd=shop)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert "ingress-protocols-only-when-annotated" in {row["name"] for row in report["behaviours"]}
    (target,) = report["targets"]
    assert 'protocols: ["http", "https"] → (none)' in [f for e in target["entities"] for f in e["fields"]]
    assert target["objects"] == []
    text = gitops_kong("upgrade-check", "--to-gateway", "3.4", cwd=shop).stdout
    assert "gateway 3.9 → 3.4" in text
    assert gitops_kong("upgrade-check", cwd=shop).returncode == 2


def test_upgrade_check_tells_what_gets_worse(shop: Path) -> None:
    plugin = "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: r, namespace: shop}\n"
    plugin += "plugin: redirect\nconfig: {location: 'https://b.example.com'}\n"
    annotated = SHOP.replace('konghq.com/strip-paths: "true"', "konghq.com/plugins: r")
    (shop / "shop.yaml").write_text(f"{annotated}---\n{plugin}")
    done = gitops_kong("upgrade-check", "--to-gateway", "3.8", cwd=shop)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "new findings\n    error gateway-rejected: Kong refuses KongPlugin shop/r" in done.stdout
    assert gitops_kong("upgrade-check", "--gateway-version", "3.8", "--to-gateway", "3.9", cwd=shop).returncode == 0
