"""A corpus of layouts, as repositories have them: what each renders to equals what the real tools print.

What Argo CD and Flux do is given as the tool invocation that equals it, in a copy of the repository where `edited`
holds what they change in a kustomization.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.sources.config import Config, TargetConfig
from tests.sources.build import canonical, printed, rendered, service, targets, write
from tests.sources.test_argocd import app
from tests.sources.test_flux import kustomization, release

HELM = "helm template --kube-version 1.33.0 "
GROUPS_OF_CONTROLLERS = ("argoproj.io/", "helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/")


@dataclass(frozen=True)
class Layout:
    """A repository, and the commands of the real tools that print what it renders to."""

    files: dict[str, str]
    commands: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)  # of a chart, as .gitops-kong.yaml has them
    target: str = ""
    edited: dict[str, str] = field(default_factory=dict)
    namespace: str = ""  # where a controller puts what has none


INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {konghq.com/plugins: limit}
spec:
  ingressClassName: kong
  tls: [{hosts: [a.example], secretName: cert}]
  rules:
  - host: a.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
"""
PLUGIN = """apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit}
plugin: rate-limiting
config: {minute: 5}
configFrom: {secretKeyRef: {name: cert, key: config}}
"""
CERTIFICATE = "apiVersion: v1\nkind: Secret\nmetadata: {name: cert}\nstringData: {config: x}\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example/web:1
        args: [--a, --b]
        envFrom: [{configMapRef: {name: settings}}]
        env:
        - {name: HOST, value: web.default}
      - {name: side, image: side}
      volumes: [{name: v, secret: {secretName: cert}}]
