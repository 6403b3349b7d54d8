"""Flux: Kustomizations and HelmReleases, one target for each cluster directory."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.manifests.lenient import items, mapping, mappings
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources import files, helm, kustomize
from gitops_kong.sources.base import Limits, NotSeen, Problem, Rendered, Target, Tree, join, normal, parent
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.repositories import find
from gitops_kong.sources.substitute import substitute
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import Overlay

_KUSTOMIZE, _HELM, _SOURCE = (f"{name}.toolkit.fluxcd.io" for name in ("kustomize", "helm", "source"))
_MAX_RELEASE = 53


def mentions(text: bytes) -> bool:
    """Whether a file may hold a Kustomization or a HelmRelease of Flux."""
    return b".toolkit.fluxcd.io/" in text and (b"Kustomization" in text or b"HelmRelease" in text)


def deploys(found: K8sObject) -> bool:
    """Whether an object is a Kustomization or a HelmRelease of Flux."""
    return (found.group, found.kind) in ((_KUSTOMIZE, "Kustomization"), (_HELM, "HelmRelease"))


def path_of(found: K8sObject) -> str:
    """The directory that a Kustomization applies, or the chart of a HelmRelease; empty where it is not in Git."""
    spec = found.spec
    if found.kind == "HelmRelease":
        chart = mapping(mapping(spec.get("chart")).get("spec"))
        if mapping(chart.get("sourceRef")).get("kind") != "GitRepository":
            return ""
        return _place(chart.get("chart"))
    return _place(spec.get("path") or "./")


def _place(path: Any) -> str:
    try:
        return normal(str(path or "").lstrip("/"))
    except RenderError:
        return ""


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
    for path in paths:
        try:
            found = [each for each in tree.objects(path) if deploys(each)]
        except UserError:
            continue
        if found:
            known[path] = found
    covers = [
        _Cover(path, place, _reads(tree, place))
        for path, found in known.items()
        for each in found
        if each.kind == "Kustomization" and (place := path_of(each))
    ]
    starts: dict[str, tuple[list[str], list[str]]] = {}
    for path in known:
        if path not in claimed and (root := _root(path, [path], covers, parent(path))):
            starts.setdefault(root, ([], []))[0].append(path)
    wholes = [target for target in built if any(path in known for path in target.inputs)]
    for target in wholes:
        members = [path for path in target.inputs if path in known]
        if root := _root(target.path, members, covers, target.path):
            starts.setdefault(root, ([], []))[1].append(target.path)
    taken = {each for found in known.values() for each in map(path_of, found) if each and each != "."}
    targets = [
        Target(
            f"flux:{directory}",
            "flux",
            directory,
            tuple(sorted(_inputs(tree, directory, [*roots, *whole], known))),
            {"roots": tuple(roots), "whole": tuple(whole)},
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


def _contains(directory: str, path: str) -> bool:
    if not directory:
        return False
    return directory in (".", path) or path.startswith(directory + "/")


def _inputs(tree: Tree, directory: str, starts: list[str], known: Mapping[str, list[K8sObject]]) -> set[str]:
    """All that the roots reach, by the Kustomizations in what they apply."""
    found = {directory, *starts}
    pending = [path for path in known if any(_contains(start, path) for start in (directory, *starts))]
    for start in starts:
        found |= _reads(tree, start)
    pending += [path for path in known if path in found and path not in pending]
    for path in pending:
        for each in known.get(path, ()):
            place = path_of(each)
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
    return found | helm.local_charts(tree, place) if join(place, "Chart.yaml") in tree.files else found


def render(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """All that Flux applies to the target's cluster, starting from its root files."""
    roots = target.options.get("roots")
    if roots is None:
        below = tree.under(target.path) if target.path not in tree.files else [target.path]
        roots = [path for path in below if path.endswith(files.SUFFIXES) and mentions(tree.read(path))]
    expansion = _Expansion(tree, tools, limits)
    found = [each for path in roots for each in tree.objects(path)]
    for path in target.options.get("whole", ()):
        built = kustomize.build(path, tree, tools, limits)
        found += built.objects
        if not any(
            each.kind == "Kustomization" and _contains(path_of(each), path) for each in built.objects if deploys(each)
        ):
            expansion.rendered.extend(built)
    expansion.learn(found)
    for path in tree.under(target.path):  # values and variables that lie beside them
        if path.endswith(files.SUFFIXES) and (b"ConfigMap" in (text := tree.read(path)) or b"Secret" in text):
            try:
                expansion.learn(tree.objects(path))
            except UserError:
                continue
    for each in found:
        if deploys(each):
            expansion.add(each, 0)
    expansion.releases()
    return expansion.rendered


