"""Helm charts: what is rendered equals what the real tool prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitops_kong.manifests.objects import Origin
from gitops_kong.sources.config import Config, TargetConfig, read_config
from gitops_kong.sources.helm import release_name
from gitops_kong.sources.tree import WorkTree
from tests.sources.build import names, printed, rendered, same, service, targets, write

TEMPLATE = """apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  namespace: {{ .Release.Namespace }}
  annotations:
    kube: {{ .Capabilities.KubeVersion.Major | quote }}
spec:
  type: {{ .Values.type }}
  ports:
  {{- range .Values.ports }}
  - port: {{ . }}
  {{- end }}
"""
CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "c/values.yaml": "type: ClusterIP\nports: [80]\n",
    "c/templates/s.yaml": TEMPLATE,
}
SUB = {
    "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
    "charts/sub/values.yaml": "type: ClusterIP\nports: []\n",
    "charts/sub/templates/s.yaml": TEMPLATE,
}


def below(prefix: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}/{path}": text for path, text in files.items()}


LAYOUTS: dict[str, tuple[dict[str, str], dict[str, Any], list[str]]] = {
    "defaults": (CHART, {}, ["shop", "c", "--namespace", "default"]),
    "release and namespace": (CHART, {"releaseName": "r", "namespace": "ns"}, ["r", "c", "--namespace", "ns"]),
    "values files": (
        {**CHART, "c/prod.yaml": "ports: [1, 2]\n", "env/all.yaml": "type: NodePort\n"},
        {"valueFiles": ["prod.yaml", "../env/all.yaml"]},
        ["shop", "c", "-f", "c/prod.yaml", "-f", "env/all.yaml"],
    ),
    "values inline": (CHART, {"values": {"ports": [5]}}, ["shop", "c", "--set", "ports={5}"]),
    "parameters": (
        CHART,
        {"parameters": {"type": "a,b", "ports[0]": 9}},
        ["shop", "c", "--set", r"type=a\,b,ports[0]=9"],
    ),
    "a vendored sub-chart": (
        {
            **CHART,
            **below("c", SUB),
            "c/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n"
            "- {name: sub, version: 0.1.0, repository: https://charts.example.com}\n",
        },
        {"values": {"sub": {"ports": [7]}}},
        ["shop", "c", "--set", "sub.ports={7}"],
    ),
    "hooks and tests": (
        {
            **CHART,
            "c/templates/tests/t.yaml": "apiVersion: v1\nkind: Pod\n"
            "metadata: {name: t, annotations: {helm.sh/hook: test}}\n",
        },
        {},
        ["shop", "c"],
    ),
    "files and tpl": (
        {
            **CHART,
            "c/files/x.txt": "hello",
            "c/templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
            '  x: {{ .Files.Get "files/x.txt" | quote }}\n  y: {{ tpl "{{ .Release.Name }}" . }}\n'
            '  z: {{ .Files.Get "../../outside.txt" | quote }}\n',
        },
        {},
        ["shop", "c"],
    ),
    "helmignore": (
        {**CHART, "c/.helmignore": "templates/x.yaml\n", "c/templates/x.yaml": "{{ fail }}"},
        {},
        ["shop", "c"],
    ),
    "lookup finds nothing": (
        {**CHART, "c/templates/s.yaml": '{{ if not (lookup "v1" "Secret" "a" "b") }}' + TEMPLATE + "{{ end }}"},
        {},
        ["shop", "c"],
    ),
    "an old chart": (
        {**CHART, "c/Chart.yaml": "apiVersion: v1\nname: shop\nversion: 1.0.0\n"},
        {},
        ["shop", "c"],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, tmp_path: Path) -> None:
    files, options, arguments = LAYOUTS[layout]
    write(tmp_path, files)
    config = Config(targets=(TargetConfig("t", "c", "", options),))
    expected = printed(tmp_path, "helm", "template", "--kube-version", "1.33.0", *arguments)
    assert same(rendered(tmp_path, "t", config), expected)


def test_api_versions_of_the_cluster(tmp_path: Path) -> None:
    template = TEMPLATE.replace(
        "kube: {{", "crds: '{{ .Capabilities.APIVersions.Has \"a.example/v1\" }}'\n    kube: {{"
    )
    write(tmp_path, {**CHART, "c/templates/s.yaml": template})
    write(tmp_path, {".gitops-kong.yaml": "targets:\n- {name: t, path: c, helm: {apiVersions: [a.example/v1]}}\n"})
    (found,) = rendered(tmp_path, "t", read_config(WorkTree(tmp_path))).objects
    assert found.annotations["crds"] == "true"
    (found,) = rendered(tmp_path, "c").objects
    assert found.annotations["crds"] == "false"


def test_a_chart_is_found_and_named(tmp_path: Path) -> None:
    write(tmp_path, {**CHART, "plain.yaml": service("plain")})
    assert [(target.name, target.source) for target in targets(tmp_path)] == [(".", "files"), ("c", "helm")]
    (found,) = rendered(tmp_path, "c").objects
    assert found.origin == Origin("c/templates/s.yaml")


def test_each_values_file_is_a_target(tmp_path: Path) -> None:
    write(tmp_path, {**CHART, "c/values-eu.yaml": "ports: [1]\n", "c/values-us.yaml": "ports: [2]\n"})
    assert [target.name for target in targets(tmp_path)] == ["c:values-eu.yaml", "c:values-us.yaml"]
    (found,) = rendered(tmp_path, "c:values-us.yaml").objects
    assert found.spec["ports"] == [{"port": 2}]


def test_charts_of_the_same_repository_are_sub_charts(tmp_path: Path) -> None:
    library = {path.removeprefix("charts/"): text for path, text in SUB.items()}
    library["sub/Chart.yaml"] += "dependencies: [{name: deep, version: 0.1.0, repository: 'file://../deep'}]\n"
    deep = {path.replace("charts/sub", "deep"): text.replace("name: sub", "name: deep") for path, text in SUB.items()}
    chart = CHART["c/Chart.yaml"] + "dependencies: [{name: sub, version: 0.1.0, repository: 'file://../sub'}]\n"
    write(tmp_path, {**CHART, **library, **deep, "c/Chart.yaml": chart})
    (target,) = [target for target in targets(tmp_path) if target.name == "c"]
    assert target.inputs == ("c", "deep", "sub")
    result = rendered(tmp_path, "c")
    assert names(result) == ["Service default/shop-deep", "Service default/shop-shop", "Service default/shop-sub"]
    assert [found.origin for found in result.objects if found.name == "shop-shop"] == [Origin("c/templates/s.yaml")]


FAILURES = {
    '{{ fail "no host" }}': "no host",
    "{{ .Values.a.b.c }}": "nil pointer",
    "{{ if }}": "parse error",
    "a: [": "YAML parse error",
}


@pytest.mark.parametrize("text", FAILURES)
def test_charts_that_do_not_render(text: str, tmp_path: Path) -> None:
    write(tmp_path, {**CHART, "c/templates/x.yaml": text, "plain.yaml": service("plain")})
    (problem,) = rendered(tmp_path, "c").problems
    assert problem.message.startswith("c: helm: ")
    assert FAILURES[text] in problem.message
    assert "\n" not in problem.message
    assert names(rendered(tmp_path, ".")) == ["Service plain"]


def test_missing_sub_charts_say_what_to_run(tmp_path: Path) -> None:
    chart = (
        CHART["c/Chart.yaml"] + "dependencies: [{name: kong, version: 2.x, repository: 'https://charts.konghq.com'}]\n"
    )
    write(tmp_path, {**CHART, "c/Chart.yaml": chart})
    (problem,) = rendered(tmp_path, "c").problems
    assert problem.message == (
        "c/Chart.yaml: sub-chart kong 2.x (https://charts.konghq.com) is not in c/charts; run `helm dependency "
        "build c` and commit it, or give --allow-network"
    )


def test_missing_sub_charts_leave_the_rest(tmp_path: Path) -> None:
    chart = CHART["c/Chart.yaml"] + "dependencies: [{name: far, version: 2.x, repository: 'https://x.example.com'}]\n"
    write(tmp_path, {**CHART, "c/Chart.yaml": chart})
    result = rendered(tmp_path, "c")
    assert [found.name for found in result.objects] == ["shop-shop"]
    assert len(result.problems) == 1
    write(tmp_path, {"c/templates/x.yaml": '{{ include "far.name" . }}'})
    result = rendered(tmp_path, "c")
    assert result.objects == []
    assert [problem.message.partition(" (")[0] for problem in result.problems] == ["c/Chart.yaml: sub-chart far 2.x"]


SWITCHES: dict[str, tuple[str, str, bool]] = {
    "on": ("", "", True),
    "off by its condition": ("condition: far.enabled", "far: {enabled: false}", False),
    "on by the first condition that is known": ("condition: 'a.on,far.enabled'", "far: {enabled: true}", True),
    "off by its tag": ("tags: [db]", "tags: {db: false}", False),
    "a condition before a tag": ("tags: [db]\n  condition: far.use", "tags: {db: false}\nfar: {use: true}", True),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_sub_charts_that_are_switched_off_are_not_missed(switch: str, tmp_path: Path) -> None:
    fields, values, missed = SWITCHES[switch]
    entry = f"dependencies:\n- name: far\n  version: 1.0.0\n  repository: https://x.example.com\n  {fields}\n"
    write(
        tmp_path,
        {
            **CHART,
            "c/Chart.yaml": CHART["c/Chart.yaml"] + entry,
            "c/values.yaml": CHART["c/values.yaml"] + values + "\n",
        },
    )
    result = rendered(tmp_path, "c")
    assert [bool(result.problems), [found.name for found in result.objects]] == [missed, ["shop-shop"]]


def test_values_given_to_the_release_switch_sub_charts(tmp_path: Path) -> None:
    entry = "dependencies: [{name: far, version: 1.0.0, repository: 'https://x.example.com', condition: far.on}]\n"
    write(tmp_path, {**CHART, "c/Chart.yaml": CHART["c/Chart.yaml"] + entry})
    for options in ({"values": {"far": {"on": False}}}, {"parameters": {"far.on": False}}):
        result = rendered(tmp_path, "t", Config(targets=(TargetConfig("t", "c", "", options),)))
        assert result.problems == []


def test_requirements_of_old_charts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **CHART,
            "c/Chart.yaml": "apiVersion: v1\nname: shop\nversion: 1.0.0\n",
            "c/requirements.yaml": "dependencies: [{name: far, version: 1.0.0, repository: 'https://x.example.com'}]\n",
        },
    )
    result = rendered(tmp_path, "c")
    assert len(result.problems) == 1
    assert [found.name for found in result.objects] == ["shop-shop"]


def test_a_release_without_a_name_gets_one_that_helm_takes(tmp_path: Path) -> None:
    assert release_name("", "My_Chart") == "my-chart"
    assert release_name("", "_") == "release"
    write(tmp_path, {**CHART, "c/Chart.yaml": "apiVersion: v2\nname: shop_under\nversion: 1.0.0\n"})
    assert rendered(tmp_path, "c").problems == []


def test_what_renders_to_no_manifest_names_its_template(tmp_path: Path) -> None:
    twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata:\n  a: x\n  a: y\n"
    chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
    write(tmp_path, {"c/Chart.yaml": chart, "c/templates/b.yaml": twice})
    (problem,) = rendered(tmp_path).problems
    assert problem.message.startswith("c/templates/b.yaml: line 6 of what it renders to: duplicate key 'a'")
