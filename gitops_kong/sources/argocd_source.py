"""One source of an Argo CD Application: a directory, a kustomization or a chart with what the Application overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.errors import RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import items, mappings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources import fetched, helm, kustomize
from gitops_kong.sources.base import Assumption, Limits, Problem, Rendered, Tree, join, normal, parent
from gitops_kong.sources.globs import text_glob
from gitops_kong.sources.repositories import find
from gitops_kong.sources.tools import Tools

_MANIFEST = regex(r".*\.(?:yaml|yml|json)")
_SKIP = b"+argocd:skip-file-rendering"
_MANIFEST_WORDS = (b"apiVersion:", b"kind:", b"metadata:")
_IMAGE = regex(r"(?:(?P<name>[^=]+)=)?(?P<image>[^@]+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>.+))?")


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
    single = spec.get("source")
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

    def kind(self, tree: Tree, path: str) -> str:
        """`plugin`, `helm`, `kustomize` or `directory`, by Argo CD's order."""
        for name in ("plugin", "helm", "kustomize", "directory"):
            if isinstance(self.source.get(name), dict) and (name != "helm" or join(path, "Chart.yaml") in tree.files):
                return name
        if join(path, "Chart.yaml") in tree.files:
            return "helm"
        return "kustomize" if kustomize.kustomization_file(tree, path) else "directory"

    def render(self) -> Rendered:
        """The objects of this source. Raises `UserError`."""
        if self.source.get("chart"):
            return self.chart()
        if self.source.get("ref") and not self.source.get("path"):
            return Rendered()  # only values files are taken from it
        tree, path = self.locate()
        if path != "." and path not in tree.files and not tree.is_directory(path):
            raise RenderError(f"{path}: no such directory, but {self.application.found.ref} deploys it")
        rendered = self.rendered(tree, path)
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
        kind = self.kind(tree, path)
        if kind == "plugin":
            raise Elsewhere(f"what the plugin of {self.application.found.ref} makes of {path}", _NO_PLUGINS)
        if kind == "helm":
            return helm.template(self.release(tree, path), tree, self.tools, self.limits)
        if kind == "kustomize":
            overrides = kustomize_overrides(self.section("kustomize"))
            return kustomize.build(path, tree, self.tools, self.limits, overrides, lambda: _loose(self.tree))
        return self.directory(tree, path)

    def directory(self, tree: Tree, path: str) -> Rendered:
        """Plain files: those of the directory, with `recurse` also below it.

        A file that is no manifest is left out unless it says apiVersion, kind and metadata, as in Argo CD
        (`reposerver/repository`, `findManifests`).
        """
        rendered = Rendered()
        for file in directory_files(tree, path, self.section("directory")):
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
            parameters.append((flag, str(entry.get("name")), str(entry.get("value", ""))))
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
            kubernetes_version=str(options.get("kubeVersion") or ""),
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
        """The values files, missing ones left out where the Application says so. Raises `RenderError`."""
        for entry in items(options.get("valueFiles")):
            try:
                place = self.file(str(entry), tree, path)
            except Elsewhere:
                raise
            except RenderError:
                if options.get("ignoreMissingValueFiles"):
                    continue
                raise
            yield place

    def file(self, name: str, tree: Tree, path: str) -> str | bytes:
        """A values file: relative to the chart, from the root with `/`, or of another source with `$name/`.

        Its path, or its content where it lies in other files than the chart.
        """
        if "://" in name:
            raise Elsewhere(f"values file {name}")
        if name.startswith("$"):
            ref, _, rest = name[1:].partition("/")
            holder = self.referred(ref, name)
            place = normal(rest)
            if holder is not tree:
                return holder.read(place)
        else:
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


def kustomize_overrides(options: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that an Application adds to a kustomization, as `kustomize edit` would."""
    overrides: dict[str, Any] = {}
    for name in ("namePrefix", "nameSuffix", "namespace", "commonAnnotations", "components", "patches"):
        if options.get(name):
            overrides[name] = options[name]
    if options.get("images"):
        overrides["images"] = [_image(str(text)) for text in items(options["images"])]
    if options.get("replicas"):
        overrides["replicas"] = [
            {"name": entry.get("name"), "count": _count(entry.get("count"))} for entry in mappings(options["replicas"])
        ]
    if options.get("commonLabels"):
        if options.get("labelWithoutSelector"):
            templates = bool(options.get("labelIncludeTemplates"))
            overrides["labels"] = [{"pairs": options["commonLabels"], "includeTemplates": templates}]
        else:
            overrides["commonLabels"] = options["commonLabels"]
    return overrides


def _count(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        raise RenderError(f"{value!r} is no number of replicas") from None


def _image(text: str) -> dict[str, str]:
    """`name=image:tag`, `image:tag`, `image@digest` as an entry of `images`."""
    match = _IMAGE.fullmatch(text)
    if match is None:
        raise RenderError(f"{text}: no image")
    entry = {"name": match["name"] or match["image"]}
    if match["name"]:
        entry["newName"] = match["image"]
    if match["tag"]:
        entry["newTag"] = match["tag"]
    if match["digest"]:
        entry["digest"] = match["digest"]
    return entry