@dataclass(slots=True)
class _Expansion:
    """What is applied so far. HelmReleases come last: their values can lie in ConfigMaps of any Kustomization."""

    tree: Tree
    tools: Tools
    limits: Limits
    rendered: Rendered = field(default_factory=Rendered)
    sources: dict[Ref, K8sObject] = field(default_factory=dict)
    data: dict[Ref, K8sObject] = field(default_factory=dict)
    seen: set[Ref] = field(default_factory=set)
    waiting: list[K8sObject] = field(default_factory=list)

    def learn(self, objects: Iterable[K8sObject]) -> None:
        for found in objects:
            if found.group == _SOURCE:
                self.sources[found.ref] = found
            elif not found.group and found.kind in ("ConfigMap", "Secret"):
                self.data[found.ref] = found

    def problem(self, error: UserError, found: K8sObject) -> None:
        self.rendered.problems.append(Problem.of(error, found.origin.file if found.origin else ""))

    def elsewhere(self, what: str, why: str, found: K8sObject) -> None:
        self.rendered.not_seen.append(NotSeen(what, why, found.origin.file if found.origin else ""))

    def add(self, found: K8sObject, depth: int) -> None:
        if found.ref in self.seen:
            return
        self.seen.add(found.ref)
        if depth > self.limits.depth:
            self.problem(RenderError(f"{found.ref}: Kustomizations nested deeper than {self.limits.depth}"), found)
        elif found.kind == "HelmRelease":
            self.waiting.append(found)
        else:
            try:
                self.apply(found, depth)
            except UserError as e:
                self.problem(e, found)

    def suspended(self, found: K8sObject) -> bool:
        """Whether Flux leaves an object alone; what it applied before stays, and is not known."""
        if found.spec.get("suspend") is not True:
            return False
        self.elsewhere(f"what {found.ref} applied", "it is suspended: nothing of it is applied now", found)
        return True

    def apply(self, found: K8sObject, depth: int) -> None:
        spec = found.spec
        if self.suspended(found):
            return
        if spec.get("kubeConfig"):
            self.elsewhere(f"what {found.ref} applies", "it applies to another cluster (kubeConfig)", found)
            return
        path = normal(str(spec.get("path") or ".").lstrip("/"))
        tree = self.tree_of(mapping(spec.get("sourceRef")), found, path)
        if tree is None:
            return
        if not tree.is_directory(path):
            raise RenderError(f"{path}: no such directory, but {found.ref} applies it")
        self.dependencies(found)
        built = build(path, tree, spec, self.tools, self.limits)
        objects = self.substituted(built.objects, found)
        objects = [_with_metadata(each, mapping(spec.get("commonMetadata"))) for each in objects]
        self.learn(objects)
        self.rendered.extend(Rendered(objects, built.problems))
        for each in objects:
            if deploys(each):
                self.add(each, depth + 1)

    def dependencies(self, found: K8sObject) -> None:
        for entry in mappings(found.spec.get("dependsOn")):
            ref = Ref(found.group, found.kind, str(entry.get("namespace") or found.namespace), str(entry.get("name")))
            if ref not in self.seen and not any(ref == each.ref for each in self.rendered.objects):
                self.elsewhere(str(ref), f"{found.ref} depends on it and is applied only after it", found)

    def tree_of(self, reference: Mapping[str, Any], found: K8sObject, path: str) -> Tree | None:
        """The files of a source; None, and a note, where they are not here."""
        kind, name = str(reference.get("kind") or "GitRepository"), str(reference.get("name") or "")
        source = self.sources.get(Ref(_SOURCE, kind, str(reference.get("namespace") or found.namespace), name))
        if kind != "GitRepository" and not (kind == "OCIRepository" and path != "." and self.tree.is_directory(path)):
            url = source.spec.get("url") if source else None
            self.elsewhere(
                f"{path or 'the chart'} of {kind} {name}" + (f" ({url})" if url else ""), f"{found.ref} takes it", found
            )
            return None
        # an artifact with this path is taken for one that was made of this repository
        url = str(source.spec.get("url") or "") if source and kind == "GitRepository" else ""
        tree = find(url, path, self.tree, self.tools) if url else self.tree
        if tree is None:
            self.elsewhere(f"{path} of {url}", f"{found.ref} takes it; give --repo URL=PATH", found)
        return tree

    def substituted(self, objects: list[K8sObject], found: K8sObject) -> list[K8sObject]:
        after = found.spec.get("postBuild")
        if not isinstance(after, dict):
            return objects
        variables: dict[str, str] = {}
        for entry in mappings(after.get("substituteFrom")):
            held = self.value_of(entry, found)
            if held is None:
                if not entry.get("optional"):
                    what = f"{entry.get('kind')} {found.namespace}/{entry.get('name')}"
                    self.elsewhere(what, f"{found.ref} takes variables from it; they are empty here", found)
                continue
            variables.update(held)
        variables.update({name: _plain(value) for name, value in mapping(after.get("substitute")).items()})
        return substitute(objects, variables)

    def value_of(self, entry: Mapping[str, Any], found: K8sObject) -> dict[str, str] | None:
        """The data of a ConfigMap or Secret of this repository."""
        ref = Ref("", str(entry.get("kind") or ""), found.namespace, str(entry.get("name") or ""))
        held = self.data.get(ref)
        if held is None or "sops" in held.data:
            return None
        values = {key: _plain(value) for key, value in mapping(held.data.get("data")).items()}
        if held.kind == "Secret":
            values = {key: _decoded(value) for key, value in values.items()}
            values.update({key: _plain(value) for key, value in mapping(held.data.get("stringData")).items()})
        return values

    def releases(self) -> None:
        for found in self.waiting:
            try:
                self.release(found)
            except UserError as e:
                self.problem(e, found)

    def release(self, found: K8sObject) -> None:
        self.rendered.releases.append(found)
        spec = found.spec
        if self.suspended(found):
            return
        if spec.get("kubeConfig"):
            self.elsewhere(f"what {found.ref} installs", "it installs to another cluster (kubeConfig)", found)
            return
        chart = mapping(mapping(spec.get("chart")).get("spec"))
        reference = mapping(chart.get("sourceRef")) or mapping(spec.get("chartRef"))
        if not path_of(found):
            name = chart.get("chart") or mapping(spec.get("chartRef")).get("name")
            where = f"{reference.get('kind')} {reference.get('name')}"
            version = f" {chart['version']}" if chart.get("version") else ""
            self.elsewhere(f"chart {name}{version} of {where}", f"{found.ref} installs it", found)
            return
        tree = self.tree_of(reference, found, path_of(found))
        if tree is None:
            return
        namespace = str(spec.get("targetNamespace") or found.namespace or "default")
        short = found.name if not spec.get("targetNamespace") else f"{namespace}-{found.name}"
        place = path_of(found)
        release = helm.Release(
            chart=place,
            name=str(spec.get("releaseName") or short[:_MAX_RELEASE]),
            namespace=namespace,
            value_files=tuple(normal(str(path)) for path in items(chart.get("valuesFiles"))),
            values=tuple(self.values(found)),
            flags=("--include-crds",),
        )
        objects = helm.template(release, tree, self.tools, self.limits)
        for renderer in mappings(spec.get("postRenderers")):
            objects = post_rendered(objects, mapping(renderer.get("kustomize")), self.tools, self.limits)
        self.rendered.objects.extend(_with_metadata(each, mapping(spec.get("commonMetadata"))) for each in objects)

    def values(self, found: K8sObject) -> Iterator[Mapping[str, Any]]:
        for entry in mappings(found.spec.get("valuesFrom")):
            held = self.value_of(entry, found)
            text = (held or {}).get(str(entry.get("valuesKey") or "values.yaml"))
            if text is None:
                if not entry.get("optional"):
                    what = f"{entry.get('kind')} {found.namespace}/{entry.get('name')}"
                    self.elsewhere(what, f"{found.ref} takes values from it; they are left out here", found)
                continue
            if target := entry.get("targetPath"):
                yield _nested(str(target).split("."), text)
                continue
            documents = read_documents(text.encode(), f"{entry.get('kind')} {entry.get('name')}")
            if documents and isinstance(documents[0], dict):
                yield documents[0]
        values = found.spec.get("values")
        if isinstance(values, dict) and values:
            yield values


