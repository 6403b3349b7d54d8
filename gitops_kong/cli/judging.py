"""The targets of one run judged, each by its controllers: known from an earlier run, or found by several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitops_kong.cli.cluster_base import on_cluster
from gitops_kong.cli.independent import results
from gitops_kong.cli.inputs import Revision
from gitops_kong.cli.known_verdicts import KnownVerdicts
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.target_run import TargetRun
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.several import together
from gitops_kong.report.model import Controller
from gitops_kong.reuse.verdicts import Found
from gitops_kong.sources.base import Rendered, Target, Tree


@dataclass(frozen=True)
class Judging:
    """What targets rendered to `after` and `before` the change, by name, and the controllers that they run in.

    `earlier` are the controllers before the change, where it can have changed them; `run_of` sets up one with the
    schemas of plugins that a tree brings along.
    """

    targets: Sequence[Target]
    after: Mapping[str, Rendered]
    before: Mapping[str, Rendered | None]
    controllers: Mapping[str, Sequence[Controller]]
    earlier: Mapping[str, Sequence[Controller]]
    base: Revision | None
    runs: Mapping[str, TargetRun]
    run_of: Callable[[Controller, Tree], TargetRun]

    def found(self, known: KnownVerdicts, progress: Progress) -> dict[str, Found]:
        """The verdicts by target."""
        found: dict[str, Found] = {}
        for target in self.targets:
            verdicts = known.get(
                target,
                self.after[target.name],
                self.before[target.name],
                self.controllers[target.name],
                self.earlier.get(target.name, ()),
            )
            if verdicts is not None:
                found[target.name] = verdicts
        unknown = [target for target in self.targets if target.name not in found]
        weights = [len(self.after[target.name].objects) for target in unknown]
        others = results(weights, lambda number: self._judged(unknown[number]), self._objects)
        total = len(self.targets)
        for i, target in enumerate(self.targets, 1):
            count = f"{len(self.after[target.name].objects)} objects"
            progress.item(f"checking {target.name} ({i} of {total}): {count}", "checking", i, total)
            if target.name not in found:
                found[target.name] = next(others)
        return {target.name: found[target.name] for target in self.targets}

    def _judged(self, target: Target) -> Found:
        rendered, before = self.after[target.name], self.before[target.name]
        base = self.base
        seen = []
        for each in self.controllers[target.name]:
            run = self.runs[each.name]
            if base is not None and base.cluster is not None:
                before, rendered = on_cluster(self.after[target.name], base.cluster, run.server.prepare)
            old = next((c for c in self.earlier.get(target.name, ()) if c.name == each.name), each)
            replaced = None
            if old.options != each.options and base is not None:
                replaced = self.run_of(old, base.tree)
            seen.append((each.name, run.target(target, rendered, before, replaced)))
            if len(self.targets) > 1:
                run.configurations.clear()  # they hold all of a target
        changes = tuple(change for run in self.runs.values() for change in run.route_changes.pop(target.name, ()))
        return together(seen), changes

    def _objects(self) -> Iterator[K8sObject]:
        """What verdicts can speak of."""
        for run in self.runs.values():
            yield from run.context
        if self.base is not None and self.base.cluster is not None:
            yield from self.base.cluster.objects
        for each in (*self.after.values(), *self.before.values()):
            yield from each.objects if each else ()
