"""Kustomize layouts: what is rendered equals what the real tool prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitops_kong.cli.places import locator
from gitops_kong.manifests.objects import Origin
from gitops_kong.report.model import Place
from gitops_kong.sources.tree import WorkTree
from tests.sources.build import names, printed, rendered, same, service, targets, write

BASE = {"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": service("a")}
INGRESS = (
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, annotations: {konghq.com/plugins: p}}\n"
    "spec: {ingressClassName: kong}\n"
)
JSON_PATCH = "- {op: add, path: /metadata/annotations, value: {a: b}}\n"

LAYOUTS: dict[str, tuple[str, dict[str, str]]] = {
    "one directory": ("base", BASE),
    "an overlay": ("o", {**BASE, "o/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\nnamespace: ns\n"}),
    "the old bases": ("o", {**BASE, "o/kustomization.yml": "bases: [../base]\ncommonLabels: {a: b}\n"}),
    "the name Kustomization": ("o", {**BASE, "o/Kustomization": "resources: [../base]\nnameSuffix: -x\n"}),
    "a patch in a file": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
            "o/p.yaml": service("a", type="NodePort"),
        },
    ),
    "a strategic merge patch": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\npatchesStrategicMerge: [p.yaml]\n",
            "o/p.yaml": service("a", type="NodePort"),
        },
    ),
    "a JSON patch of annotations": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\npatches:\n- {path: p.yaml, target: {kind: Service}}\n",
            "o/p.yaml": JSON_PATCH,
        },
    ),
    "a patch inline": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |\n"
            "    - {op: replace, path: /spec/ports/0/port, value: 81}\n",
        },
    ),
    "generators": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\nconfigMapGenerator:\n- {name: c, files: [f.txt, k=f.txt], "
            "literals: [a=b]}\nsecretGenerator:\n- {name: s, envs: [e.env]}\n",
            "o/f.txt": "text\n",
            "o/e.env": "A=b\n",
        },
    ),
    "a component": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\ncomponents: [../c]\n",
            "c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
            "kind: Component\nresources: [i.yaml]\n",
            "c/i.yaml": INGRESS,
        },
    ),
    "replacements": (
        "o",
        {
            "o/kustomization.yaml": "resources: [i.yaml, a.yaml]\nreplacements: [{path: r.yaml}]\n",
            "o/i.yaml": INGRESS,
            "o/a.yaml": service("a"),
            "o/r.yaml": "source: {kind: Service, name: a, fieldPath: metadata.name}\ntargets:\n"
            "- select: {kind: Ingress}\n  fieldPaths: [metadata.annotations.x]\n  options: {create: true}\n",
        },
    ),
    "transformers in files": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\ntransformers: [t.yaml]\n",
            "o/t.yaml": "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: t}\nprefix: y-\n"
            "fieldSpecs: [{path: metadata/name}]\n",
        },
    ),
    "origin annotations that are wanted": (
        "o",
        {**BASE, "o/kustomization.yaml": "resources: [../base]\nbuildMetadata: [originAnnotations, managedByLabel]\n"},
    ),
    "empty annotations": (
        "o",
        {
            "o/kustomization.yaml": "resources: [a.yaml]\n",
            "o/a.yaml": service("a").replace("name: a", "name: a, annotations: {}"),
        },
    ),
    "a List": (
        "o",
        {
            "o/kustomization.yaml": "resources: [l.yaml]\n",
            "o/l.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
            "- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n",
        },
    ),
    "labels and images and replicas": (
        "o",
        {
            "o/kustomization.yaml": "resources: [d.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true}]\n"
            "images: [{name: kong, newTag: '3.9'}]\nreplicas: [{name: d, count: 3}]\n",
            "o/d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n"
            "      containers: [{name: c, image: kong}]\n",
        },
    ),
    "a crd with an openapi schema": (
        "o",
        {
            **BASE,
            "o/kustomization.yaml": "resources: [../base]\nopenapi: {path: s.json}\nconfigurations: [n.yaml]\n"
            "namePrefix: p-\n",
            "o/s.json": '{"definitions": {}}',
            "o/n.yaml": "namePrefix: [{path: metadata/name}]\n",
        },
    ),
    "three levels": (
        "top",
        {
            **BASE,
            "mid/kustomization.yaml": "resources: [../base]\nnamePrefix: m-\n",
            "top/kustomization.yaml": "resources: [../mid, extra]\nnamespace: t\n",
            "top/extra/kustomization.yaml": "resources: [e.yaml]\n",
            "top/extra/e.yaml": service("e"),
        },
    ),
    "a chart that is vendored": (
        "o",
        {
            "o/kustomization.yaml": "helmCharts:\n- {name: c, releaseName: r, valuesFile: v.yaml}\n",
            "o/v.yaml": "port: 81\n",
            "o/charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
            "o/charts/c/values.yaml": "port: 80\n",
            "o/charts/c/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n"
            "spec:\n  ports:\n  - port: {{ .Values.port }}\n",
        },
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, tmp_path: Path) -> None:
    directory, files = LAYOUTS[layout]
    write(tmp_path, files)
    (target,) = targets(tmp_path)
    assert (target.name, target.source) == (directory, "kustomize")
    flags = ["--enable-helm"] if "chart" in layout else []
    assert same(rendered(tmp_path), printed(tmp_path, "kustomize", "build", *flags, directory))


def test_objects_lead_back_to_the_file_that_a_person_edits(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [a.yaml]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n",
            "base/a.yaml": service("a") + "---\n" + service("b"),
            "o/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\npatches: [{path: p.yaml}]\n",
            "o/p.yaml": service("b", type="NodePort"),
        },
    )
    places = {found.name.split("-")[1]: found.origin for found in rendered(tmp_path).objects}
    assert places == {
        "a": Origin("base/a.yaml", 0),
        "b": Origin("base/a.yaml", 1, (), (Origin("o/p.yaml"),)),
        "c": Origin("base/kustomization.yaml"),
    }
    tree = WorkTree(tmp_path)
    place = locator(tree)
    (patched,) = [found for found in rendered(tmp_path).objects if found.name == "x-b"]
    assert place(patched, ("spec", "type")) == Place("o/p.yaml", 4, 29)
    assert place(patched, ("spec", "ports")) == Place("o/p.yaml", 4, 8)
    assert place(patched, ("spec", "selector")) == Place("base/a.yaml", 9, 1)
    assert place(patched, ()) == Place("base/a.yaml", 6, 1)


def test_inputs_are_all_that_is_read(tmp_path: Path) -> None:
    _, files = LAYOUTS["generators"]
    (target,) = targets(write(tmp_path, files))
    assert target.inputs == (
        "base/a.yaml",
        "base/kustomization.yaml",
        "o",
        "o/e.env",
        "o/f.txt",
        "o/kustomization.yaml",
    )


FAILURES = {
    "missing file": ({"k/kustomization.yaml": "resources: [gone.yaml]\n"}, r"gone\.yaml"),
    "not YAML": ({"k/kustomization.yaml": "resources: [\n"}, r"^k/kustomization\.yaml:\d+:\d+: not YAML"),
    "a loop": (
        {"k/kustomization.yaml": "resources: [../l]\n", "l/kustomization.yaml": "resources: [../k]\n"},
        r"cycle",
    ),
    "no object": ({"k/kustomization.yaml": "- a\n"}, r"a kustomization must be a mapping"),
    "unknown field": ({"k/kustomization.yaml": "resource: [a.yaml]\n", "k/a.yaml": service("a")}, r"unknown field"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures_are_one_line(name: str, tmp_path: Path) -> None:
    files, message = FAILURES[name]
    write(tmp_path, {**files, "other/a.yaml": service("other")})
    problems = [
        problem
        for target in targets(tmp_path)
        if target.source == "kustomize"
        for problem in rendered(tmp_path, target.name).problems
    ]
    assert problems
    for problem in problems:
        assert "\n" not in problem.message
        assert str(tmp_path) not in problem.message
    assert any(re.search(message, problem.message) for problem in problems), problems
    assert names(rendered(tmp_path, "other")) == ["Service other"]


def test_what_is_absent_leaves_the_rest(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "o/kustomization.yaml": "resources: [a.yaml, ../b, 'https://example.com/crds?ref=v1']\nnamePrefix: x-\n"
            "helmCharts: [{name: far, repo: 'https://charts.example.com', version: 1.0.0}]\n",
            "o/a.yaml": service("a"),
            "b/kustomization.yaml": "resources: [b.yaml, 'github.com/org/repo//base']\n",
            "b/b.yaml": service("b"),
        },
    )
    result = rendered(tmp_path)
    assert names(result) == ["Service x-a", "Service x-b"]
    assert [problem.message.partition(";")[0] for problem in result.problems] == [
        "b/kustomization.yaml: the remote base github.com/org/repo//base is not fetched",
        "o/kustomization.yaml: the remote base https://example.com/crds?ref=v1 is not fetched",
        "o/kustomization.yaml: chart far 1.0.0 is not in the repository",
    ]


VALUE = "hunter2-hunter2"
ERRORS = {
    "a literal": {"k/kustomization.yaml": f"secretGenerator: [{{name: s, literals: ['{VALUE}']}}]\n"},
    "a patch": {
        "k/kustomization.yaml": "resources: [s.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |\n"
        f"    kind: Secret\n    data: {VALUE}: [\n",
        "k/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
    },
    "a JSON patch": {
        "k/kustomization.yaml": "resources: [s.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |\n"
        f"    - {{op: move, path: /data/x, value: {VALUE}}}\n",
        "k/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
    },
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_do_not_repeat_values_of_secrets(name: str, tmp_path: Path) -> None:
    write(tmp_path, ERRORS[name])
    (problem,) = rendered(tmp_path, "k").problems
    assert VALUE not in problem.message
    assert "kustomize" in problem.message


ENCRYPTED = {
    "k/kustomization.yaml": "namespace: d\nnamePrefix: x-\nresources: [i.yaml]\ngenerators: [ksops.yaml, other.yaml, "
    "plain.yaml]\n",
    "k/i.yaml": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n"
    "spec: {tls: [{secretName: token, hosts: [a]}]}\n",
    "k/ksops.yaml": "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: g, annotations: {config.kubernetes.io/"
    "function: 'exec: {path: ksops}'}}\nfiles: [./secret.enc.yaml]\nsecretFrom:\n- metadata: {name: made}\n"
    "  type: kubernetes.io/basic-auth\n  files: [password=p.enc.txt]\n  envs: [e.enc.env]\n",
    "k/other.yaml": "apiVersion: goabout.com/v1beta1\nkind: SopsSecretGenerator\nmetadata: {name: hashed}\n"
    "files: [a.enc.txt]\n",
    "k/plain.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: m}\nname: m\nliterals: [a=b]\n"
    "options: {disableNameSuffixHash: true}\n",
    "k/secret.enc.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\ndata: {k: 'ENC[AES256_GCM,data:x]'}\n"
    "sops: {mac: x}\n",
    "k/p.enc.txt": "ENC",
    "k/a.enc.txt": "ENC",
    "k/e.enc.env": "USER=ENC[x]\nsops_mac=ENC[y]\n",
}


def test_secrets_that_sops_decrypts_in_a_build_are_assumed(tmp_path: Path) -> None:
    result = rendered(write(tmp_path, ENCRYPTED), "k")
    assert result.problems == []
    (hashed,) = [name for name in names(result) if "hashed" in name]
    assert re.fullmatch(r"Secret d/x-hashed-[a-z0-9]{10}", hashed)
    assert names(result) == sorted(["ConfigMap d/x-m", "Ingress d/x-i", hashed, "Secret d/x-made", "Secret d/x-token"])
    (ingress,) = [found for found in result.objects if found.kind == "Ingress"]
    assert ingress.spec["tls"] == [{"hosts": ["a"], "secretName": "x-token"}]
    assumed = {str(each.ref): each for each in result.assumptions}
    assert set(assumed) == {hashed, "Secret d/x-made", "Secret d/x-token"}
    assert assumed["Secret d/x-made"].keys == ("USER", "password")
    assert assumed["Secret d/x-token"].keys == ("k",)
    assert assumed[hashed].keys == ("a.enc.txt",)


def test_other_programs_beside_are_still_refused(tmp_path: Path) -> None:
    evil = {**ENCRYPTED, "k/plain.yaml": "apiVersion: viaduct.ai/v1\nkind: other\nmetadata: {name: x}\n"}
    assert rendered(write(tmp_path, evil), "k").problems
