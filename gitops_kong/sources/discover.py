"""Finds the targets of a repository without being told, or takes those that `.gitops-kong.yaml` names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.sources import argocd, files, flux_targets, helm, kustomize
from gitops_kong.sources.base import Problem, Target, Tree, join, normal, parent
from gitops_kong.sources.config import Config, TargetConfig
from gitops_kong.sources.globs import tree_glob
from gitops_kong.sources.placeholders import unnamed

_OF_CLUSTERS = ("configuration.konghq.com", "gateway.networking.k8s.io", "networking.k8s.io", "apps", "batch")
_PLAIN_KINDS = ("ConfigMap", "Namespace", "Secret", "Service")

COMBINED = "combined"  # a target of several sources

# hidden directories, and those of test data, hold other things than the cluster's manifests
_FOREIGN = regex(r"(?:^|/)(?:\.[^/]+|testdata)/")


def discover(tree: Tree, config: Config, paths: Sequence[str] = (".",)) -> list[Target]:
    """The targets below `paths`, in a stable order. Raises `UserError` for a path that is not there."""
    if config.targets:
        return [_configured(tree, entry) for entry in config.targets]
    found = _Found(tree, _files(tree, config, paths))
    found.claim()
    return sorted(found.targets, key=lambda target: (target.path, target.name))


def _files(tree: Tree, config: Config, paths: Sequence[str]) -> list[str]:
    selected: dict[str, str] = {}  # file: the given path that leads to it
    for path in paths:
        place = normal(path)
        below = [place] if place in tree.files else tree.under(place)
        if not below and place != ".":
            raise UserError(f"{path}: no such file or directory")
        selected.update(dict.fromkeys(below, "" if place == "." else place))
    excluded = [tree_glob(pattern) for pattern in config.exclude]
    return [
        path
        for path in selected
        if not _FOREIGN.search(path, len(selected[path])) and not any(match(path) for match in excluded)
    ]


def _configured(tree: Tree, entry: TargetConfig) -> Target:
    common = {"context": entry.context, **({"controller": entry.controller} if entry.controller else {})}
    if entry.sources:
        parts = tuple(_configured(tree, part) for part in entry.sources)
        inputs = tuple(sorted({path for part in parts for path in part.inputs} | {*entry.context}))
        return Target(entry.name, COMBINED, ".", inputs, {**common, "parts": parts})
    path = normal(entry.path)
    if path != "." and path not in tree.files and not tree.is_directory(path):
        raise UserError(f"target {entry.name}: {entry.path}: no such file or directory")
    source = entry.source or source_of(tree, path)
    options = {**entry.options, **common}
    if source == "files" and path not in tree.files:
        plain = _plain_files(tree, path)
        return Target(entry.name, source, path, (path, *entry.context), {**options, "files": plain})
    return Target(entry.name, source, path, (*_inputs(tree, source, path), *entry.context), options)


def _plain_files(tree: Tree, path: str) -> tuple[str, ...]:
    """The manifests below a directory that no kustomization, chart or Application there takes; all if none is left."""
    found = _Found(tree, tree.under(path))
    found.claim()
    plain = [file for target in found.targets if target.source == "files" for file in target.inputs]
    return tuple(sorted(plain)) or tuple(tree.under(path))


def source_of(tree: Tree, path: str) -> str:
    """How a directory or file is rendered, by what lies there; Argo CD's own order of precedence."""
    if f"{path}/Chart.yaml" in tree.files or (path == "." and "Chart.yaml" in tree.files):
        return "helm"
    if kustomize.kustomization_file(tree, path):
        return "kustomize"
    for file in [path] if path in tree.files else tree.under(path):
        try:
            text = tree.read(file) if file.endswith(files.SUFFIXES) else b""
        except UserError:
            continue
        if argocd.mentions(text):
            return "argocd"
        if flux_targets.mentions(text):
            return "flux"
    return "files"


def _inputs(tree: Tree, source: str, path: str) -> tuple[str, ...]:
    if source == "kustomize":
        try:
            return tuple(sorted({*kustomize.closure(tree, path).files, path}))
        except (RenderError, ManifestError):
            return (path,)
    if source in ("argocd", "flux"):
        return (".",)  # what they deploy can lie anywhere
    return (path,)


