"""Kustomizations as Flux builds them, and what it changes in what was built."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.errors import ManifestError, RenderError
from gitops_kong.manifests.lenient import items, mapping, mappings
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.sources import kustomize, kustomize_edit
from gitops_kong.sources.base import Limits, Rendered, Tree, join, normal, parent
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import MemoryTree, Overlay

_EVERY = "Flux applies nothing of the directory: it takes every YAML file there"


def _anywhere() -> bool:
    """Flux lets a kustomization read files anywhere in its source."""
    return True


def build(path: str, tree: Tree, spec: Mapping[str, Any], tools: Tools, limits: Limits) -> Rendered:
    """The kustomization at `path` with what Flux adds to it; one is made where the directory has none.

    Raises `RenderError` or `ManifestError`.
    """
    overrides = _overrides(spec, tree, path)
    if kustomize.kustomization_file(tree, path) is None:
        found = _resources(tree, path)
        _check(found, tree)
        if not overrides and not _needs_kustomize(found, tree):
            return _directory(found, tree, tools, limits)
        resources = [each if path == "." else each[len(path) + 1 :] for each in found]
        text = json.dumps({"resources": resources}).encode()
        tree = Overlay(tree, {join(path, "kustomization.yaml"): text})
    rendered = _built(path, tree, tools, limits, overrides)
    namespace = str(spec.get("targetNamespace") or "")
    if namespace:
        rendered.objects[:] = with_namespace(rendered.objects, namespace)
    return rendered


def _built(path: str, tree: Tree, tools: Tools, limits: Limits, overrides: Mapping[str, Any]) -> Rendered:
    """A kustomization, whose plugins Flux has turned off."""
    found = kustomize.closure(tree, path)
    if found.charts or found.missing_charts:
        raise RenderError(f"{found.kustomizations[path]}: Flux inflates no charts of kustomizations (helmCharts)")
    return kustomize.build(path, tree, tools, limits, overrides, _anywhere, kustomize_edit.of_flux)


def _directory(resources: list[str], tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """A directory without a kustomization and without changes: its files as they are, no kustomize needed."""
    rendered = Rendered()
    for place in resources:
        if place in tree.files:
            rendered.extend(Rendered(objects=[*tree.objects(place)]))
        else:
            rendered.extend(_built(place, tree, tools, limits, {}))
    return rendered


def _check(resources: list[str], tree: Tree) -> None:
    """Raises `RenderError` or `ManifestError` for a file that is no manifest: Flux then applies none of them."""
    for place in resources:
        try:
            objects = tree.objects(place) if place in tree.files else []
        except ManifestError as e:
            raise ManifestError(f"{e}; {_EVERY}") from None
        for found in objects:
            if not found.name and not found.kind.endswith("List"):
                raise RenderError(f"{place}: a {found.kind} without metadata.name; {_EVERY}")


def _needs_kustomize(resources: list[str], tree: Tree) -> bool:
    """Whether kustomize would do more than take the files together: refuse an object twice, drop a local one."""
    seen: set[Ref] = set()
    for place in resources:
        if place not in tree.files:
            continue
        if b"config.k" in tree.read(place):  # annotations of its own
            return True
        for found in tree.objects(place):
            if found.ref in seen:
                return True
            seen.add(found.ref)
    return False


def _resources(tree: Tree, path: str) -> list[str]:
    """What Flux puts into the kustomization that it makes: all YAML files below, and whole kustomizations."""
    below = [file for file in tree.under(path) if file.endswith((".yaml", ".yml", "/Kustomization"))]
    inner = {parent(file) for file in below if file.rpartition("/")[2] in kustomize.NAMES}
    outermost = {each for each in inner if not any(each != other and each.startswith(other + "/") for other in inner)}
    found = [
        file
        for file in below
        if file.endswith((".yaml", ".yml")) and not any(file.startswith(each + "/") for each in outermost)
    ]
    return sorted([*found, *outermost])


def _overrides(spec: Mapping[str, Any], tree: Tree | None = None, path: str = ".") -> dict[str, Any]:
    overrides: dict[str, Any] = {}
    for theirs, ours in (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(theirs):
            overrides[ours] = spec[theirs]
    for name in ("patches", "patchesJson6902", "images"):
        if isinstance(spec.get(name), list) and spec[name]:
            overrides[name] = [
                {**entry, "patch": _patch(entry["patch"])} if isinstance(entry, dict) and "patch" in entry else entry
                for entry in spec[name]
            ]
    merges = [json.dumps(patch) for patch in mappings(spec.get("patchesStrategicMerge"))]
    if merges:
        overrides["patchesStrategicMerge"] = merges
    if components := [*_components(spec, tree, path)]:
        overrides["components"] = components
    return overrides


def _components(spec: Mapping[str, Any], tree: Tree | None, path: str) -> Iterator[str]:
    """The components that are added. Raises `RenderError` for one that is not in the source (`IsLocalRelativePath`)."""
    for entry in items(spec.get("components")):
        component = str(entry)
        if component.startswith("/") or "://" in component:
            raise RenderError(f"the component {component} must be a relative path in the source")
        place = normal(component, path)
        if spec.get("ignoreMissingComponents") and tree is not None and not tree.is_directory(place):
            continue
        yield component


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
