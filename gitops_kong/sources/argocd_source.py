"""One source of an Argo CD Application: a directory, a kustomization or a chart with what the Application overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gitops_kong.errors import RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import items, mappings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources import fetched, helm, kustomize, kustomize_edit
from gitops_kong.sources.argocd_environment import environment, expand
from gitops_kong.sources.argocd_overrides import kind_of, kustomize_overrides, with_files
from gitops_kong.sources.base import Assumption, Limits, NotSeen, Problem, Rendered, Tree, normal, parent
from gitops_kong.sources.globs import text_glob, tree_pattern
from gitops_kong.sources.repositories import find
from gitops_kong.sources.tools import Tools

_JSONNET = ".jsonnet"
_MANIFEST = regex(r".*\.(?:yaml|yml|json|jsonnet)")
_KUBERNETES = regex(r"\s*v?(\d+(?:\.\d+)*)")
_SKIP = b"+argocd:skip-file-rendering"
_MANIFEST_WORDS = (b"apiVersion:", b"kind:", b"metadata:")


@dataclass(frozen=True, slots=True)
class Application:
    """The parts of an Application that decide what it renders to."""

    name: str
    namespace: str
    destination: Mapping[str, Any]
    sources: tuple[Mapping[str, Any], ...]
    found: K8sObject

    @property
    def cluster(self) -> str:
        """The cluster that it deploys to, `in-cluster` for Argo CD's own."""
        server = str(self.destination.get("server") or "")
        name = str(self.destination.get("name") or "")
        if name == "in-cluster" or (not name and server in ("", "https://kubernetes.default.svc")):
            return "in-cluster"
        return name or server


def application(found: K8sObject) -> Application:
    """An Application, read leniently: a wrong type counts as missing."""
    spec = found.spec
    sources = spec.get("sources")
    listed = [each for each in sources if isinstance(each, dict)] if isinstance(sources, list) else []
    hydrated = spec.get("sourceHydrator")
    for single in (spec.get("source"), hydrated.get("drySource") if isinstance(hydrated, dict) else None):
        if not listed and isinstance(single, dict):
            listed = [single]
    destination = spec.get("destination")
    return Application(
        found.name, found.namespace, destination if isinstance(destination, dict) else {}, tuple(listed), found
    )


