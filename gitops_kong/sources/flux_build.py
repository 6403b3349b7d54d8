"""Kustomizations as Flux builds them, and what it changes in what was built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gitops_kong.manifests.lenient import mapping, mappings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources import files, kustomize
from gitops_kong.sources.base import Limits, Rendered, Tree, join, parent
from gitops_kong.sources.flux_ignore import Ignored
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import MemoryTree, Overlay


def _anywhere() -> bool:
    """Flux lets a kustomization read files anywhere in its source."""
    return True


def build(path: str, tree: Tree, spec: Mapping[str, Any], tools: Tools, limits: Limits, ignore: str = "") -> Rendered:
    """The kustomization at `path` with what Flux adds to it; one is made where the directory has none.

    `ignore` are patterns of files that the source leaves out. Raises `RenderError` or `ManifestError`.
    """
    overrides = _overrides(spec)
    if kustomize.kustomization_file(tree, path) is None:
        found = _resources(tree, path, ignore)
        if not overrides:
            return _directory(found, tree, tools, limits)
        resources = [each if path == "." else each[len(path) + 1 :] for each in found]
        text = json.dumps({"resources": resources}).encode()
        tree = Overlay(tree, {join(path, "kustomization.yaml"): text})
    rendered = kustomize.build(path, tree, tools, limits, overrides, _anywhere)
    namespace = str(spec.get("targetNamespace") or "")
    if namespace:
        rendered.objects[:] = with_namespace(rendered.objects, namespace)
    return rendered


def _directory(resources: list[str], tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """A directory without a kustomization and without changes: its files as they are, no kustomize needed."""
    rendered = Rendered()
    for place in resources:
        if place in tree.files:
            rendered.extend(files.read_files([place], tree))
        else:
            rendered.extend(kustomize.build(place, tree, tools, limits, None, _anywhere))
    return rendered


def _resources(tree: Tree, path: str, ignore: str) -> list[str]:
    """What Flux puts into the kustomization that it makes: all YAML files below, and whole kustomizations."""
    ignored = Ignored(tree, ignore)
    below = [file for file in tree.under(path) if file.endswith((".yaml", ".yml", "/Kustomization"))]
    below = [file for file in below if not ignored(file)]
    inner = {parent(file) for file in below if file.rpartition("/")[2] in kustomize.NAMES}
    outermost = {each for each in inner if not any(each != other and each.startswith(other + "/") for other in inner)}
    found = [
        file
        for file in below
        if file.endswith((".yaml", ".yml")) and not any(file.startswith(each + "/") for each in outermost)
    ]
    return sorted([*found, *outermost])


def _overrides(spec: Mapping[str, Any]) -> dict[str, Any]:
    overrides: dict[str, Any] = {}
    for theirs, ours in (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(theirs):
            overrides[ours] = spec[theirs]
    for name in ("patches", "patchesJson6902", "images", "components"):
        if isinstance(spec.get(name), list) and spec[name]:
            overrides[name] = [
                {**entry, "patch": _patch(entry["patch"])} if isinstance(entry, dict) and "patch" in entry else entry
                for entry in spec[name]
            ]
    merges = [{"patch": json.dumps(patch)} for patch in mappings(spec.get("patchesStrategicMerge"))]
    if merges:
        overrides["patches"] = [*overrides.get("patches", ()), *merges]
    return overrides


def _patch(patch: Any) -> str:
    return patch if isinstance(patch, str) else json.dumps(patch)


def post_rendered(
    objects: list[K8sObject], renderer: Mapping[str, Any], tools: Tools, limits: Limits
) -> list[K8sObject]:
    """Objects after a Kustomize post-renderer of a HelmRelease; each keeps where it came from."""
    overrides = _overrides(renderer)
    if not overrides or not objects:
        return objects
    text = "\n---\n".join(json.dumps(found.data) for found in objects).encode()
    tree = MemoryTree({"all.yaml": text, "kustomization.yaml": b"resources: [all.yaml]\n"})
    built = kustomize.build(".", tree, tools, limits, overrides).objects
    origins = {(found.kind, found.name): found.origin for found in objects}
    return [K8sObject(found.data, origins.get((found.kind, found.name), objects[0].origin)) for found in built]


def with_metadata(found: K8sObject, common: Mapping[str, Any]) -> K8sObject:
    """An object with the labels and annotations of `commonMetadata`."""
    added = {part: common[part] for part in ("labels", "annotations") if mapping(common.get(part))}
    if not added:
        return found
    metadata = {
        **found.metadata,
        **{part: {**mapping(found.metadata.get(part)), **new} for part, new in added.items()},
    }
    return found.with_data({**found.data, "metadata": metadata})
