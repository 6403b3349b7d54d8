"""What Flux takes its files from: artifacts, the Flux Operator, variables that are not here, what is left out."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.errors import RenderError
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.flux_ignore import Ignored
from gitops_kong.sources.kustomize_edit import of_flux
from gitops_kong.sources.render import render
from gitops_kong.sources.set_values import set_value
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


IGNORED = [
    ("a*", {"a": True, "x/ab/c": True, "b": False}),
    ("/a", {"a": True, "a/b": True, "x/a": False}),
    ("a/", {"a": False, "a/b": True, "x/a/b": True}),
    ("a/b/", {"a/b": False, "a/b/c": True, "x/a/b/c": False}),
    ("**/b", {"b": True, "x/y/b/c": True}),
    ("a/**", {"a/b": True, "a/b/c": True, "x/a/b": False}),
    ("a/**/b", {"a/b": True, "a/x/b": True, "a/x/y/b/c": True, "a/x": False}),
    ("a**/b", {"ab/b": False}),
    ("/*\n!/a/\n/a/b", {"x": True, "a/c": False, "a/b": True}),
    (" a", {"a": False, " a": True}),
    ("#a\n\\#b", {"#a": False, "#b": True}),
    ("[", {"[": False}),
    ("!.github/", {".github/a": False}),
]


@pytest.mark.parametrize(("patterns", "paths"), IGNORED)
def test_patterns_of_sourceignore(patterns: str, paths: dict[str, bool]) -> None:
    ignored = Ignored(MemoryTree({}), patterns)
    assert {path: ignored(path) for path in paths} == paths


def test_what_a_source_ignores_is_not_there_for_a_kustomization(tmp_path: Path) -> None:
    files = {
        "f/k.yaml": kustomization("k", "m"),
        ".sourceignore": "/m/a.yaml\n",
        "m/kustomization.yaml": "resources: [a.yaml]\n",
        "m/a.yaml": service("a"),
        "g/k.yaml": kustomization("off", "m/off"),
        "m/off/.sourceignore": "*\n",
        "m/off/b.yaml": service("b"),
    }
    write(tmp_path, files)
    assert "m/kustomization.yaml: a.yaml lies outside of the source" in rendered(tmp_path, "flux:f").problems[0].message
    assert "m/off: no such directory" in rendered(tmp_path, "flux:g").problems[0].message


def test_a_file_that_is_no_manifest_stops_a_directory(tmp_path: Path) -> None:
    files = {"f/k.yaml": kustomization("k", "m"), "m/a.yaml": service("a"), "m/values.yaml": "a: 1\n"}
    result = rendered(write(tmp_path, files), "flux:f")
    (problem,) = result.problems
    assert problem.file == "m/values.yaml"
    assert "Flux applies nothing of the directory: it takes every YAML file there" in problem.message
    assert not [each for each in names(result) if each.startswith("Service")]
    write(tmp_path, {"m/values.yaml": "apiVersion: v1\nkind: Service\n"})
    assert "a Service without metadata.name" in rendered(tmp_path, "flux:f").problems[0].message
    write(tmp_path, {"m/values.yaml": service("a")})
    assert "may not add resource with an already registered id" in rendered(tmp_path, "flux:f").problems[0].message
    local = "{name: l, annotations: {config.kubernetes.io/local-config: 'true'}}"
    write(tmp_path, {"m/values.yaml": f"apiVersion: v1\nkind: Service\nmetadata: {local}\n"})
    assert services(tmp_path, "flux:f") == ["Service a"]


def test_images_take_the_place_of_those_of_a_kustomization() -> None:
    own = {"images": [{"name": "a", "newName": "b", "newTag": "1"}, {"name": "c", "digest": "sha256:0"}]}
    theirs = {"images": [{"name": "a", "newName": "x"}, {"name": "c", "newTag": "2"}, {"name": "d", "newTag": "3"}]}
    assert of_flux(own, theirs)["images"] == [
        {"name": "a", "newName": "x"},
        {"name": "c", "newTag": "2"},
        {"name": "d", "newTag": "3"},
    ]


COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n"


def test_components_that_are_added(tmp_path: Path) -> None:
    applied = kustomization("k", "m", components=["../c", "../gone"], ignoreMissingComponents=True)
    write(tmp_path, {"m/a.yaml": service("a"), "c/kustomization.yaml": COMPONENT, "f/k.yaml": applied})
    assert services(tmp_path, "flux:f") == ["Service a-c"]
    for components in (["../c", "../gone"], ["https://example.com/c"], ["/c"]):
        write(tmp_path, {"f/k.yaml": kustomization("k", "m", components=components)})
        assert len(rendered(tmp_path, "flux:f").problems) == 1, components


def test_flux_inflates_no_charts_of_kustomizations(tmp_path: Path) -> None:
    files = {"f/k.yaml": kustomization("k", "m"), "m/kustomization.yaml": "helmCharts: [{name: c, releaseName: r}]\n"}
    write(tmp_path, {**files, **{path.replace("charts/c", "m/charts/c"): text for path, text in CHART.items()}})
    assert "Flux inflates no charts" in rendered(tmp_path, "flux:f").problems[0].message


SHOWN = {
    **CHART,
    "charts/c/values.yaml": "{a: 0, b: 0}\n",
    "charts/c/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n"
    "  annotations: {v: {{ .Values | toJson | quote }}}\n",
}


def shown(root: Path, **spec: Any) -> tuple[str, Any]:
    """The name and the values of the release that a HelmRelease of the chart becomes."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: apps}\ndata:\n"
    data = {"values.yaml": "a: 1\nm: {x: 1}\n", "text": "3", "quoted": "'3'", "odd": 'a,"b"', "list": "{x,y}"}
    lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in data.items())
    chart = spec.pop("chart", {})
    found = json.loads(release("r", "./charts/c", **spec))
    found["spec"]["chart"]["spec"] |= chart
    write(root, {**SHOWN, "f/v.yaml": config + lines, "f/r.yaml": json.dumps(found)})
    result = rendered(root, "flux:f")
    assert result.problems == []
    (service,) = (each for each in result.objects if each.kind == "Service")
    return service.name, json.loads(service.annotations["v"])


