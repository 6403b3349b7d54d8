"""Helm charts, through the real `helm template`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitops_kong.errors import ManifestError, RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.yaml import decode, read_documents, read_objects, split
from gitops_kong.sources import values_schema
from gitops_kong.sources.base import Limits, Rendered, Target, Tree, join, normal, parent
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.tools import Tools, export, run, workspace

_SOURCE = regex(r"^# Source: (.+)$", re.MULTILINE)
_VARIANT = regex(r"values[-._](?!schema\b).+\.ya?ml")
_MAX_DEPENDENCIES = 10
_RELEASE = regex(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")
_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Release:
    """A chart with all that decides how it renders. Value files are relative to the repository's root."""

    chart: str
    name: str = ""
    namespace: str = ""
    value_files: tuple[str, ...] = ()
    values: tuple[Mapping[str, Any], ...] = ()
    parameters: tuple[tuple[str, str, str], ...] = ()  # flag without dashes (set, set-string, set-file), name, value
    flags: tuple[str, ...] = ()
    kubernetes_version: str = ""
    api_versions: tuple[str, ...] = ()
    extra_files: tuple[str, ...] = field(default=())


def charts(paths: Iterable[str]) -> list[str]:
    """Directories of charts that are not part of another chart, sorted."""
    found: list[str] = []
    for directory in sorted(parent(path) for path in paths if path.rpartition("/")[2] == "Chart.yaml"):
        inside = any(
            outer == "." or directory.startswith((f"{outer}/charts/", f"{outer}/templates/")) for outer in found
        )
        if not inside:
            found.append(directory)
    return found


def discover(tree: Tree, directory: str) -> list[Target]:
    """The target of a chart; one for each values file beside it that names a variant (`values-prod.yaml`)."""
    if chart_metadata(tree, directory).get("type") == "library":
        return []
    inputs = tuple(sorted({directory, *local_charts(tree, directory)}))
    variants = [path for path in tree.under(directory) if parent(path) == directory and _VARIANT.fullmatch(_name(path))]
    if not variants:
        return [Target(directory, "helm", directory, inputs)]
    return [
        Target(f"{directory}:{_name(path)}", "helm", directory, inputs, {"valueFiles": [_name(path)]})
        for path in variants
    ]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def chart_metadata(tree: Tree, directory: str) -> Mapping[str, Any]:
    """`Chart.yaml`, empty where it cannot be read."""
    try:
        documents = read_documents(tree.read(join(directory, "Chart.yaml")), join(directory, "Chart.yaml"))
    except ManifestError as e:
        raise RenderError(str(e)) from None
    return documents[0] if documents and isinstance(documents[0], dict) else {}


