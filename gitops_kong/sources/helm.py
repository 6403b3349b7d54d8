"""Helm charts, through the real `helm template`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitops_kong.errors import ManifestError, RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.yaml import decode, read_objects, split
from gitops_kong.sources import subcharts, values_schema
from gitops_kong.sources.base import Limits, Problem, Rendered, Target, Tree, join, normal, parent
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.tools import Tools, export, workspace

_SOURCE = regex(r"^# Source: (.+)$", re.MULTILINE)
_VARIANT = regex(r"values[-._](?!schema\b).+\.ya?ml")
_RELEASE = regex(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")
# what clusters serve and `helm template` does not know of by itself; Argo CD and Flux ask the cluster
OF_EVERY_CLUSTER = ("apiregistration.k8s.io/v1",)
_NO_RELEASE = regex(r"[^a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Release:
    """A chart with all that decides how it renders.

    Value files are relative to the repository's root; one of another repository is given as its content. `values` come
    after them, as text that Helm reads itself or as a mapping. `default_files` stand in the chart for its values.yaml.
    """

    chart: str
    name: str = ""
    namespace: str = ""
    value_files: tuple[str | bytes, ...] = ()
    values: tuple[Mapping[str, Any] | str, ...] = ()
    parameters: tuple[tuple[str, str, str], ...] = ()  # flag without dashes (set, set-string, set-file), name, value
    flags: tuple[str, ...] = ()
    kubernetes_version: str = ""
    api_versions: tuple[str, ...] = ()
    extra_files: tuple[str, ...] = field(default=())
    default_files: tuple[str, ...] = ()


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
    if subcharts.chart_metadata(tree, directory).get("type") == "library":
        return []
    inputs = tuple(sorted({directory, *subcharts.local_charts(tree, directory)}))
    variants = [path for path in tree.under(directory) if parent(path) == directory and _VARIANT.fullmatch(_name(path))]
    if not variants:
        return [Target(directory, "helm", directory, inputs)]
    return [
        Target(f"{directory}:{_name(path)}", "helm", directory, inputs, {"valueFiles": [_name(path)]})
        for path in variants
    ]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


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
        api_versions=tuple(options.get("apiVersions", ())),
    )
    return template(release, tree, tools, limits)


def _parameter(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def template(release: Release, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """What `helm template` prints, each object with the template that it comes from. Raises `RenderError`.

    Sub-charts that are not here are a problem each, and the rest of the chart is rendered without them.
    """
    metadata = subcharts.chart_metadata(tree, release.chart)
    name = str(metadata.get("name") or "")
    local = [path for path in release.value_files if isinstance(path, str)]
    with workspace() as directory:
        export(tree, {*tree.under(release.chart), *local, *release.extra_files}, directory)
        if release.default_files:
            defaults = json.dumps(subcharts.defaults(tree, release), ensure_ascii=False)
            (directory / "files" / release.chart / "values.yaml").write_text(defaults, encoding="utf-8")
        absent = subcharts.provide(tree, release, directory, tools, limits)
        values_schema.check(directory / "files", release.chart)
        command = [tools.helm, "template", release_name(release.name, name), f"./{release.chart}"]
        command.append(f"--namespace={release.namespace or 'default'}")
        command.append(f"--kube-version={release.kubernetes_version or tools.kubernetes_version}")
        command += [f"--api-versions={version}" for version in (*tools.api_versions, *release.api_versions)]
        command += [f"--values={path}" for path in _value_files(release, directory)]
        for flag, parameter, _ in release.parameters:
            if flag == "set-file" and re.search(r"[,={}]", parameter):  # it would name files of its own
                raise RenderError(f"{release.chart}: {parameter!r} is no name of a file parameter")
        command += [f"--{flag}={parameter}={_escaped(value)}" for flag, parameter, value in release.parameters]
        command += release.flags
        try:
            output = tools.run(command, directory, limits)
        except RenderError as e:
            if absent:  # what is missing is why
                return Rendered(problems=absent)
            raise RenderError(f"{release.chart}: {e}") from None
    objects = _with_origins(output, release.chart, name, tree)
    if release.namespace:
        objects = with_namespace(objects, release.namespace)
    return Rendered(objects=objects, problems=absent)


def _value_files(release: Release, directory: Path) -> Iterator[str]:
    """Values in Helm's order; those that are no files of the repository are written down outside of the chart."""
    for number, values in enumerate((*release.value_files, *release.values)):
        if isinstance(values, str) and number < len(release.value_files):
            yield f"./{values}"
            continue
        text = values if isinstance(values, str | bytes) else json.dumps(values, ensure_ascii=False)
        file = directory / "home" / f"values-{number}.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
        yield str(file)


def release_name(name: str, chart: str) -> str:
    """The name of a release: the one given, else one made of the chart's. Raises `RenderError`."""
    if not name:
        return _NO_RELEASE.sub("-", chart.lower()).strip("-.")[:53].rstrip("-.") or "release"
    if not _RELEASE.fullmatch(name):
        raise RenderError(f"{name!r} is no name of a release: small letters, digits, `-` and `.` are allowed")
    return name


def _escaped(value: str) -> str:
    """A value of `--set`, its commas escaped as Argo CD does: lists in braces and escapes stay."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _read(output: bytes, chart: str, name: str) -> list[K8sObject]:
    """The objects of what Helm printed. Raises `RenderError` with the template that made what is no manifest."""
    file = join(chart, "Chart.yaml")
    try:
        return read_objects(output, file)
    except ManifestError as e:
        problem = Problem.of(e, file)
        lines = decode(output, chart).splitlines()[: problem.line]
        before = [(number, match[1]) for number, line in enumerate(lines) if (match := _SOURCE.match(line))]
        if not before:
            raise
        start, source = before[-1]
        what = str(e).removeprefix(f"{file}:{problem.line}:{problem.column}: ")
        template = join(chart, source.strip().removeprefix(f"{name}/"))
        raise RenderError(f"{template}: line {problem.line - start - 1} of what it renders to: {what}") from None


def _with_origins(output: bytes, chart: str, name: str, tree: Tree) -> list[K8sObject]:
    sources: dict[int, str] = {}
    for piece in split(decode(output, chart), chart):
        match = _SOURCE.search(piece.text)
        if match is not None:
            sources[piece.number] = match[1].strip()
    objects = []
    for found in _read(output, chart, name):
        source = sources.get(found.origin.document, "") if found.origin else ""
        file = join(chart, source.removeprefix(f"{name}/")) if source else ""
        if file not in tree.files:
            file = join(chart, "Chart.yaml")
        objects.append(K8sObject(found.data, Origin(file)))
    return objects
