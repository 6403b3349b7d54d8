"""What Argo CD and Flux change in a kustomization before they build it.

Argo CD runs `kustomize edit` (kustomize v5.6, commands/edit), Flux writes the file (fluxcd/pkg/kustomize, `Generator`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.manifests.lenient import items, mapping, mappings

Kustomization = dict[str, Any]
Edit = Callable[[Kustomization, Mapping[str, Any]], Kustomization]

_KEPT = "*"  # a part of an image that stays what the kustomization says


def added(kustomization: Kustomization, overrides: Mapping[str, Any]) -> Kustomization:
    """A kustomization with the fields of `overrides`: lists after its own, mappings over its own, the rest instead."""
    found = dict(kustomization)
    for name, value in overrides.items():
        before = found.get(name)
        if isinstance(value, list) and isinstance(before, list):
            found[name] = [*before, *value]
        elif isinstance(value, dict) and isinstance(before, dict):
            found[name] = {**before, **value}
        else:
            found[name] = value
    return found


def of_flux(kustomization: Kustomization, overrides: Mapping[str, Any]) -> Kustomization:
    """As Flux adds (up to 2.9): an image takes the place of the first one of its name, others come after."""
    found = added(kustomization, {name: value for name, value in overrides.items() if name != "images"})
    images = mappings(found.get("images"))
    for image in mappings(overrides.get("images")):
        own = next((at for at, each in enumerate(images) if each.get("name") == image.get("name")), len(images))
        images[own : own + 1] = [image]
    return {**found, "images": images} if images else found


def of_argocd(kustomization: Kustomization, overrides: Mapping[str, Any]) -> Kustomization:
    """As `kustomize edit` does. Raises `RenderError` for labels and annotations that it would not overwrite.

    `overrides` are fields of a kustomization; `forceCommonLabels` and `forceCommonAnnotations` let them be overwritten.
    """
    found = dict(kustomization)
    for name in ("namePrefix", "nameSuffix", "namespace"):
        if overrides.get(name):
            found[name] = overrides[name]
    if overrides.get("images"):
        found["images"] = _images(mappings(found.get("images")), mappings(overrides["images"]))
    if overrides.get("replicas"):
        ours = {str(entry.get("name")): entry for entry in mappings(overrides["replicas"])}
        kept = [entry for entry in mappings(found.get("replicas")) if str(entry.get("name")) not in ours]
        found["replicas"] = [*kept, *ours.values()]
    labels = bool(overrides.get("forceCommonLabels")), "labels"
    if overrides.get("commonLabels"):
        found["commonLabels"] = _extended(mapping(found.get("commonLabels")), overrides["commonLabels"], *labels)
    for entry in mappings(overrides.get("labels")):
        found["labels"] = _labels(mappings(found.get("labels")), entry, *labels)
    if overrides.get("commonAnnotations"):
        force = bool(overrides.get("forceCommonAnnotations"))
        own = mapping(found.get("commonAnnotations"))
        found["commonAnnotations"] = _extended(own, overrides["commonAnnotations"], force, "annotations")
    if overrides.get("patches"):
        found["patches"] = [*items(found.get("patches")), *items(overrides["patches"])]
    more = [each for each in items(overrides.get("components")) if each not in items(found.get("components"))]
    return {**found, "components": [*items(found.get("components")), *dict.fromkeys(more)]} if more else found


def _images(own: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parts = ("newName", "newTag", "digest")
    images = {str(image.get("name")): dict(image) for image in own}
    for image in {str(each.get("name")): each for each in theirs}.values():
        before = images.get(str(image.get("name")), {})
        kept = {part: before.get(part, "") for part in parts if image.get(part) == _KEPT}
        images[str(image.get("name"))] = {key: value for key, value in {**image, **kept}.items() if value != ""}
    return [images[name] for name in sorted(images)]


def _extended(own: Mapping[str, Any], more: Mapping[str, Any], force: bool, what: str) -> dict[str, Any]:
    for name in own.keys() & more.keys():
        if not force:
            name_of = {"labels": "forceCommonLabels", "annotations": "forceCommonAnnotations"}[what]
            raise RenderError(f"its {what} have {name} already; without {name_of} Argo CD does not overwrite it")
    return {**own, **more}


def _labels(own: list[dict[str, Any]], entry: Mapping[str, Any], force: bool, what: str) -> list[dict[str, Any]]:
    """Labels without selectors: into the first entry of the same kind, else into one of their own."""
    kinds = ("includeSelectors", "includeTemplates")
    for position, each in enumerate(own):
        if all(bool(each.get(kind)) == bool(entry.get(kind)) for kind in kinds):
            pairs = _extended(mapping(each.get("pairs")), mapping(entry.get("pairs")), force, what)
            return [*own[:position], {**each, "pairs": pairs}, *own[position + 1 :]]
    return [*own, dict(entry)]
