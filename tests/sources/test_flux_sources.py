"""What Flux takes its files from: artifacts, the Flux Operator, variables that are not here, what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.flux_ignore import Ignored
from gitops_kong.sources.render import render
from gitops_kong.sources.substitute import evaluate
from gitops_kong.sources.tree import MemoryTree, WorkTree
from tests.sources.build import names, rendered, service, targets, tools, write
from tests.sources.test_flux import CHART, flux, kustomization, release


def services(root: Path, name: str) -> list[str]:
    result = rendered(root, name)
    assert result.problems == []
    return [each for each in names(result) if each.startswith("Service")]


def generator(*artifacts: dict[str, Any]) -> str:
    body = {
        "apiVersion": "source.extensions.fluxcd.io/v1beta1",
        "kind": "ArtifactGenerator",
        "metadata": {"name": "parts", "namespace": "flux-system"},
        "spec": {
            "sources": [{"alias": "repo", "kind": "GitRepository", "name": "flux-system"}],
            "artifacts": [*artifacts],
        },
    }
    return json.dumps(body)


def artifact(name: str, path: str, **spec: Any) -> str:
    source = {"kind": "ExternalArtifact", "name": name}
    return flux("Kustomization", name, {"path": path, "sourceRef": source, **spec})


def test_artifacts_that_are_copied_from_this_repository(tmp_path: Path) -> None:
    copies = [
        {"from": "@repo/apps/base/**", "to": "@artifact/base/"},
        {"from": "@repo/apps/prod/**", "to": "@artifact/prod/"},
    ]
    write(
        tmp_path,
        {
            "clusters/prod/parts.yaml": generator(
                {"name": "apps", "copy": copies},
                {"name": "infra", "copy": [{"from": "@repo/infra/**", "to": "@artifact/"}]},
                {"name": "far", "copy": [{"from": "@other/x/**", "to": "@artifact/"}]},
            ),
            "clusters/prod/apps.yaml": artifact("apps", "./prod", targetNamespace="web"),
            "clusters/prod/infra.yaml": artifact("infra", "./configs"),
            "clusters/prod/far.yaml": artifact("far", "./x"),
            "apps/base/kustomization.yaml": "resources: [s.yaml]\n",
            "apps/base/s.yaml": service("s"),
            "apps/prod/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n",
            "infra/configs/i.yaml": service("i"),
        },
    )
    (target,) = targets(tmp_path)
    assert target.name == "flux:clusters/prod"
    assert target.reached_by(["apps/base/s.yaml"])
    assert services(tmp_path, target.name) == ["Service i", "Service web/prod-s"]
    result = rendered(tmp_path, target.name)
    assert [each.what for each in result.not_seen] == ["x of ExternalArtifact far"]
    assert {each.origin.file for each in result.objects if each.kind == "Service" and each.origin} == {
        "apps/base/s.yaml",
        "infra/configs/i.yaml",
    }


def test_artifacts_made_of_a_directory_of_this_repository(tmp_path: Path) -> None:
    source = {"kind": "OCIRepository", "name": "repo"}
    write(
        tmp_path,
        {
            "kubernetes/clusters/a/k.yaml": flux("Kustomization", "k", {"path": "./apps/x", "sourceRef": source}),
            "kubernetes/apps/x/s.yaml": service("s"),
        },
    )
    (target,) = targets(tmp_path)
    assert services(tmp_path, target.name) == ["Service s"]
    assert [each.message for each in rendered(tmp_path).assumptions] == [
        "OCIRepository flux-system/repo is taken to be made of this repository"
    ]


INSTANCE = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: flux-system}\n"
SYNC = "{kind: GitRepository, url: 'https://example.com/x', ref: refs/heads/main, path: kubernetes/clusters/prod}"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("bootstrap/instance.yaml", f"{INSTANCE}spec:\n  sync: {SYNC}\n"),
        ("bootstrap/values.yaml", f"instance:\n  sync: {SYNC}\n"),
    ],
)
def test_the_directory_that_the_flux_operator_syncs_is_one_cluster(file: str, text: str, tmp_path: Path) -> None:
    variables = {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]}
    write(
        tmp_path,
        {
            file: text,
            "kubernetes/clusters/prod/apps/a.yaml": kustomization("a", "./apps", postBuild=variables),
            "kubernetes/clusters/prod/config/c.yaml": kustomization("c", "./config"),
            "apps/s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: 'app-${region}'}\n",
            "config/m.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\n"
            "data: {region: eu}\n",
        },
    )
    assert [target.name for target in targets(tmp_path) if target.source == "flux"] == ["flux:kubernetes/clusters/prod"]
    # the ConfigMap is applied by another Kustomization, which is built first
    assert services(tmp_path, "flux:kubernetes/clusters/prod") == ["Service app-eu"]


def test_a_path_in_another_repository_covers_nothing_here(tmp_path: Path) -> None:
    far = {"kind": "GitRepository", "name": "far", "namespace": "flux-system"}
    (tmp_path / ".git").mkdir()
    write(
        tmp_path,
        {
            "clusters/a/far.yaml": flux("GitRepository", "far", {"url": "https://example.com/org/far"})
            + "---\n"
            + flux("Kustomization", "far", {"path": "./gone/there", "sourceRef": far}),
            "clusters/a/near.yaml": kustomization("near", "./apps"),
            "apps/s.yaml": service("s"),
        },
    )
    (target,) = targets(tmp_path)
    result = rendered(tmp_path)
    assert (target.name, result.problems) == ("flux:clusters/a", [])
    assert [(each.what, each.why) for each in result.not_seen] == [
        (
            "gone/there of https://example.com/org/far",
            "Kustomization flux-system/far takes it; give --repo URL=PATH",
        )
    ]


def test_variables_that_are_not_here_are_not_empty(tmp_path: Path) -> None:
    variables = {
        "substituteFrom": [{"kind": "Secret", "name": "cluster-secrets"}],
        "substitute": {"known": "here"},
    }
    write(
        tmp_path,
        {
            "f/k.yaml": kustomization("k", "m", postBuild=variables),
            "f/l.yaml": kustomization("l", "n", postBuild=variables),
            "m/i.yaml": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n"
            "spec: {rules: [{host: '${known}.${SECRET_DOMAIN}'}, {host: 'x.${OTHER:=example.com}'}]}\n",
            "n/s.yaml": service("s"),
        },
    )
    result = rendered(tmp_path)
    (ingress,) = (each for each in result.objects if each.kind == "Ingress")
    assert [rule["host"] for rule in ingress.spec["rules"]] == ["here.secret-domain", "x.example.com"]
    assert [(each.what, each.why) for each in result.not_seen] == [
        (
            "Secret flux-system/cluster-secrets",
            "Kustomization flux-system/k and flux-system/l take variables from it; the name of each stands for its "
            "value here",
        )
    ]


def test_stand_ins_only_where_variables_are_not_complete() -> None:
    assert evaluate("a-${_X_Y}", {}) == "a-"
    assert evaluate("a-${_X_Y}", {}, complete=False) == "a-x-y"
    assert evaluate("${x:-d}${y}", {"y": ""}, complete=False) == "d"


def test_kustomizations_of_flux_read_files_beside_them_within_the_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "f/k.yaml": kustomization("k", "apps/a"),
            "f/out.yaml": kustomization("out", "apps/out"),
            "f/plugin.yaml": kustomization("plugin", "apps/plugin"),
            "apps/a/kustomization.yaml": "resources: [../shared/s.yaml]\nconfigurations: [../../config/refs.yaml]\n",
            "apps/shared/s.yaml": service("shared"),
            "config/refs.yaml": "nameReference: []\n",
            "apps/out/kustomization.yaml": "configMapGenerator: [{name: c, files: [x=../../../../../etc/hostname]}]\n",
            "apps/plugin/kustomization.yaml": "resources: [../shared/s.yaml]\ngenerators: [g.yaml]\n",
            "apps/plugin/g.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\n"
            "files: [x=../../../../../../../../../../../../etc/hostname]\n",
        },
    )
    result = rendered(tmp_path)
    assert "Service shared" in names(result)
    assert not [each for each in result.objects if each.kind == "ConfigMap"]
    first, second = (problem.message for problem in result.problems)
    assert "leads out of the repository" in first
    assert "security" in second or "is not in or below" in second


def test_a_kustomization_alone_is_built_as_kustomize_builds_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [../shared/s.yaml]\n",
            "shared/s.yaml": service("shared"),
        },
    )
    (problem,) = rendered(tmp_path, "a").problems
    assert problem.message.startswith("shared/s.yaml: security; file 'shared/s.yaml' is not in or below 'a'")


def test_what_a_source_ignores_is_not_applied(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "f/k.yaml": kustomization("k", "m", namePrefix="p-"),
            ".sourceignore": "# comment\n/m/off/\n*.draft.yaml\n!m/keep.draft.yaml\n",
            "m/a.yaml": service("a"),
            "m/b.draft.yaml": service("b"),
            "m/keep.draft.yaml": service("kept"),
            "m/off/kustomization.yaml": "resources: [gone.yaml]\n",
        },
    )
    assert services(tmp_path, "flux:f") == ["Service p-a", "Service p-kept"]


def test_ignore_patterns_of_the_source_and_by_default() -> None:
    tree = MemoryTree({"x/.github/a.yaml": b"", "a.yaml": b""})
    assert Ignored(tree)("x/.github/a.yaml")
    assert not Ignored(tree)("a.yaml")
    own = Ignored(tree, "/*\n!/deploy/\n")
    assert own("a.yaml")
    assert not own("deploy/a.yaml")
    assert not Ignored(tree, "x/\n")("a/x")  # a directory is meant


def test_tests_of_charts_are_not_applied_unless_they_run(tmp_path: Path) -> None:
    hook = CHART["charts/c/templates/s.yaml"] + "  annotations: {helm.sh/hook: test}\n"
    write(
        tmp_path,
        {
            **CHART,
            "charts/c/templates/t.yaml": hook.replace("-{{ .Values.name }}", "-test"),
            "f/a.yaml": release("a", "./charts/c"),
            "f/b.yaml": release("b", "./charts/c", test={"enable": True}),
        },
    )
    assert services(tmp_path, "flux:f") == [
        "Service apps/a-default",
        "Service apps/b-default",
        "Service apps/b-test",
    ]


def test_sources_that_get_their_namespace_from_a_kustomization(tmp_path: Path) -> None:
    far = {"kind": "GitRepository", "name": "far"}
    url = {"url": "https://example.com/org/far"}
    bare = flux("GitRepository", "far", url).replace(', "namespace": "flux-system"', "")
    write(
        tmp_path,
        {
            "base/kustomization.yaml": "namespace: flux-system\nresources: [g.yaml, k.yaml]\n",
            "base/g.yaml": bare,
            "base/k.yaml": flux("Kustomization", "far", {"path": "./", "sourceRef": far}),
            "clusters/a/k.yaml": kustomization("base", "./base"),
            "other/s.yaml": service("s"),
        },
    )
    tree = WorkTree(tmp_path)
    tree.remotes = ("https://example.com/org/this",)
    found = discover(tree, Config())
    # all of another repository is not all of this one
    assert [target.name for target in found] == ["flux:clusters/a", "other"]
    assert [each.what for each in render(found[0], tree, tools()).not_seen] == [f". of {url['url']}"]
