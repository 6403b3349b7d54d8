"""Flux: all that its Kustomizations and HelmReleases apply to the cluster of one target."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gitops_kong.errors import RenderError, UserError
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.objects import K8sObject, Origin, Ref
from gitops_kong.sources import fetched, files, helm
from gitops_kong.sources.base import Assumption, Limits, NotSeen, Problem, Rendered, Target, Tree, normal
from gitops_kong.sources.flux_build import build, post_rendered, with_metadata
from gitops_kong.sources.flux_ignore import Visible
from gitops_kong.sources.flux_places import KUSTOMIZE, SOURCE, Files, Sources, deploys, path_of, reference_of
from gitops_kong.sources.flux_release import Reference, flags, installed, release_name, values_of
from gitops_kong.sources.flux_targets import mentions
from gitops_kong.sources.substitute import substitute
from gitops_kong.sources.tools import Tools


def render(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """All that Flux applies to the target's cluster, starting from its root files."""
    roots = target.options.get("roots")
    if roots is None:
        below = tree.under(target.path) if target.path not in tree.files else [target.path]
        roots = [path for path in below if path.endswith(files.SUFFIXES) and mentions(tree.read(path))]
    expansion = _Expansion(tree, tools, limits, Sources(tree, tools))
    found = [each for path in roots for each in tree.objects(path)]
    for path in target.options.get("whole", ()):
        built = build(path, tree, {}, tools, limits)
        found += built.objects
        applied = (path_of(each) for each in built.objects if deploys(each) and each.kind == "Kustomization")
        if not any(place == path or path.startswith(f"{place}/") or place == "." for place in applied if place):
            expansion.rendered.extend(built)
    for path in target.options.get("beside", ()):
        beside = files.read_files([path], tree)
        plain = [each for each in beside.objects if not each.group.endswith(".toolkit.fluxcd.io")]
        expansion.rendered.extend(Rendered(plain, beside.problems))
    if target.options.get("synced"):
        found.append(_synced(target.path))
    expansion.learn(found)
    for path in tree.under(target.path):  # sources, values and variables that lie beside them
        if path.endswith(files.SUFFIXES) and any(word in tree.read(path) for word in _BESIDE):
            try:
                expansion.learn(tree.objects(path))
            except UserError:
                continue
    for each in found:
        if deploys(each):
            expansion.add(each, 0)
    expansion.run()
    return expansion.rendered


_BESIDE = (b"ConfigMap", b"Secret", b"source.toolkit.fluxcd.io/", b"ArtifactGenerator")


def _synced(path: str) -> K8sObject:
    """The Kustomization that the Flux Operator makes of `spec.sync` of a FluxInstance."""
    source = {"kind": "GitRepository", "name": "flux-system"}
    data = {
        "apiVersion": f"{KUSTOMIZE}/v1",
        "kind": "Kustomization",
        "metadata": {"name": "flux-system", "namespace": "flux-system"},
        "spec": {"path": path, "sourceRef": source},
    }
    return K8sObject(data, Origin(path))


