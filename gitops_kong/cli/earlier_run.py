"""The earlier run that a check builds on: where it is kept, when it can be used, and when it is written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from gitops_kong.cli.code import code_digest
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.policies.selection import Selection
from gitops_kong.predict.model import TargetPrediction
from gitops_kong.reuse.part import Part, part_to_check
from gitops_kong.reuse.snapshot import Snapshot, Stat, stats, take
from gitops_kong.reuse.splice import splice
from gitops_kong.reuse.store import Store
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import plain_target
from gitops_kong.sources.tree import Selection as SomeFiles
from gitops_kong.sources.tree import WorkTree


@dataclass(frozen=True)
class EarlierRun:
    """What an earlier run on the same work tree with the same settings left, if any."""

    store: Store
    name: str
    head: WorkTree
    base: Revision | None
    states: Mapping[str, Stat]
    today: date
    snapshot: Snapshot | None

    @classmethod
    def of(
        cls, store: Store | None, head: Revision, base: Revision | None, config: Config, settings: CheckSettings
    ) -> EarlierRun | None:
        """The earlier run; None where runs of this sort are not kept.

        Those are runs that show more than verdicts, or look beyond the files of one work tree.
        """
        tree = head.tree
        if store is None or not isinstance(tree, WorkTree) or tree.links or settings.compare_routes:
            return None
        if (
            settings.targets
            or settings.context
            or config.context
            or config.targets
            or any(path in tree.files for path in settings.paths)
        ):
            return None
        if base is not None and (base.cluster is not None or base.changed is None or base.config is not None):
            return None
        shown = replace(
            settings, fail_on="error", fail_on_existing=False, all_predictions=False, suppressions=True, today=date.min
        )
        name = "\n".join(
            ("check", code_digest(store), str(tree.root.resolve()), repr(shown), repr(config), str(base is not None))
        )
        states = stats(tree, time.time_ns())
        kept = store.get(name)
        return cls(
            store, name, tree, base, states, settings.today, Snapshot.from_plain(kept) if kept is not None else None
        )

    def part(self) -> Part | None:
        """What must be checked again, None: everything."""
        if self.snapshot is None or self.snapshot.day not in ("", str(self.today)):
            return None
        base = self.base
        return part_to_check(
            self.snapshot, self.head, self.states, base.tree if base else None, (base.changed or ()) if base else ()
        )

    def head_of(self, part: Part, head: Revision) -> Revision:
        """The head with the files of a part, and those that are no manifests."""
        return replace(head, tree=_some(self.head, part))

    def base_of(self, part: Part, base: Revision | None) -> Revision | None:
        """The base, likewise."""
        return replace(base, tree=_some(base.tree, part)) if base is not None else None

    def target_of(self, part: Part) -> Target:
        """The target with the files of a part."""
        assert self.snapshot is not None  # noqa: S101 - a part is one of a snapshot
        name, path = self.snapshot.target
        return plain_target(name, path, tuple(file for file in part.manifests if file in part.files))

    def marked(self, part: Part) -> list[str]:
        """Manifests of the whole target in which comments or annotations suppress findings, as far as is known."""
        files = self.snapshot.files if self.snapshot else {}
        return [path for path in part.manifests if path in part.files or (path in files and files[path][3])]

    def whole(self, part: Part, found: TargetPrediction, rules: Selection) -> TargetPrediction | None:
        """The verdicts on all, with those that were found on a part; None where they cannot be put together."""
        if self.snapshot is None or any("percent" in f"{p.expression} {p.message}" for p in rules.policies):
            return None
        return splice(self.snapshot, part, found)

    def keep(self, target: Target, rendered: Rendered, predicted: TargetPrediction) -> bool:
        """Leave this run for the next one; whether that can build on it."""
        if target.source != "files" or target != plain_target(target.name, target.path, target.inputs):
            return False
        base = self.base
        snapshot = take(
            self.head,
            base.tree if base else None,
            (base.changed or ()) if base else (),
            target,
            rendered,
            predicted,
            self.states,
            self.today,
        )
        if snapshot is None:
            return False
        self.store.put(self.name, snapshot.to_plain())
        return True


def _some(tree: Tree, part: Part) -> Tree:
    left_out = frozenset(part.manifests) - part.files
    return SomeFiles(tree, lambda path: path not in left_out)
