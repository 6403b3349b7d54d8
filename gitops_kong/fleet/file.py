"""The fleet file: read, checked, and what it says of groups laid on each cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.fleet.model import Assignment, Cluster, Fleet, RepositoryEntry
from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.positions import locate
from gitops_kong.sources import config
from gitops_kong.sources.config import ControllerConfig, controller_config, read_valid
from gitops_kong.sources.globs import text_glob

_PLACEHOLDER = re.compile(r"\{\{\s*(?:(name)|labels\.([^\s{}]+))\s*\}\}")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the file; controllers and gateways are written as in `.gitops-kong.yaml`."""
    text = files("gitops_kong.fleet").joinpath("fleet-file.schema.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    shared = config.schema()["$defs"]
    return {**value, "$defs": {**value["$defs"], "controller": shared["controller"], "gateway": shared["gateway"]}}


def read_fleet(text: bytes, file: str) -> Fleet:
    """The fleet that `text` describes. Raises `UserError` with the place of what is not understood."""
    value = read_valid(text, file, schema())

    def wrong(path: Iterable[str | int], message: str) -> UserError:
        place = locate(text, Origin(file), tuple(path))
        return UserError(f"{file}:{place.line}:{place.column}: {message}")

    repositories = {name: _repository(name, entry) for name, entry in value["repositories"].items()}
    groups = value.get("groups", [])
    for section, entries in (("groups", groups), ("clusters", value["clusters"])):
        for i, entry in enumerate(entries):
            for j, assigned in enumerate(entry.get("targets", ())):
                if assigned["repository"] not in repositories:
                    raise wrong(
                        (section, i, "targets", j, "repository"),
                        f"no repository {assigned['repository']!r}; there are {', '.join(repositories)}",
                    )
    clusters: dict[str, Cluster] = {}
    for i, entry in enumerate(value["clusters"]):
        if entry["name"] in clusters:
            raise wrong(("clusters", i, "name"), f"another cluster is named {entry['name']!r}; names are unique")
        clusters[entry["name"]] = _cluster(entry, groups)
    return Fleet(file, repositories, tuple(clusters.values()))


def filled(pattern: str, cluster: Cluster) -> str:
    """`pattern` with the cluster's name and labels in it. Raises `UserError` for a label that it has not."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return cluster.name
        if found[2] not in cluster.labels:
            raise UserError(f"{pattern}: the cluster has no label {found[2]!r}")
        return cluster.labels[found[2]]

    return _PLACEHOLDER.sub(value, pattern)


def selected(cluster: Cluster, names: Iterable[str] = (), labels: Mapping[str, str] | None = None) -> bool:
    """Whether a pattern of `names` (where there are any) and all of `labels` choose the cluster."""
    patterns = tuple(names)
    named = not patterns or any(text_glob(pattern)(cluster.name) for pattern in patterns)
    return named and all(cluster.labels.get(key) == value for key, value in (labels or {}).items())


def _repository(name: str, entry: Mapping[str, Any]) -> RepositoryEntry:
    return RepositoryEntry(
        name,
        entry["path"],
        entry.get("base", ""),
        entry.get("revision", ""),
        tuple(entry.get("paths", ())),
        entry.get("repositories", {}),
    )


def _cluster(entry: Mapping[str, Any], groups: Iterable[Mapping[str, Any]]) -> Cluster:
    cluster = Cluster(entry["name"], entry.get("labels", {}))
    said = [g for g in groups if selected(cluster, **g.get("clusters", {}))]
    said.append(entry)
    controller = ControllerConfig()
    for each in said:
        controller = controller_config({"gateway": each.get("gateway", {}), **each.get("controller", {})}).over(
            controller
        )
    listed = next((each["controllers"] for each in reversed(said) if "controllers" in each), ())
    return Cluster(
        cluster.name,
        cluster.labels,
        controller,
        tuple(controller_config(each).over(controller) for each in listed),
        next((each["kubernetesVersion"] for each in reversed(said) if "kubernetesVersion" in each), ""),
        tuple(path for each in said for path in each.get("context", ())),
        tuple(_assignment(assigned) for each in said for assigned in each.get("targets", ())),
        next((each["together"] for each in reversed(said) if "together" in each), False),
    )


def _assignment(entry: Mapping[str, Any]) -> Assignment:
    return Assignment(
        entry["repository"], tuple(entry.get("names", ())), entry.get("base", ""), entry.get("revision", "")
    )
