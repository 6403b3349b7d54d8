"""Verdicts on whole targets that an earlier run found for exactly what they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gitops_kong.cli.code import code_digest
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.cli.settings import kubernetes_version
from gitops_kong.errors import UserError
from gitops_kong.gateway import custom_schemas
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies import selection
from gitops_kong.report.model import Controller
from gitops_kong.reuse.store import Store
from gitops_kong.reuse.verdicts import Found, Name, from_plain, to_plain
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config


@dataclass
class KnownVerdicts:
    """What is known of the targets of one run, and what becomes known in it."""

    store: Store | None
    start: Name = field(default_factory=Name)
    names: dict[str, str] = field(default_factory=dict)  # of verdicts by target

    @classmethod
    def of(
        cls,
        store: Store | None,
        head: Revision,
        base: Revision | None,
        config: Config,
        settings: CheckSettings,
        rules: selection.Selection,
        context: Sequence[K8sObject],
    ) -> KnownVerdicts:
        """Nothing is known, or kept, without a store, and against a live cluster, which is hardly ever as it was."""
        if store is None or (base is not None and base.cluster is not None):
            return cls(None)
        start = Name()
        try:
            start.add([code_digest(store), settings.scenarios, settings.compare_routes, kubernetes_version(config)])
            start.add(str(settings.today))  # certificates expire
            start.add([(each.id, each.severity) for each in rules.policies])
            start.add(rules.severities)
            for tree in (head.tree, base.tree if base else None):
                start.add(_own_files(tree) if tree else None)
            start.add_objects(context)
        except (ValueError, RecursionError, UserError):  # a file of the base that cannot be read
            return cls(None)
        return cls(store, start)

    def get(
        self,
        target: Target,
        rendered: Rendered,
        before: Rendered | None,
        controllers: Sequence[Controller],
        earlier: Sequence[Controller],
    ) -> Found | None:
        """The verdicts on a target; None where they must be found."""
        if self.store is None:
            return None
        name = self.start.copy()
        try:
            name.add(target.name)
            name.add_rendered(rendered)
            name.add("same" if before is rendered else "other")
            if before is not rendered:
                name.add_rendered(before)
            for each in (*controllers, None, *earlier):
                name.add([each.name, each.options, each.webhook] if each else None)
        except (ValueError, RecursionError):
            return None
        kept = self.store.get(str(name))
        if kept is not None:
            return from_plain(kept)
        self.names[target.name] = str(name)
        return None

    def keep(self, found: Mapping[str, Found]) -> None:
        """Keep what was found for targets of which nothing was known."""
        for target, name in self.names.items():
            if self.store is not None:
                self.store.put(name, to_plain(found[target]))


def _own_files(tree: Tree) -> list[tuple[str, bytes]]:
    """Rules and schemas of plugins that the repository brings along."""
    folders = (selection.FOLDER, custom_schemas.FOLDER.as_posix())
    return [(path, tree.read(path)) for folder in folders for path in tree.under(folder)]
