"""Sub-charts that a Helm chart depends on: vendored, elsewhere in the repository, or not here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import mapping, mappings
from gitops_kong.manifests.yaml import read_value
from gitops_kong.sources.base import Limits, Problem, Tree, join, normal
from gitops_kong.sources.tools import Tools, run

_MAX_DEPENDENCIES = 10
_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# where a chart names its dependencies; requirements.yaml is that of charts with apiVersion v1
_FILES = ("Chart.yaml", "requirements.yaml")


class Parent(Protocol):
    """The release that a chart is rendered for, as far as sub-charts depend on it."""

    @property
    def chart(self) -> str:
        """The chart's directory."""

    @property
    def value_files(self) -> tuple[str | bytes, ...]:
        """Values files, in Helm's order."""

    @property
    def default_files(self) -> tuple[str, ...]:
        """What stands in the chart for its values.yaml."""

    @property
    def values(self) -> tuple[Mapping[str, Any] | str, ...]:
        """Values that come after them."""

    @property
    def parameters(self) -> tuple[tuple[str, str, str], ...]:
        """Flag, name and value of what is set last."""


def chart_metadata(tree: Tree, directory: str) -> Mapping[str, Any]:
    """`Chart.yaml`, empty where it cannot be read."""
    return _document(tree, join(directory, "Chart.yaml"))


def _document(tree: Tree, file: str) -> Mapping[str, Any]:
    try:
        return mapping(read_value(tree.read(file), file))
    except ManifestError as e:
        raise RenderError(str(e)) from None


def _dependencies(tree: Tree, chart: str) -> list[dict[str, Any]]:
    listed = mappings(chart_metadata(tree, chart).get("dependencies"))
    if not listed and join(chart, _FILES[1]) in tree.files:
        listed = mappings(_document(tree, join(chart, _FILES[1])).get("dependencies"))
    return listed


def _missing(tree: Tree, chart: str) -> list[dict[str, Any]]:
    """Sub-charts that the chart names and does not hold, unpacked or packed."""
    prefix = join(chart, "charts")
    held = {path[len(prefix) + 1 :].partition("/")[0] for path in tree.under(prefix)}
    missing = []
    for entry in _dependencies(tree, chart):
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
        for entry in _dependencies(tree, chart):
            place = _local(entry, chart)
            if place is not None and place not in found:
                found |= {place} | local_charts(tree, place, depth + 1)
    except RenderError:
        return found
    return found


def provide(tree: Tree, release: Parent, directory: Path, tools: Tools, limits: Limits) -> list[Problem]:
    """Puts missing sub-charts into the private copy, or leaves them out of it: one problem for each of those.

    One that the release's values switch off is left out without a word. Raises `RenderError`.
    """
    copy = _Copy(tree, directory, tools, limits)
    missing = _missing(tree, release.chart)
    if not missing:
        return []
    values = _values(tree, release)
    for entry in missing:
        if _enabled(entry, values):
            copy.provide(entry, release.chart)
        else:
            copy.leave_out(entry, release.chart)
    return copy.absent


@dataclass(slots=True)
class _Copy:
    """The private copy that sub-charts are put into."""

    tree: Tree
    directory: Path
    tools: Tools
    limits: Limits
    absent: list[Problem] = field(default_factory=list)

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
        for inner in _missing(self.tree, place):
            source = _local(inner, place)
            if source is not None:
                up = "../" * (home.count("/") + 1)
                self.provide({**inner, "repository": f"file://{up}{source}"}, home, depth + 1)
            else:
                self.fetch(inner, home, place)

    def fetch(self, entry: Mapping[str, Any], chart: str, place: str = "") -> None:
        """Gets a sub-chart from where it is, which needs the network; `place` is where the chart is edited."""
        if self.tools.allow_network and _local(entry, chart) is None:
            command = [self.tools.helm, "dependency", "update", f"./{chart}"]
            run(command, self.directory, self.limits, network=True)
            return
        edited = place or chart
        what = f"{entry.get('name')} {entry.get('version') or ''}".strip()
        message = (
            f"{join(edited, 'Chart.yaml')}: sub-chart {what} ({entry.get('repository') or 'no repository'}) is not in "
            f"{join(edited, 'charts')}; run `helm dependency build {edited}` and commit it, or give --allow-network"
        )
        self.absent.append(Problem(message, join(edited, "Chart.yaml")))
        self.leave_out(entry, chart)

    def leave_out(self, entry: Mapping[str, Any], chart: str) -> None:
        """Takes a dependency out of the copy of the chart, which Helm would not render without it."""
        for name in _FILES:
            file = self.directory / "files" / chart / name
            if file.is_file():
                value = dict(mapping(read_value(file.read_bytes(), name)))
                listed = value.get("dependencies")
                if isinstance(listed, list):
                    keys = ("name", "alias", "repository")
                    same = [each for each in mappings(listed) if all(each.get(k) == entry.get(k) for k in keys)]
                    value["dependencies"] = [each for each in listed if each not in same]
                    file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _enabled(entry: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether the values take a sub-chart in (Helm's `processDependencyEnabled`: tags, then its condition)."""
    tags = [mapping(values.get("tags")).get(str(tag)) for tag in entry.get("tags") or () if isinstance(tag, str)]
    known = [tag for tag in tags if isinstance(tag, bool)]
    enabled = any(known) if known else True
    for path in str(entry.get("condition") or "").split(","):
        found: Any = values
        for key in path.strip().split("."):
            found = mapping(found).get(key)
        if isinstance(found, bool):
            return found
    return enabled


def _values(tree: Tree, release: Parent) -> dict[str, Any]:
    """All values of a release, as far as they can be told without Helm."""
    values = defaults(tree, release)
    texts: list[Any] = [tree.read(file) if isinstance(file, str) else file for file in release.value_files]
    for each in (*texts, *release.values):
        try:
            given = each if isinstance(each, dict) else read_value(_bytes(each), "values")
        except UserError:
            continue  # Helm says what is wrong with it
        values = merged(values, mapping(given))
    for _, name, value in release.parameters:
        values = merged(values, _nested(name.split("."), {"true": True, "false": False}.get(value, value)))
    return values


def defaults(tree: Tree, release: Parent) -> dict[str, Any]:
    """The values that the chart comes with: its values.yaml, or what is put in its place."""
    own = join(release.chart, "values.yaml")
    values: dict[str, Any] = {}
    for file in release.default_files or ((own,) if own in tree.files else ()):
        try:
            values = merged(values, mapping(read_value(tree.read(file), file)))
        except ManifestError as e:
            if release.default_files:
                raise RenderError(str(e)) from None  # else Helm says what is wrong with it
    return values


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "replace")


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values of Helm, later ones over earlier ones, mappings key by key."""
    found = dict(base)
    for key, value in over.items():
        before = found.get(key)
        found[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def _nested(path: Iterable[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    return {first: _nested(rest, value) if rest else value}
