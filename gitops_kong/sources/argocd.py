"""Argo CD: Applications, app-of-apps and ApplicationSets, one target for each cluster that they deploy to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import items, mapping
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources import files, helm, kustomize, subcharts
from gitops_kong.sources.argocd_source import Application, Elsewhere, SourceOf, application, directory_files
from gitops_kong.sources.base import Limits, NotSeen, Problem, Rendered, Target, Tree, join, normal, parent
from gitops_kong.sources.globs import Match, path_glob
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.tools import Tools

GROUP = "argoproj.io"

_TEMPLATE = regex(r"\{\{.*?\}\}")
_HOOK, _DELETE = "argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy"
_HELM_HOOK, _HELM_DELETE = "helm.sh/hook", "helm.sh/hook-delete-policy"
# Hooks that run in every sync; of Helm's, those that Argo CD knows.
_SYNC_HOOKS = frozenset(("PreSync", "Sync", "PostSync"))
_HELM_HOOKS = frozenset(("pre-install", "pre-upgrade", "post-install", "post-upgrade"))
# Those that come with the rest or after it; a PreSync hook is deleted and made anew before each sync of the rest.
_WITH_THE_REST = frozenset(("Sync", "PostSync"))
_RUNS = frozenset(  # what a hook runs, and runs as: nothing that routes lead to or need
    ("Job", "Pod", "Workflow", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
)
_HELM_LATER = frozenset(("post-install", "post-upgrade"))
_HELM_PLAIN = frozenset(("crd-install",))


def _newer_patterns(tree: Tree) -> bool:
    from gitops_kong.sources import applicationset_git  # noqa: PLC0415 - few repositories have ApplicationSets

    return applicationset_git.newer_patterns(tree)


def mentions(text: bytes) -> bool:
    """Whether a file may hold an Application or an ApplicationSet."""
    return b"argoproj.io/" in text and b"Application" in text


def is_application(found: K8sObject) -> bool:
    """Whether an object is an Application or an ApplicationSet."""
    return found.group == GROUP and found.kind in ("Application", "ApplicationSet")


def discover(tree: Tree, paths: Iterable[str], built: Iterable[Target]) -> tuple[list[Target], set[str]]:
    """Targets of the Applications in these files, and the directories that they deploy.

    One target for each directory of root files and each cluster. A kustomization (of `built`) or a chart that makes
    Applications is a root as a whole.
    """
    walk = _Walk(tree)
    charts: set[str] = set()
    for path in paths:
        try:
            found = [each for each in tree.objects(path) if is_application(each)]
        except UserError:
            if mentions(tree.read(path)) and (chart := _chart_of(tree, path)):
                charts.add(chart)
            continue
        if found:
            walk.add(path, found)
    taken = walk.taken()
    roots: dict[str, list[str]] = {}
    for target in built:
        members = [path for path in target.inputs if path in walk.known]
        if members and target.path not in taken:
            roots[target.path] = members
    whole = {*roots}
    inner = {path for members in roots.values() for path in members}
    for path in walk.known:
        if path not in walk.children and path not in inner:
            roots.setdefault(parent(path), []).append(path)
    targets = [
        target
        for directory, members in sorted(roots.items())
        for target in walk.targets(directory, members, directory in whole)
    ]
    targets += [
        Target(f"argocd:{chart}", "argocd", chart, (".",), {"whole": True})
        for chart in sorted(charts)
        if chart not in taken
    ]
    return targets, taken | whole | charts


def _chart_of(tree: Tree, path: str) -> str | None:
    """The chart that a template belongs to."""
    directory = parent(path)
    while directory != ".":
        directory = parent(directory)
        if join(directory, "Chart.yaml") in tree.files:
            return directory
    return None


class _Walk:
    """What Applications deploy, as far as it can be told without rendering."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.known: dict[str, list[K8sObject]] = {}
        self.reads: dict[str, set[str]] = {}
        self.children: set[str] = set()

    def add(self, path: str, found: list[K8sObject]) -> None:
        self.known[path] = found
        self.reads[path] = set()
        for each in found:
            for source in self.sources(each):
                self.follow(path, source)

    def sources(self, found: K8sObject) -> list[Mapping[str, Any]]:
        return [*application(found).sources] if found.kind == "Application" else []

    def targets(self, directory: str, members: list[str], whole: bool) -> list[Target]:
        """One target for each cluster that these root files deploy to."""
        clusters = sorted(self.clusters(members)) or ["in-cluster"]
        inputs = tuple(sorted({*self.inputs(members), *([directory] if whole else ())}))
        start = {"whole": True} if whole else {"roots": tuple(members)}
        return [
            Target(
                f"argocd:{directory}" + (f":{cluster}" if len(clusters) > 1 else ""),
                "argocd",
                directory,
                inputs,
                {**start, "cluster": cluster},
            )
            for cluster in clusters
        ]

    def taken(self) -> set[str]:
        """Directories that Applications deploy, those of ApplicationSets by the shape of their paths."""
        found: set[str] = set()
        patterns: list[Match] = []
        for members in self.known.values():
            for each in members:
                template = each.spec.get("template")
                inside = (
                    template.get("spec") if each.kind == "ApplicationSet" and isinstance(template, dict) else each.spec
                )
                made = application(each.with_data({**each.data, "spec": inside if isinstance(inside, dict) else {}}))
                for source in made.sources:
                    text = str(source.get("path") or "")
                    if "{{" in text:
                        patterns += [path_glob(shape) for shape in self.shapes(text, each)]
                    elif text and not source.get("chart"):
                        found.add(_place(text))
        if patterns:
            directories = {parent(path) for path in self.tree.files}
            directories |= {parent(path) for path in directories}
            found |= {path for path in directories if any(match(path) for match in patterns)}
        return found - {"."}

    def shapes(self, text: str, found: K8sObject) -> list[str]:
        """A path with templates as globs; where all of it is a template, the globs of the Git generators."""
        shape = _TEMPLATE.sub("*", text)
        if shape.strip("*/"):
            return [shape]
        return [str(entry) for entry in _globs(found.spec.get("generators"))]

    def follow(self, path: str, source: Mapping[str, Any]) -> None:
        try:
            place = normal(str(source.get("path") or "."))
        except RenderError:
            return
        if place == "." or source.get("chart"):
            return
        self.reads[path].update(reads(self.tree, place))
        chart = source.get("helm")
        if isinstance(chart, dict) and (chart.get("valueFiles") or chart.get("fileParameters")):
            self.reads[path].add(".")  # they can lie anywhere
        options = source.get("directory")
        for file in directory_files(self.tree, place, options if isinstance(options, dict) else {}):
            if file != path and mentions(self.tree.read(file)):
                self.children.add(file)

    def below(self, members: list[str]) -> list[str]:
        """These root files and all files with Applications that they deploy, in turn."""
        found = [*members]
        for path in found:
            for place in self.reads.get(path, ()):
                found += [
                    child
                    for child in self.known
                    if child not in found and (child == place or child.startswith(place + "/"))
                ]
        return found

    def clusters(self, members: list[str]) -> set[str]:
        found: set[str] = set()
        for path in self.below(members):
            for each in self.known.get(path, ()):
                if each.kind == "Application":
                    found.add(application(each).cluster)
                else:
                    template = mapping(each.spec.get("template"))
                    made = application(each.with_data({**each.data, "spec": mapping(template.get("spec"))}))
                    if "{{" not in made.cluster:
                        found.add(made.cluster)
        return found

    def inputs(self, members: list[str]) -> set[str]:
        """All that the target can read; the whole repository where a template decides."""
        found: set[str] = set()
        for path in self.below(members):
            if any(each.kind == "ApplicationSet" for each in self.known.get(path, ())):
                return {"."}
            found |= {path} | self.reads.get(path, set())
        if "." in found:
            return {"."}
        for place in found:
            if any(mentions(self.tree.read(file)) for file in self.tree.under(place) if "/templates/" in file):
                return {"."}
        return found


