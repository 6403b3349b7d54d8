"""What an Application changes in a source: its kustomization, and what files of the repository say of the source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.errors import ManifestError, RenderError
from gitops_kong.manifests.lenient import items, mapping, mappings
from gitops_kong.manifests.yaml import read_value
from gitops_kong.sources import kustomize
from gitops_kong.sources.argocd_environment import expand
from gitops_kong.sources.base import Tree, join, normal, parent
from gitops_kong.sources.globs import go_path

_TYPES = ("helm", "kustomize", "directory", "plugin")
_FIXED = ("chart", "path", "repoURL", "targetRevision")


def with_files(source: Mapping[str, Any], name: str, tree: Tree, path: str) -> Mapping[str, Any]:
    """A source with what `.argocd-source.yaml` and that of the application beside it change (`mergeSourceParameters`).

    Raises `RenderError`.
    """
    found: Any = source
    for file in (".argocd-source.yaml", f".argocd-source-{name}.yaml"):
        place = join(path, file)
        if place in tree.files:
            try:
                found = _patched(found, read_value(tree.read(place), place))
            except ManifestError as e:
                raise RenderError(str(e)) from None
    if not isinstance(found, dict):
        raise RenderError(f"{path}: .argocd-source.yaml is no mapping")
    return {**found, **{key: source[key] for key in _FIXED if key in source}}


def _patched(value: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    found = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            found.pop(key, None)
        else:
            found[key] = _patched(found.get(key), item)
    return found


def kind_of(source: Mapping[str, Any], tree: Tree, path: str) -> str:
    """`plugin`, `helm`, `kustomize` or `directory`: what the source says, else what lies there (`GetAppSourceType`).

    Raises `RenderError` where it says more than one.
    """
    said = [name for name in _TYPES if isinstance(source.get(name), dict) and not _empty(source[name])]
    if len(said) > 1:
        raise RenderError(f"a source is of one type, not {' and '.join(said)}")
    if said == ["helm"] and join(path, "Chart.yaml") not in tree.files:
        raise RenderError(f"{path}: no Chart.yaml, but the source has helm")
    if said:
        return said[0]
    if kustomize.kustomization_file(tree, path):
        return "kustomize"
    return "helm" if join(path, "Chart.yaml") in tree.files else "directory"


def _empty(value: Any) -> bool:
    """Whether a block says nothing, as where all of it is false or empty."""
    if isinstance(value, dict):
        return all(map(_empty, value.values()))
    return value in (None, "", False, [], 0)


def kustomize_overrides(
    options: Mapping[str, Any], variables: Mapping[str, str], tree: Tree, path: str
) -> dict[str, Any]:
    """Fields that an Application adds to a kustomization, for `kustomize_edit.of_argocd`. Raises `RenderError`."""
    forced = ("forceCommonLabels", "forceCommonAnnotations")
    found = {name: options[name] for name in ("namePrefix", "nameSuffix", "namespace", "patches") if options.get(name)}
    found |= {name: True for name in forced if options.get(name)}
    if images := [_image(expand(str(text), variables)) for text in items(options.get("images"))]:
        found["images"] = images
    if replicas := mappings(options.get("replicas")):
        found["replicas"] = [{"name": each.get("name"), "count": _count(each.get("count"))} for each in replicas]
    if labels := _expanded(options.get("commonLabels"), variables):
        templates, plain = bool(options.get("labelIncludeTemplates")), bool(options.get("labelWithoutSelector"))
        if templates and not plain:
            raise RenderError("labelIncludeTemplates goes with labelWithoutSelector only")
        if plain:
            found["labels"] = [{"pairs": labels, "includeTemplates": templates}]
        else:
            found["commonLabels"] = labels
    envsubst = options.get("commonAnnotationsEnvsubst")
    if annotations := _expanded(options.get("commonAnnotations"), variables if envsubst else None):
        found["commonAnnotations"] = annotations
    if components := [*_components(options, tree, path)]:
        found["components"] = components
    return found


def _expanded(value: Any, variables: Mapping[str, str] | None) -> dict[str, str]:
    texts = {str(name): str(text) for name, text in mapping(value).items()}
    return texts if variables is None else {name: expand(text, variables) for name, text in texts.items()}


def _components(options: Mapping[str, Any], tree: Tree, path: str) -> Iterator[str]:
    """The components that are added, patterns resolved; missing ones left out where the Application says so."""
    for entry in items(options.get("components")):
        component = str(entry)
        if kustomize.is_remote(component, tree, path):
            yield component
            continue
        place = normal(component, path)
        if options.get("ignoreMissingComponents") and not tree.is_directory(place):
            continue
        if any(char in component for char in "*?["):
            match = go_path(place)
            start = parent(place[: min(place.find(char) for char in "*?[" if char in place)])
            directories = {parent(file) for file in tree.under(start)}
            yield from (posixpath.relpath(each, path) for each in sorted(directories) if match(each))
        else:
            yield component


def _count(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        raise RenderError(f"{value!r} is no number of replicas") from None


def _image(text: str) -> dict[str, str]:
    """`name=image:tag`, `image:tag`, `image@digest` as an entry of `images` (`kustomize edit set image`)."""
    name, renamed, image = text.partition("=")
    image = image if renamed else name
    path = image.find("/")
    start = path if path > 0 else 0
    colon, at = image.find(":", start), image.find("@", start)
    if 0 <= at < colon:
        colon = -1
    end = min(position for position in (colon, at, len(image)) if position >= 0)
    if end == len(image) and not renamed:
        raise RenderError(f"{text}: no image with a tag or a digest")
    found = {"name": name, "newName": image[:end]} if renamed else {"name": image[:end]}
    if colon >= 0:
        found["newTag"] = image[colon + 1 : at if at >= 0 else len(image)]
    if at >= 0:
        found["digest"] = image[at + 1 :]
    return found
