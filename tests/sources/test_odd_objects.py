"""Objects of Argo CD, Flux, Kong's controller and Kustomize with parts of any type: problems, never a traceback."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources import assumed
from gitops_kong.sources.base import Limits
from gitops_kong.sources.config import Config
from gitops_kong.sources.controller_found import find_controllers
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import MemoryTree

KINDS = [
    ("argoproj.io/v1alpha1", "Application"),
    ("argoproj.io/v1alpha1", "ApplicationSet"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("bitnami.com/v1alpha1", "SealedSecret"),
    ("cert-manager.io/v1", "Certificate"),
    ("apps/v1", "Deployment"),
    ("v1", "Secret"),
    ("v1", "List"),
]
FIELDS = [
    "spec", "source", "sources", "path", "helm", "kustomize", "directory", "valueFiles", "values",
    "parameters", "images",
    "generators", "template", "list", "elements", "matrix", "git", "files", "directories", "postBuild", "substitute",
    "substituteFrom", "chart", "sourceRef", "target", "data", "metadata", "labels", "annotations", "name", "containers",
    "env", "image", "args", "destination", "items", "sops", "repoURL", "dependsOn", "patches", "valuesFrom", "ref",
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from([None, True, 1, 1.5, "", "x", ".", "../x", "/", "{{x}}", "kong/kubernetes-ingress-controller:3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=14,
)
OBJECTS = st.builds(
    lambda kind, more: {
        **more,
        "apiVersion": kind[0],
        "kind": kind[1],
        "metadata": more.get("metadata") or {"name": "n"},
    },
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5),
)


@given(st.lists(OBJECTS, min_size=1, max_size=3))
@settings(max_examples=300)
def test_any_object(objects: list[dict[str, object]]) -> None:
    files = {f"apps/{number}.json": json.dumps(value).encode() for number, value in enumerate(objects)}
    tree = MemoryTree({**files, "x/s.yaml": b"apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"})
    for target in discover(tree, Config()):
        for problem in render(target, tree, Tools(search="/nowhere"), Limits()).problems:
            assert "\n" not in problem.message
    found = [K8sObject(value) for value in objects]
    assert isinstance(find_controllers(found, tree), list)
    assert isinstance(assumed.secrets(found), list)


@given(
    st.dictionaries(
        st.sampled_from(["resources", "bases", "patches", "helmCharts", "configMapGenerator", "openapi"]), VALUES
    )
)
@settings(max_examples=200)
def test_any_kustomization(value: dict[str, object]) -> None:
    tree = MemoryTree({"k/kustomization.yaml": json.dumps(value).encode(), "k/x": b"a"})
    (target,) = discover(tree, Config())
    assert render(target, tree, Tools(search="/nowhere")).problems
