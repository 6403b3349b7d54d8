"""The targets before a change: what each was made of, which ones the change reaches, which ones it took away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from gitops_kong.cli.inputs import Revision
from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import Ref
from gitops_kong.sources import argocd, flux_targets
from gitops_kong.sources.base import Assumption, Problem, Rendered, Target, Tree, join, normal, upwards
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.files import SUFFIXES
from gitops_kong.sources.kustomize import kustomization_file
from gitops_kong.sources.recorded import Reads, Recorded
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools

_DEPLOYERS = ("argocd", "flux", "combined")  # what these are made of is more than a path


class Before:
    """The state before a change, for the `targets` that were found after it."""

    def __init__(
        self, head: Tree, base: Revision | None, config: Config, paths: Sequence[str], targets: Sequence[Target]
    ) -> None:
        self._head = head
        self._base = base if base is not None and base.cluster is None else None
        self._config = config
        self._paths = paths
        self._targets = targets

    def render(self, target: Target, tools: Tools) -> tuple[Rendered, Rendered | None]:
        """What a target renders to after and before the change: the same value where the change cannot reach it."""
        base = self._base
        if base is None:
            return render(target, self._head, tools), None
        if target.source == "files":
            before = self._with_gone_files(target)
            after = render(target, self._head, tools)
            reached = base.changed is None or target != before or _resolved(target, self._head).reached_by(base.changed)
        else:
            before = self._defined(target)
            recorded = Recorded(self._head)
            after = render(target, recorded, tools)
            reached = target.options != before.options or self._reached(recorded.reads)
        if not reached:
            return after, after
        earlier = render(before, base.tree, tools)
        if earlier.problems and _was_there(before, base.tree):
            after.assumptions.append(_all_new(earlier.problems))
        return after, earlier

    def gone(self) -> list[Target]:
        """Targets of which nothing is left."""
        if self._base is None or not self._removed:
            return []
        known = {target.name for target in self._targets}
        return [each for each in self._earlier.values() if each.name not in known and self._is_gone(each)]

    def render_gone(self, target: Target, tools: Tools) -> tuple[Rendered, Rendered | None]:
        """What there is of a target that is gone, and what there was."""
        if self._base is None:
            return Rendered(), None
        before = render(target, self._base.tree, tools)
        message = f"nothing is left of {target.path}: all that it had ({_counted(before)}) is taken to be removed"
        return Rendered(assumptions=[Assumption(Ref("", "", "", target.path), message)]), before

    def _reached(self, reads: Reads) -> bool:
        base = self._base
        return base is None or base.changed is None or reads.reached_by(base.changed, (self._head, base.tree))

    def _is_gone(self, target: Target) -> bool:
        if target.source == "files":
            return not any(path in self._head.files or self._lost.get(path) for path in target.inputs)
        if roots := target.options.get("roots"):
            return not any(path in self._head.files for path in roots)
        return not self._head.is_directory(target.path) and target.path not in self._head.files

    def _defined(self, target: Target) -> Target:
        """The target as it was found before the change, else as it is."""
        if target.source not in _DEPLOYERS or not self._redefined:
            return target
        same = self._earlier.get(target.name)
        if same is None or same.source != target.source:
            cluster = target.options.get("cluster")
            like = [e for e in self._earlier.values() if (e.source, e.path) == (target.source, target.path)]
            same = next((replace(e, options={**e.options, "cluster": cluster}) for e in like if cluster), None)
        return replace(same, name=target.name) if same else target

    def _with_gone_files(self, target: Target) -> Target:
        """Plain files as they were: those that are still there, and those that this target has lost."""
        if self._base is None or target.path in self._head.files:
            return target
        members = target.options.get("files") or target.inputs
        lost = [path for path, name in self._lost.items() if name == target.name]
        files = tuple(sorted({*(path for path in members if path in self._base.tree.files), *lost}))
        if files == tuple(members):
            return target
        return replace(target, options={**target.options, "files": files})

    @cached_property
    def _lost(self) -> dict[str, str]:
        """Plain files that are gone, with the name of the target that had them or would have them now."""
        plain = [target for target in self._targets if target.source == "files"]
        by_name = {target.name for target in plain}
        places = {target.path: target.name for target in plain}
        found: dict[str, str] = {}
        for each in self._earlier.values() if self._removed else ():
            for path in each.options.get("files") or () if each.source == "files" else ():
                if path in self._removed:
                    near = next((places[above] for above in upwards(path) if above in places), "")
                    found[path] = each.name if each.name in by_name else near
        return found

    @cached_property
    def _removed(self) -> frozenset[str]:
        base = self._base
        if base is None:
            return frozenset()
        changed = base.tree.files if base.changed is None else base.changed
        return frozenset(path for path in changed if path in base.tree.files and path not in self._head.files)

    @cached_property
    def _redefined(self) -> bool:
        """Whether what Argo CD and Flux start from can be another than it was."""
        base = self._base
        if base is None or base.changed is None or self._removed or base.config is not None:
            return True
        for path in base.changed:
            if path not in base.tree.files or not path.endswith(SUFFIXES):
                return True
            for tree in (self._head, base.tree):
                try:
                    text = tree.read(path)
                except UserError:
                    return True
                if argocd.mentions(text) or flux_targets.mentions(text):
                    return True
        return False

    @cached_property
    def _earlier(self) -> dict[str, Target]:
        """The targets before the change by name; none where they cannot be told."""
        base = self._base
        if base is None:
            return {}
        paths = [path for path in self._paths if base.tree.is_directory(normal(path)) or path in base.tree.files]
        if not paths:
            return {}
        try:
            return {target.name: target for target in discover(base.tree, base.config or self._config, paths)}
        except UserError:
            return {}


def _was_there(target: Target, tree: Tree) -> bool:
    """Whether there was something to render: a kustomization or a chart that is new had nothing before."""
    if target.source == "kustomize":
        return kustomization_file(tree, target.path) is not None
    return target.source != "helm" or join(target.path, "Chart.yaml") in tree.files


def _all_new(problems: Sequence[Problem]) -> Assumption:
    """That the state before the change could not be had: what is in the one after it looks new."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = (
        f"what could not be rendered before the change counts as new or changed by it: {problems[0].message}{more}"
    )
    return Assumption(Ref("", "", "", "before the change"), message)


def _counted(rendered: Rendered) -> str:
    count = len(rendered.objects)
    return f"{count} object{'' if count == 1 else 's'}"


def _resolved(target: Target, tree: Tree) -> Target:
    """The target with what its inputs lead to, where they are links."""
    if not tree.links:
        return target
    led = set(target.inputs)
    for path in target.inputs:
        try:
            led.add(tree.resolve(path))
        except UserError:
            continue  # rendering says where it leads
    return replace(target, inputs=tuple(sorted(led)))
