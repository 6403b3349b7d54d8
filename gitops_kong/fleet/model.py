"""The clusters of a fleet, what each of them runs, and the repositories that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops_kong.sources.config import ControllerConfig


@dataclass(frozen=True, slots=True)
class RepositoryEntry:
    """One repository. `path` and the values of `repositories` (other ones, by URL) start at the fleet file's folder.

    `base` is the revision that clusters run, '' where it is not known; `revision` the one to check, '' for the work
    tree; `paths` the parts of the repository that are looked at.
    """

    name: str
    path: str
    base: str = ""
    revision: str = ""
    paths: tuple[str, ...] = ()
    repositories: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Targets of a repository that a cluster runs: those whose names match one of `names`, all of them without any.

    `base` and `revision` are those of the repository where they are empty.
    """

    repository: str
    names: tuple[str, ...] = ()
    base: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster, with what the fleet file says of it and of the groups that it belongs to.

    `controller` is what is said of every controller in it, `controllers` are those that are listed one by one;
    `context` are files and folders with what the cluster has beyond the repositories, from the fleet file's folder.
    Its targets are checked as one state where they are `together`.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    controller: ControllerConfig = field(default_factory=ControllerConfig)
    controllers: tuple[ControllerConfig, ...] = ()
    kubernetes_version: str = ""
    context: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole file; `clusters` are in its order."""

    file: str
    repositories: Mapping[str, RepositoryEntry]
    clusters: tuple[Cluster, ...]