@dataclass(slots=True)
class _Found:
    """What discovery collects on its way."""

    tree: Tree
    paths: list[str]
    targets: list[Target] = field(default_factory=list)

    def claim(self) -> None:
        charts = helm.charts(self.paths)
        rest = [path for path in self.paths if not _below(path, charts)]
        kustomizations = {parent(path) for path in rest if path.rpartition("/")[2] in kustomize.NAMES}
        used, claimed = self.kustomizations(kustomizations)
        plain = [
            path
            for path in rest
            if path.endswith(files.SUFFIXES)
            and path not in claimed
            and parent(path) not in kustomizations
            and path.rpartition("/")[2] not in kustomize.NAMES
        ]
        deployers = [path for path in self.paths if self.deploys(path)]
        deployed, taken = self.deployed(deployers, used, claimed)
        self.targets += deployed
        self.targets += [target for target in used if not _below(target.path, taken)]
        for chart in charts:
            if not _any_below(claimed, chart) and not _below(chart, taken):
                self.targets += self.charts(chart)
        rest = [path for path in plain if not _below(path, taken) and not self.only_deploys(path, deployers)]
        self.plain(self.beside(rest))

    def deploys(self, path: str) -> bool:
        """Whether a file, or a template, makes objects of Argo CD or Flux."""
        if not path.endswith(files.SUFFIXES):
            return False
        try:
            text = self.tree.read(path)
        except UserError:
            return False
        return argocd.mentions(text) or flux_targets.mentions(text)

    def beside(self, paths: list[str]) -> list[str]:
        """Gives plain files in the directories of Flux's targets to those: who applies one applies the other.

        What is left.
        """
        left = paths
        for position, target in sorted(enumerate(self.targets), key=lambda found: -found[1].path.count("/")):
            if target.source != "flux":
                continue
            if target.path == ".":  # what lies deeper in a repository can be anything
                near = {path for path in left if parent(path) == "."}
            else:
                near = {path for path in left if _below(path, {target.path})}
            members = tuple(path for path in left if path in near and _is_manifest(self.tree, path))
            left = [path for path in left if path not in near]
            if members:
                self.targets[position] = replace(target, options={**target.options, "beside": members})
        return left

    def only_deploys(self, path: str, deployers: list[str]) -> bool:
        """Whether a file has nothing but objects of Argo CD and Flux."""
        if path not in deployers:
            return False
        try:
            return all(found.group.endswith(("argoproj.io", ".toolkit.fluxcd.io")) for found in self.tree.objects(path))
        except UserError:
            return False

    def deployed(self, deployers: list[str], used: list[Target], claimed: set[str]) -> tuple[list[Target], set[str]]:
        """Targets of Argo CD and Flux, and the directories that they deploy, which are no targets of their own."""
        theirs, taken = argocd.discover(self.tree, deployers, used)
        others, more = flux_targets.discover(self.tree, deployers, used, claimed)
        return theirs + others, taken | more

    def charts(self, directory: str) -> list[Target]:
        """Targets of a chart; one that cannot be read is a target too, so that rendering it says why."""
        try:
            return helm.discover(self.tree, directory)
        except RenderError:
            return [Target(directory, "helm", directory, (directory,))]

    def kustomizations(self, directories: set[str]) -> tuple[list[Target], set[str]]:
        """Targets of all kustomizations that no other one uses, and every file that any of them reads."""
        claimed: set[str] = set()
        read: dict[str, set[str]] = {}
        targets = []
        for directory in sorted(directories):
            try:
                found = kustomize.closure(self.tree, directory)
            except (RenderError, ManifestError):
                targets.append(Target(directory, "kustomize", directory, (directory,)))
                continue
            claimed |= found.files
            read[directory] = {*found.kustomizations}
            if not kustomize.is_component(self.tree, directory):
                targets.append(Target(directory, "kustomize", directory, tuple(sorted({*found.files, directory}))))

        def used(directory: str) -> bool:  # by another one; those that use each other in a loop stay, to be reported
            return any(directory in bases and user not in read.get(directory, ()) for user, bases in read.items())

        return [target for target in targets if not used(target.path)], claimed

    def plain(self, paths: list[str]) -> None:
        """One target for plain files; one for each directory where two of them hold the same object."""
        with self.tree.parsing(paths):
            paths = [path for path in paths if _is_manifest(self.tree, path)]
        templates = [path for path in paths if _is_template(self.tree, path)]
        manifests = sorted({*paths} - {*templates}) if templates else paths
        for directory, members in (_groups(self.tree, manifests) if manifests else {}).items():
            beside = {parent(path) for path in members}
            near = [path for path in templates if parent(path) in beside]
            templates = [path for path in templates if path not in near]
            self.targets.append(plain_target(directory, directory, tuple(members), tuple(near)))
        if templates:
            directory = _common(templates)
            self.targets.append(plain_target(f"{directory} (templates)", directory, (), tuple(templates)))


