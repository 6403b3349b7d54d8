"""Where Flux takes its files from: Git repositories at a revision, and artifacts that are made of this repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gitops_kong.errors import RenderError
from gitops_kong.manifests.lenient import mapping, mappings, text
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.sources.base import Tree, join, normal, parent
from gitops_kong.sources.repositories import find
from gitops_kong.sources.semver import RANGE
from gitops_kong.sources.tools import Tools

KUSTOMIZE, HELM, SOURCE = (f"{name}.toolkit.fluxcd.io" for name in ("kustomize", "helm", "source"))
_EXTENSIONS = "source.extensions.fluxcd.io"
_ARTIFACTS = ("OCIRepository", "Bucket", "ExternalArtifact")


class Files(NamedTuple):
    """The files that a source means, and the path in them; None and why where they are not here.

    `assumed` says what is taken for granted: that a branch, or an artifact, is this checkout. `ignore` are patterns of
    files that are left out of the source.
    """

    tree: Tree | None
    path: str = "."
    why: str = ""
    assumed: str = ""
    ignore: str = ""


@dataclass(slots=True)
class Sources:
    """The sources that are known so far, and which files they mean."""

    tree: Tree
    tools: Tools
    known: dict[Ref, K8sObject] = field(default_factory=dict)
    generated: dict[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)

    def learn(self, found: K8sObject) -> None:
        """Takes in a source, or what makes artifacts of sources."""
        if found.group == SOURCE:
            if found.spec.get("url") or found.ref not in self.known:  # a patch of one is no source
                self.known[found.ref] = found
        elif found.group == _EXTENSIONS and found.kind == "ArtifactGenerator":
            for artifact in mappings(found.spec.get("artifacts")):
                self.generated[found.namespace, text(artifact.get("name"))] = (artifact, found.data)

    def files(self, reference: Mapping[str, Any], namespace: str, path: str) -> Files:
        """The files at `path` of the source that `reference` names. Raises `RenderError`."""
        kind, name = text(reference.get("kind")) or "GitRepository", text(reference.get("name"))
        namespace = text(reference.get("namespace")) or namespace
        if kind == "ExternalArtifact" and (made := self.generated.get((namespace, name))):
            return self.artifact(*made, namespace, path)
        source = self.source(Ref(SOURCE, kind, namespace, name))
        if kind == "GitRepository":
            return self.repository(source, path)
        url = text(source.spec.get("url")) if source else ""
        what = f"{path or 'the chart'} of {kind} {name}" + (f" ({url})" if url else "")
        place = self.beside(reference, path) if kind in _ARTIFACTS else None
        if place is None:
            return Files(None, path, what)
        return Files(self.tree, place, assumed=f"{kind} {namespace}/{name} is taken to be made of this repository")

    def source(self, ref: Ref) -> K8sObject | None:
        """A source; of objects that get their namespace later, the only one with that name."""
        if ref in self.known:
            return self.known[ref]
        same = [each for each in self.known.values() if (each.kind, each.name) == (ref.kind, ref.name)]
        return same[0] if len(same) == 1 and not (ref.namespace and same[0].namespace) else None

    def beside(self, reference: Mapping[str, Any], path: str) -> str | None:
        """Where in this repository the files of an artifact lie: from its root, or from a directory right below it."""
        if path == "." or not text(reference.get("name")):
            return None
        if self.tree.is_directory(path):
            return path
        tops = sorted({file.partition("/")[0] for file in self.tree.files if "/" in file})
        places = [place for top in tops if self.tree.is_directory(place := join(top, path))]
        return places[0] if len(places) == 1 else None

    def repository(self, source: K8sObject | None, path: str) -> Files:
        """The files of a GitRepository; one that is not known is taken for this repository."""
        if source is None:
            return Files(self.tree, path)
        url, revision = text(source.spec.get("url")), revision_of(source)
        tree = find(url, path, self.tree, self.tools) if url else self.tree
        if tree is None:
            return Files(None, path, f"{path} of {url}; give --repo URL=PATH")
        found = tree.at(revision, path)
        if found.tree is None:
            hint = f"this clone does not hold that revision; run `git fetch origin {revision}`"
            if revision.startswith(RANGE):
                hint = "this clone has no tag in that range; run `git fetch --tags`"
            return Files(None, path, f"{path} of {url} at {revision.removeprefix(RANGE)}; {hint}")
        assumed = (
            f"{source.ref} takes revision {revision.removeprefix(RANGE)}: this checkout is taken for it"
            if found.assumed
            else ""
        )
        return Files(found.tree, path, assumed=assumed, ignore=text(source.spec.get("ignore")))

    def artifact(self, made: Mapping[str, Any], generator: Mapping[str, Any], namespace: str, path: str) -> Files:
        """The files of an artifact that an ArtifactGenerator copies together: those that the path was copied from."""
        spec = mapping(generator.get("spec"))
        sources = {text(entry.get("alias")): entry for entry in mappings(spec.get("sources"))}
        for alias, start, end in _copies(made):
            rest = _below(path, end)
            if rest is None or alias not in sources:
                continue
            found = self.files(sources[alias], namespace, normal(join(start, rest)))
            if found.tree is not None and found.tree.is_directory(found.path):
                return found
        return Files(None, path, f"{path} of ExternalArtifact {made.get('name')}")


def _copies(made: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Alias, directory and place of what is copied whole (`@alias/directory/**` to `@artifact/place/`)."""
    for entry in mappings(made.get("copy")):
        origin, target = text(entry.get("from")), text(entry.get("to"))
        alias, _, start = origin.removeprefix("@").partition("/")
        if not origin.startswith("@") or not target.startswith("@artifact"):
            continue
        whole = start.endswith("/**") or start in ("**", "")
        start = start.removesuffix("**").rstrip("/")
        if whole or not any(char in start for char in "*?["):
            try:
                end = normal(target.removeprefix("@artifact").lstrip("/"))
                yield alias, normal(start), end if whole or target.endswith("/") else parent(end)
            except RenderError:
                continue


