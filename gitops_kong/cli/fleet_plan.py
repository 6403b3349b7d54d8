"""From a fleet to its checks: for every target of every cluster the job that answers for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gitops_kong.cli.controllers import controller_of, held
from gitops_kong.cli.fleet_beside import Beside
from gitops_kong.cli.fleet_states import Both, State, States
from gitops_kong.cli.fleet_work import BASE, CONTEXT, HEAD, OWN, OWN_BASE, JobSettings
from gitops_kong.cli.places import locator
from gitops_kong.cli.settings import ControllerSettings, kubernetes_version
from gitops_kong.errors import UserError
from gitops_kong.fleet.content import Part, original
from gitops_kong.fleet.file import filled
from gitops_kong.fleet.job import Job
from gitops_kong.fleet.model import Cluster
from gitops_kong.fleet.results import Find
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.predict.model import SCENARIOS, Scenario
from gitops_kong.report.fleet_model import Check
from gitops_kong.report.model import Controller, Locate, Place
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.controller_found import find_controllers
from gitops_kong.sources.files import SUFFIXES, looks_like_manifests
from gitops_kong.sources.tree import FileTree, MemoryTree, WorkTree

_KEPT_CONTEXTS = 4  # for the next clusters, which often have the same one


@dataclass(eq=False)
class PlannedCheck:
    """One check of the report to be; `find` and `locate` lead from its result back to files. `state` is its source."""

    check: Check
    job: Job | None = None
    state: State | None = None
    find: Find = lambda _role, _number: None
    locate: Locate = lambda _object, _path: None


class Assigned(NamedTuple):
    """The targets that a cluster runs, and why some could not be found."""

    targets: tuple[tuple[State, Target], ...]
    problems: tuple[str, ...]


class ClusterPlan(NamedTuple):
    """A cluster's checks, and what keeps it from being checked at all."""

    cluster: Cluster
    problems: tuple[str, ...]
    checks: tuple[PlannedCheck, ...]


@dataclass(frozen=True)
class Planner:
    """Plans clusters one by one. `folder` is that of the fleet file, `day` the day that certificates are judged by.

    `mask` is the key of the digests that stand for Secrets which controllers cannot read.
    """

    states: States
    folder: Path
    file: str
    mask: bytes
    day: date
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    scenarios: Sequence[Scenario] = SCENARIOS
    bases: Mapping[str, str] = field(default_factory=dict)
    _contexts: OrderedDict[tuple[str, ...], _Context] = field(default_factory=OrderedDict)

    def plan(self, cluster: Cluster, assigned: Assigned) -> ClusterPlan:
        """The checks of a cluster. What cannot be read is a problem of this cluster, or of one check alone."""
        targets, problems = assigned
        try:
            context = self._context(cluster)
        except UserError as e:
            failed = [self._check(cluster, state, target, problems=(str(e),)) for state, target in targets]
            return ClusterPlan(cluster, (str(e), *problems), tuple(map(PlannedCheck, failed)))
        return ClusterPlan(cluster, problems, tuple(self._planned(cluster, targets, context)))

    def targets(self, cluster: Cluster) -> Assigned:
        """The targets that the cluster runs, each once, and why some could not be found."""
        found: dict[tuple[object, str], tuple[State, Target]] = {}
        problems = [] if cluster.assignments else ["no targets are assigned to it"]
        for each in cluster.assignments:
            try:
                names = [filled(name, cluster) for name in each.names]
                base = self.bases.get(each.repository) or filled(each.base, cluster)
                state = self.states.state(each.repository, filled(each.revision, cluster), base)
                for target in state.matching(names):
                    found[state.wanted, target.name] = (state, target)
            except UserError as e:
                problems.append(str(e))
        return Assigned(tuple(found.values()), tuple(dict.fromkeys(problems)))

    def _context(self, cluster: Cluster) -> _Context:
        names = tuple(filled(path, cluster) for path in cluster.context)
        known = self._contexts.get(names) if self.states.share else None
        if known is None:
            known = self._contexts[names] = self._read(names)
            if len(self._contexts) > _KEPT_CONTEXTS:
                self._contexts.popitem(last=False)
        return known

    def _read(self, names: Iterable[str]) -> _Context:
        rendered = Rendered()
        tree: dict[str, tuple[FileTree, str]] = {}
        for name in names:
            for file, below, inner in _files_of(self.folder, name):
                tree[file] = (below, inner)
                read = below.objects(inner) if looks_like_manifests(below.read(inner)) else []
                rendered.objects.extend(K8sObject(o.data, _moved(o.origin, file)) for o in read)
        return _Context(Part(rendered), tree)

    def _planned(
        self, cluster: Cluster, targets: Sequence[tuple[State, Target]], context: _Context
    ) -> Iterator[PlannedCheck]:
        by_state: dict[State, list[Target]] = {}
        for state, target in targets:
            by_state.setdefault(state, []).append(target)
        for state, target in targets:
            both = self.states.rendered(state, target, cluster.kubernetes_version)
            beside = Beside(())
            if cluster.together:
                beside = Beside.of(self.states, cluster.kubernetes_version, targets, (state, target))
            problems = tuple(dict.fromkeys(p.message for p in both.after.rendered.problems))
            try:
                controllers = self._controllers(cluster, state, target, both, by_state)
                job = self._job(cluster, state, target, both, context, controllers, beside)
            except UserError as e:
                yield PlannedCheck(self._check(cluster, state, target, problems=(*problems, str(e))))
                continue
            check = self._check(cluster, state, target, tuple(c for c, _ in controllers), problems)
            find = _finder(context, both, beside)
            yield PlannedCheck(check, job, state, find, beside.places(context.places(state.locate)))

    def _check(
        self,
        cluster: Cluster,
        state: State,
        target: Target,
        controllers: tuple[Controller, ...] = (),
        problems: tuple[str, ...] = (),
    ) -> Check:
        wanted = state.wanted
        state.checked.add(target.name)
        return Check(cluster.name, wanted.repository, wanted.revision, wanted.base, target.name, controllers, problems)

    def _controllers(
        self,
        cluster: Cluster,
        state: State,
        target: Target,
        both: Both,
        by_state: Mapping[State, Sequence[Target]],
    ) -> list[tuple[Controller, Controller]]:
        """The controllers of the cluster, each with the one that runs before the change: what the flags say of them,
        then the fleet file, then the repository, then what is found in all that the cluster runs.
        """
        everywhere = [
            found
            for each, targets in by_state.items()
            for found in self.states.controllers_in(each, targets, cluster.kubernetes_version)
        ]

        def chosen(config: Config, part: Part, tree: Tree) -> list[Controller]:
            own = part.once("controllers", lambda: find_controllers(held(part.rendered), tree, cluster=place))
            said = target.options.get("controller")
            if said is not None and cluster.controllers:
                said = None
            if said is not None:
                said = cluster.controller.over(said)
            pairs = self.controller.several(self._config(cluster, config), own or everywhere, said)
            return [controller_of(self.controller, self._config(cluster, config), *pair) for pair in pairs]

        place = str(target.options.get("cluster") or "")
        repository = state.repository
        now = chosen(repository.config, both.after, repository.head.tree)
        base = repository.base
        if base is None or both.before is None or (base.config is None and both.before is both.after):
            return [(each, each) for each in now]
        try:
            before = {each.name: each for each in chosen(base.config or repository.config, both.before, base.tree)}
        except UserError:  # a version that is not known
            before = {}
        return [(each, before.get(each.name, each)) for each in now]

    def _config(self, cluster: Cluster, config: Config) -> Config:
        """The repository's settings under what the fleet file says of the cluster."""
        said = cluster.controller
        listed = cluster.controllers or tuple(said.over(each) for each in config.controllers)
        return replace(
            config,
            controller=said.over(config.controller),
            controllers=listed,
            kubernetes_version=cluster.kubernetes_version or config.kubernetes_version,
            file=f"{self.file}: {cluster.name}" if said.version or cluster.controllers else config.file,
        )

    def _job(
        self,
        cluster: Cluster,
        state: State,
        target: Target,
        both: Both,
        context: _Context,
        controllers: Sequence[tuple[Controller, Controller]],
        beside: Beside,
    ) -> Job:
        config = state.repository.config
        named = both.after.named | context.part.named | (both.before.named if both.before else frozenset())
        named |= beside.named
        selectors = {label for now, _ in controllers if (label := now.options.secret_label_selector)}
        mask = None if state.own_secrets else self.mask
        parts = {
            CONTEXT: context.part.packed(named, selectors, mask),
            HEAD: both.after.packed(named, selectors, mask),
            OWN: beside.own(state),
            **beside.parts(both.before is not None, lambda part: part.packed(named, selectors, mask)),
        }
        if both.before is not None:
            parts[BASE] = both.before.packed(named, selectors, mask)
        changed = tuple((now, old.options if old.options != now.options else None) for now, old in controllers)
        if any(old for _, old in changed):
            parts[OWN_BASE] = state.own_base
        settings = JobSettings(
            changed,
            kubernetes_version(self._config(cluster, config)),
            tuple(self.scenarios),
            config.policies,
            config.file,
            self.day.isoformat(),
            "" if self.states.share else cluster.name,
        )
        return Job(settings.packed(), parts, f"{cluster.name}: {state.wanted.repository}/{target.name}")