def plain_target(name: str, path: str, files: tuple[str, ...], templates: tuple[str, ...] = ()) -> Target:
    """A target of plain files, as discovery makes it; `templates` are those beside them that another tool fills in."""
    options = {"files": files, "templates": templates} if templates else {"files": files}
    return Target(name, "files", path, (*files, *templates), options)


def _is_manifest(tree: Tree, path: str) -> bool:
    """Whether a file holds objects with names, as those of a cluster have; settings of other tools have none."""
    try:
        return files.looks_like_manifests(tree.read(path)) and any(
            found.metadata.get("name") is not None or "generateName" in found.metadata or _needs_name(found)
            for found in tree.objects(path)
        )
    except UserError:
        return not files.is_of_another_tool(tree, path)  # rendering says what is wrong with it


def _is_template(tree: Tree, path: str) -> bool:
    """Whether another tool makes manifests of a file: it is no YAML yet, or has placeholders for all names."""
    try:
        named = [found for found in tree.objects(path) if found.name]
    except UserError as e:
        return files.template_of(Problem.of(e, path), tree)
    return bool(named) and all(unnamed(found) for found in named)


def _needs_name(found: K8sObject) -> bool:
    """Whether an object can only be meant for a cluster, and its name was forgotten."""
    return found.group in _OF_CLUSTERS or (not found.group and found.kind in _PLAIN_KINDS)


def _groups(tree: Tree, paths: list[str]) -> dict[str, list[str]]:
    """Files by the directory that is one cluster: the common one, or its children where objects collide."""
    common = _common(paths)
    if not _collide(tree, paths):
        return {common: paths}
    children: dict[str, list[str]] = {}
    for path in paths:
        rest = path if common == "." else path[len(common) + 1 :]
        head = rest.partition("/")[0] if "/" in rest else ""
        children.setdefault(join(common, head) if head else common, []).append(path)
    if len(children) < 2:
        return {common: paths}
    groups: dict[str, list[str]] = {}
    for directory, members in children.items():
        groups.update({directory: members} if directory == common else _groups(tree, members))
    return groups


def _common(paths: list[str]) -> str:
    directories = [parent(path).split("/") for path in paths]
    first, last = min(directories), max(directories)
    shared = []
    for left, right in zip(first, last, strict=False):
        if left != right:
            break
        shared.append(left)
    return "/".join(shared) or "."


def _collide(tree: Tree, paths: list[str]) -> bool:
    """Whether two files in different directories hold an object of the same identity."""
    seen: dict[Ref, str] = {}
    for path in paths:
        objects: list[K8sObject] = []
        try:
            objects = tree.objects(path)
        except UserError:
            continue
        for found in objects:
            if not found.name:
                continue
            before = seen.setdefault(found.ref, path)
            if before != path and parent(before) != parent(path):
                return True
    return False


def _below(path: str, directories: Iterable[str]) -> bool:
    known = directories if isinstance(directories, set) else set(directories)
    if path in known or "." in known:
        return True
    while path != ".":
        path = parent(path)
        if path in known:
            return True
    return False


def _any_below(paths: Iterable[str], directory: str) -> bool:
    prefix = "" if directory == "." else directory + "/"
    return any(path.startswith(prefix) for path in paths)