def render(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """The chart of a target with the values that its options give."""
    options = target.options
    values = options.get("values")
    release = Release(
        chart=target.path,
        name=options.get("releaseName", ""),
        namespace=options.get("namespace", ""),
        value_files=tuple(normal(path, target.path) for path in options.get("valueFiles", ())),
        values=(values,) if values else (),
        parameters=tuple(("set", name, _parameter(value)) for name, value in options.get("parameters", {}).items()),
    )
    return Rendered(objects=template(release, tree, tools, limits))


def _parameter(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def template(release: Release, tree: Tree, tools: Tools, limits: Limits) -> list[K8sObject]:
    """What `helm template` prints, each object with the template that it comes from. Raises `RenderError`."""
    metadata = chart_metadata(tree, release.chart)
    name = str(metadata.get("name") or "")
    files = set(tree.under(release.chart))
    missing = _missing_dependencies(tree, release.chart, metadata)
    with workspace() as directory:
        export(tree, {*files, *release.value_files, *release.extra_files}, directory)
        for dependency in missing:
            _Copy(tree, directory, tools, limits).provide(dependency, release.chart)
        values_schema.check(directory / "files", release.chart)
        command = [tools.helm, "template", _release_name(release.name or name or "release"), f"./{release.chart}"]
        command.append(f"--namespace={release.namespace or 'default'}")
        command.append(f"--kube-version={release.kubernetes_version or tools.kubernetes_version}")
        command += [f"--api-versions={version}" for version in (*tools.api_versions, *release.api_versions)]
        command += [f"--values=./{path}" for path in release.value_files]
        for number, values in enumerate(release.values):
            file = directory / "home" / f"values-{number}.json"
            file.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
            command.append(f"--values={file}")
        for flag, parameter, _ in release.parameters:
            if flag == "set-file" and re.search(r"[,={}]", parameter):  # it would name files of its own
                raise RenderError(f"{release.chart}: {parameter!r} is no name of a file parameter")
        command += [f"--{flag}={parameter}={_escaped(value)}" for flag, parameter, value in release.parameters]
        command += release.flags
        try:
            output = run(command, directory, limits)
        except RenderError as e:
            raise RenderError(f"{release.chart}: {e}") from None
    objects = _with_origins(output, release.chart, name, tree)
    return with_namespace(objects, release.namespace) if release.namespace else objects


def _release_name(name: str) -> str:
    if not _RELEASE.fullmatch(name):
        raise RenderError(f"{name!r} is no name of a release: small letters, digits, `-` and `.` are allowed")
    return name


def _escaped(value: str) -> str:
    """A value of `--set`, its commas escaped as Argo CD does: lists in braces and escapes stay."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _with_origins(output: bytes, chart: str, name: str, tree: Tree) -> list[K8sObject]:
    sources: dict[int, str] = {}
    for piece in split(decode(output, chart), chart):
        match = _SOURCE.search(piece.text)
        if match is not None:
            sources[piece.number] = match[1].strip()
    objects = []
    for found in read_objects(output, join(chart, "Chart.yaml")):
        source = sources.get(found.origin.document, "") if found.origin else ""
        file = join(chart, source.removeprefix(f"{name}/")) if source else ""
        if file not in tree.files:
            file = join(chart, "Chart.yaml")
        objects.append(K8sObject(found.data, Origin(file)))
    return objects


def _dependencies(metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = metadata.get("dependencies")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _missing_dependencies(tree: Tree, chart: str, metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Sub-charts that the chart names and does not hold, unpacked or packed."""
    prefix = join(chart, "charts")
    held = {path[len(prefix) + 1 :].partition("/")[0] for path in tree.under(prefix)}
    missing = []
    for entry in _dependencies(metadata):
        name = str(entry.get("name") or "")
        packed = re.compile(re.escape(name) + r"-v?\d.*\.tgz")
        if name not in held and not any(packed.fullmatch(path) for path in held):
            missing.append(entry)
    return missing


def _local(entry: Mapping[str, Any], chart: str) -> str | None:
    repository = str(entry.get("repository") or "")
    return normal(repository.removeprefix("file://"), chart) if repository.startswith("file://") else None


def local_charts(tree: Tree, chart: str, depth: int = 0) -> set[str]:
    """Charts elsewhere in the repository that this one depends on, and their own."""
    found: set[str] = set()
    if depth > _MAX_DEPENDENCIES:
        return found
    try:
        entries = _dependencies(chart_metadata(tree, chart))
        for entry in entries:
            place = _local(entry, chart)
            if place is not None and place not in found:
                found |= {place} | local_charts(tree, place, depth + 1)
    except RenderError:
        return found
    return found


@dataclass(frozen=True, slots=True)
class _Copy:
    """The private copy that sub-charts are put into."""

    tree: Tree
    directory: Path
    tools: Tools
    limits: Limits

    def provide(self, entry: Mapping[str, Any], chart: str, depth: int = 0) -> None:
        """Puts in a missing sub-chart: from the repository, or with `--allow-network` from where it is."""
        name = str(entry.get("name") or "")
        place = _local(entry, chart)
        if place is None or depth > _MAX_DEPENDENCIES or join(place, "Chart.yaml") not in self.tree.files:
            self.fetch(entry, chart)
            return
        if not _NAME.fullmatch(name):
            raise RenderError(f"{chart}/Chart.yaml: {name!r} is no name of a chart")
        home = f"{chart}/charts/{name}"
        for path in self.tree.under(place):
            file = self.directory / "files" / home / (path if place == "." else path[len(place) + 1 :])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.tree.read(path))
        for inner in _missing_dependencies(self.tree, place, chart_metadata(self.tree, place)):
            source = _local(inner, place)
            if source is not None:
                up = "../" * (home.count("/") + 1)
                self.provide({**inner, "repository": f"file://{up}{source}"}, home, depth + 1)
            else:
                self.fetch(inner, place)

    def fetch(self, entry: Mapping[str, Any], chart: str) -> None:
        if self.tools.allow_network and _local(entry, chart) is None:
            command = [self.tools.helm, "dependency", "update", f"./{chart}"]
            run(command, self.directory, self.limits, network=True)
            return
        what = f"{entry.get('name')} {entry.get('version') or ''}".strip()
        raise RenderError(
            f"{join(chart, 'Chart.yaml')}: sub-chart {what} ({entry.get('repository') or 'no repository'}) is not in "
            f"{join(chart, 'charts')}; run `helm dependency build {chart}` and commit it, or give --allow-network"
        )
