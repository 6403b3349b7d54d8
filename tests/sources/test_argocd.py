"""Argo CD layouts. What each source renders to is held to the real tools in the tests of helm and kustomize."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.errors import RenderError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.argocd import absent_hook
from gitops_kong.sources.argocd_environment import environment, expand
from gitops_kong.sources.argocd_overrides import kustomize_overrides
from gitops_kong.sources.argocd_source import directory_files
from gitops_kong.sources.base import Limits, Rendered
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.kustomize_edit import of_argocd
from gitops_kong.sources.render import render
from gitops_kong.sources.tree import MemoryTree, WorkTree
from tests.sources.build import names, rendered, service, targets, tools, write

URL = "https://git.example.com/org/deploy.git"
CHART = {
    "charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "charts/c/values.yaml": "name: default\n",
    "charts/c/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n"
    "  name: {{ .Release.Name }}-{{ .Values.name }}\n",
}


def app(name: str, *sources: dict[str, Any], namespace: str = "", server: str = "", **spec: Any) -> str:
    listed = [{"repoURL": URL, **source} for source in sources]
    destination = {
        "server": server or "https://kubernetes.default.svc",
        **({"namespace": namespace} if namespace else {}),
    }
    chosen = {"source": listed[0]} if len(listed) == 1 else {"sources": listed}
    body = {"project": "default", "destination": destination, **chosen, **spec}
    found = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
    }
    return json.dumps({**found, "spec": body})


def appset(template: dict[str, Any], *generators: dict[str, Any], **spec: Any) -> str:
    found = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "set", "namespace": "argocd"},
    }
    return json.dumps({**found, "spec": {"generators": [*generators], "template": template, **spec}})


def template(name: str, path: str, **source: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "source": {"repoURL": URL, "path": path, **source},
            "destination": {"name": "in-cluster", "namespace": name},
        },
    }


def only(root: Path) -> Rendered:
    """The one target of a repository, which must render without a problem."""
    (target,) = targets(root)
    assert target.source == "argocd"
    result = rendered(root)
    assert result.problems == []
    return result


LAYOUTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "a directory": (
        {"apps/a.yaml": app("a", {"path": "m"}, namespace="x"), "m/s.yaml": service("s"), "m/sub/t.yaml": service("t")},
        ["Service x/s"],
    ),
    "a directory with recurse": (
        {
            "apps/a.yaml": app("a", {"path": "m", "directory": {"recurse": True, "exclude": "{skip/*,*.json}"}}),
            "m/s.yaml": service("s", "own"),
            "m/sub/t.yaml": service("t"),
            "m/skip/u.yaml": service("u"),
            "m/x.json": "{}",
        },
        ["Service own/s", "Service t"],
    ),
    "a kustomization with overrides": (
        {
            "apps/a.yaml": app(
                "a", {"path": "k", "kustomize": {"namePrefix": "p-", "namespace": "ns", "commonLabels": {"a": "b"}}}
            ),
            "k/kustomization.yaml": "resources: [s.yaml]\n",
            "k/s.yaml": service("s"),
        },
        ["Service ns/p-s"],
    ),
    "a chart with values of every kind": (
        {
            **CHART,
            "apps/a.yaml": app(
                "rel",
                {"path": "charts/c", "helm": {"valueFiles": ["/env/v.yaml"], "values": "name: text\n"}},
                namespace="x",
            ),
            "apps/b.yaml": app(
                "b", {"path": "charts/c", "helm": {"valueFiles": ["../../env/v.yaml"], "releaseName": "r"}}
            ),
            "apps/c.yaml": app(
                "c", {"path": "charts/c", "helm": {"valuesObject": {"name": "object"}, "values": "name: text"}}
            ),
            "apps/d.yaml": app(
                "d", {"path": "charts/c", "helm": {"parameters": [{"name": "name", "value": "parameter"}]}}
            ),
            "apps/e.yaml": app(
                "e", {"path": "charts/c", "helm": {"valueFiles": ["gone.yaml"], "ignoreMissingValueFiles": True}}
            ),
            "apps/f.yaml": app(
                "f", {"path": "charts/c", "helm": {"fileParameters": [{"name": "name", "path": "/env/n.txt"}]}}
            ),
            "env/v.yaml": "name: file\n",
            "env/n.txt": "contents",
        },
        [
            "Service c-object",
            "Service d-parameter",
            "Service e-default",
            "Service f-contents",
            "Service r-file",
            "Service x/rel-text",
        ],
    ),
    "several sources and a ref": (
        {
            **CHART,
            "apps/a.yaml": app(
                "a",
                {"path": "charts/c", "helm": {"valueFiles": ["$values/env/v.yaml"]}},
                {"ref": "values"},
                {"path": "m"},
            ),
            "env/v.yaml": "name: ref\n",
            "m/s.yaml": service("s"),
        },
        ["Service a-ref", "Service s"],
    ),
    "an app of apps": (
        {
            "root.yaml": app("root", {"path": "apps"}),
            "apps/a.yaml": app("a", {"path": "m"}, namespace="x"),
            "apps/more.yaml": app("more", {"path": "apps/more"}),
            "apps/more/b.yaml": app("b", {"path": "m"}, namespace="y"),
            "m/s.yaml": service("s"),
        },
        ["Application argocd/a", "Application argocd/b", "Application argocd/more", "Service x/s", "Service y/s"],
    ),
    "an app of apps as a chart": (
        {
            "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
            "root/values.yaml": "apps: [a, b]\n",
            "root/templates/apps.yaml": "{{ range .Values.apps }}\n---\napiVersion: argoproj.io/v1alpha1\n"
            "kind: Application\n"
            "metadata: {name: {{ . }}, namespace: argocd}\nspec:\n  destination: {namespace: {{ . }}}\n"
            f"  source: {{repoURL: '{URL}', path: m}}\n{{{{ end }}}}\n",
            "m/s.yaml": service("s"),
        },
        ["Service a/s", "Service b/s"],
    ),
    "an app of apps as a kustomization": (
        {
            "root/kustomization.yaml": "resources: [a.yaml, ns.yaml]\n",
            "root/a.yaml": app("a", {"path": "m"}, namespace="x"),
            "root/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n",
            "m/s.yaml": service("s"),
        },
        ["Namespace x", "Service x/s"],
    ),
    "a set from a list": (
        {
            "set.yaml": appset(
                template("{{name}}", "env/{{name}}"), {"list": {"elements": [{"name": "a"}, {"name": "b"}]}}
            ),
            "env/a/s.yaml": service("s"),
            "env/b/s.yaml": service("s"),
        },
        ["Service a/s", "Service b/s"],
    ),
    "a set from directories": (
        {
            "set.yaml": appset(
                template("{{path.basename}}", "{{path}}"),
                {"git": {"repoURL": URL, "directories": [{"path": "env/*"}, {"path": "env/skip", "exclude": True}]}},
            ),
            "env/a/s.yaml": service("s"),
            "env/skip/s.yaml": service("s"),
            "env/b/deep/s.yaml": service("s"),
            "env/b/s.yaml": service("s"),
        },
        ["Service a/s", "Service b/s"],
    ),
    "a set from files": (
        {
            "set.yaml": appset(
                template("{{cluster.name}}-{{path.basename}}-{{path[0]}}", "m"),
                {"git": {"repoURL": URL, "files": [{"path": "clusters/**/config.json"}]}},
            ),
            "clusters/eu/config.json": '{"cluster": {"name": "one"}}',
            "clusters/us/west/config.json": '{"cluster": {"name": "two"}}',
            "m/s.yaml": service("s"),
        },
        ["Service one-eu-clusters/s", "Service two-west-clusters/s"],
    ),
    "a set with Go templates": (
        {
            "set.yaml": appset(
                template("{{ .name | upper | lower }}{{ if .big }}-{{ index .tags 1 }}{{ end }}", "m"),
                {"list": {"elements": [{"name": "a", "big": True, "tags": ["x", "y"]}, {"name": "B_c"}]}},
                goTemplate=True,
                templatePatch="{{ if .big }}spec: {destination: {namespace: {{ .name | normalize }}-patched}}{{ end }}",
            ),
            "m/s.yaml": service("s"),
        },
        ["Service a-patched/s", "Service b_c/s"],
    ),
    "a set from files with Go templates": (
        {
            "set.yaml": appset(
                template("{{ .path.basename }}-{{ .cluster.name }}-{{ .values.v }}", "{{ .path.path }}/m"),
                {
                    "git": {
                        "repoURL": URL,
                        "files": [{"path": "env/*/config.yaml"}],
                        "values": {"v": "{{ .path.segments | len }}"},
                    }
                },
                goTemplate=True,
            ),
            "env/a/config.yaml": "cluster: {name: x}\n",
            "env/a/m/s.json": '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}',
            "other/plain.txt": "",
        },
        [],
    ),
    "a matrix": (
        {
            "set.yaml": appset(
                template("{{path.basename}}-{{env}}", "{{path}}"),
                {
                    "matrix": {
                        "generators": [
                            {"git": {"repoURL": URL, "directories": [{"path": "apps/*"}]}},
                            {"list": {"elements": [{"env": "e1"}, {"env": "e2"}]}},
                        ]
                    }
                },
            ),
            "apps/a/s.yaml": service("s"),
            "apps/b/s.yaml": service("s"),
        },
        ["Service a-e1/s", "Service a-e2/s", "Service b-e1/s", "Service b-e2/s"],
    ),
    "a merge": (
        {
            "set.yaml": appset(
                template("{{name}}-{{size}}", "m"),
                {
                    "merge": {
                        "mergeKeys": ["name"],
                        "generators": [
                            {"list": {"elements": [{"name": "a", "size": "small"}, {"name": "b", "size": "small"}]}},
                            {"list": {"elements": [{"name": "b", "size": "large"}, {"name": "c", "size": "large"}]}},
                        ],
                    }
                },
            ),
            "m/s.yaml": service("s"),
        },
        ["Service a-small/s", "Service b-large/s"],
    ),
    "clusters from their Secrets": (
        {
            "set.yaml": appset(template("{{name}}", "m"), {"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}),
            "clusters.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: eu\n  namespace: argocd\n  labels: "
            "{argocd.argoproj.io/secret-type: cluster, env: prod}\nstringData: {name: eu, server: https://eu}\n",
            "m/s.yaml": service("s"),
        },
        ["Service eu/s"],
    ),
    "hooks": (
        {
            "a.yaml": app("a", {"path": "m"}),
            "m/a.yaml": service("kept"),
            "m/b.yaml": service("gone").replace(
                "name: gone",
                "name: gone, annotations: {argocd.argoproj.io/hook: PreSync, "
                "argocd.argoproj.io/hook-delete-policy: HookSucceeded}",
            ),
            "m/c.yaml": service("never").replace(
                "name: never", "name: never, annotations: {argocd.argoproj.io/hook: SyncFail}"
            ),
            "m/d.yaml": service("test").replace("name: test", "name: test, annotations: {helm.sh/hook: test}"),
            "m/e.yaml": service("pre").replace(
                "name: pre", "name: pre, annotations: {argocd.argoproj.io/hook: PreSync}"
            ),
        },
        ["Service kept"],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, tmp_path: Path) -> None:
    files, expected = LAYOUTS[layout]
    write(tmp_path, files)
    found = [target for target in targets(tmp_path) if target.source == "argocd"]
    assert len(found) == 1
    result = rendered(tmp_path, found[0].name)
    assert result.problems == []
    if layout == "a set from files with Go templates":
        assert [str(each.ref) for each in result.objects] == ["Service a-x-2/s"]
        return
    assert names(result) == expected


def test_what_applications_deploy_is_no_target_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **CHART,
            "apps/a.yaml": app("a", {"path": "overlays/a"}),
            "apps/b.yaml": app("b", {"path": "charts/c"}),
            "apps/set.yaml": appset(template("{{n}}", "env/{{n}}/m"), {"list": {"elements": [{"n": "x"}]}}),
            "overlays/a/kustomization.yaml": "resources: [s.yaml]\n",
            "overlays/a/s.yaml": service("s"),
            "overlays/other/kustomization.yaml": "resources: []\n",
            "env/x/m/s.yaml": service("x"),
            "plain/p.yaml": service("p"),
        },
    )
    assert [(target.name, target.source) for target in targets(tmp_path)] == [
        ("argocd:apps", "argocd"),
        ("overlays/other", "kustomize"),
        ("plain", "files"),
    ]


def test_inputs_are_what_the_applications_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "apps/a.yaml": app("a", {"path": "overlays/a"}),
            "base/kustomization.yaml": "resources: [s.yaml]\n",
            "base/s.yaml": service("s"),
            "overlays/a/kustomization.yaml": "resources: [../../base]\n",
            "docs/x.md": "",
        },
    )
    (target,) = targets(tmp_path)
    assert target.reached_by(["base/s.yaml"])
    assert target.reached_by(["apps/a.yaml"])
    assert target.reached_by(["overlays/a/new.yaml"])
    assert not target.reached_by(["docs/x.md"])


def test_each_cluster_is_a_target(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "apps/a.yaml": app("a", {"path": "m"}, server="https://eu", namespace="x"),
            "apps/b.yaml": app("b", {"path": "m"}, server="https://us", namespace="y"),
            "m/s.yaml": service("s"),
        },
    )
    assert [target.name for target in targets(tmp_path)] == ["argocd:apps:https://eu", "argocd:apps:https://us"]
    assert names(rendered(tmp_path, "argocd:apps:https://us")) == ["Service y/s"]


def test_sources_elsewhere_are_named_as_not_seen(tmp_path: Path) -> None:
    write(
        tmp_path / "repo",
        {
            "apps/a.yaml": app(
                "a", {"repoURL": "https://charts.konghq.com", "chart": "ingress", "targetRevision": "0.14.1"}
            ),
            "apps/b.yaml": app("b", {"repoURL": "https://git.example.com/other/thing", "path": "deploy"}),
            "apps/c.yaml": app("c", {"path": "m", "plugin": {"name": "cmp"}}),
            "apps/d.yaml": appset(template("{{number}}", "m"), {"pullRequest": {"github": {}}}),
            "m/s.yaml": service("s"),
        },
    )
    result = only(tmp_path / "repo")
    assert names(result) == []
    assert [(found.what, found.file) for found in result.not_seen] == [
        ("chart ingress 0.14.1 of https://charts.konghq.com", "apps/a.yaml"),
        ("deploy of https://git.example.com/other/thing", "apps/b.yaml"),
        ("what the plugin of Application argocd/c makes of m", "apps/c.yaml"),
        ("what ApplicationSet argocd/set makes", "apps/d.yaml"),
    ]
    write(tmp_path / "other", {"deploy/o.yaml": service("o")})
    tree = WorkTree(tmp_path / "repo")
    (target,) = discover(tree, Config())
    places = {"git@git.example.com:other/thing.git": str(tmp_path / "other")}
    assert names(render(target, tree, tools(repositories=places), Limits())) == ["Service o"]


def test_remotes_tell_this_repository_from_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "apps/a.yaml": app("a", {"path": "m"}),
            "apps/b.yaml": app("b", {"path": "m", "repoURL": "https://git.example.com/other/thing"}, namespace="n1"),
            "m/s.yaml": service("s"),
        },
    )
    tree = WorkTree(tmp_path)
    (target,) = discover(tree, Config())
    tree.remotes = ("ssh://git@git.example.com:22/org/deploy",)
    result = render(target, tree, tools(), Limits())
    assert names(result) == ["Service s"]
    assert len(result.not_seen) == 1


PROBLEMS = {
    "a path that leaves": (app("a", {"path": "../x"}), "../x (in .) leads out of the repository"),
    "a missing values file": (
        app("a", {"path": "charts/c", "helm": {"valueFiles": ["x.yaml"]}}),
        "charts/c/x.yaml: no such file",
    ),
    "values that leave": (
        app("a", {"path": "charts/c", "helm": {"valueFiles": ["../../../../etc/passwd"]}}),
        "leads out of the repository",
    ),
    "a ref that is not there": (
        app("a", {"path": "charts/c", "helm": {"valueFiles": ["$x/v.yaml"]}}),
        "no source of Application argocd/a has the ref x",
    ),
    "a Go template that fails": (
        appset(template("{{ .a.b.c }}", "m"), {"list": {"elements": [{"a": "x"}]}}, goTemplate=True),
        "ApplicationSet argocd/set: helm: ",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_leave_the_other_applications(name: str, tmp_path: Path) -> None:
    text, message = PROBLEMS[name]
    write(tmp_path, {**CHART, "apps/a.yaml": text, "apps/z.yaml": app("z", {"path": "m"}), "m/s.yaml": service("s")})
    result = rendered(tmp_path, "argocd:apps")
    (problem,) = result.problems
    assert message in problem.message
    assert "\n" not in problem.message
    assert names(result) == ["Service s"]


def test_a_missing_directory_of_this_repository(tmp_path: Path) -> None:
    write(tmp_path, {"apps/a.yaml": app("a", {"path": "gone"}), "m/s.yaml": service("s")})
    tree = WorkTree(tmp_path)
    (target,) = [target for target in discover(tree, Config()) if target.source == "argocd"]
    tree.remotes = (URL,)
    result = render(target, tree, tools(), Limits())
    assert [problem.message for problem in result.problems] == [
        "gone: no such directory, but Application argocd/a deploys it"
    ]


def test_loops_end(tmp_path: Path) -> None:
    write(tmp_path, {"apps/a.yaml": app("a", {"path": "apps"}), "apps/b.yaml": service("s")})
    assert names(only(tmp_path)) == ["Application argocd/a", "Service s"]


def test_templates_cannot_reach_files_or_functions_of_the_host(tmp_path: Path) -> None:
    text = template('{{ env "HOME" }}{{ .Files }}', "m")
    write(tmp_path, {"a.yaml": appset(text, {"list": {"elements": [{}]}}, goTemplate=True), "m/s.yaml": service("s")})
    result = rendered(tmp_path, "argocd:.")
    assert "/root" not in repr(result)
    assert "gitops-kong-" not in repr(result)


def overrides(**options: Any) -> dict[str, Any]:
    tree = MemoryTree({f"c/{name}/kustomization.yaml": b"" for name in ("one", "two")})
    return kustomize_overrides(options, {"ARGOCD_APP_NAME": "app"}, tree, "k")


IMAGES = {
    "kong=registry:5000/kong:3.9": {"name": "kong", "newName": "registry:5000/kong", "newTag": "3.9"},
    "nginx:1": {"name": "nginx", "newTag": "1"},
    "redis@sha256:ab": {"name": "redis", "digest": "sha256:ab"},
    "r:5000/a:1@sha256:ab": {"name": "r:5000/a", "newTag": "1", "digest": "sha256:ab"},
    "a=r:5000/b": {"name": "a", "newName": "r:5000/b"},
    "a=*:2": {"name": "a", "newName": "*", "newTag": "2"},
    "a:$ARGOCD_APP_NAME": {"name": "a", "newTag": "app"},
}


@pytest.mark.parametrize("image", IMAGES)
def test_images_of_kustomize(image: str) -> None:
    assert overrides(images=[image]) == {"images": [IMAGES[image]]}


def test_what_an_application_adds_to_a_kustomization() -> None:
    labels, plain = {"a": "$ARGOCD_APP_NAME"}, {"labelWithoutSelector": True}
    assert overrides(replicas=[{"name": "d", "count": "3"}]) == {"replicas": [{"name": "d", "count": 3}]}
    assert overrides(commonLabels=labels) == {"commonLabels": {"a": "app"}}
    assert overrides(commonLabels=labels, **plain) == {"labels": [{"pairs": {"a": "app"}, "includeTemplates": False}]}
    assert overrides(commonAnnotations=labels) == {"commonAnnotations": labels}
    assert overrides(commonAnnotations=labels, commonAnnotationsEnvsubst=True) == {"commonAnnotations": {"a": "app"}}
    assert overrides(components=["../c/*", "../c/gone"])["components"] == ["../c/one", "../c/two", "../c/gone"]
    found = overrides(components=["../c/one", "../c/gone"], ignoreMissingComponents=True)
    assert found == {"components": ["../c/one"]}
    for wrong in ({"images": ["nginx"]}, {"replicas": [{"name": "d", "count": "many"}]}):
        with pytest.raises(RenderError):
            overrides(**wrong)
    with pytest.raises(RenderError, match="labelWithoutSelector"):
        overrides(commonLabels=labels, labelIncludeTemplates=True)


EDITED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"namePrefix": "a-"}, {"namePrefix": "b-", "namespace": "n"}, {"namePrefix": "b-", "namespace": "n"}),
    (
        {"images": [{"name": "b", "newName": "c", "newTag": "1"}, {"name": "a", "digest": "sha256:0"}]},
        {"images": [{"name": "b", "newTag": "2"}]},
        {"images": [{"name": "a", "digest": "sha256:0"}, {"name": "b", "newTag": "2"}]},
    ),
    (
        {"images": [{"name": "b", "newName": "c", "newTag": "1"}]},
        {"images": [{"name": "b", "newName": "*", "newTag": "2"}, {"name": "n", "newName": "*", "newTag": "3"}]},
        {"images": [{"name": "b", "newName": "c", "newTag": "2"}, {"name": "n", "newTag": "3"}]},
    ),
    (
        {"replicas": [{"name": "a", "count": 1}, {"name": "b", "count": 1}]},
        {"replicas": [{"name": "a", "count": 2}]},
        {"replicas": [{"name": "b", "count": 1}, {"name": "a", "count": 2}]},
    ),
    (
        {"labels": [{"pairs": {"s": "x"}, "includeSelectors": True}, {"pairs": {"a": "1"}}]},
        {"labels": [{"pairs": {"b": "2"}, "includeTemplates": False}]},
        {"labels": [{"pairs": {"s": "x"}, "includeSelectors": True}, {"pairs": {"a": "1", "b": "2"}}]},
    ),
    (
        {"commonAnnotations": {"a": "1"}},
        {"commonAnnotations": {"a": "2"}, "forceCommonAnnotations": True},
        {"commonAnnotations": {"a": "2"}},
    ),
    ({"components": ["../a"]}, {"components": ["../a", "../b"]}, {"components": ["../a", "../b"]}),
]


@pytest.mark.parametrize(("own", "added", "expected"), EDITED)
def test_kustomizations_as_kustomize_edits_them(
    own: dict[str, Any], added: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert of_argocd(own, added) == expected


def test_labels_are_not_overwritten_unless_an_application_says_so(tmp_path: Path) -> None:
    files = {"k/kustomization.yaml": "resources: [s.yaml]\ncommonLabels: {a: b}\n", "k/s.yaml": service("s")}
    write(tmp_path, {**files, "apps/a.yaml": app("a", {"path": "k", "kustomize": {"commonLabels": {"a": "c"}}})})
    (problem,) = rendered(tmp_path, "argocd:apps").problems
    assert problem.message == (
        "k/kustomization.yaml: its labels have a already; without forceCommonLabels Argo CD does not overwrite it"
    )
    forced = {"commonLabels": {"a": "c"}, "forceCommonLabels": True}
    write(tmp_path, {"apps/a.yaml": app("a", {"path": "k", "kustomize": forced})})
    (found,) = rendered(tmp_path, "argocd:apps").objects
    assert found.labels == {"a": "c"}


VARIABLES = {
    "$ARGOCD_APP_NAME-${ARGOCD_APP_NAME}": "a-a",
    "$$HOME $HOME|${HOME}": "$HOME |",
    "pa$$word$": "pa$word$",
    "${}${$}$1x$ y": "$x$ y",
    "${ARGOCD_APP_NAME": "ARGOCD_APP_NAME",
    "$ARGOCD_APP_REVISION_SHORT": "0000000",
    "$ARGOCD_APP_SOURCE_PATH": "charts/c",
}


@pytest.mark.parametrize("text", VARIABLES)
def test_variables_of_applications(text: str) -> None:
    assert expand(text, environment("a", "p", "ns", {"path": "charts/c"})) == VARIABLES[text]


VALUE_FILES: dict[str, tuple[list[str], str]] = {
    "a pattern": (["env/*.yaml"], "c"),
    "a pattern from the root": (["/charts/c/env/[ab].yaml"], "b"),
    "a pattern over directories": (["env/**/*.yaml"], "deep"),
    "one that is named itself stands there": (["env/a.yaml", "env/*.yaml", "env/b.yaml"], "b"),
    "the first of two": (["env/a.yaml", "env/b.yaml", "env/a.yaml"], "b"),
    "of another source": (["$v/charts/c/env/?.yaml", "$v/charts/c/env/a.yaml"], "a"),
    "with a variable": (["env/$ARGOCD_APP_NAME.yaml"], "a"),
    "with a variable first": (["$ARGOCD_APP_NAME/x.yaml"], "of the app"),
}


@pytest.mark.parametrize("name", VALUE_FILES)
def test_values_files_of_applications(name: str, tmp_path: Path) -> None:
    paths, expected = VALUE_FILES[name]
    files = {f"charts/c/env/{file}.yaml": f"name: {file}\n" for file in ("a", "b", "c")}
    files |= {"charts/c/env/d/deep.yaml": "name: deep\n", "charts/c/a/x.yaml": "name: of the app\n"}
    chart = {path: text.replace("{{ .Release.Name }}-", "") for path, text in CHART.items()}
    source = {"path": "charts/c", "helm": {"valueFiles": paths}}
    write(tmp_path, {**chart, **files, "apps/a.yaml": app("a", source, {"ref": "v"})})
    result = only(tmp_path)
    assert [each.name for each in result.objects] == [expected]
    write(tmp_path, {"apps/a.yaml": app("a", {"path": "charts/c", "helm": {"valueFiles": ["none/*"]}})})
    (problem,) = rendered(tmp_path).problems
    assert problem.message == "none/*: no values file matches, but Application argocd/a takes some"


def test_parameters_are_expanded(tmp_path: Path) -> None:
    parameters = [{"name": "name", "value": "$ARGOCD_APP_NAME-$$x$HOME"}]
    source = {"path": "charts/c", "helm": {"parameters": parameters, "kubeVersion": "v1.30.4+k3s1"}}
    template = CHART["charts/c/templates/s.yaml"] + "  labels: {v: {{ .Capabilities.KubeVersion.Version }}}\n"
    write(tmp_path, {**CHART, "charts/c/templates/s.yaml": template, "apps/a.yaml": app("a", source)})
    (found,) = only(tmp_path).objects
    assert (found.name, found.labels) == ("a-a-$x", {"v": "v1.30.4"})


KINDS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "a chart with a kustomization": ({}, ["Service of-kustomize"], ""),
    "a chart where the source says so": ({"helm": {"releaseName": "r"}}, ["Service r-default"], ""),
    "a directory where the source says so": ({"directory": {"include": "s.yaml"}}, ["Service s"], ""),
    "a block that says nothing": ({"helm": {"parameters": [], "skipCrds": False}}, ["Service of-kustomize"], ""),
    "two types": (
        {"helm": {"releaseName": "r"}, "kustomize": {"namePrefix": "p-"}},
        [],
        "Application argocd/a: a source is of one type, not helm and kustomize",
    ),
    "a chart that is none": (
        {"path": "m", "helm": {"releaseName": "r"}},
        [],
        "m: no Chart.yaml, but the source has helm",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_types_of_sources(name: str, tmp_path: Path) -> None:
    source, expected, message = KINDS[name]
    files = {"charts/c/kustomization.yaml": "resources: [k.yaml]\n", "charts/c/k.yaml": service("of-kustomize")}
    files |= {"charts/c/s.yaml": service("s"), "m/x.yaml": service("x")}
    write(tmp_path, {**CHART, **files, "apps/a.yaml": app("a", {"path": "charts/c", **source})})
    result = rendered(tmp_path, "argocd:apps")
    assert names(result) == expected
    assert [message in problem.message for problem in result.problems] == ([True] if message else [])


def test_files_beside_a_source_change_it(tmp_path: Path) -> None:
    files = {
        "apps/a.yaml": app("a", {"path": "charts/c", "helm": {"releaseName": "r", "values": "name: own"}}),
        "charts/c/.argocd-source.yaml": "path: other\nhelm: {values: null, parameters: [{name: name, value: all}]}\n",
        "charts/c/.argocd-source-a.yaml": "helm: {parameters: [{name: name, value: app}]}\n",
        "charts/c/.argocd-source-b.yaml": "helm: {parameters: [{name: name, value: other}]}\n",
    }
    assert names(only(write(tmp_path, {**CHART, **files}))) == ["Service r-app"]


def test_jsonnet_is_named_as_not_seen(tmp_path: Path) -> None:
    write(tmp_path, {"apps/a.yaml": app("a", {"path": "m"}), "m/s.yaml": service("s"), "m/x.jsonnet": "{}"})
    result = only(tmp_path)
    assert names(result) == ["Service s"]
    assert [(each.what, each.file) for each in result.not_seen] == [("what m/x.jsonnet makes", "m/x.jsonnet")]


def test_the_dry_source_of_a_hydrated_application(tmp_path: Path) -> None:
    hydrated = {"drySource": {"repoURL": URL, "path": "m"}, "syncSource": {"targetBranch": "env", "path": "."}}
    text = json.loads(app("a", {"path": "gone"}, sourceHydrator=hydrated))
    del text["spec"]["source"]
    write(tmp_path, {"apps/a.yaml": json.dumps(text), "m/s.yaml": service("s")})
    assert names(only(tmp_path)) == ["Service s"]


def test_include_and_exclude() -> None:
    tree = MemoryTree({f"m/{name}": b"" for name in ("a.yaml", "b.yml", "c.json", "d.txt", "sub/a.yaml")})
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["m/a.yaml", "m/b.yml", "m/c.json"]),
        ({"recurse": True, "include": "*a.yaml"}, ["m/a.yaml", "m/sub/a.yaml"]),
        ({"recurse": True, "include": "{sub/*,[bc].*}"}, ["m/b.yml", "m/c.json", "m/sub/a.yaml"]),
        ({"exclude": "?.y*ml"}, ["m/c.json"]),
    ]
    for options, expected in cases:
        assert directory_files(tree, "m", options) == expected


@pytest.mark.parametrize(
    ("annotations", "absent"),
    [
        ({}, False),
        ({"argocd.argoproj.io/hook": "Sync"}, False),
        ({"argocd.argoproj.io/hook": "PostDelete"}, True),
        ({"argocd.argoproj.io/hook": "PostSync,SyncFail"}, False),
        ({"argocd.argoproj.io/hook": "Skip"}, True),
        ({"helm.sh/hook": "crd-install"}, False),
        ({"argocd.argoproj.io/hook": "PreSync"}, True),
        ({"argocd.argoproj.io/hook": "PreSync,PostSync"}, False),
        ({"argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"}, True),
        ({"argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"}, False),
        ({"helm.sh/hook": "pre-install"}, True),
        ({"helm.sh/hook": "post-install"}, False),
        ({"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "hook-succeeded"}, True),
        ({"helm.sh/hook": "pre-delete"}, True),
    ],
)
def test_hooks(annotations: dict[str, str], absent: bool) -> None:
    found = K8sObject({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": "j", "annotations": annotations}})
    assert (absent_hook(found) is not None) is absent


def test_a_root_that_cannot_be_built_is_told_and_its_applications_are_followed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "bootstrap/kustomization.yaml": "resources: [https://example.com/install.yaml, root.yaml]\n"
            "patches: [{path: patch.yaml}]\n",
            "bootstrap/patch.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-install}\ndata: {a: b}\n",
            "bootstrap/root.yaml": app("root", {"path": "cluster", "directory": {"recurse": True}}),
            "cluster/kong.yaml": app("kong", {"path": "kong"}),
            "kong/service.yaml": service("web", "kong"),
        },
    )
    result = rendered(tmp_path, "argocd:bootstrap")
    assert "Service kong/web" in names(result)
    assert ["remote base https://example.com/install.yaml" in p.message for p in result.problems] == [True]


def test_files_that_are_no_manifests_are_left_out_as_argo_cd_does(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "root.yaml": app("root", {"path": "apps", "directory": {"recurse": True}}),
            "apps/web.yaml": service("web", "shop"),
            "apps/values.yaml": "replicas: 3\n",
            "apps/broken.yaml": "apiVersion: v1\nkind: [\nmetadata: {name: x}\n",
        },
    )
    result = rendered(tmp_path)
    assert names(result) == ["Service shop/web"]
    assert [p.file for p in result.problems] == ["apps/broken.yaml"]


def test_hooks_are_named_where_something_may_need_them(tmp_path: Path) -> None:
    annotations = "annotations: {argocd.argoproj.io/hook: PreSync}"
    job = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{generateName: migrate-, {annotations}}}\n"
    config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{generateName: settings-, {annotations}}}\n"
    write(
        tmp_path,
        {
            "app.yaml": app("web", {"path": "web"}, namespace="default"),
            "web/all.yaml": f"{service('web')}---\n{job}---\n{config}",
        },
    )
    result = rendered(tmp_path)
    assert names(result) == ["Service default/web"]
    assert [each.what for each in result.not_seen] == ["ConfigMap settings-…"]


def test_charts_see_the_apis_that_every_cluster_has(tmp_path: Path) -> None:
    template = (
        'apiVersion: {{ if .Capabilities.APIVersions.Has "apiregistration.k8s.io/v1" }}apiregistration.k8s.io/v1'
        "{{ else }}apiregistration.k8s.io/v1beta1{{ end }}\nkind: APIService\nmetadata: {name: v1.example.com}\n"
    )
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/a.yaml": template}
    write(tmp_path, {"app.yaml": app("web", {"path": "chart"}), **chart})
    (made,) = rendered(tmp_path).objects
    assert made.api_version == "apiregistration.k8s.io/v1"
