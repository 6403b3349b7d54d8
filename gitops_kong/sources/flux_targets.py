"""Which cluster directories Flux applies: one target for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_value
from gitops_kong.sources import kustomize, subcharts
from gitops_kong.sources.base import Target, Tree, join, parent
from gitops_kong.sources.files import SUFFIXES
from gitops_kong.sources.flux_places import Sources, deploys, local_place, synced_paths
from gitops_kong.sources.tools import Tools


def mentions(text: bytes) -> bool:
    """Whether a file may hold a Kustomization or a HelmRelease of Flux."""
    return b".toolkit.fluxcd.io/" in text and (b"Kustomization" in text or b"HelmRelease" in text)


@dataclass(slots=True)
class _Cover:
    """What one Kustomization applies: the files below its path and those that kustomizations there read."""

    file: str
    place: str
    files: set[str]

    def holds(self, path: str) -> bool:
        return _contains(self.place, path) or path in self.files


def discover(
    tree: Tree, paths: Iterable[str], built: Iterable[Target], claimed: set[str]
) -> tuple[list[Target], set[str]]:
    """Targets of what Flux applies, and the directories and charts that it takes.

    `built` are kustomizations that no other one uses; files that any kustomization reads are `claimed` and count only
    as a part of it.
    """
    known: dict[str, list[K8sObject]] = {}
    sources = Sources(tree, Tools())
    for path in paths:
        try:
            found = [each for each in tree.objects(path) if deploys(each)]
        except UserError:
            continue
        if found:
            known[path] = found
    for each in _sources(tree):
        sources.learn(each)
    places = {id(each): local_place(each, sources) for found in known.values() for each in found}
    covers = [
        _Cover(path, place, _reads(tree, place))
        for path, found in known.items()
        for each in found
        if each.kind == "Kustomization" and (place := places[id(each)])
    ]
    synced = {place for place in _synced(tree) if any(_contains(place, path) for path in known)}
    synced -= {cover.place for cover in covers}
    covers += [_Cover("", place, _reads(tree, place)) for place in synced]
    starts: dict[str, tuple[list[str], list[str]]] = {place: ([], []) for place in synced}
    for path in known:
        if path not in claimed and (root := _root(path, [path], covers, parent(path))):
            starts.setdefault(root, ([], []))[0].append(path)
    wholes = [target for target in built if any(path in known for path in target.inputs)]
    for target in wholes:
        members = [path for path in target.inputs if path in known]
        if root := _root(target.path, members, covers, target.path):
            starts.setdefault(root, ([], []))[1].append(target.path)
    taken = {place for place in (*places.values(), *synced) if place and place != "."}
    targets = [
        Target(
            f"flux:{directory}",
            "flux",
            directory,
            tuple(sorted(_inputs(tree, directory, [*roots, *whole], known, places))),
            {"roots": tuple(roots), "whole": tuple(whole), **({"synced": True} if directory in synced else {})},
        )
        for directory, (roots, whole) in sorted(starts.items())
    ]
    return targets, taken | {target.path for target in wholes}


def _root(path: str, members: list[str], covers: list[_Cover], directory: str) -> str | None:
    """The directory that is a cluster, if a file or kustomization is where it starts; None where another applies it.

    It is `directory`, that of the file or kustomization with its `members`, as long as nothing says more.
    A Kustomization that applies its own file, as `flux bootstrap` writes it, makes its path the cluster's directory.
    """
    own = [cover for cover in covers if cover.file in members and cover.holds(path)]
    if own:
        return own[0].place
    return None if any(cover.holds(path) for cover in covers if cover.file not in members) else directory


def _sources(tree: Tree) -> Iterable[K8sObject]:
    """All sources of the repository, and what makes artifacts of them."""
    for path in tree.files:
        if path.endswith(SUFFIXES):
            try:
                text = tree.read(path)
                if b"source.toolkit.fluxcd.io/" in text or b"ArtifactGenerator" in text:
                    yield from tree.objects(path)
            except UserError:
                continue


def _synced(tree: Tree) -> set[str]:
    """Directories that the Flux Operator applies: no Kustomization in the repository says so."""
    found: set[str] = set()
    for path in tree.files:
        if not path.endswith((".yaml", ".yml")):
            continue
        try:
            text = tree.read(path)
            if b"sync:" in text and (b"FluxInstance" in text or b"instance:" in text):
                found.update(synced_paths([read_value(text, path), *_objects(tree, path)]))
        except UserError:
            continue
    return {place for place in found if place != "." and tree.is_directory(place)}


def _objects(tree: Tree, path: str) -> list[Mapping[str, object]]:
    try:
        return [each.data for each in tree.objects(path)]
    except UserError:
        return []


def _contains(directory: str, path: str) -> bool:
    if not directory:
        return False
    return directory in (".", path) or path.startswith(directory + "/")


def _inputs(
    tree: Tree, directory: str, starts: list[str], known: Mapping[str, list[K8sObject]], places: Mapping[int, str]
) -> set[str]:
    """All that the roots reach, by the Kustomizations in what they apply."""
    found = {directory, *starts}
    pending = [path for path in known if any(_contains(start, path) for start in (directory, *starts))]
    for start in starts:
        found |= _reads(tree, start)
    pending += [path for path in known if path in found and path not in pending]
    for path in pending:
        for each in known.get(path, ()):
            place = places[id(each)]
            if place == ".":
                return {"."}
            if place:
                reached = _reads(tree, place)
                found |= reached
                pending += [
                    other for other in known if other not in pending and (_contains(place, other) or other in reached)
                ]
    return found


def _reads(tree: Tree, place: str) -> set[str]:
    found = {place}
    for path in tree.under(place):
        if path.rpartition("/")[2] in kustomize.NAMES:
            try:
                found |= kustomize.closure(tree, parent(path)).files
            except (RenderError, ManifestError):
                continue
    return found | subcharts.local_charts(tree, place) if join(place, "Chart.yaml") in tree.files else found
