"""Flux layouts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.errors import RenderError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.substitute import evaluate, substitute
from tests.sources.build import names, rendered, service, targets, write

CHART = {
    "charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "charts/c/values.yaml": "name: default\n",
    "charts/c/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n"
    "  name: {{ .Release.Name }}-{{ .Values.name }}\n",
}


def flux(kind: str, name: str, spec: dict[str, Any], namespace: str = "flux-system") -> str:
    group = {"HelmRelease": "helm.toolkit.fluxcd.io/v2", "Kustomization": "kustomize.toolkit.fluxcd.io/v1"}
    version = group.get(kind, "source.toolkit.fluxcd.io/v1")
    found = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    return json.dumps(found) + "\n"


def kustomization(name: str, path: str, **spec: Any) -> str:
    return flux(
        "Kustomization", name, {"path": path, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}, **spec}
    )


def release(name: str, chart: str, namespace: str = "apps", **spec: Any) -> str:
    source = {"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"}
    return flux("HelmRelease", name, {"chart": {"spec": {"chart": chart, "sourceRef": source}}, **spec}, namespace)


ROOT = {
    "clusters/prod/flux-system/kustomization.yaml": "resources: [gotk-sync.yaml]\n",
    "clusters/prod/flux-system/gotk-sync.yaml": flux(
        "GitRepository", "flux-system", {"url": "ssh://git@example.com/org/x"}
    )
    + "---\n"
    + kustomization("flux-system", "./clusters/prod"),
}

LAYOUTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "a bootstrapped cluster": (
        {
            **ROOT,
            "clusters/prod/apps.yaml": kustomization(
                "apps", "./apps/prod", targetNamespace="web", dependsOn=[{"name": "infra"}]
            ),
            "clusters/prod/infra.yaml": kustomization("infra", "./infra"),
            "apps/prod/kustomization.yaml": "resources: [../base]\n",
            "apps/base/kustomization.yaml": "resources: [s.yaml]\n",
            "apps/base/s.yaml": service("s"),
            "infra/deep/c.yaml": service("i", "infra"),
        },
        ["Service infra/i", "Service web/s"],
    ),
    "a directory without a kustomization": (
        {
            "f/k.yaml": kustomization("k", "m", namePrefix="p-"),
            "m/a.yaml": service("a"),
            "m/sub/b.yaml": service("b"),
            "m/k/kustomization.yaml": "resources: [c.yaml]\nnameSuffix: -x\n",
            "m/k/c.yaml": service("c"),
            "m/k/unused.yaml": service("unused"),
        },
        ["Service p-a", "Service p-b", "Service p-c-x"],
    ),
    "patches and images": (
        {
            "f/k.yaml": kustomization(
                "k",
                "m",
                patches=[{"patch": "- {op: replace, path: /metadata/name, value: b}", "target": {"kind": "Service"}}],
            ),
            "m/a.yaml": service("a"),
        },
        ["Service b"],
    ),
    "substitutions": (
        {
            "f/k.yaml": kustomization(
                "k",
                "m",
                postBuild={
                    "substitute": {"name": "shop", "env": "prod"},
                    "substituteFrom": [
                        {"kind": "ConfigMap", "name": "vars"},
                        {"kind": "Secret", "name": "no", "optional": True},
                    ],
                },
            ),
            "f/vars.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\n"
            "data: {env: dev, region: eu}\n",
            "m/a.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}-${env}-${region}-${more:=x}\n",
        },
        ["Service shop-prod-eu-x"],
    ),
    "releases": (
        {
            **CHART,
            "f/a.yaml": release("a", "./charts/c", values={"name": "inline"}),
            "f/b.yaml": release(
                "b", "charts/c", targetNamespace="there", valuesFrom=[{"kind": "ConfigMap", "name": "v"}]
            ),
            "f/c.yaml": release(
                "c",
                "charts/c",
                releaseName="r",
                valuesFrom=[{"kind": "Secret", "name": "s", "targetPath": "name", "valuesKey": "k"}],
            ),
            "f/v.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: apps}\n"
            "data: {values.yaml: 'name: map'}\n",
            "f/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: apps}\ndata: {k: c2VjcmV0}\n",
        },
        ["Service apps/a-inline", "Service apps/r-secret", "Service there/there-b-map"],
    ),
    "a release with a post-renderer": (
        {
            **CHART,
            "f/a.yaml": release(
                "a",
                "./charts/c",
                postRenderers=[
                    {
                        "kustomize": {
                            "patches": [
                                {
                                    "target": {"kind": "Service"},
                                    "patch": "- {op: replace, path: /metadata/name, value: changed}",
                                }
                            ]
                        }
                    }
                ],
            ),
        },
        ["Service apps/changed"],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, tmp_path: Path) -> None:
    files, expected = LAYOUTS[layout]
    write(tmp_path, files)
    (target,) = [target for target in targets(tmp_path) if target.source == "flux"]
    result = rendered(tmp_path, target.name)
    assert result.problems == []
    assert [name for name in names(result) if name.startswith("Service")] == expected


def test_what_flux_applies_is_no_target_of_its_own(tmp_path: Path) -> None:
    files, _ = LAYOUTS["a bootstrapped cluster"]
    write(tmp_path, {**files, "apps/other/kustomization.yaml": "resources: []\n"})
    assert [(target.name, target.source) for target in targets(tmp_path)] == [
        ("apps/other", "kustomize"),
        ("flux:clusters/prod", "flux"),
    ]
    flux_target = targets(tmp_path)[1]
    assert flux_target.reached_by(["apps/base/s.yaml"])
    assert flux_target.reached_by(["clusters/prod/new.yaml"])
    assert not flux_target.reached_by(["apps/other/kustomization.yaml"])


def test_releases_within_kustomizations_belong_to_who_applies_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **CHART,
            "clusters/prod/apps.yaml": kustomization("apps", "./apps/prod"),
            "apps/base/kustomization.yaml": "resources: [r.yaml]\n",
            "apps/base/r.yaml": release("r", "charts/c"),
            "apps/prod/kustomization.yaml": "resources: [../base]\npatches: [{path: values.yaml}]\n",
            "apps/prod/values.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
            "metadata: {name: r, namespace: apps}\nspec: {values: {name: patched}}\n",
            "alone/kustomization.yaml": "resources: [r.yaml]\n",
            "alone/r.yaml": release("other", "charts/c"),
        },
    )
    assert [target.name for target in targets(tmp_path)] == ["flux:alone", "flux:clusters/prod"]
    assert "Service apps/r-patched" in names(rendered(tmp_path, "flux:clusters/prod"))
    assert names(rendered(tmp_path, "flux:alone")) == ["HelmRelease apps/other", "Service apps/other-default"]


def test_plain_files_beside_a_release_are_applied_with_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **CHART,
            "f/r.yaml": release("r", "charts/c") + "---\n" + service("same-file"),
            "f/s.yaml": service("beside"),
            "f/deep/d.yaml": service("below"),
            "f/settings.yaml": "a: 1\n",
            "g/s.yaml": service("elsewhere"),
        },
    )
    assert [target.name for target in targets(tmp_path)] == ["flux:f", "g"]
    expected = ["Service apps/r-default", "Service below", "Service beside", "Service same-file"]
    assert names(rendered(tmp_path, "flux:f")) == expected


def test_plain_files_at_the_root_are_applied_with_a_release_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**CHART, "r.yaml": release("r", "charts/c"), "s.yaml": service("beside"), "examples/d.yaml": service("below")},
    )
    assert [target.name for target in targets(tmp_path)] == ["flux:.", "examples"]
    assert names(rendered(tmp_path, "flux:.")) == ["Service apps/r-default", "Service beside"]


def test_clusters_side_by_side(tmp_path: Path) -> None:
    other = {path.replace("prod", "dev"): text.replace("prod", "dev") for path, text in ROOT.items()}
    write(tmp_path, {**ROOT, **other, "clusters/dev/a.yaml": service("dev"), "clusters/prod/a.yaml": service("prod")})
    assert [target.name for target in targets(tmp_path)] == ["flux:clusters/dev", "flux:clusters/prod"]
    assert "Service dev" in names(rendered(tmp_path, "flux:clusters/dev"))


def test_sources_elsewhere_are_named_as_not_seen(tmp_path: Path) -> None:
    repository = {"kind": "HelmRepository", "name": "kong"}
    write(
        tmp_path,
        {
            "f/a.yaml": flux(
                "HelmRelease",
                "kong",
                {"chart": {"spec": {"chart": "ingress", "version": "0.x", "sourceRef": repository}}},
            ),
            "f/b.yaml": flux(
                "Kustomization", "o", {"path": "x", "sourceRef": {"kind": "OCIRepository", "name": "oci"}}
            ),
            "f/c.yaml": kustomization("far", "x", kubeConfig={"secretRef": {"name": "k"}}),
            "f/d.yaml": kustomization("after", "m", dependsOn=[{"name": "gone"}]),
            "m/s.yaml": service("s"),
        },
    )
    result = rendered(tmp_path, "flux:f")
    assert result.problems == []
    assert [found.what for found in result.not_seen] == [
        "x of OCIRepository oci",
        "what Kustomization flux-system/far applies",
        "chart ingress 0.x of HelmRepository kong",
        "Kustomization flux-system/gone",
    ]


def test_problems_leave_the_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "f/a.yaml": kustomization("a", "gone"),
            "f/b.yaml": kustomization("b", "../../etc"),
            "f/c.yaml": kustomization("c", "m"),
            "m/s.yaml": service("s"),
        },
    )
    result = rendered(tmp_path, "flux:f")
    assert "Service s" in names(result)
    assert [problem.message for problem in result.problems] == [
        "gone: no such directory, but Kustomization flux-system/a applies it",
        "../../etc (in .) leads out of the repository; nothing outside of it is read",
    ]
    assert result.problems[0].file == "f/a.yaml"
    assert all("\n" not in problem.message for problem in result.problems)


VARIABLES = {"a": "x", "empty": "", "word": "Hello"}
TEXTS = {
    "${a}": "x",
    "$a": "$a",
    "${none}": "",
    "$${a}": "${a}",
    "${none:-d}": "d",
    "${none:=d}": "d",
    "${empty:-d}": "d",
    "${empty:+d}": "d",
    "${a:+d}": "x",
    "${none:?d}": "d",
    "${none=d}": "d",
    "${word:1:3}": "ell",
    "${word:2}": "llo",
    "${word/l/L}": "HeLlo",
    "${word//l/L}": "HeLLo",
    "${word,,}": "hello",
    "${word^^}": "HELLO",
    "${none:-${a}}": "x",
    "${1a}": "",
    "$$": "$",
    "$$$${a}$a": "$${a}$a",
    "${#word}": "5",
    "${word#H*l}": "lo",
    "${word##*l}": "o",
    "${word%l*}": "Hel",
    "${word%%l*}": "He",
    "${word/#He/x}": "xllo",
    "${word/%lo/x}": "Helx",
    "${word//l/}": "Heo",
    "${word:1:-1}": "ell",
    "${word^}": "Hello",
    "${word,}": "hello",
    "${none:=a b: {c}}": "a b: {c}",
    "${none:=${a}y${word,,}}": "xyhello",
    "${none:-$$}": "$$",
}


@pytest.mark.parametrize("text", TEXTS)
def test_forms_of_variables(text: str) -> None:
    assert evaluate(text, VARIABLES) == TEXTS[text]


REFUSED = ["${}", "${ a}", "${a-b}", "${a.b}", "${a[0]}", "${a", "${a:", "${a#}", "${a/b}", "${#}"]


@pytest.mark.parametrize("text", REFUSED)
def test_forms_that_flux_refuses(text: str) -> None:
    with pytest.raises(RenderError, match=re.escape(f"{text} is no variable that Flux knows")):
        evaluate(text, VARIABLES)


def test_numbers_and_booleans_become_such() -> None:
    data = {
        "kind": "X",
        "apiVersion": "v1",
        "n": "${n}",
        "b": "on-${n}",
        "yes": "yes",
        "y": "y",
        "t": "${t}",
        "m": "${n}\nx\n",
    }
    (found,) = substitute([K8sObject(data)], {"n": "3", "t": "true"})
    assert found.data == {**data, "n": 3, "b": "on-3", "t": True, "m": "3\nx\n"}
    disabled = {**data, "metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}}
    assert substitute([K8sObject(disabled)], {"n": "3"})[0].data == disabled


def test_without_variables_nothing_is_substituted() -> None:
    found = K8sObject({"kind": "X", "apiVersion": "v1", "a": "${a:=d}$$"})
    assert substitute([found], {}) == [found]
    assert substitute([found], {"other": ""})[0].data["a"] == "d$"


TEXT_OF_OBJECTS: dict[str, Any] = {
    "a: ${colon}": "a: k: v",  # it was quoted
    "${hash}": "a",
    "${list}": [1, 2],
    "${nothing}": None,
    "x${nothing}": "xnull",
    "lines\n${colon}\n": "lines\nk: v\n",
    "${n} ": "3 ",
    "${oct}": 511,
}


@pytest.mark.parametrize("text", TEXT_OF_OBJECTS)
def test_variables_are_part_of_the_yaml(text: str) -> None:
    variables = {"colon": "k: v", "hash": "a #b", "list": "[1, 2]", "nothing": "null", "n": "3", "oct": "0777"}
    (found,) = substitute([K8sObject({"kind": "X", "apiVersion": "v1", "a": text})], variables)
    assert found.data["a"] == TEXT_OF_OBJECTS[text]


BROKEN_VARIABLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a number": ({"substitute": {"n": 3}}, "x", "postBuild.substitute.n must be text, put 3 in quotes"),
    "a name": ({"substitute": {"a-b": "x"}}, "x", "'a-b' is no name of a variable"),
    "a form": ({"substitute": {"a": "x"}}, "${a.b}", "Service s cannot be filled in: ${a.b}"),
    "YAML": ({"substitute": {"a": "k: v"}}, "${a}", "Service s cannot be filled in: its text:"),
}


@pytest.mark.parametrize("name", BROKEN_VARIABLES)
def test_variables_that_flux_refuses(name: str, tmp_path: Path) -> None:
    build, value, message = BROKEN_VARIABLES[name]
    text = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "labels": {"l": value}}})
    files = {"f/k.yaml": kustomization("k", "m", postBuild=build), "m/s.yaml": text, "m/t.yaml": service("t")}
    result = rendered(write(tmp_path, files), "flux:f")
    (problem,) = result.problems
    assert problem.message.startswith("Kustomization flux-system/k: ")
    assert message in problem.message
    assert not [each for each in names(result) if each.startswith("Service")]


def test_lines_of_variables_are_joined(tmp_path: Path) -> None:
    variables = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: flux-system}\ndata: {a: "x\\ny\\n"}\n'
    build = {"substituteFrom": [{"kind": "ConfigMap", "name": "v"}]}
    files = {"f/k.yaml": kustomization("k", "m", postBuild=build), "f/v.yaml": variables}
    write(tmp_path, {**files, "m/s.yaml": service("'${a}'")})
    assert "Service xy" in names(rendered(tmp_path, "flux:f"))


def test_what_is_suspended_is_not_applied(tmp_path: Path) -> None:
    files = {
        "clusters/a/k.yaml": kustomization("on", "./apps/on"),
        "clusters/a/off.yaml": kustomization("off", "./apps/off", suspend=True),
        "clusters/a/r.yaml": release("off", "./charts/c", suspend=True),
        "apps/on/s.yaml": service("live"),
        "apps/off/s.yaml": service("held"),
    }
    result = rendered(write(tmp_path, {**files, **CHART}), "flux:clusters/a")
    assert "live" in {each.name for each in result.objects if each.kind == "Service"}
    assert "held" not in {each.name for each in result.objects if each.kind == "Service"}
    assert sorted(each.what for each in result.not_seen) == [
        "what HelmRelease apps/off applied",
        "what Kustomization flux-system/off applied",
    ]
