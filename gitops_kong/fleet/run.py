"""Runs what is planned: each content once, whatever asks for it, and nothing that the journal has already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from gitops_kong.fleet.engines import Engine
from gitops_kong.fleet.job import Done, Job, Work
from gitops_kong.fleet.journal import Journal


class Planned(Protocol):
    """One check. `job` is None where it could not be planned; it is let go of once it is handed out."""

    job: Job | None


P = TypeVar("P", bound=Planned)


@dataclass
class Run(Generic[P]):
    """One run over a fleet. `tell` is called once for each check, with the outcome of its job, as soon as it is there.

    `computed` and `reused` count jobs: run now, and taken from the journal.
    """

    engine: Engine
    work: Work
    journal: Journal
    resume: bool
    tell: Callable[[P, Done | None], None]
    computed: int = 0
    reused: int = 0
    _waiting: dict[str, list[P]] = field(default_factory=dict)
    _failed: dict[str, Done] = field(default_factory=dict)
    _finished: set[str] = field(default_factory=set)

    def __call__(self, planned: Iterable[P]) -> None:
        """Check everything. Raises `UserError` where the engine is gone."""
        for done in self.engine.run(self._fresh(planned), self.work):
            if done.key in self._waiting:  # an engine that tells twice counts once
                self._settle(done)

    def _fresh(self, planned: Iterable[P]) -> Iterator[Job]:
        """The jobs to run, each key once; what needs none is told on the way."""
        for each in planned:
            job, each.job = each.job, None
            if job is None:
                self.tell(each, None)
                continue
            known = self._known(job.key)
            if known is not None:
                self.tell(each, known)
            elif job.key in self._waiting:
                self._waiting[job.key].append(each)
            else:
                self._waiting[job.key] = [each]
                yield job

    def _known(self, key: str) -> Done | None:
        """The outcome of a job that this run, or with `resume` an earlier one, has finished."""
        if key in self._failed:
            return self._failed[key]
        if key in self._waiting or not (self.resume or key in self._finished):
            return None
        result = self.journal.read(key)
        if result is None:
            return None
        if key not in self._finished:
            self._finished.add(key)
            self.reused += 1
        return Done(key, result)

    def _settle(self, done: Done) -> None:
        self.computed += 1
        if done.error:
            self._failed[done.key] = done
        else:
            self.journal.write(done.key, done.result)
            self._finished.add(done.key)
        for each in self._waiting.pop(done.key):
            self.tell(each, done)