def _nested(path: list[str], value: str) -> dict[str, Any]:
    return {path[0]: _nested(path[1:], value) if len(path) > 1 else value}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return ""


def _with_metadata(found: K8sObject, common: Mapping[str, Any]) -> K8sObject:
    added = {part: common[part] for part in ("labels", "annotations") if mapping(common.get(part))}
    if not added:
        return found
    metadata = {
        **found.metadata,
        **{part: {**mapping(found.metadata.get(part)), **new} for part, new in added.items()},
    }
    return found.with_data({**found.data, "metadata": metadata})


def build(path: str, tree: Tree, spec: Mapping[str, Any], tools: Tools, limits: Limits) -> Rendered:
    """The kustomization at `path` with what Flux adds to it; one is made where the directory has none."""
    overrides = _overrides(spec)
    if kustomize.kustomization_file(tree, path) is None:
        if not overrides:
            return _directory(path, tree, tools, limits)
        resources = [each if path == "." else each[len(path) + 1 :] for each in _resources(tree, path)]
        text = json.dumps({"resources": resources}).encode()
        tree = Overlay(tree, {join(path, "kustomization.yaml"): text})
    rendered = kustomize.build(path, tree, tools, limits, overrides)
    namespace = str(spec.get("targetNamespace") or "")
    if namespace:
        rendered.objects[:] = with_namespace(rendered.objects, namespace)
    return rendered


def _directory(path: str, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """A directory without a kustomization and without changes: its files as they are, no kustomize needed."""
    rendered = Rendered()
    for place in _resources(tree, path):
        if place in tree.files:
            rendered.extend(files.read_files([place], tree))
        else:
            rendered.extend(kustomize.build(place, tree, tools, limits))
    return rendered


def _resources(tree: Tree, path: str) -> list[str]:
    """What Flux puts into the kustomization that it makes: all YAML files below, and whole kustomizations."""
    inner = {parent(file) for file in tree.under(path) if file.rpartition("/")[2] in kustomize.NAMES}
    outermost = {each for each in inner if not any(each != other and each.startswith(other + "/") for other in inner)}
    found = [
        file
        for file in tree.under(path)
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
    tree = Overlay(None, {"all.yaml": text, "kustomization.yaml": b"resources: [all.yaml]\n"})
    built = kustomize.build(".", tree, tools, limits, overrides).objects
    origins = {(found.kind, found.name): found.origin for found in objects}
    return [K8sObject(found.data, origins.get((found.kind, found.name), objects[0].origin)) for found in built]
