"""From the end of a life to the three answers for each object, with the chain of causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.fallback.generate import Affected
from gitops_kong.controller.fallback.graph import ConfigGraph, vertex
from gitops_kong.controller.gateway_state import Answer
from gitops_kong.controller.object_status import PROGRAMMED_KINDS
from gitops_kong.controller.statuses import ObjectStatus, status
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.predict.conditions import KINDS as CONDITION_KINDS
from gitops_kong.predict.conditions import Conditions
from gitops_kong.predict.kinds import (
    FAILURE_STATUS_KINDS,
    OWN_STATUS_KINDS,
    REFERENCED_KINDS,
    ROUTE_KINDS,
    STATUS_KINDS,
)
from gitops_kong.predict.life import Life, World
from gitops_kong.predict.model import Cause, Configuration, Outcome, SeenCondition, Status, Traffic
from gitops_kong.translate.state import TranslationFailure


@dataclass(frozen=True)
class Refusals:
    """What the gateway refused in a life.

    `by_object` are the objects that it names, as the controller reads them; `unnamed` are messages that name none, and
    `blamed` the objects that these come from, which nobody tells the controller.
    """

    by_object: Mapping[Ref, tuple[Cause, ...]]
    unnamed: tuple[str, ...]
    blamed: Mapping[Ref, tuple[Cause, ...]]

    @property
    def causes(self) -> tuple[Cause, ...]:
        """One cause an object: what a person mends first."""
        return tuple(causes[0] for causes in (self.by_object or self.blamed).values())


@dataclass(frozen=True)
class Verdict:
    """One object's outcome in one life and why."""

    outcome: Outcome
    causes: tuple[Cause, ...] = ()
    conditions: tuple[SeenCondition, ...] = ()


