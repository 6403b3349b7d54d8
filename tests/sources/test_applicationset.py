"""ApplicationSets: what each makes is what Argo CD's own controller made of it when it was asked (v3.5)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.errors import RenderError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.applicationset import Generation, NotKnown, applications
from gitops_kong.sources.base import Limits
from gitops_kong.sources.globs import go_path, pathspec, tree_pattern
from gitops_kong.sources.gotemplate import shown
from gitops_kong.sources.tree import MemoryTree
from tests.sources.build import tools

FILES = {
    "apps/One_Two/s.yaml": "a: 1\n",
    "apps/b/s.yaml": "a: 1\n",
    "apps/b/deep/s.yaml": "a: 1\n",
    "apps/.hidden/s.yaml": "a: 1\n",
    "env/a/config.json": json.dumps(
        {"name": "a", "cluster": {"port": 8080, "big": 12345678, "tags": ["x", {"z": None}], "none": []}, "on": True}
    ),
    "env/b/config.json": '[{"name": "b1"}, {"name": "b2", "path": "mine"}]',
    "env/b/more/config.json": '{"name": "deep"}',
    "env/empty/config.yaml": "",
    "root.json": '{"name": "root"}',
}


def cluster(name: str, values: dict[str, str], labels: dict[str, str], annotations: dict[str, str]) -> K8sObject:
    labels = {"argocd.argoproj.io/secret-type": "cluster", **labels}
    metadata = {"name": name, "namespace": "argocd", "labels": labels, "annotations": annotations}
    return K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})


CLUSTERS = (
    cluster("eu", {"name": "EU_1", "server": "https://eu"}, {"env": "prod"}, {}),
    cluster("us", {"name": "us", "server": "https://us", "project": "p"}, {"env": "dev"}, {"note": "n"}),
)


def listed(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"list": {"elements": [*elements], **more}}


def directories(*paths: str, **more: Any) -> dict[str, Any]:
    return {"git": {"repoURL": "r", "directories": _entries(paths), **more}}


def files(*paths: str, **more: Any) -> dict[str, Any]:
    return {"git": {"repoURL": "r", "files": _entries(paths), **more}}


def _entries(paths: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"path": path.lstrip("!"), **({"exclude": True} if path[0] == "!" else {})} for path in paths]


def matrix(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"matrix": {"generators": [first, second]}}


def merge(keys: list[str], *generators: dict[str, Any]) -> dict[str, Any]:
    return {"merge": {"mergeKeys": keys, "generators": [*generators]}}


def appset(name: str, *generators: dict[str, Any], go: bool = False, **spec: Any) -> dict[str, Any]:
    """An ApplicationSet whose template has only a name, which shows the parameters."""
    template = spec.pop("template", {"metadata": {"name": name}, "spec": {"project": "default"}})
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {"goTemplate": go, "generators": [*generators], "template": template, **spec},
    }


A, B = {"name": "a", "env": "x"}, {"name": "B_c", "env": "y"}
LONG = "Some Long-name_with.Chars and more of them, so that it is too long"
NAMES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a list": (appset("{{name}}-{{ env }}", listed(A, B)), ["B_c-y", "a-x"]),
    "what is not known stays": (appset("{{name}}{{ gone }}{{}}", listed(A)), ["a{{ gone }}{{}}"]),
    "values of an element": (appset("{{values.v}}", listed({"values": {"v": "1"}})), ["1"]),
    "elements as YAML": (
        appset("{{ .name }}{{ .m }}", listed(A, elementsYaml="[{name: z, m: 3}]"), go=True),
        ["a<no value>", "z3"],
    ),
    "nothing given": (appset("{{ .name }}", listed({}), go=True), ["{{ .name }}"]),
    "directories": (
        appset("{{path}} {{path.basename}} {{path.basenameNormalized}} {{path[0]}}", directories("apps/*")),
        ["apps/One_Two One_Two one-two apps", "apps/b b b apps"],
    ),
    "two stars are no more than one": (appset("{{path}}", directories("apps/**")), ["apps/One_Two", "apps/b"]),
    "directories left out": (
        appset("{{path}}", directories("*/*", "!env/*", "!apps/[a-z]")),
        ["apps/One_Two"],
    ),
    "a prefix of the path": (
        appset("{{p.path}} {{p.path.basename}} {{p.path[1]}} {{path}}", directories("apps/b", pathParamPrefix="p")),
        ["apps/b b b {{path}}"],
    ),
    "a prefix of the path in Go": (
        appset("{{.p.path.path}} {{index .p.path.segments 1}}", directories("apps/b", pathParamPrefix="p"), go=True),
        ["apps/b b"],
    ),
    "values of directories": (
        appset("{{values.v}}", directories("apps/b", values={"v": "{{path.basename}}-{{gone}}"})),
        ["b-{{gone}}"],
    ),
    "one star goes over directories for files": (
        appset("{{name}} {{path}} {{path.filename}}", files("env/*/config.json")),
        [
            "a env/a config.json",
            "b1 env/b config.json",
            "b2 env/b config.json",
            "deep env/b/more config.json",
        ],
    ),
    "all files of a directory": (appset("{{name}}", files("env/b", "!*/more/*")), ["b1", "b2"]),
    "values of files as text": (
        appset(
            "{{cluster.port}} {{cluster.big}} {{cluster.tags.0}} {{cluster.tags.1.z}} {{cluster.none}} {{on}}",
            files("env/a/*"),
        ),
        ["8080 1.2345678e+07 x <nil> {{cluster.none}} true"],
    ),
    "values of files in Go": (
        appset("{{.cluster.port}} {{.cluster.big}} {{.cluster.tags}} {{.path.segments}}", files("env/a/*"), go=True),
        ["8080 1.2345678e+07 [x map[z:<nil>]] [env a]"],
    ),
    "a file at the root": (
        appset("{{path}} {{path.basename}} {{path.basenameNormalized}} {{path[0]}}", files("root.json")),
        [". .  ."],
    ),
    "an empty file": (appset("{{path.basename}}{{name}}", files("env/empty/*")), ["empty{{name}}"]),
    "the path of a file wins": (
        appset("{{.path.basename}}{{.name}}", files("env/b/config.json"), go=True),
        ["bb1", "bb2"],
    ),
    "clusters": (
        appset("{{name}} {{nameNormalized}} {{server}} {{project}} {{metadata.labels.env}}", {"clusters": {}}),
        [
            "EU_1 eu-1 https://eu  prod",
            "in-cluster in-cluster https://kubernetes.default.svc  {{metadata.labels.env}}",
            "us us https://us p dev",
        ],
    ),
    "clusters by labels": (
        appset(
            "{{.name}}{{.metadata.labels.env}}{{.metadata.annotations.note}}{{.values.v}}",
            {"clusters": {"selector": {"matchLabels": {"env": "dev"}}, "values": {"v": "{{.server}}"}}},
            go=True,
        ),
        ["usdevnhttps://us"],
    ),
    "clusters as one list": (
        appset("{{ range .clusters }}{{ .nameNormalized }},{{ end }}", {"clusters": {"flatList": True}}, go=True),
        ["eu-1,us,in-cluster,"],
    ),
    "a matrix that uses the first": (
        appset("{{name}}-{{path.basename}}", matrix(listed({"d": "b"}, {"d": "a"}), files("env/{{d}}/config.json"))),
        ["a-a", "b1-b", "b2-b"],
    ),
    "values in a matrix": (
        appset(
            "{{ .k }}{{ .values.v }}",
            matrix(listed({"k": "1"}, {"k": "2"}), directories("apps/b", values={"v": "{{.k}}-{{.path.basename}}"})),
            go=True,
        ),
        ["1<no value>-b", "2<no value>-b"],
    ),
    "values in a matrix of the first alone": (
        appset(
            "{{ .values.v }}{{ .path.basename }}",
            matrix(listed({"k": "1"}), directories("apps/*", values={"v": "{{.k}}"})),
            go=True,
        ),
        ["1One_Two", "1b"],
    ),
    "values in a matrix without Go": (
        appset(
            "{{ values.v }}", matrix(listed({"k": "1"}), directories("apps/b", values={"v": "{{k}}-{{path.basename}}"}))
        ),
        ["1-b"],
    ),
    "the first of a matrix wins in Go": (
        appset(
            "{{ .m.a }}{{ .m.b }}{{ .m.c }}",
            matrix(listed({"m": {"a": 1, "b": ""}}), listed({"m": {"b": 2, "c": 3}})),
            go=True,
        ),
        ["13"],
    ),
    "a matrix of matrices": (
        appset(
            "{{a}}{{b}}{{c}}",
            matrix(listed({"a": "1"}, {"a": "2"}), matrix(listed({"b": "{{a}}x"}), listed({"c": "3"}, {"c": "4"}))),
        ),
        ["11x3", "11x4", "22x3", "22x4"],
    ),
    "a merge": (
        appset(
            "{{.name}}{{.m.a}}{{.m.b}}",
            merge(
                ["name"],
                listed({"name": "a", "m": {"a": 1, "b": 1}}, {"name": "b", "m": {}}),
                listed({"name": "a", "m": {"b": 2}}, {"name": "c"}),
            ),
            go=True,
        ),
        ["a12", "b<no value><no value>"],
    ),
    "a selector": (
        appset("{{name}}", {**listed(A, B), "selector": {"matchLabels": {"env": "x"}}}),
        ["a"],
    ),
    "a selector of nested values": (
        appset(
            "{{.name}}",
            {
                **files("env/*"),
                "selector": {
                    "matchExpressions": [
                        {"key": "cluster.port", "operator": "In", "values": ["8080"]},
                        {"key": "cluster.tags.0", "operator": "Exists"},
                        {"key": "cluster.none", "operator": "DoesNotExist"},
                    ]
                },
            },
            go=True,
        ),
        ["a"],
    ),
    "selectors within a merge": (
        appset(
            "{{name}}{{env}}",
            merge(
                ["name"], listed(A, B), {**listed({"name": "a", "env": "z"}), "selector": {"matchLabels": {"env": "q"}}}
            ),
        ),
        ["B_cy", "ax"],
    ),
    "functions of Argo CD": (
        appset(
            "{{ normalize .n }}|{{ .n | slugify }}|{{ slugify 9 .n }}|{{ slugify 9 false .n | upper }}|"
            "{{ (slugify 7 true .n) }}",
            listed({"n": LONG}),
            go=True,
        ),
        [
            "some-long-name-with.chars-and-more-of-them--so-that-it-is-too-long|"
            "some-long-name-with-chars-and-more-of-them-so-that|some-long|SOME-LONG|some"
        ],
    ),
    "templates within one": (
        appset('{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" .name }}', listed(A), go=True),
        ["[a]"],
    ),
    "missing keys": (
        appset('{{ .a }} {{ .a.b.c }} {{ .a | default "d" }}{{ if .a }}x{{ end }}', listed(A), go=True),
        ["<no value> <no value> d"],
    ),
    "missing keys that are asked for first": (
        appset(
            '{{ if hasKey . "a" }}{{ .a.b }}{{ end }}{{ with .env }}{{ . }}{{ end }}',
            listed({**A, "a": {"b": "c"}}, B),
            go=True,
            goTemplateOptions=["missingkey=error"],
        ),
        ["cx", "y"],
    ),
    "several generators": (
        appset("{{name}}", listed(A), {**listed(B), **directories("apps/b", values={"x": "y"})}),
        ["B_c", "a", "{{name}}"],
    ),
}


def made(found: dict[str, Any], tree: Any = None) -> list[dict[str, Any]]:
    spec = found["spec"]
    known = tree or MemoryTree({path: text.encode() for path, text in FILES.items()})
    options = tuple(spec.get("goTemplateOptions", ()))
    generation = Generation(known, tools(), Limits(seconds=60), spec["goTemplate"], CLUSTERS, options)
    return applications(K8sObject(found), generation)


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    found, expected = NAMES[name]
    assert sorted(each["metadata"]["name"] for each in made(found)) == expected


TEMPLATE = {
    "metadata": {"name": "{{name}}", "labels": {"l": "{{env}}"}, "annotations": {"k-{{env}}": "v"}},
    "spec": {
        "project": "default",
        "source": {
            "repoURL": "r",
            "path": "m",
            "helm": {"valuesObject": {"a": {"{{name}}": "{{env}}"}, "n": 1}, "parameters": [{"name": "{{name}}"}]},
        },
        "destination": {"name": "in-cluster", "namespace": "{{env}}"},
    },
}


def test_all_text_of_a_template_is_filled_in() -> None:
    (found,) = made(appset("", listed(A), template=TEMPLATE))
    assert found["metadata"] == {"name": "a", "labels": {"l": "x"}, "annotations": {"k-x": "v"}, "namespace": "argocd"}
    helm = {"valuesObject": {"a": {"a": "x"}, "n": 1}, "parameters": [{"name": "a"}]}
    assert found["spec"]["source"] == {"repoURL": "r", "path": "m", "helm": helm}


def test_the_template_of_a_generator_comes_first() -> None:
    own = {
        "metadata": {"labels": {"own": "{{name}}"}},
        "spec": {"source": {"path": "other", "helm": {"valuesObject": {"b": 2}, "parameters": []}}},
    }
    (found,) = made(appset("", listed(A, template=own), template=TEMPLATE))
    assert found["metadata"]["labels"] == {"l": "x", "own": "a"}
    helm = {"valuesObject": {"b": 2}, "parameters": [{"name": "a"}]}
    assert found["spec"]["source"] == {"repoURL": "r", "path": "other", "helm": helm}
    assert found["spec"]["destination"] == {"name": "in-cluster", "namespace": "x"}


def test_template_patches() -> None:
    patch = (
        "metadata: {labels: {l: null, p: '{{name}}'}}\nspec: {project: evil, source: {$patch: replace, path: new}}\n"
    )
    (found,) = made(appset("", listed(A), template=TEMPLATE, templatePatch=patch))
    assert found["metadata"]["labels"] == {"p": "a"}
    assert found["spec"]["project"] == "default"
    assert found["spec"]["source"] == {"path": "new"}
    (found,) = made(appset("{{.name}}", listed(A), templatePatch="{{ if .x }}a: b{{ end }}", go=True))
    assert found["spec"] == {"project": "default"}


ERRORS = {
    "text that is none": (appset("{{n}}", listed({"n": 3})), "n of an element of a list generator is no text"),
    "a tag that is open": (appset("{{name}} {{", listed(A)), "invalid template"),
    "a matrix that disagrees": (
        appset("{{name}}", matrix(listed({"k": "1"}), listed({"k": "2"}))),
        "both generators of a matrix give k: '1' and '2'",
    ),
    "a merge of twins": (appset("{{name}}", merge(["env"], listed(A, A), listed(B))), "more than once"),
    "a merge without keys": (appset("{{name}}", merge([], listed(A), listed(B))), "mergeKeys"),
    "a matrix of one": (appset("{{name}}", {"matrix": {"generators": [listed(A)]}}), "has two generators"),
    "two kinds within one": (appset("{{name}}", matrix({**listed(A), **directories("*")}, listed(B))), "of one kind"),
    "a file that is no mapping": (
        appset("{{name}}", files("*.txt")),
        "note.txt: neither a mapping nor a list of mappings",
    ),
    "a name twice": (appset("{{env}}", listed({"env": "x"}, {"env": "x"})), "several applications called 'x'"),
    "a missing key": (
        appset("{{ .a.b }}", listed({"a": {}}), go=True, goTemplateOptions=["missingkey=error"]),
        'map has no entry for key "b"',
    ),
    "a key of nothing": (appset("{{ .a.b }}", listed({"a": None}), go=True), "dig"),
    "a function that Argo CD has not": (appset('{{ lookup "v1" "Secret" "" "" }}', listed(A), go=True), "'lookup'"),
    "an option that is none": (appset("{{ .name }}", listed(A), go=True, goTemplateOptions=["x"]), "'x' is no option"),
    "a selector of what is no label": (
        appset("{{name}}", {**listed(A), "selector": {"matchLabels": {"path[0]": "x"}}}),
        "no name of a label",
    ),
    "a selector without values": (
        appset("{{name}}", {**listed(A), "selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}),
        "a selector cannot be In",
    ),
    "a patch that is no mapping": (appset("{{name}}", listed(A), templatePatch="[a]"), "templatePatch is no mapping"),
    "files outside": (appset("{{name}}", files("../x")), "leads out of the repository"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_argo_cd_refuses(name: str) -> None:
    found, message = ERRORS[name]
    tree = MemoryTree({**{path: text.encode() for path, text in FILES.items()}, "note.txt": b"text"})
    with pytest.raises(RenderError, match=re.escape(message)):
        made(found, tree)


def test_what_others_decide_is_not_known() -> None:
    others: tuple[dict[str, Any], ...] = (
        {"pullRequest": {"github": {}}},
        {"scmProvider": {}, **listed(A)},
        {"new": {}},
    )
    for generator in others:
        with pytest.raises(NotKnown, match="generator gives is not in the repository"):
            made(appset("{{name}}", generator))
    tree = MemoryTree({path: text.encode() for path, text in FILES.items()})
    tree.remotes = ("https://git.example.com/this/one",)
    with pytest.raises(NotKnown, match="give --repo URL=PATH"):
        made(
            appset(
                "{{path}}", {"git": {"repoURL": "https://git.example.com/an/other", "directories": [{"path": "*"}]}}
            ),
            tree,
        )


def test_a_setting_of_argo_cd_keeps_stars_within_directories() -> None:
    known = {path: text.encode() for path, text in FILES.items()}
    tree = MemoryTree(known)
    setting = b"kind: ConfigMap\ndata:\n  applicationsetcontroller.enable.new.git.file.globbing: 'true'\n"
    found = appset("{{name}}", files("env/*/config.json"))
    assert "deep" in {each["metadata"]["name"] for each in made(found, tree)}
    names = {each["metadata"]["name"] for each in made(found, MemoryTree({**known, "argocd/cm.yaml": setting}))}
    assert names == {"a", "b1", "b2"}


PATTERNS = [
    (go_path, "a/[^b]", {"a/c": True, "a/b": False, "a/cc": False}),
    (go_path, "a/[!b]", {"a/!": True, "a/b": True, "a/c": False}),
    (go_path, "a/[", {"a/[": False}),
    (go_path, r"a/\*", {"a/*": True, "a/b": False}),
    (go_path, "*", {"a": True, "a/b": False}),
    (pathspec, "a/?b", {"a/xb": True, "a//b": True, "a/b": False}),
    (pathspec, "./a//b/", {"a/b": True, "a/b/c": True, "a/bc": False}),
    (pathspec, "a/[!b]", {"a/c": True, "a/b": False}),
    (pathspec, "*.json", {"x.json": True, "a/b/x.json": True, "x.json5": False}),
    (pathspec, "a/*/", {"a/b": False, "a/b/c": False}),
    (tree_pattern, "a/{b,c*}/**/x", {"a/b/x": True, "a/cd/e/f/x": True, "a/d/x": False}),
    (tree_pattern, "a/*/x", {"a/b/x": True, "a/b/c/x": False}),
]


@pytest.mark.parametrize(("pattern", "text", "paths"), PATTERNS)
def test_patterns(pattern: Any, text: str, paths: dict[str, bool]) -> None:
    assert {path: pattern(text)(path) for path in paths} == paths


def test_values_as_go_prints_them() -> None:
    values = [1, 999999, 1000000, 1234567.5, 1e21, -0.5, 0.0001, 1e-5, 0, True, None, {"b": [1, "x"], "a": {}}]
    assert [*map(shown, values)] == [
        *("1", "999999", "1e+06", "1.2345675e+06", "1e+21", "-0.5", "0.0001", "1e-05", "0"),
        *("true", "<nil>", "map[a:map[] b:[1 x]]"),
    ]


def test_a_pattern_of_many_stars_ends(tmp_path: Path) -> None:
    assert not pathspec("*a" * 40 + "b")("a" * 5000)