def _place(text: str) -> str:
    try:
        return normal(text)
    except RenderError:
        return "."


def _globs(generators: Any) -> Iterator[Any]:
    """The directory globs of Git generators, also within matrix and merge."""
    for generator in generators if isinstance(generators, list) else ():
        for kind in generator.values() if isinstance(generator, dict) else ():
            if not isinstance(kind, dict):
                continue
            for entry in kind.get("directories") or ():
                if isinstance(entry, dict) and not entry.get("exclude"):
                    yield entry.get("path")
            yield from _globs(kind.get("generators"))


def reads(tree: Tree, place: str) -> set[str]:
    """What rendering the directory `place` can read."""
    if kustomize.kustomization_file(tree, place):
        try:
            return {place, *kustomize.closure(tree, place).files}
        except (RenderError, ManifestError):
            return {"."}
    if join(place, "Chart.yaml") in tree.files:
        return {place, *subcharts.local_charts(tree, place)}
    return {place}


def render(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """All that the target's Applications deploy to its cluster."""
    start = _start(target, tree, tools, limits)
    clusters = tuple(
        each
        for path in tree.mentioning(b"argocd.argoproj.io/secret-type")
        for each in tree.objects(path)
        if each.kind == "Secret" and each.labels.get("argocd.argoproj.io/secret-type") == "cluster"
    )
    expansion = _Expansion(tree, tools, limits, clusters, str(target.options.get("cluster") or ""))
    expansion.rendered.problems.extend(start.problems)
    expansion.begin(start.objects)
    for each in start.objects:
        if is_application(each):
            expansion.add(each, 0)
        elif not target.options.get("roots"):
            expansion.rendered.objects.append(each)
    expansion.settle()
    return expansion.rendered


def _start(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """The objects that a person applies: root files, or a kustomization or chart that makes Applications."""
    path = target.path
    if (roots := target.options.get("roots")) is None:
        if join(path, "Chart.yaml") in tree.files:
            return helm.template(helm.Release(path), tree, tools, limits)
        if kustomize.kustomization_file(tree, path):
            return _kustomization(path, tree, tools, limits)
        below = [path] if path in tree.files else tree.under(path)
        roots = [file for file in below if file.endswith(files.SUFFIXES) and mentions(tree.read(file))]
    return Rendered(objects=[each for file in roots for each in tree.objects(file)])


def _kustomization(path: str, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """What a kustomization makes; where it cannot be built as a whole, the Applications written in its files."""
    try:
        built = kustomize.build(path, tree, tools, limits)
    except RenderError as e:
        built = Rendered(problems=[Problem.of(e, path)])
    if built.problems and not built.objects:
        for file in sorted(kustomize.closure(tree, path).files):
            if file.endswith(files.SUFFIXES) and mentions(tree.read(file)):
                built.objects.extend(each for each in tree.objects(file) if is_application(each))
    return built


# An Application, and its sources, each with what gives its objects.
Begun = tuple[K8sObject, list[tuple[SourceOf, Callable[[], Rendered]]]]


@dataclass(slots=True)
class _Expansion:
    """Applications being rendered, each once, children after their parents."""

    tree: Tree
    tools: Tools
    limits: Limits
    clusters: tuple[K8sObject, ...]
    cluster: str
    rendered: Rendered = field(default_factory=Rendered)
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    begun: dict[tuple[str, str, str], Begun] = field(default_factory=dict)
    newer_patterns: Callable[[], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.newer_patterns = cache(partial(_newer_patterns, self.tree))

    def begin(self, objects: Iterable[K8sObject]) -> None:
        """Begins with the sources of Applications that come next, where there are threads for it."""
        if self.tools.workers is None:
            return
        for found in objects:
            identity = (found.kind, found.namespace, found.name)
            known = identity in self.seen or identity in self.begun
            if known or not is_application(found) or found.kind == "ApplicationSet":
                continue
            if len(self.seen) + len(self.begun) < self.limits.applications:
                self.begun[identity] = found, self.parts(application(found))

    def settle(self) -> None:
        """Ends what was begun for nothing (an Application that another one took the place of): it reads files."""
        for _, parts in self.begun.values():
            for _, render in parts:
                with suppress(UserError):
                    render()
        self.begun.clear()

    def parts(self, app: Application) -> list[tuple[SourceOf, Callable[[], Rendered]]]:
        """The sources of an Application, each with what gives its objects."""
        parts = [SourceOf(app, source, self.tree, self.tools, self.limits) for source in app.sources]
        return [(part, self.tools.ahead(part.render)) for part in parts]

    def add(self, found: K8sObject, depth: int) -> None:
        identity = (found.kind, found.namespace, found.name)
        if identity in self.seen:
            return
        self.seen.add(identity)
        if depth > self.limits.depth:
            self.problem(RenderError(f"{found.ref}: applications nested deeper than {self.limits.depth}"), found)
            return
        if len(self.seen) > self.limits.applications:
            if len(self.seen) == self.limits.applications + 1:
                self.problem(
                    RenderError(f"more than {self.limits.applications} applications; the rest is left out"), found
                )
            return
        if found.kind == "ApplicationSet":
            self.expand(found, depth)
        else:
            self.deploy(application(found), depth)

    def problem(self, error: UserError, found: K8sObject) -> None:
        self.rendered.problems.append(Problem.of(error, found.origin.file if found.origin else ""))

    def elsewhere(self, what: str, why: str, found: K8sObject) -> None:
        self.rendered.not_seen.append(NotSeen(what, why, found.origin.file if found.origin else ""))

    def expand(self, found: K8sObject, depth: int) -> None:
        go_template = bool(found.spec.get("goTemplate"))
        options = tuple(str(option) for option in items(found.spec.get("goTemplateOptions")))
        from gitops_kong.sources import applicationset  # noqa: PLC0415 - few repositories have ApplicationSets

        generation = applicationset.Generation(
            self.tree, self.tools, self.limits, go_template, self.clusters, options, self.newer_patterns
        )
        try:
            made = [K8sObject(data, found.origin) for data in applicationset.applications(found, generation)]
            self.begin(made)
            for each in made:
                self.add(each, depth + 1)
        except applicationset.NotKnown as e:
            self.elsewhere(f"what {found.ref} makes", str(e), found)
        except UserError as e:
            self.problem(RenderError(f"{found.ref}: {e}") if not isinstance(e, ManifestError) else e, found)

    def deploy(self, app: Application, depth: int) -> None:
        if app.cluster == self.cluster or not self.cluster:
            self.rendered.releases.append(app.found)
        identity = (app.found.kind, app.found.namespace, app.found.name)
        begun = self.begun.get(identity)
        if begun and begun[0] is app.found:
            del self.begun[identity]
        for part, render in begun[1] if begun and begun[0] is app.found else self.parts(app):
            try:
                rendered = render()
            except Elsewhere as e:
                self.elsewhere(str(e), f"{app.found.ref} deploys it" + (f"; {e.hint}" if e.hint else ""), app.found)
                continue
            except UserError as e:
                self.problem(e, app.found)
                continue
            self.begin(rendered.objects)
            for child in rendered.objects:
                if is_application(child):
                    self.add(child, depth + 1)
            if self.cluster and app.cluster != self.cluster:
                continue
            rendered.objects[:] = self.synced(rendered.objects, app)
            if part.namespace:
                rendered.objects[:] = with_namespace(rendered.objects, part.namespace)
            self.rendered.extend(rendered)

    def synced(self, objects: list[K8sObject], app: Application) -> list[K8sObject]:
        """The objects that are there after a sync: hooks that are never run or deleted again are not."""
        kept = []
        for found in objects:
            why = absent_hook(found)
            if why is None:
                kept.append(found)
            elif found.kind not in _RUNS:
                self.elsewhere(_called(found), f"{why} of {app.found.ref}", found)
        return kept


def _called(found: K8sObject) -> str:
    """An object by its name, or by how its name begins."""
    prefix = "" if found.name else f"{found.metadata.get('generateName') or ''}…"
    return f"{found.ref}{prefix}"


def absent_hook(found: K8sObject) -> str | None:
    """Why a hook is not there with the rest of its application, None where it is, or is no hook."""
    annotations = found.annotations
    hooks = _words(annotations.get(_HOOK))
    policies = _words(annotations.get(_DELETE))
    if not hooks:
        theirs = _words(annotations.get(_HELM_HOOK)) - _HELM_PLAIN
        if not theirs:
            return None
        if not theirs & _HELM_HOOKS:
            return f"a {'/'.join(sorted(theirs))} hook of Helm, which no sync runs,"
        if not theirs & _HELM_LATER:
            return f"a {'/'.join(sorted(theirs))} hook, made before the rest at each sync,"
        succeeded = "hook-succeeded" in _words(annotations.get(_HELM_DELETE)) or "HookSucceeded" in policies
        return f"a {'/'.join(sorted(theirs))} hook, deleted when it succeeded," if succeeded else None
    if not hooks & _SYNC_HOOKS:
        return f"a {'/'.join(sorted(hooks))} hook, which a successful sync does not run,"
    if not hooks & _WITH_THE_REST:
        return f"a {'/'.join(sorted(hooks))} hook, made before the rest at each sync,"
    return f"a {'/'.join(sorted(hooks))} hook, deleted when it succeeded," if "HookSucceeded" in policies else None


def _words(text: Any) -> set[str]:
    return {word.strip() for word in text.split(",") if word.strip()} if isinstance(text, str) else set()