class LifeReader:
    """Answers for the objects of one life; what several objects share is worked out once."""

    def __init__(self, life: Life, world: World) -> None:
        self.life = life
        self._world = world
        self.runs = life.runs
        self._scrub = Scrubber(life.store)
        self._plain: dict[tuple[Configuration, Status, Traffic], Verdict] = {}  # those without causes and conditions

    def ends_like(self, other: LifeReader) -> bool:
        """Whether both lives end well and alike, so that each object has the same verdict in both."""
        one, two = self.life, other.life
        return (
            self.runs == other.runs == "regular"
            and one.crash is two.crash is None
            and one.fallback is two.fallback is None
            and one.store is two.store
            and one.regular is two.regular
            and one.running is two.running
            and one.state.memory.reports == two.state.memory.reports
            and one.written == two.written
        )

    @property
    def fallback_on(self) -> bool:
        """Whether the controller makes fallback configurations."""
        return self._world.options.gate("FallbackConfiguration")

    @cached_property
    def intended(self) -> Counter[Ref]:
        """Entities of the full configuration by object."""
        return self._world.owners(self.life.regular.config if self.life.regular else None)

    @cached_property
    def served(self) -> Counter[Ref]:
        """Entities that the gateway runs by object."""
        return self._world.owners(self.life.running)

    @cached_property
    def served_before(self) -> Counter[Ref]:
        """Entities that a gateway ran before the last step by object."""
        return self._world.owners(self.life.ran)

    @cached_property
    def refusals(self) -> Refusals:
        """What the gateway refused, unless the full configuration was accepted since."""
        return _refusals(self.life, self._scrub) if self.runs != "regular" else Refusals({}, (), {})

    @cached_property
    def _failed(self) -> Mapping[Ref, Cause]:
        translation = self.life.fallback_translation if self.runs == "fallback" else self.life.regular
        return _failed(translation.failures if translation else (), self._scrub)

    @cached_property
    def untranslated(self) -> Mapping[Ref, Cause]:
        """What failed in the translation of everything, whatever the gateway runs in its place."""
        return _failed(self.life.regular.failures if self.life.regular else (), self._scrub)

    @cached_property
    def _translated(self) -> frozenset[Ref]:
        return frozenset(o.ref for o in self.life.regular.configured) if self.life.regular else frozenset()

    @cached_property
    def _excluded(self) -> Mapping[Ref, Affected]:
        fallback = self.life.fallback
        return {a.object.ref: a for a in fallback.excluded} if fallback else {}

    @cached_property
    def _backfilled(self) -> Mapping[Ref, Affected]:
        fallback = self.life.fallback
        return {a.object.ref: a for a in fallback.backfilled} if fallback else {}

    @cached_property
    def _graph(self) -> ConfigGraph:
        return ConfigGraph(self.life.store, self._world.options.behaviours)

    def dependants(self, obj: K8sObject) -> list[K8sObject]:
        """`obj` and all that depends on it, as the fallback resolves it."""
        held = self.life.store.by_ref(obj.ref)
        return self._graph.affected(vertex(held)) if held is not None else []

    @property
    def blocked(self) -> bool:
        """Whether nothing of the last step reached the gateway."""
        return self.life.crash is not None or self.runs in ("last-valid", "nothing")

    @cached_property
    def _blocking(self) -> tuple[Cause, ...]:
        crash = self.life.crash
        return tuple(Cause(o, str(crash)) for o in crash.objects) if crash else self.refusals.causes

    def verdict(self, obj: K8sObject, conditions: Conditions | None = None) -> Verdict:
        """The outcome of `obj`, which the controller has taken in, and with `conditions` what its status shows."""
        configuration, causes = self._configuration(obj)
        traffic = self._traffic(obj, configuration)
        told = self._status(obj, configuration)
        if told in ("stale", "empty") and not causes:
            causes = self.refusals.causes
        seen = conditions.of(obj, self._shown) if conditions is not None and obj.kind in CONDITION_KINDS else ()
        if causes or seen:
            return Verdict(Outcome(configuration, told, traffic), causes, seen)
        plain = self._plain.get((configuration, told, traffic))
        if plain is None:
            outcome = Outcome(configuration, told, traffic)
            plain = self._plain[outcome] = Verdict(outcome)
        return plain

    def _shown(self, ref: Ref) -> ObjectStatus:
        """What an object's status was written for: while the controller knows nothing of it, what was written stays."""
        obj = self.life.store.by_ref(ref)
        told = status(self.life.state.memory.reports, obj) if obj is not None else "Unknown"
        kept = ref.kind in ROUTE_KINDS or (ref.kind in PROGRAMMED_KINDS and self._keeps_programmed)
        return "Succeeded" if told == "Unknown" and kept and ref in self.life.written else told

    @property
    def _keeps_programmed(self) -> bool:
        return self._world.options.behaviours["programmed-kept-when-unknown"]

    def _configuration(self, obj: K8sObject) -> tuple[Configuration, tuple[Cause, ...]]:
        ref = obj.ref
        if self.blocked:
            return "blocked", self.refusals.by_object.get(ref) or self._blocking
        if self.runs == "fallback":
            if ref in self._backfilled:
                return "backfilled", self._chain(ref, self._backfilled)
            if ref in self._excluded:
                return "excluded", self._chain(ref, self._excluded)
        if ref in self._failed:
            return "translation-failed", (self._failed[ref],)
        if ref.kind in REFERENCED_KINDS and not self.intended[ref] and ref not in self._translated:
            return "ignored", (Cause(obj, "nothing that the controller handles refers to it"),)
        return "configured", ()

    def _chain(self, ref: Ref, affected: Mapping[Ref, Affected]) -> tuple[Cause, ...]:
        own = self.refusals.by_object.get(ref)
        if own:
            return own
        causing = dict.fromkeys(affected[ref].causing)
        roots = (cause for broken in causing for cause in self.refusals.by_object.get(broken, ())[:1])
        return (*_between(ref, affected), *roots)

    def _traffic(self, obj: K8sObject, configuration: Configuration) -> Traffic:
        ref = obj.ref
        if not (ref.kind in ROUTE_KINDS or self.intended[ref] or self.served[ref]) or configuration == "ignored":
            return "not-applicable"
        if not self.served[ref]:
            return "none"
        return "last-valid" if configuration in ("blocked", "backfilled") else "new"

    def _status(self, obj: K8sObject, configuration: Configuration) -> Status:
        ref = obj.ref
        if ref.kind in OWN_STATUS_KINDS and configuration != "ignored":
            return "written"
        if ref.kind not in STATUS_KINDS or configuration == "ignored":
            return "not-applicable"
        told = status(self.life.state.memory.reports, obj)
        if told == "Succeeded" and configuration not in ("blocked", "excluded"):
            return "written"
        if told == "Failed" and ref.kind in FAILURE_STATUS_KINDS:  # Programmed: False is written, too
            return "written"
        kept = ref.kind not in PROGRAMMED_KINDS or self._keeps_programmed
        return "stale" if kept and (ref in self.life.written or _has_status(obj)) else "empty"