class Elsewhere(RenderError):  # noqa: N818
    """A source that is not in this repository; `hint` says how it would be seen, where it can be."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


_CHECKOUT = "give --repo URL=PATH"
_NO_PLUGINS = "config management plugins are not run"
_NETWORK = "give --allow-network"


@dataclass(frozen=True, slots=True)
class SourceOf:
    """One source of an application, with all that it can refer to."""

    application: Application
    source: Mapping[str, Any]
    tree: Tree
    tools: Tools
    limits: Limits

    def section(self, name: str) -> Mapping[str, Any]:
        """`helm`, `kustomize` or `directory`, empty where missing."""
        value = self.source.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def namespace(self) -> str:
        """Where objects go that name no namespace."""
        return str(self.application.destination.get("namespace") or "")

    @property
    def variables(self) -> dict[str, str]:
        """What Argo CD fills into parameters and paths."""
        project = str(self.application.found.spec.get("project") or "")
        return environment(self.application.name, project, self.namespace, self.source)

    def locate(self) -> tuple[Tree, str]:
        """The files that hold this source, and its path in them. Raises `Elsewhere`."""
        path = normal(str(self.source.get("path") or "."))
        return self.files(self.source, path), path

    def files(self, source: Mapping[str, Any], path: str) -> Tree:
        """The files of a source's repository at its revision. Raises `Elsewhere`."""
        url = str(source.get("repoURL") or "")
        tree = find(url, path, self.tree, self.tools)
        if tree is None:
            raise Elsewhere(f"{path} of {url}", _CHECKOUT)
        revision = str(source.get("targetRevision") or "")
        found = tree.at(revision, path)
        if found.tree is None:
            hint = f"this clone does not hold that revision; run `git fetch origin {revision}`"
            raise Elsewhere(f"{path} of {url} at {revision}", hint)
        return found.tree

    def assumptions(self) -> Iterator[Assumption]:
        """The branches that the checkout is taken for, where nothing says that it is merged into them."""
        for source in (self.source, *(each for each in self.application.sources if each.get("ref"))):
            revision = str(source.get("targetRevision") or "")
            tree = None if source.get("chart") else find(str(source.get("repoURL") or ""), ".", self.tree, self.tools)
            path = str(source.get("path") or ".")
            if tree is not None and tree.at(revision, path).assumed:
                yield Assumption(
                    self.application.found.ref,
                    f"{self.application.found.ref} takes revision {revision}: this checkout is taken for it; --base "
                    "with the name of a branch says which one it is merged into",
                )

    def render(self) -> Rendered:
        """The objects of this source. Raises `UserError`."""
        if self.source.get("chart"):
            return self.chart()
        if self.source.get("ref") and not self.source.get("path"):
            return Rendered()  # only values files are taken from it
        tree, path = self.locate()
        if path != "." and path not in tree.files and not tree.is_directory(path):
            raise RenderError(f"{path}: no such directory, but {self.application.found.ref} deploys it")
        source = with_files(self.source, self.application.name, tree, path)
        rendered = replace(self, source=source).rendered(tree, path)
        rendered.assumptions.extend(self.assumptions())
        return rendered

    def chart(self) -> Rendered:
        """A chart of a chart repository. Raises `Elsewhere` where the network is not allowed."""
        url, name = str(self.source.get("repoURL") or ""), str(self.source["chart"])
        version = str(self.source.get("targetRevision") or "")
        if not self.tools.allow_network:
            raise Elsewhere(f"chart {name} {version} of {url}".replace("  ", " "), _NETWORK)
        tree, path = fetched.chart(url, name, version, self.tools, self.limits)
        rendered = helm.template(self.release(tree, path), tree, self.tools, self.limits)
        rendered.objects[:] = [K8sObject(each.data, self.application.found.origin) for each in rendered.objects]
        return rendered

    def rendered(self, tree: Tree, path: str) -> Rendered:
        """The objects of a path, by the tool that it is made for."""
        try:
            kind = kind_of(self.source, tree, path)
        except RenderError as e:
            raise RenderError(f"{self.application.found.ref}: {e}") from None
        if kind == "plugin":
            raise Elsewhere(f"what the plugin of {self.application.found.ref} makes of {path}", _NO_PLUGINS)
        if kind == "helm":
            return helm.template(self.release(tree, path), tree, self.tools, self.limits)
        if kind == "kustomize":
            return self.kustomization(tree, path)
        return self.directory(tree, path)

    def kustomization(self, tree: Tree, path: str) -> Rendered:
        """A kustomization with what the Application changes in it."""
        options = self.section("kustomize")
        tools = replace(
            self.tools,
            kubernetes_version=_version(options) or self.tools.kubernetes_version,
            api_versions=(*self.tools.api_versions, *map(str, items(options.get("apiVersions")))),
        )
        try:
            overrides = kustomize_overrides(options, self.variables, tree, path)
        except RenderError as e:
            raise RenderError(f"{self.application.found.ref}: {e}") from None
        loosely = partial(_loose, self.tree)
        return kustomize.build(path, tree, tools, self.limits, overrides, loosely, kustomize_edit.of_argocd)

    def directory(self, tree: Tree, path: str) -> Rendered:
        """Plain files: those of the directory, with `recurse` also below it.

        A file that is no manifest is left out unless it says apiVersion, kind and metadata, as in Argo CD
        (`reposerver/repository`, `findManifests`).
        """
        rendered = Rendered()
        for file in directory_files(tree, path, self.section("directory")):
            if file.endswith(_JSONNET):
                why = f"{self.application.found.ref} deploys it, and Jsonnet is not run here"
                rendered.not_seen.append(NotSeen(f"what {file} makes", why, file))
                continue
            text = b""
            try:
                text = tree.read(file)
                if _SKIP not in text:
                    rendered.objects.extend(tree.objects(file))
            except UserError as e:
                if not text or all(word in text for word in _MANIFEST_WORDS):
                    rendered.problems.append(Problem.of(e, file))
        return rendered

    def release(self, tree: Tree, path: str) -> helm.Release:
        """The chart with everything that `source.helm` says."""
        options = self.section("helm")
        values = options.get("valuesObject")
        if not isinstance(values, dict) or not values:
            values = options.get("values")
        parameters = []
        for entry in mappings(options.get("parameters")):
            flag = "set-string" if entry.get("forceString") else "set"
            value = expand(str(entry.get("value", "")), self.variables)
            parameters.append((flag, str(entry.get("name")), value))
        extra = []
        for entry in mappings(options.get("fileParameters")):
            place = self.file(str(entry.get("path")), tree, path)
            if not isinstance(place, str):
                raise Elsewhere(f"file {entry.get('path')} of another repository for a parameter")
            extra.append(place)
            parameters.append(("set-file", str(entry.get("name")), f"./{place}"))
        versions = options.get("apiVersions")
        return helm.Release(
            chart=path,
            name=str(options.get("releaseName") or self.application.name),
            namespace=str(options.get("namespace") or self.namespace),
            value_files=tuple(self.value_files(options, tree, path)),
            values=(values,) if values and isinstance(values, dict | str) else (),
            parameters=tuple(parameters),
            flags=(*(() if options.get("skipCrds") else ("--include-crds",)), *self.switches(options)),
            kubernetes_version=_version(options),
            api_versions=tuple(map(str, versions)) if isinstance(versions, list) else helm.OF_EVERY_CLUSTER,
            extra_files=tuple(extra),
        )

    def switches(self, options: Mapping[str, Any]) -> Iterator[str]:
        """Flags of `helm template`."""
        if options.get("skipTests"):
            yield "--skip-tests"
        if options.get("skipSchemaValidation"):
            yield "--skip-schema-validation"

    def value_files(self, options: Mapping[str, Any], tree: Tree, path: str) -> Iterator[str | bytes]:
        """The values files, each once, patterns resolved (`getResolvedValueFiles`). Raises `RenderError`.

        Missing ones are left out where the Application says so. A file that is named itself stands where it is named.
        """
        entries = [str(entry) for entry in items(options.get("valueFiles"))]
        named = {self.place(entry, path) for entry in entries if not _is_pattern(entry)}
        given: set[str] = set()
        for entry in entries:
            try:
                if _is_pattern(entry):
                    found = [each for each in self.matching(entry, tree, path) if each[0] not in named]
                else:
                    found = [(self.place(entry, path), self.file(entry, tree, path))]
            except Elsewhere:
                raise
            except RenderError:
                if options.get("ignoreMissingValueFiles"):
                    continue
                raise
            for place, content in found:
                if place not in given:
                    given.add(place)
                    yield content

    def place(self, name: str, path: str) -> str:
        """Where a values file lies, for one of another source with its name before it."""
        try:
            if "://" in name:
                return name
            if self.is_referred(name):
                ref, _, rest = name.partition("/")
                return f"{ref}/{normal(expand(rest, self.variables))}"
            expanded = expand(name, self.variables)
            return normal(expanded.lstrip("/")) if expanded.startswith("/") else normal(expanded, path)
        except RenderError:
            return name  # reading it says why

    def is_referred(self, name: str) -> bool:
        """Whether a values file is one of another source (`$name/`), and not one with a variable at its start."""
        return name.startswith("$") and name[1:].partition("/")[0] not in self.variables

    def matching(self, pattern: str, tree: Tree, path: str) -> list[tuple[str, str | bytes]]:
        """The values files that a pattern takes, in their order, with their places.

        Raises `RenderError` where there is none.
        """
        holder, place, before = tree, self.place(pattern, path), ""
        if self.is_referred(pattern):
            ref, _, place = place.partition("/")
            holder, before = self.referred(ref[1:], pattern), f"{ref}/"
        match = tree_pattern(place)
        start = parent(place[: min(place.find(char) for char in "*?[" if char in place)])
        found = sorted((file for file in holder.under(start) if match(file)), key=lambda file: file.split("/"))
        if not found:
            raise RenderError(f"{pattern}: no values file matches, but {self.application.found.ref} takes some")
        return [(before + file, file if holder is tree else holder.read(file)) for file in found]

    def file(self, name: str, tree: Tree, path: str) -> str | bytes:
        """A values file: relative to the chart, from the root with `/`, or of another source with `$name/`.

        Its path, or its content where it lies in other files than the chart.
        """
        if "://" in name:
            raise Elsewhere(f"values file {name}")
        if self.is_referred(name):
            ref, _, rest = name[1:].partition("/")
            holder = self.referred(ref, name)
            place = normal(expand(rest, self.variables))
            if holder is not tree:
                return holder.read(place)
        else:
            name = expand(name, self.variables)
            place = normal(name.lstrip("/")) if name.startswith("/") else normal(name, path)
        if place not in tree.files:
            tree.read(place)  # says why it is missing
        return place

    def referred(self, ref: str, name: str) -> Tree:
        """The files of the source that values files call `$ref`. Raises `Elsewhere` or `RenderError`."""
        for other in self.application.sources:
            if other.get("ref") == ref:
                try:
                    return self.files(other, ".")
                except Elsewhere as e:
                    raise Elsewhere(f"values file {name.partition('/')[2]} of {other.get('repoURL')}", e.hint) from None
        raise RenderError(f"{name}: no source of {self.application.found.ref} has the ref {ref}")


