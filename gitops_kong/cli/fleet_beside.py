"""The other targets of a cluster whose targets are checked together: their contents, and where their objects stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gitops_kong.cli.fleet_states import Both, State, States
from gitops_kong.cli.places import line_of
from gitops_kong.fleet.beside import BESIDE, BESIDE_BASE, role
from gitops_kong.fleet.content import Packed, Part, original, plain
from gitops_kong.gateway import custom_schemas
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.predict.model import Finding, SuppressedFinding, TargetPrediction
from gitops_kong.report.model import Locate, Place
from gitops_kong.sources.base import Target


@dataclass(frozen=True, slots=True)
class _Elsewhere(Origin):
    """A place in another repository; `file` has the repository's name in front."""

    inner: Origin | None = None
    state: State | None = None


@dataclass(frozen=True)
class Beside:
    """The other targets of a cluster, rendered, in its order."""

    others: tuple[tuple[State, Both], ...]

    @classmethod
    def of(
        cls,
        states: States,
        kubernetes_version: str,
        targets: Sequence[tuple[State, Target]],
        own: tuple[State, Target],
    ) -> Beside:
        """All but the target itself; those in which something does not render count as far as they do."""
        return cls(
            tuple(
                (state, states.rendered(state, target, kubernetes_version))
                for state, target in targets
                if (state, target.name) != (own[0], own[1].name)
            )
        )

    @property
    def named(self) -> frozenset[str]:
        """Names in their objects: the controller may read Secrets of these names."""
        parts = [part for _, both in self.others for part in (both.after, both.before) if part]
        return frozenset().union(*(part.named for part in parts))

    def parts(self, compared: bool, packed: Callable[[Part], Packed]) -> dict[str, Packed]:
        """Their contents by role; where the target is `compared`, one without a base is taken to be as it was."""
        found = {}
        for number, (_, both) in enumerate(self.others):
            found[role(BESIDE, number)] = packed(both.after)
            if compared:
                found[role(BESIDE_BASE, number)] = packed(both.before or both.after)
        return found

    def own(self, state: State) -> Packed:
        """What a repository brings along for its check, with the others' schemas of plugins."""
        others = {each for each, _ in self.others if each is not state}
        if not others:
            return state.own
        files: dict[str, str] = {}
        for each in sorted(others, key=lambda each: each.wanted):
            theirs = json.loads(each.own.data)
            files |= {path: text for path, text in theirs.items() if path.startswith(f"{_SCHEMAS}/")}
        return Packed.of(plain({**files, **json.loads(state.own.data)}))

    def finders(self) -> dict[str, Callable[[int], K8sObject | None]]:
        """The objects of their contents, by role."""
        found: dict[str, Callable[[int], K8sObject | None]] = {}
        for number, (state, both) in enumerate(self.others):
            found[role(BESIDE, number)] = _moved(state, original(both.after.rendered))
            found[role(BESIDE_BASE, number)] = _moved(state, original((both.before or both.after).rendered))
        return found

    def places(self, own: Locate) -> Locate:
        """Places in files of their repositories, and what `own` knows."""
        if not self.others:
            return own

        def place(obj: K8sObject, path: tuple[str | int, ...]) -> Place | None:
            origin = obj.origin
            if not isinstance(origin, _Elsewhere) or origin.state is None:
                return own(obj, path)
            found = origin.state.locate(K8sObject(obj.data, origin.inner), path)
            return found._replace(file=f"{origin.state.wanted.repository}: {found.file}") if found else None

        return place


def suppressed_elsewhere(predicted: TargetPrediction) -> TargetPrediction:
    """The target without findings on objects of other repositories that are suppressed where those stand."""
    kept: list[Finding] = []
    apart: list[SuppressedFinding] = [*predicted.suppressed]
    for finding in predicted.findings:
        origin = finding.object.origin if finding.object else None
        if finding.object is None or not isinstance(origin, _Elsewhere) or not origin.state:
            kept.append(finding)
            continue
        known = origin.state.suppressions
        there = replace(finding, object=K8sObject(finding.object.data, origin.inner))
        judged = known.apply(TargetPrediction("", (), (there,), 0), line_of(origin.state.locate)) if known else None
        if judged is not None and judged.suppressed:
            apart.append(judged.suppressed[0]._replace(finding=finding))
        else:
            kept.append(finding)
    return replace(predicted, findings=tuple(kept), suppressed=tuple(apart))


_SCHEMAS = custom_schemas.FOLDER.as_posix()


def _moved(state: State, find: Callable[[int], K8sObject | None]) -> Callable[[int], K8sObject | None]:
    """The same objects, with the repository in their places."""

    def moved(number: int) -> K8sObject | None:
        found = find(number)
        if found is None or found.origin is None:
            return found
        origin = found.origin
        file = f"{state.wanted.repository}: {origin.file}"
        return K8sObject(found.data, _Elsewhere(file, origin.document, origin.item, (), origin, state))

    return moved