def _between(ref: Ref, affected: Mapping[Ref, Affected]) -> Iterator[Cause]:
    """The objects between `ref` and its first cause, nearest first, each with what it depends on itself."""
    link = affected.get(affected[ref].via or ref)
    while link is not None and link.via is not None:
        yield Cause(link.object, f"it needs {link.via}")
        link = affected.get(link.via)


def _has_status(obj: K8sObject) -> bool:
    """Whether the manifest (of a cluster's dump) carries a status that a controller wrote."""
    has = obj.data.get("status") or {}
    programmed = any(c.get("status") == "True" for c in has.get("conditions") or ())
    return bool((has.get("loadBalancer") or {}).get("ingress") or has.get("parents") or programmed)


def _failed(failures: Iterable[TranslationFailure], scrub: Scrubber) -> dict[Ref, Cause]:
    found: dict[Ref, Cause] = {}
    for failure in failures:
        for obj in failure.objects:
            found.setdefault(obj.ref, Cause(obj, scrub(failure.message)))
    return found


def _refusals(life: Life, scrub: Scrubber) -> Refusals:
    by_object: dict[Ref, list[Cause]] = {}
    blamed: dict[Ref, dict[Cause, None]] = {}
    unnamed: list[str] = []
    for push in life.refused:
        for error in push.answer.errors:
            ref = object_of_tags(error.get("entityTags") or ())
            obj = life.store.by_ref(ref) if ref else None
            for message, path in _messages(error):
                if obj is None:
                    unnamed.append(scrub(message))
                    continue
                cause = Cause(obj, scrub(message), path if error.get("entityType") == "plugin" else ())
                known = by_object.setdefault(obj.ref, [])
                if cause not in known:
                    known.append(cause)
        if push.answer.status != 400 or not push.answer.errors:
            told = push.answer.general or (f"the gateway answers {push.answer.status} and names no object",)
            unnamed += map(scrub, told)
            for cause in _blamed(push.answer, life, scrub):
                blamed.setdefault(cause.object.ref, {})[cause] = None
    return Refusals(
        {ref: tuple(causes) for ref, causes in by_object.items()},
        tuple(dict.fromkeys(unnamed)),
        {ref: tuple(causes) for ref, causes in blamed.items()},
    )


def _blamed(answer: Answer, life: Life, scrub: Scrubber) -> Iterator[Cause]:
    """The objects that an answer without entities comes from: the gateway does not name them, but they are known."""
    for message, entities in answer.blamed:
        for tags in entities:
            ref = object_of_tags(tags)
            obj = life.store.by_ref(ref) if ref else None
            if obj is not None:
                yield Cause(obj, scrub(message))


def _messages(error: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    for problem in error.get("errors") or ():
        field, message = problem.get("field") or "", problem.get("message") or ""
        text = "; ".join(filter(None, (message, *(m for m in problem.get("messages") or () if m))))
        if text:
            yield (f"{field}: {text}" if field else text), _path(field)


def _path(field: str) -> tuple[str | int, ...]:
    """`config.headers.1` as a path; Kong counts from 1."""
    return tuple(int(part) - 1 if part.isdecimal() else part for part in field.split(".")) if field else ()