def _below(path: str, directory: str) -> str | None:
    """`path` relative to `directory`, None where it lies elsewhere."""
    if directory == ".":
        return path
    if path == directory:
        return "."
    return path[len(directory) + 1 :] if path.startswith(directory + "/") else None


def revision_of(source: K8sObject) -> str:
    """The revision of a GitRepository, by Flux's order: commit, name, range of versions, tag, branch."""
    reference = mapping(source.spec.get("ref"))
    if semver := text(reference.get("semver")):
        semver = f"{RANGE}{semver}"
    tag = f"refs/tags/{reference['tag']}" if reference.get("tag") else ""
    return (
        text(reference.get("commit")) or text(reference.get("name")) or semver or tag or text(reference.get("branch"))
    )


def deploys(found: K8sObject) -> bool:
    """Whether an object is a Kustomization or a HelmRelease of Flux."""
    return (found.group, found.kind) in ((KUSTOMIZE, "Kustomization"), (HELM, "HelmRelease"))


def path_of(found: K8sObject) -> str:
    """The directory that a Kustomization applies, or the chart of a HelmRelease; empty where it is not in Git."""
    spec = found.spec
    if found.kind == "HelmRelease":
        chart = mapping(mapping(spec.get("chart")).get("spec"))
        if mapping(chart.get("sourceRef")).get("kind") != "GitRepository":
            return ""
        return place(chart.get("chart"))
    return place(spec.get("path") or "./")


def reference_of(found: K8sObject) -> Mapping[str, Any]:
    """What a Kustomization or a HelmRelease takes its files from."""
    if found.kind == "HelmRelease":
        chart = mapping(mapping(found.spec.get("chart")).get("spec"))
        return mapping(chart.get("sourceRef")) or mapping(found.spec.get("chartRef"))
    return mapping(found.spec.get("sourceRef"))


def place(path: Any) -> str:
    """A path that Flux reads, relative to the root; empty where it leaves it."""
    try:
        return normal(str(path or "").lstrip("/"))
    except RenderError:
        return ""


def local_place(found: K8sObject, sources: Sources) -> str:
    """`path_of` in this very checkout, empty where an object takes its files from elsewhere."""
    path = path_of(found)
    if not path:
        return ""
    reference = reference_of(found)
    try:
        files = sources.files(reference, found.namespace, path)
    except RenderError:
        return ""
    if (
        path == "."
        and sources.source(Ref(SOURCE, "GitRepository", found.namespace, text(reference.get("name")))) is None
    ):
        return ""  # all of a repository that is not known: rather not this one
    return files.path if files.tree is sources.tree else ""


def synced_paths(values: Iterable[Any]) -> Iterator[str]:
    """The directories that the Flux Operator syncs: of a FluxInstance, or of values of its chart."""
    for value in values:
        found = mapping(value)
        spec = mapping(found.get("spec"))
        for holder in (
            spec if found.get("kind") == "FluxInstance" else {},
            mapping(found.get("instance")),
            mapping(mapping(spec.get("values")).get("instance")) if found.get("kind") == "HelmRelease" else {},
        ):
            sync = mapping(mapping(holder).get("sync"))
            if isinstance(sync.get("path"), str) and (path := place(sync["path"])):
                yield path