@dataclass(slots=True)
class _Expansion:
    """What is applied so far. HelmReleases come last: their values can lie in ConfigMaps of any Kustomization."""

    tree: Tree
    tools: Tools
    limits: Limits
    sources: Sources
    rendered: Rendered = field(default_factory=Rendered)
    data: dict[Ref, K8sObject] = field(default_factory=dict)
    seen: set[Ref] = field(default_factory=set)
    pending: list[tuple[K8sObject, int]] = field(default_factory=list)
    releases: list[K8sObject] = field(default_factory=list)
    waited_for: dict[Ref, list[K8sObject]] = field(default_factory=dict)
    lacking: dict[str, list[K8sObject]] = field(default_factory=dict)
    begun: dict[Ref, tuple[Files, Callable[[], Rendered]]] = field(default_factory=dict)
    tried: set[Ref] = field(default_factory=set)  # what was begun, or cannot be yet
    sifted: dict[tuple[int, str], tuple[Tree, Tree]] = field(default_factory=dict)  # with the tree, so that it lives

    def learn(self, objects: Iterable[K8sObject]) -> None:
        for found in objects:
            self.sources.learn(found)
            if not found.group and found.kind in ("ConfigMap", "Secret"):
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
            self.releases.append(found)
        else:
            self.pending.append((found, depth))

    def run(self) -> None:
        """Applies everything; a Kustomization waits for the ConfigMaps of others that it takes variables from."""
        while self.pending:
            self.begin()
            position = next((n for n, (each, _) in enumerate(self.pending) if self.ready(each)), 0)
            found, depth = self.pending.pop(position)
            try:
                self.apply(found, depth)
            except UserError as e:
                self.problem(e, found)
        self.settle()
        begun: list[tuple[K8sObject, Callable[[], Rendered] | UserError | None]] = []
        for found in self.releases:
            try:
                begun.append((found, self.release(found)))
            except UserError as e:
                begun.append((found, e))
        for found, chart in begun:
            if isinstance(chart, UserError):
                self.problem(chart, found)
            elif chart is not None:
                try:
                    self.install(found, chart())
                except UserError as e:
                    self.problem(e, found)
        self.conclude()

    def begin(self) -> None:
        """Begins to build what is waiting, where there are threads for it; it is taken if it is still the same then."""
        for found, _ in self.pending if self.tools.workers else ():
            if found.ref in self.tried or found.spec.get("suspend") is True or found.spec.get("kubeConfig"):
                continue
            self.tried.add(found.ref)
            try:
                source = self.taken(self.sources.files(reference_of(found), found.namespace, _path_in_source(found)))
            except UserError:
                continue
            if source.tree is not None and source.tree.is_directory(source.path):
                work = partial(build, source.path, source.tree, found.spec, self.tools, self.limits)
                self.begun[found.ref] = source, self.tools.ahead(work)

    def settle(self) -> None:
        """Ends what was begun for nothing: it reads files."""
        for _, built in self.begun.values():
            with suppress(UserError):
                built()
        self.begun.clear()

    def ready(self, found: K8sObject) -> bool:
        entries = mappings(mapping(found.spec.get("postBuild")).get("substituteFrom"))
        return all(self.value_of(entry, found) is not None for entry in entries)

    def conclude(self) -> None:
        """Says once for each thing that lies elsewhere who waits for it or takes variables from it."""
        for ref, waiting in self.waited_for.items():
            if ref not in self.seen:
                one = len(waiting) == 1
                why = f"{_listed(waiting)} {'depends' if one else 'depend'} on it and {'is' if one else 'are'} applied"
                self.elsewhere(str(ref), f"{why} only after it", waiting[0])
        for what, taking in self.lacking.items():
            verb = "takes" if len(taking) == 1 else "take"
            why = f"{_listed(taking)} {verb} variables from it; the name of each stands for its value here"
            self.elsewhere(what, why, taking[0])

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
        source = self.files(found, _path_in_source(found))
        if source.tree is None:
            return
        path = source.path
        if not source.tree.is_directory(path):
            raise RenderError(f"{path}: no such directory, but {found.ref} applies it")
        for entry in mappings(spec.get("dependsOn")):
            ref = Ref(found.group, found.kind, str(entry.get("namespace") or found.namespace), str(entry.get("name")))
            self.waited_for.setdefault(ref, []).append(found)
        begun = self.begun.get(found.ref)
        if begun is not None and begun[0] == source:
            del self.begun[found.ref]
            built = begun[1]()
        else:
            built = build(path, source.tree, spec, self.tools, self.limits)
        objects = self.substituted(built.objects, found)
        objects = [with_metadata(each, mapping(spec.get("commonMetadata"))) for each in objects]
        self.learn(objects)
        self.rendered.extend(Rendered(objects, built.problems))
        for each in objects:
            if deploys(each):
                self.add(each, depth + 1)

    def files(self, found: K8sObject, path: str) -> Files:
        """The files that an object takes; a note where they are not here, or are taken for something."""
        source = self.sources.files(reference_of(found), found.namespace, path)
        if source.tree is None:
            verb = "installs" if found.kind == "HelmRelease" else "takes"
            what, _, hint = source.why.partition("; ")
            self.elsewhere(what, f"{found.ref} {verb} it" + (f"; {hint}" if hint else ""), found)
        if source.assumed:
            self.assume(found.ref, source.assumed)
        return self.taken(source)

    def taken(self, source: Files) -> Files:
        """The files of a source without those that Flux leaves out."""
        if source.tree is None:
            return source
        key = id(source.tree), source.ignore
        if key not in self.sifted:
            self.sifted[key] = source.tree, Visible(source.tree, source.ignore)
        return source._replace(tree=self.sifted[key][1])

    def assume(self, ref: Ref, message: str) -> None:
        if all(each.message != message for each in self.rendered.assumptions):
            self.rendered.assumptions.append(Assumption(ref, message))

    def substituted(self, objects: list[K8sObject], found: K8sObject) -> list[K8sObject]:
        after = found.spec.get("postBuild")
        if not isinstance(after, dict):
            return objects
        variables: dict[str, str] = {}
        complete = True
        for entry in mappings(after.get("substituteFrom")):
            held = self.value_of(entry, found)
            if held is None:
                if not entry.get("optional"):
                    what = f"{entry.get('kind')} {found.namespace}/{entry.get('name')}"
                    self.lacking.setdefault(what, []).append(found)
                    complete = False
                continue
            variables.update(held)
        for name, value in mapping(after.get("substitute")).items():
            if not isinstance(value, str):
                raise RenderError(f"{found.ref}: postBuild.substitute.{name} must be text, put {value!r} in quotes")
            variables[name] = value
        variables = {name: value.replace("\n", "") for name, value in variables.items()}
        try:
            return substitute(objects, variables, complete=complete)
        except RenderError as e:
            raise RenderError(f"{found.ref}: {e}") from None

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

    def release(self, found: K8sObject) -> Callable[[], Rendered] | None:
        """What gives the objects of the chart of a HelmRelease, None where it is not installed or not here."""
        self.rendered.releases.append(found)
        spec = found.spec
        if self.suspended(found):
            return None
        if spec.get("kubeConfig"):
            self.elsewhere(f"what {found.ref} installs", "it installs to another cluster (kubeConfig)", found)
            return None
        chart = mapping(mapping(spec.get("chart")).get("spec"))
        rendered = self.fetched(found, chart)
        if rendered is not None:
            return lambda: rendered
        source = self.files(found, path_of(found)) if path_of(found) else self.no_chart(found, chart)
        if source.tree is None:
            return None
        defaults = self.defaults(chart, source.tree, ".")
        return self.tools.ahead(self.chart(found, source.tree, source.path, defaults))

    def install(self, found: K8sObject, rendered: Rendered) -> None:
        """Takes in what the chart of a HelmRelease rendered to, as its post-renderers make it."""
        spec = found.spec
        objects = [each for each in rendered.objects if installed(each, spec)]
        for renderer in mappings(spec.get("postRenderers")):
            objects = post_rendered(objects, mapping(renderer.get("kustomize")), self.tools, self.limits)
        common = mapping(spec.get("commonMetadata"))
        self.rendered.problems.extend(rendered.problems)
        self.rendered.objects.extend(with_metadata(each, common) for each in objects)

    def defaults(self, chart: Mapping[str, Any], tree: Tree, base: str) -> tuple[str, ...]:
        """The values files that Flux packs into a chart instead of its values.yaml. Raises `RenderError`."""
        found = []
        for path in items(chart.get("valuesFiles")):
            place = normal(str(path).lstrip("/"), base)
            if place not in tree.files and chart.get("ignoreMissingValuesFiles"):
                continue
            tree.read(place)  # says why it is missing
            found.append(place)
        return tuple(found)

    def chart(self, found: K8sObject, tree: Tree, place: str, defaults: tuple[str, ...] = ()) -> Callable[[], Rendered]:
        """What gives the objects of a chart with the values of a HelmRelease."""
        values = values_of(self.references(found), found.spec.get("values"))
        release = helm.Release(
            chart=place,
            name=release_name(found),
            namespace=str(found.spec.get("targetNamespace") or found.namespace or "default"),
            default_files=defaults,
            values=(values,) if values else (),
            flags=flags(found.spec),
            api_versions=helm.OF_EVERY_CLUSTER,
        )
        return partial(helm.template, release, tree, self.tools, self.limits)

    def no_chart(self, found: K8sObject, chart: Mapping[str, Any]) -> Files:
        """A note on a chart of a chart repository."""
        reference = reference_of(found)
        name = chart.get("chart") or mapping(found.spec.get("chartRef")).get("name")
        version = f" {chart['version']}" if chart.get("version") else ""
        what = f"chart {name}{version} of {reference.get('kind')} {reference.get('name')}"
        self.elsewhere(what, f"{found.ref} installs it; give --allow-network", found)
        return Files(None)

    def fetched(self, found: K8sObject, chart: Mapping[str, Any]) -> Rendered | None:
        """The chart of a HelmRepository or an OCIRepository, where the network is allowed and its address is known."""
        reference = reference_of(found)
        kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
        ref = Ref(SOURCE, kind, str(reference.get("namespace") or found.namespace), name)
        source = self.sources.source(ref)
        if not self.tools.allow_network or source is None or kind not in ("HelmRepository", "OCIRepository"):
            return None
        url, wanted = text(source.spec.get("url")), mapping(source.spec.get("ref"))
        if kind == "OCIRepository":
            url, _, chart_name = url.rpartition("/")
            version = text(wanted.get("tag")) or text(wanted.get("semver"))
        else:
            chart_name, version = text(chart.get("chart")), text(chart.get("version"))
        tree, place = fetched.chart(url, chart_name, "" if version == "*" else version, self.tools, self.limits)
        rendered = self.chart(found, tree, place, self.defaults(chart, tree, place))()
        rendered.objects[:] = [K8sObject(each.data, found.origin) for each in rendered.objects]
        return rendered

    def references(self, found: K8sObject) -> Iterator[Reference]:
        """What `valuesFrom` takes, as far as it is here."""
        for entry in mappings(found.spec.get("valuesFrom")):
            held = self.value_of(entry, found)
            given = (held or {}).get(str(entry.get("valuesKey") or "values.yaml"))
            if given is not None:
                yield entry, given
            elif not entry.get("optional"):
                what = f"{entry.get('kind')} {found.namespace}/{entry.get('name')}"
                self.elsewhere(what, f"{found.ref} takes values from it; they are left out here", found)


def _path_in_source(found: K8sObject) -> str:
    """The directory that a Kustomization applies. Raises `RenderError` where it leaves its source."""
    return normal(str(found.spec.get("path") or ".").lstrip("/"))


def _listed(found: list[K8sObject]) -> str:
    """`Kustomization a/b, c/d and e/f`."""
    *some, last = dict.fromkeys(f"{each.namespace}/{each.name}" for each in found)
    return f"{found[0].kind} " + (f"{', '.join(some)} and {last}" if some else last)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return ""
