"""What a run is given: what it does, and the states of the repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from gitops_kong.cli.settings import ControllerSettings
from gitops_kong.predict.model import SCENARIOS, Scenario, Severity
from gitops_kong.sources.base import Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.snapshot import ReadSnapshot


@dataclass(frozen=True)
class CheckSettings:
    """What one run of `check` does."""

    paths: Sequence[str] = (".",)
    targets: Sequence[str] = ()
    scenarios: Sequence[Scenario] = SCENARIOS
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    context: Sequence[str] = ()
    fail_on: Severity = "error"
    fail_on_existing: bool = False
    all_predictions: bool = False
    suppressions: bool = True
    compare_routes: bool = False  # fill in `Report.route_changes`
    today: date = field(default_factory=date.today)


@dataclass(frozen=True)
class Revision:
    """One state of the repository: its name for people (a revision, or the work tree) and its files.

    `changed` are the files in which it differs from the head, None where that is not known. `config` is
    a base's own `.gitops-kong.yaml`, None where it is that of the head. `cluster` is a base that is not in Git at
    all: what the cluster has.
    """

    name: str
    tree: Tree
    changed: frozenset[str] | None = None
    config: Config | None = None
    cluster: ReadSnapshot | None = None