"""
WEB = {
    "base/kustomization.yaml": "resources: [i.yaml, p.yaml, x.yaml, s.yaml, d.yaml]\n",
    "base/i.yaml": INGRESS,
    "base/p.yaml": PLUGIN,
    "base/x.yaml": CERTIFICATE,
    "base/s.yaml": service("web"),
    "base/d.yaml": DEPLOYMENT,
}
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def overlay(text: str, **files: str) -> Layout:
    """An overlay of the base, with files beside it (`_` for `.` in their names)."""
    beside = {f"o/{name.replace('_', '.')}": content for name, content in files.items()}
    return Layout({**WEB, "o/kustomization.yaml": "resources: [../base]\n" + text, **beside}, ("kustomize build o",))


def component(name: str, text: str) -> dict[str, str]:
    return {f"c/{name}/kustomization.yaml": COMPONENT + text}


KUSTOMIZE = {
    "names with references": overlay("namePrefix: p-\nnameSuffix: -s\n"),
    "a namespace": overlay("namespace: shop\n"),
    "labels in templates and not in selectors": overlay("labels: [{pairs: {a: b}, includeTemplates: true}]\n"),
    "labels in own fields": overlay("labels: [{pairs: {a: b}, fields: [{path: spec/labels, create: true}]}]\n"),
    "common annotations": overlay("commonAnnotations: {konghq.com/strip-path: 'true', note: '1'}\n"),
    "images": overlay(
        "images:\n- {name: registry.example/web, newName: mirror.example/web, newTag: '2'}\n"
        f"- {{name: side, digest: 'sha256:{'0' * 64}'}}\n"
    ),
    "replicas": overlay("replicas: [{name: web, count: 0}]\n"),
    "a patch that deletes": overlay(
        "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n"
        "    $patch: delete\n"
    ),
    "a patch that replaces a list": overlay(
        "patches: [{path: p.yaml}]\n",
        p_yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
        "      containers:\n      - $patch: replace\n      - {name: only, image: only}\n",
    ),
    "a patch that merges lists by their keys and removes with null": overlay(
        "patches: [{path: p.yaml}]\n",
        p_yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: null}}\nspec:\n"
        "  template:\n    spec:\n      containers:\n      - {name: side, image: other}\n"
        "      - {name: web, env: [{name: MORE, value: m}], args: null}\n",
    ),
    "a JSON patch in a JSON file": overlay(
        "patchesJson6902:\n- path: p.json\n"
        "  target: {group: networking.k8s.io, version: v1, kind: Ingress, name: web}\n",
        p_json='[{"op": "add", "path": "/spec/rules/-", "value": {"host": "b.example"}},'
        ' {"op": "remove", "path": "/spec/tls"},'
        ' {"op": "replace", "path": "/metadata/annotations/konghq.com~1plugins", "value": "a,b"}]',
    ),
    "patches by selectors": overlay(
        "patches:\n- target: {labelSelector: app=web}\n  patch: '- {op: add, path: /metadata/labels/l, value: x}'\n"
        "- target: {annotationSelector: konghq.com/plugins=limit}\n"
        "  patch: '- {op: add, path: /metadata/annotations/a, value: x}'\n"
        "- target: {kind: 'Kong.*|Secret', name: 'l.*'}\n"
        "  patch: '- {op: add, path: /metadata/annotations, value: {r: x}}'\n"
    ),
    "several patches in one file": overlay(
        "patches: [{path: p.yaml}]\n",
        p_yaml="apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n---\n"
        "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: limit}\nconfig: {hour: 9}\n",
    ),
    "patches that change names and kinds": overlay(
        "patches:\n- target: {kind: Service}\n  options: {allowNameChange: true, allowKindChange: true}\n"
        "  patch: |\n    apiVersion: v2\n    kind: Other\n    metadata: {name: changed}\n"
    ),
    "generated names with references": overlay(
        "configMapGenerator: [{name: settings, literals: [a=b, 'c=d=e']}]\n"
        "secretGenerator: [{name: more, type: kubernetes.io/tls, files: [tls.crt, tls.key]}]\n",
        tls_crt="crt\n",
        tls_key="key\n",
    ),
    "generators without hashes": overlay(
        "generatorOptions: {disableNameSuffixHash: true, labels: {g: x}, annotations: {a: z}, immutable: true}\n"
        "configMapGenerator: [{name: settings, envs: [a.env]}, {name: own, literals: [a=1], "
        "options: {disableNameSuffixHash: false, labels: {h: z}}}]\n",
        a_env="# comment\nA=b\nB=\n",
    ),
    "generators that merge and replace": Layout(
        {
            **WEB,
            "mid/kustomization.yaml": "resources: [../base]\nconfigMapGenerator:\n"
            "- {name: settings, literals: [a=1, b=2]}\n- {name: gone, literals: [a=1]}\n",
            "o/kustomization.yaml": "resources: [../mid]\nconfigMapGenerator:\n"
            "- {name: settings, behavior: merge, literals: [b=3]}\n"
            "- {name: gone, behavior: replace, literals: [z=1]}\n",
        },
        ("kustomize build o",),
    ),
    "components in their order": Layout(
        {
            **WEB,
            **component(
                "one",
                "namePrefix: one-\npatches:\n- target: {kind: Service}\n"
                "  patch: '- {op: replace, path: /spec/ports/0/port, value: 81}'\n",
            ),
            **component("two", "components: [../three]\nnamePrefix: two-\n"),
            **component("three", "resources: [s.yaml]\nlabels: [{pairs: {three: x}}]\n"),
            "c/three/s.yaml": service("three"),
            "o/kustomization.yaml": "resources: [../base]\ncomponents: [../c/one, ../c/two]\nnamespace: ns\n",
        },
        ("kustomize build o",),
    ),
    "one base twice": Layout(
        {
            **WEB,
            "a/kustomization.yaml": "resources: [../base]\nnamePrefix: a-\n",
            "b/kustomization.yaml": "resources: [../base]\nnamePrefix: b-\n",
            "o/kustomization.yaml": "resources: [../a, ../b]\nnamespace: both\n",
        },
        ("kustomize build o",),
    ),
    "replacements with options": overlay(
        "replacements:\n- source: {kind: Service, name: web, fieldPath: metadata.name}\n  targets:\n"
        "  - select: {kind: Deployment}\n    reject: [{name: other}]\n"
        "    fieldPaths: ['spec.template.spec.containers.[name=web].env.[name=HOST].value']\n"
        "    options: {delimiter: ., index: 0}\n"
        "- source: {kind: Ingress, name: web, fieldPath: spec.rules.0.host, "
        "options: {delimiter: ., index: 1}}\n  targets:\n  - select: {kind: Ingress}\n"
        "    fieldPaths: [spec.rules.0.host, 'spec.tls.*.hosts.0']\n"
    ),
    "the old vars": overlay(
        "vars: [{name: NAME, objref: {kind: Service, name: web, apiVersion: v1}}]\nnamePrefix: v-\n"
        "patches:\n- target: {kind: Deployment}\n"
        "  patch: '- {op: add, path: /spec/template/spec/containers/0/args/-, value: $(NAME).svc}'\n"
    ),
    "references of own kinds": overlay(
        "namePrefix: p-\nconfigurations: [names.yaml]\n",
        names_yaml="nameReference:\n- kind: KongPlugin\n  fieldSpecs:\n"
        "  - {kind: Ingress, path: metadata/annotations/konghq.com\\/plugins}\n"
        "- kind: Secret\n  fieldSpecs: [{kind: KongPlugin, path: configFrom/secretKeyRef/name}]\n",
    ),
    "subjects of roles in a namespace": Layout(
        {
            "o/kustomization.yaml": "resources: [r.yaml]\nnamespace: ns\nnamePrefix: p-\n",
            "o/r.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n---\n"
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules: []\n---\n"
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"
            "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\n"
            "subjects: [{kind: ServiceAccount, name: sa, namespace: x}]\n",
        },
        ("kustomize build o",),
    ),
    "order by kinds": overlay("sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Secret]}}\n"),
    "JSON, anchors and odd scalars": Layout(
        {
            "o/kustomization.yaml": "resources: [a.json, b.yaml]\ncommonLabels: {app: 'yes'}\n",
            "o/a.json": json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}),
            "o/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: b, labels: &l {x: 'on'}}\ndata:\n"
            "  n: '0777'\n  t: |-\n    a\n     b\n  f: >\n    c\n    d\n  e: ''\n  u: \"\\u00e9\\t\"\n"
            "binaryData: {b: aGk=}\n",
        },
        ("kustomize build o",),
    ),
    "a chart with values beside it": Layout(
        {
            "o/kustomization.yaml": "helmGlobals: {chartHome: lib}\nhelmCharts:\n- name: c\n  releaseName: r\n"
            "  namespace: ns\n  includeCRDs: true\n  valuesFile: v.yaml\n  additionalValuesFiles: [w.yaml]\n"
            "  valuesInline: {c: 3}\nnamePrefix: k-\n",
            "o/v.yaml": "a: 1\nb: 1\n",
            "o/w.yaml": "b: 2\n",
            "o/lib/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
            "o/lib/c/values.yaml": "{a: 0, b: 0, c: 0, d: 0}\n",
            "o/lib/c/crds/x.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
            "metadata: {name: xs.example.com}\n",
            "o/lib/c/templates/m.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, "
            "namespace: {{ .Release.Namespace }}}\ndata: {v: {{ .Values | toJson | quote }}}\n",
        },
        ("kustomize build --enable-helm o",),
    ),
}

CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata:\n"
CHART = {"c/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: '4.5'\n", "c/values.yaml": "{}\n"}
SHOWN = {
    **CHART,
    "c/templates/v.yaml": CONFIGMAP % "{{ .Release.Name }}-{{ .Chart.Name }}" + "  v: {{ .Values | toJson | quote }}\n",
}
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: %ss.example.com}\n"


def chart(text: str, more: dict[str, str] | None = None, flags: str = "", **options: Any) -> Layout:
    """A chart with one template more, which is rendered as release `shop`."""
    files = {**CHART, "c/templates/t.yaml": text, **(more or {})}
    return Layout(files, (f"{HELM}shop c {flags}",), options)


def parts(dependencies: str, values: str = "{}\n", **charts: str) -> Layout:
    """A chart with vendored sub-charts, each of which shows its values."""
    files = {**SHOWN, "c/Chart.yaml": CHART["c/Chart.yaml"] + dependencies, "c/values.yaml": values}
    for name, own in charts.items():
        for path, text in SHOWN.items():
            files[f"c/charts/{name}/{path.removeprefix('c/')}"] = text.replace("name: shop", f"name: {name}")
        files[f"c/charts/{name}/values.yaml"] = own
    return Layout(files, (f"{HELM}shop c",))


ENTRY = "dependencies:\n- {name: sub, version: 1.2.3, repository: 'https://charts.example.com'%s}\n"
CHARTS = {
    "helpers, notes and nothing": chart(
        CONFIGMAP % '{{ include "full" . }}' + '  l: |\n    {{- include "many" . | nindent 4 }}\n',
        {
            "c/templates/_helpers.tpl": '{{ define "full" }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}-x{{ end }}'
            '{{ define "many" }}a: {{ .Chart.AppVersion }}\nb: {{ .Release.Service }}{{ end }}',
            "c/templates/NOTES.txt": "Hello {{ .Release.Name }}",
            "c/templates/off.yaml": "{{ if .Values.off }}kind: X{{ end }}\n# only a comment\n",
        },
    ),
    "several documents in a template": chart(
        '{{ range $i, $x := list "a" "b" }}\n---\n' + CONFIGMAP % "{{ $x }}" + "  i: '{{ $i }}'\n{{ end }}---\n---\n"
    ),
    "large and odd numbers": chart(
        CONFIGMAP % "n" + "  a: {{ .Values.n | quote }}\n  b: {{ .Values.i | int64 | quote }}\n  c: {{ .Values.f }}x\n"
        "  d: {{ .Values | toYaml | quote }}\n",
        {"c/values.yaml": "n: 1000000\ni: 1234567890\nf: 1.5e3\nt: '007'\ny: yes\nd: 2026-03-04\n"},
    ),
    "capabilities": chart(
        CONFIGMAP % "k" + "  v: {{ .Capabilities.KubeVersion.Version }}\n  m: {{ .Capabilities.KubeVersion.Minor | "
        "quote }}\n  b: '{{ .Capabilities.APIVersions.Has \"batch/v1\" }}'\n"
        "  s: '{{ semverCompare \">=1.30-0\" .Capabilities.KubeVersion.GitVersion }}'\n"
        "  h: '{{ .Capabilities.APIVersions.Has \"configuration.konghq.com/v1\" }}'\n",
        {"c/Chart.yaml": CHART["c/Chart.yaml"] + "kubeVersion: '>=1.25.0-0'\n"},
    ),
    "release and namespace": chart(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\n"
        "data: {r: '{{ .Release.Revision }}{{ .Release.IsInstall }}{{ .Release.IsUpgrade }}'}\n",
        flags="--namespace other",
        namespace="other",
    ),
    "values files over values": Layout(
        {**SHOWN, "c/values.yaml": "a: {b: 1, c: [1, 2], d: x}\n", "env/v.yaml": "a: {c: [3], d: null, e: {f: 1}}\n"},
        (f"{HELM}shop c -f env/v.yaml",),
        {"valueFiles": ["../env/v.yaml"]},
    ),
    "a schema of values": Layout(
        {**SHOWN, "c/values.schema.json": '{"properties": {"a": {"type": "integer"}}}', "c/values.yaml": "a: 1\n"},
        (f"{HELM}shop c",),
    ),
    "files, globs and tpl": chart(
        CONFIGMAP % "f" + '{{ (.Files.Glob "f/*").AsConfig | indent 2 }}\n  t: {{ tpl .Values.t . | quote }}\n'
        '  l: {{ .Files.Lines "f/a.txt" | join "+" }}\n',
        {"c/f/a.txt": "one\ntwo", "c/f/b.txt": "three", "c/values.yaml": "t: '{{ .Release.Name }}!'\n"},
    ),
    "hooks by weight": chart(
        CONFIGMAP % "last" + "  a: b\n",
        {
            f"c/templates/h{weight}.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata:\n"
            f"  name: h{weight}\n  annotations: {{helm.sh/hook: 'pre-install,pre-upgrade', "
            f"helm.sh/hook-weight: '{weight}'}}\n"
            for weight in (5, -5)
        },
    ),
    "a sub-chart with globals": parts(ENTRY % "", "global: {g: 1}\nsub: {a: 2}\n", sub="a: 1\nb: 1\nglobal: {h: 2}\n"),
    "a sub-chart that its condition turns off": parts(
        ENTRY % ", condition: 'sub.on,other.on'", "sub: {on: false}\n", sub="on: true\n"
    ),
    "sub-charts by tags": parts(
        ENTRY % ", tags: [front]" + "- {name: more, version: 1.2.3, repository: '', tags: [back]}\n",
        "tags: {front: false, back: true}\n",
        sub="{}\n",
        more="{}\n",
    ),
    "a sub-chart under other names": parts(
        ENTRY % ", alias: one" + "- {name: sub, version: 1.2.3, repository: '', alias: two}\n",
        "one: {a: 1}\ntwo: {a: 2}\n",
        sub="a: 0\n",
    ),
    "values that a sub-chart exports": parts(
        ENTRY % ", import-values: [data, {child: inner, parent: outer}]",
        "a: parent\n",
        sub="exports: {data: {a: child, b: child}}\ninner: {x: 1}\n",
    ),
    "sub-charts of sub-charts": Layout(
        {
            **parts(ENTRY % "", "sub: {deep: {a: 5}}\n", sub="deep: {b: 6}\n").files,
            "c/charts/sub/Chart.yaml": SHOWN["c/Chart.yaml"].replace("shop", "sub")
            + "dependencies: [{name: deep, version: 1.2.3, repository: ''}]\n",
            **{
                f"c/charts/sub/charts/deep/{path.removeprefix('c/')}": text.replace("name: shop", "name: deep")
                for path, text in SHOWN.items()
            },
        },
        (f"{HELM}shop c",),
    ),
    "a library chart": Layout(
        {
            **CHART,
            "c/Chart.yaml": CHART["c/Chart.yaml"] + ENTRY % "",
            "c/templates/t.yaml": '{{ include "sub.map" (dict "name" "x" "root" .) }}',
            "c/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.2.3\ntype: library\n",
            "c/charts/sub/templates/_m.tpl": '{{ define "sub.map" }}'
            + CONFIGMAP % "{{ .root.Release.Name }}-{{ .name }}"
            + "  a: b\n{{ end }}",
        },
        (f"{HELM}shop c",),
    ),
}

REL = {"path": "c"}
CONTROLLERS = {
    "Argo CD: a chart with CRDs": Layout(
        {**SHOWN, "c/crds/x.yaml": CRD % "x", "a.yaml": app("rel", REL, namespace="ns")},
        (f"{HELM}rel c --include-crds --namespace ns",),
        namespace="ns",
    ),
    "Argo CD: a chart without its CRDs": Layout(
        {
            **SHOWN,
            "c/crds/x.yaml": CRD % "x",
            "a.yaml": app("rel", {**REL, "helm": {"skipCrds": True}}, namespace="ns"),
        },
        (f"{HELM}rel c --namespace ns",),
        namespace="ns",
    ),
    "Argo CD: values from everywhere": Layout(
        {
            **SHOWN,
            "c/values.yaml": "{a: 0, b: 0, c: 0, d: 0}\n",
            "c/prod.yaml": "{b: 1, c: 1, d: 1}\n",
            "object.yaml": "{c: 2, d: 2}\n",
            "f.txt": "text of a file",
            "a.yaml": app(
                "rel",
                {
                    **REL,
                    "helm": {
                        "releaseName": "other",
                        "valueFiles": ["prod.yaml"],
                        "valuesObject": {"c": 2, "d": 2},
                        "parameters": [
                            {"name": "d", "value": "3"},
                            {"name": "s", "value": "3", "forceString": True},
                            {"name": "l", "value": "x,y"},
                            {"name": "deep.list[0]", "value": "true"},
                        ],
                        "fileParameters": [{"name": "f", "path": "/f.txt"}],
                    },
                },
                namespace="ns",
            ),
        },
        (
            f"{HELM}other c --namespace ns --include-crds -f c/prod.yaml -f object.yaml --set d=3 --set-string s=3"
            r" --set 'l=x\,y' --set 'deep.list[0]=true' --set-file f=f.txt",
        ),
        namespace="ns",
    ),
    "Argo CD: several sources": Layout(
        {
            **SHOWN,
            **WEB,
            "env/v.yaml": "a: 1\n",
            "a.yaml": app(
                "rel",
                {**REL, "helm": {"valueFiles": ["$env/env/v.yaml"]}},
                {"ref": "env"},
                {"path": "base"},
                namespace="ns",
            ),
        },
        (f"{HELM}rel c --include-crds --namespace ns -f env/v.yaml", "kustomize build base"),
        namespace="ns",
    ),
    "Argo CD: a kustomization with every override": Layout(
        {
            **WEB,
            **component("x", "namePrefix: c-\n"),
            "a.yaml": app(
                "rel",
                {
                    "path": "base",
                    "kustomize": {
                        "namePrefix": "p-",
                        "nameSuffix": "-s",
                        "images": ["registry.example/web=mirror.example/web:2", "side:3"],
                        "replicas": [{"name": "web", "count": 4}],
                        "commonAnnotations": {"a": "b"},
                        "commonLabels": {"l": "m"},
                        "labelWithoutSelector": True,
                        "namespace": "forced",
                        "components": ["../c/x"],
                        "patches": [
                            {
                                "target": {"kind": "Service"},
                                "patch": "- {op: replace, path: /spec/ports/0/port, value: 82}",
                            }
                        ],
                    },
                },
                namespace="ns",
            ),
        },
        ("kustomize build base",),
        edited={
            "base/kustomization.yaml": WEB["base/kustomization.yaml"]
            + "namePrefix: p-\nnameSuffix: -s\nnamespace: forced\ncommonAnnotations: {a: b}\n"
            "images:\n- {name: registry.example/web, newName: mirror.example/web, newTag: '2'}\n"
            "- {name: side, newTag: '3'}\n"
            "replicas: [{name: web, count: 4}]\nlabels: [{pairs: {l: m}}]\ncomponents: [../c/x]\n"
            "patches: [{target: {kind: Service}, patch: '- {op: replace, path: /spec/ports/0/port, value: 82}'}]\n"
        },
        namespace="ns",
    ),
    "Argo CD: labels in selectors": Layout(
        {**WEB, "a.yaml": app("rel", {"path": "base", "kustomize": {"commonLabels": {"l": "m"}}})},
        ("kustomize build base",),
        edited={"base/kustomization.yaml": WEB["base/kustomization.yaml"] + "commonLabels: {l: m}\n"},
    ),
    "Flux: a directory without a kustomization": Layout(
        {
            "f/k.yaml": kustomization("k", "m", targetNamespace="ns", nameSuffix="-x"),
            "m/a.yaml": service("a"),
            "m/deep/b.yaml": service("b"),
            "m/k/kustomization.yaml": "resources: [c.yaml]\nnamePrefix: k-\n",
            "m/k/c.yaml": service("c"),
        },
        ("kustomize build m",),
        edited={
            "m/kustomization.yaml": "resources: [a.yaml, deep/b.yaml, k]\nnamespace: ns\nnameSuffix: -x\n",
        },
        namespace="ns",
    ),
    "Flux: a kustomization with every override": Layout(
        {
            **WEB,
            **component("x", "nameSuffix: -c\n"),
            "f/k.yaml": kustomization(
                "k",
                "base",
                targetNamespace="ns",
                namePrefix="p-",
                components=["../c/x"],
                images=[{"name": "side", "newTag": "9"}],
                patches=[
                    {"patch": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n"},
                    {"target": {"kind": "Ingress"}, "patch": "- {op: remove, path: /spec/tls}\n"},
                ],
            ),
        },
        ("kustomize build base",),
        edited={
            "base/kustomization.yaml": WEB["base/kustomization.yaml"]
            + "namespace: ns\nnamePrefix: p-\ncomponents: [../c/x]\nimages: [{name: side, newTag: '9'}]\npatches:\n"
            "- patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort}}'\n"
            "- {target: {kind: Ingress}, patch: '- {op: remove, path: /spec/tls}'}\n"
        },
        namespace="ns",
    ),
    "Flux: a release with values and CRDs": Layout(
        {
            **SHOWN,
            "c/values.yaml": "{a: 0, b: 0, c: {d: 0, e: 0}}\n",
            "c/crds/x.yaml": CRD % "x",
            "f/r.yaml": release(
                "r",
                "./c",
                "apps",
                releaseName="named",
                targetNamespace="there",
                valuesFrom=[{"kind": "ConfigMap", "name": "v"}],
                values={"c": {"d": 2}},
            ),
            "f/v.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: apps}\n"
            "data: {values.yaml: 'b: 1'}\n",
            "v.yaml": "{b: 1, c: {d: 2}}\n",
        },
        (f"{HELM}named c --include-crds --namespace there -f v.yaml", "cat f/v.yaml"),
        namespace="there",
    ),
    "Flux: a release without a name of its own": Layout(
        {**SHOWN, "f/r.yaml": release("r", "c", "apps", targetNamespace="there", values={"a": 1})},
        (f"{HELM}there-r c --include-crds --namespace there --set a=1",),
        namespace="there",
    ),
}
LAYOUTS = {**KUSTOMIZE, **CHARTS, **CONTROLLERS}


def placed(value: dict[str, Any], namespace: str) -> dict[str, Any]:
    """An object, in `namespace` where it has none and its kind wants one."""
    if not namespace or value["kind"] == "CustomResourceDefinition":
        return value
    return {**value, "metadata": {"namespace": namespace, **value["metadata"]}}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    repository, copy = tmp_path / "repository", tmp_path / "copy"
    write(repository, layout.files)
    write(copy, {**layout.files, **layout.edited})
    expected = [value for command in layout.commands for value in printed(copy, *shlex.split(command))]
    assert expected
    config, target = Config(), layout.target
    if name in CHARTS:
        config, target = Config(targets=(TargetConfig("t", "c", "", layout.options),)), "t"
    elif name in KUSTOMIZE:
        target = "o"
    else:
        (target,) = [found.name for found in targets(repository) if found.source in ("argocd", "flux")]
    result = rendered(repository, target, config)
    assert result.problems == []
    found = [each.data for each in result.objects if not each.data["apiVersion"].startswith(GROUPS_OF_CONTROLLERS)]
    assert canonical(found) == canonical([placed(value, layout.namespace) for value in expected])