class _ContextOrigin(Origin):
    """The place of an object of a cluster's context, which is no file of a repository."""


@dataclass(frozen=True, eq=False)
class _Context:
    """What a cluster has beyond its repositories; `files` are by the name that reports give them."""

    part: Part
    files: Mapping[str, tuple[FileTree, str]]

    def places(self, repository: Locate) -> Locate:
        """Places in files of the context and of a repository."""
        if not self.files:
            return repository

        @cache
        def within(file: str) -> Locate:
            return locator(self.files[file][0])

        def place(obj: K8sObject, path: tuple[str | int, ...]) -> Place | None:
            origin = obj.origin
            if not isinstance(origin, _ContextOrigin):
                return repository(obj, path)
            inner = K8sObject(obj.data, Origin(self.files[origin.file][1], origin.document, origin.item))
            found = within(origin.file)(inner, path)
            return found._replace(file=origin.file) if found else None

        return place


def _moved(origin: Origin | None, file: str) -> Origin:
    return _ContextOrigin(file, origin.document, origin.item) if origin else _ContextOrigin(file)


def _files_of(folder: Path, name: str) -> Iterator[tuple[str, FileTree, str]]:
    """The files of one entry of a context: the name for people, the tree that holds it, its path there."""
    place = folder / name
    if place.is_dir():
        tree: FileTree = WorkTree(place)
        for file in tree.under("."):
            if file.endswith(SUFFIXES):
                yield f"{name.rstrip('/')}/{file}", tree, file
        return
    try:
        text = place.read_bytes()
    except OSError as e:
        raise UserError(f"context {name}: {(e.strerror or 'cannot be read').lower()}") from None
    yield name, MemoryTree({name: text}), name


def _finder(context: _Context, both: Both, beside: Beside) -> Find:
    """The objects of a job's contents."""
    parts = {CONTEXT: context.part, HEAD: both.after, **({BASE: both.before} if both.before else {})}
    found = {role: original(part.rendered) for role, part in parts.items()} | beside.finders()
    return lambda role, number: found[role](number) if role in found else None
