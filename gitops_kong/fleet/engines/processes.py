"""Jobs on this machine: one after the other in this process, or several at a time in processes of their own.

A process that dies (killed, out of memory) takes the pool with it, and nothing tells which job it had. The jobs that
were under way are then run again, one at a time: the one that kills its process alone is the one that is given up.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from gitops_kong.fleet.job import Done, Job, Work, attempt

_AHEAD = 2  # jobs a process that are handed out, so that none waits for the next one
_DIED = "the process that checked it ended unexpectedly (killed, or out of memory)"


class Serial:
    """One job after the other, in this process."""

    def run(self, jobs: Iterator[Job], work: Work) -> Iterator[Done]:
        """The outcomes, in the order of the jobs."""
        for job in jobs:
            yield attempt(work, job.key, job.settings, job.parts)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Content in a file that all processes see."""

    key: str
    folder: str

    @property
    def data(self) -> bytes:
        return Path(self.folder, self.key).read_bytes()


class Processes:
    """`count` processes. Contents go through files in a private folder, written once each."""

    def __init__(self, count: int) -> None:
        self.count = count

    def run(self, jobs: Iterator[Job], work: Work) -> Iterator[Done]:
        """The outcomes, as they come."""
        with tempfile.TemporaryDirectory(prefix="gitops-kong-") as folder:
            yield from _Run(self.count, folder, work).outcomes(jobs)


@dataclass(frozen=True, slots=True)
class _Task:
    """A job whose contents are stored."""

    key: str
    settings: bytes
    parts: Mapping[str, _Stored]


class _Run:
    def __init__(self, count: int, folder: str, work: Work) -> None:
        self.count = count
        self.folder = Path(folder)
        self.work = work
        self.pool = self._new_pool()
        self.running: dict[Future[Done], _Task] = {}
        self.suspects: deque[_Task] = deque()

    def outcomes(self, jobs: Iterator[Job]) -> Iterator[Done]:
        try:
            while True:
                self._hand_out(jobs)
                if not self.running:
                    return
                yield from self._finished()
        finally:
            self.pool.shutdown(wait=not self.running, cancel_futures=True)

    def _hand_out(self, jobs: Iterator[Job]) -> None:
        """Give the pool something to do, where there still is. Suspects run alone."""
        if self.suspects:
            if not self.running:
                self._submit(self.suspects[0])
            return
        while len(self.running) < self.count * _AHEAD and (job := next(jobs, None)) is not None:
            self._submit(self._stored(job))

    def _submit(self, task: _Task) -> None:
        try:
            future = self.pool.submit(attempt, self.work, task.key, task.settings, task.parts)
        except BrokenProcessPool:
            future = Future()
            future.set_exception(BrokenProcessPool())
        self.running[future] = task

    def _finished(self) -> Iterator[Done]:
        done, _ = wait(self.running, return_when=FIRST_COMPLETED)
        broken = [f for f in done if isinstance(f.exception(), BrokenProcessPool)]
        for future in done:
            if future not in broken:
                task = self.running.pop(future)
                if self.suspects and self.suspects[0] is task:
                    self.suspects.popleft()
                yield future.result()
        if broken:
            yield from self._broken()

    def _broken(self) -> Iterator[Done]:
        wait(self.running)
        for future, task in self.running.items():
            if future.exception() is None:
                yield future.result()
            elif self.suspects and self.suspects[0] is task:
                self.suspects.popleft()
                yield Done(task.key, error=_DIED)
            else:
                self.suspects.append(task)
        self.running.clear()
        self.pool.shutdown()
        self.pool = self._new_pool()

    def _stored(self, job: Job) -> _Task:
        for part in job.parts.values():
            file = self.folder / part.key
            if not file.exists():
                file.write_bytes(part.data)
        return _Task(job.key, job.settings, {r: _Stored(p.key, str(self.folder)) for r, p in job.parts.items()})

    def _new_pool(self) -> ProcessPoolExecutor:
        # Not forked from here: this process has threads, and libraries that do not expect to be forked.
        context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
        if hasattr(context, "set_forkserver_preload"):
            context.set_forkserver_preload([self.work.__module__])
        return ProcessPoolExecutor(self.count, mp_context=context, initializer=_start)


def _start() -> None:
    """A worker leaves Ctrl-C to the coordinator, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