def taken(key: str, path: str = "", **more: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "name": "v", "valuesKey": key, **({"targetPath": path} if path else {}), **more}


VALUES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "in their order": (
        {"valuesFrom": [taken("values.yaml")], "values": {"a": 2, "m": {"y": 2}}},
        {"a": 2, "b": 0, "m": {"x": 1, "y": 2}},
    ),
    "at a path": (
        {"valuesFrom": [taken("text", "p.q"), taken("quoted", "p.r[0]"), taken("list", "p.s")]},
        {"a": 0, "b": 0, "p": {"q": 3, "r": ["3"], "s": ["x", "y"]}},
    ),
    "as it is": ({"valuesFrom": [taken("odd", "p", literal=True)]}, {"a": 0, "b": 0, "p": 'a,"b"'}),
    "a path in values of the release": (
        {"valuesFrom": [taken("text", "m.x")], "values": {"m": {"x": 1, "y": 1}}},
        {"a": 0, "b": 0, "m": {"x": 3, "y": 1}},
    ),
    "a path that the release has itself": (
        {"valuesFrom": [taken("text", "a")], "values": {"a": 1}},
        {"a": 1, "b": 0},
    ),
    "that are not there": ({"valuesFrom": [taken("gone", optional=True)]}, {"a": 0, "b": 0}),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_of_a_release(name: str, tmp_path: Path) -> None:
    spec, expected = VALUES[name]
    assert shown(tmp_path, **spec) == ("r", expected)


def test_values_files_stand_for_those_of_the_chart(tmp_path: Path) -> None:
    write(tmp_path, {"charts/c/one.yaml": "{b: 1, c: {d: 1}}\n", "two.yaml": "c: {e: 2}\n"})
    chart = {"valuesFiles": ["./charts/c/one.yaml", "two.yaml", "gone.yaml"], "ignoreMissingValuesFiles": True}
    assert shown(tmp_path, chart=chart, values={"v": 1}) == ("r", {"b": 1, "c": {"d": 1, "e": 2}, "v": 1})
    with pytest.raises(AssertionError, match=r"gone\.yaml: no such file"):
        shown(tmp_path, chart={"valuesFiles": ["gone.yaml"]})


def test_long_names_of_releases_end_with_a_hash(tmp_path: Path) -> None:
    long = "a" * 60
    assert shown(tmp_path, targetNamespace=long)[0] == f"{'a' * 40}-{sha256(f'{long}-r'.encode()).hexdigest()[:12]}"


def test_values_at_a_path_that_cannot_be() -> None:
    for path, value in (("a.b", "1"), ("l[x]", "1"), ("l", "x,y"), ("l", "{x"), ("a[0]", "1")):
        with pytest.raises(RenderError):
            set_value({"a": "text", "l": []}, path, value)
    values: dict[str, Any] = {}
    set_value(values, "a\\.b[1].c", "007,d=true")
    assert values == {"a.b": [None, {"c": "007"}], "d": True}


def test_hooks_and_crds_that_an_installation_leaves_out(tmp_path: Path) -> None:
    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.example.com}\n"
    hook = CHART["charts/c/templates/s.yaml"] + "  annotations: {helm.sh/hook: post-install}\n"
    write(tmp_path, {**CHART, "charts/c/crds/x.yaml": crd})
    write(tmp_path, {"charts/c/templates/h.yaml": hook.replace("-{{ .Values.name }}", "-h")})
    every = ["CustomResourceDefinition xs.example.com", "Service apps/r-default", "Service apps/r-h"]
    cases: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
        ({}, {}, every),
        ({"crds": "Skip", "disableHooks": True}, {}, ["Service apps/r-default"]),
        ({"crds": "Skip"}, {"crds": "CreateReplace"}, every),
    ]
    for install, upgrade, expected in cases:
        write(tmp_path, {"f/r.yaml": release("r", "./charts/c", install=install, upgrade=upgrade)})
        assert [each for each in names(rendered(tmp_path, "flux:f")) if "HelmRelease" not in each] == expected


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