def _version(options: Mapping[str, Any]) -> str:
    """The Kubernetes version that a source is rendered for: its numbers alone (`parseKubeVersion`)."""
    match = _KUBERNETES.match(str(options.get("kubeVersion") or ""))
    return match[1] if match else ""


def _is_pattern(name: str) -> bool:
    return any(char in name for char in "*?[") and "://" not in name


def _loose(tree: Tree) -> bool:
    """Whether Argo CD is told to let kustomizations read files anywhere in the repository (`kustomize.buildOptions`).

    It is looked for in any file: the ConfigMap argocd-cm, or values of its chart.
    """
    return any(b"LoadRestrictionsNone" in tree.read(path) for path in tree.mentioning(b"kustomize.buildOptions"))


def directory_files(tree: Tree, path: str, options: Mapping[str, Any]) -> list[str]:
    """The files that a directory source takes."""
    if path in tree.files:
        return [path]
    include, exclude = (text_glob(str(text)) if (text := options.get(key)) else None for key in ("include", "exclude"))
    taken = []
    for file in tree.under(path):
        if not _MANIFEST.fullmatch(file) or (parent(file) != path and not options.get("recurse")):
            continue
        name = file if path == "." else file[len(path) + 1 :]
        if (exclude and exclude(name)) or (include and not include(name)):
            continue
        taken.append(file)
    return taken
