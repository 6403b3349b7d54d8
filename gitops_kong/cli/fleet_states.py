"""The states of a fleet's repositories: opened, searched and rendered once each, however many clusters run them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from gitops_kong.cli.before import Before
from gitops_kong.cli.controllers import held
from gitops_kong.cli.fleet_work import packed_files
from gitops_kong.cli.places import locator
from gitops_kong.cli.repository import Repository, open_repository
from gitops_kong.cli.targets import tools_of
from gitops_kong.errors import UserError
from gitops_kong.fleet.content import Packed, Part
from gitops_kong.fleet.model import RepositoryEntry
from gitops_kong.gateway import custom_schemas
from gitops_kong.policies import selection
from gitops_kong.policies.selection import Selection, own_rules, select
from gitops_kong.policies.suppressions import Suppressions, read_baseline
from gitops_kong.report.model import Locate
from gitops_kong.sources.base import Target, Tree
from gitops_kong.sources.controller_found import FoundController, find_controllers
from gitops_kong.sources.discover import discover
from gitops_kong.sources.globs import path_glob
from gitops_kong.sources.outputs import Outputs

_PATTERN = frozenset("*?[")
_KEPT_OBJECTS = 200_000  # of rendered targets that stay in memory for the next cluster


class Wanted(NamedTuple):
    """A repository in one state: its name, the revision to check and the one that clusters run, '' as in the entry."""

    repository: str
    revision: str
    base: str


@dataclass(frozen=True, eq=False)
class Both:
    """A target rendered after and before a change. `before` is `after` where nothing changed, None without a base."""

    after: Part
    before: Part | None

    @property
    def size(self) -> int:
        """How many objects it holds."""
        apart = self.before if self.before is not self.after else None
        return len(self.after.rendered.objects) + (len(apart.rendered.objects) if apart else 0)


@dataclass(eq=False)
class State:
    """One repository in one state. `own_secrets`: its own rules look at Secrets, and may need their values."""

    wanted: Wanted
    repository: Repository
    targets: Sequence[Target]
    rules: Selection
    own: Packed
    own_base: Packed
    own_secrets: bool
    locate: Locate
    suppressions: Suppressions | None
    checked: set[str] = field(default_factory=set)  # the targets that some cluster runs

    @cached_property
    def by_name(self) -> Mapping[str, Target]:
        """The targets by name."""
        return {target.name: target for target in self.targets}

    @cached_property
    def before(self) -> Before:
        """The targets before the change."""
        of = self.repository
        return Before(of.head.tree, of.base, of.config, of.paths, self.targets)

    def matching(self, names: Sequence[str]) -> list[Target]:
        """The targets that these patterns choose. Raises `UserError` for a pattern that chooses none."""
        if not names:
            return list(self.targets)
        chosen: dict[str, Target] = {}
        for pattern in names:
            found = [self.by_name[pattern]] if pattern in self.by_name else []
            if not found and not _PATTERN.isdisjoint(pattern):
                match = path_glob(pattern)
                found = [target for target in self.targets if match(target.name)]
            if not found:
                known = ", ".join(t.name for t in self.targets[:10]) + (" …" if len(self.targets) > 10 else "")
                raise UserError(
                    f"{self.wanted.repository}: no target is named {pattern!r}; found are {known or 'none'}"
                )
            chosen.update((t.name, t) for t in found)
        return list(chosen.values())


class States:
    """All states that a fleet needs, made when they are asked for; those that cannot be had are tried once.

    `share` False makes everything anew for every cluster, to measure what sharing saves.
    """

    def __init__(
        self,
        entries: Mapping[str, RepositoryEntry],
        folder: Path,
        allow_network: bool = False,
        today: date | None = None,
        share: bool = True,
    ) -> None:
        self._entries = entries
        self._folder = folder
        self._allow_network = allow_network
        self._today = today  # None: nothing is suppressed
        self.share = share
        self._states: dict[Wanted, State | UserError] = {}
        self._rendered: OrderedDict[tuple[Wanted, str, str], Both] = OrderedDict()
        self._found: dict[tuple[Wanted, str, tuple[str, ...]], list[FoundController]] = {}
        self._outputs = Outputs()
        self.renderings = 0

    def opened(self) -> list[State]:
        """The states that could be had."""
        return [state for state in self._states.values() if isinstance(state, State)]

    def state(self, repository: str, revision: str, base: str) -> State:
        """A state of a repository, as its entry says where `revision` and `base` are ''. Raises `UserError`."""
        entry = self._entries[repository]
        wanted = Wanted(repository, revision or entry.revision, base or entry.base)
        if wanted not in self._states:
            try:
                self._states[wanted] = self._open(wanted, entry)
            except UserError as e:
                self._states[wanted] = UserError(f"{repository}: {e}")
        state = self._states[wanted]
        if isinstance(state, UserError):
            raise state
        return state

    def rendered(self, state: State, target: Target, kubernetes_version: str) -> Both:
        """What a target renders to for clusters of a Kubernetes version, before and after the change."""
        key = (state.wanted, target.name, kubernetes_version)
        both = self._rendered.get(key) if self.share else None
        if both is None:
            self.renderings += 1
            both = self._render(state, target, kubernetes_version)
            if state.suppressions is not None:
                state.suppressions.look_at(target.name, both.after.rendered.objects, state.repository.head.tree)
            self._rendered[key] = both
            size = sum(each.size for each in self._rendered.values())
            while size > _KEPT_OBJECTS and len(self._rendered) > 1:
                size -= self._rendered.popitem(last=False)[1].size
        self._rendered.move_to_end(key)
        return both

    def controllers_in(self, state: State, targets: Sequence[Target], kubernetes_version: str) -> list[FoundController]:
        """The controllers that these targets of a repository hold together."""
        key = (state.wanted, kubernetes_version, tuple(t.name for t in targets))
        if key not in self._found:
            objects = [o for t in targets for o in held(self.rendered(state, t, kubernetes_version).after.rendered)]
            self._found[key] = find_controllers(objects, state.repository.head.tree)
        return self._found[key]

    def _open(self, wanted: Wanted, entry: RepositoryEntry) -> State:
        place = self._folder / entry.path
        paths = tuple(str(place / path) for path in entry.paths) or (str(place),)
        opened = open_repository(paths, wanted.base or None, bool(wanted.base), revision=wanted.revision or None)
        elsewhere = {url: str((self._folder / path).resolve()) for url, path in entry.repositories.items()}
        config = replace(
            opened.config,
            repositories={**opened.config.repositories, **elsewhere},
            allow_network=self._allow_network,
        )
        repository = replace(opened, config=config)
        head = repository.head.tree
        base = repository.base.tree if repository.base else head
        rules = own_rules(head)
        suppressions = None
        if self._today is not None:
            suppressions = Suppressions(self._today, read_baseline(head, self._today))
        return State(
            wanted,
            repository,
            discover(head, config, repository.paths),
            select(config.policies, rules, config.file),
            _own_files(head),
            _own_files(base),
            any("Secret" in rule.kinds for rule in rules.values()),
            locator(head),
            suppressions,
        )

    def _render(self, state: State, target: Target, kubernetes_version: str) -> Both:
        config = state.repository.config
        tools = tools_of(replace(config, kubernetes_version=kubernetes_version or config.kubernetes_version))
        if self.share:
            tools = replace(tools, outputs=self._outputs)  # revisions, and targets, that build the same
        after, before = state.before.render(target, tools)
        part = Part(after)
        return Both(part, part if before is after else Part(before) if before is not None else None)


def _own_files(tree: Tree) -> Packed:
    """What a repository brings along for its check: its own rules, and schemas of plugins."""
    folders = (selection.FOLDER, custom_schemas.FOLDER.as_posix())
    return Packed.of(packed_files({file: tree.read(file) for folder in folders for file in tree.under(folder)}))
