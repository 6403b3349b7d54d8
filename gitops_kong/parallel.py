"""Work that other processes do ahead: what becomes of many items, so that this process need not work it out.

Most answers are a yes for what has no effect but the one that everybody knows; whatever has another, or was not found
out, is done here as ever. So results do not depend on how many processes there are, or on what becomes of them.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

LEAST = 5_000  # items that are worth another process
_MEMORY = 512 * 1024 * 1024  # bytes that another process may need, as far as is known before there is anything to hold
_NOT_URGENT = 5  # added to the niceness
_processes = 1


@contextmanager
def processes(count: int) -> Iterator[None]:
    """Up to `count` processes, this one included, work while the context lasts; by default there is only this one."""
    global _processes  # noqa: PLW0603 - a trait of the run, like its garbage collection
    before, _processes = _processes, count
    try:
        yield
    finally:
        _processes = before


def allowed() -> int:
    """How many processes may work, this one included."""
    return _processes


def by_machine() -> int:
    """As many processes as there are cores that this one may use, and memory for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _free_memory() // _MEMORY))


def _free_memory() -> int:
    """Bytes that are free on this machine and in this container, as far as the system tells."""
    free = _MEMORY * 4
    with suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        most = int((group / "memory.max").read_text(encoding="ascii"))
        free = min(free, most - int((group / "memory.current").read_text(encoding="ascii")))
    return free


def shares(items: Sequence[Item], weight: Callable[[Item], int] | None = None) -> list[list[Item]]:
    """The items in as many parts as there are processes; the first part is that of this process.

    Without `weight` the parts are runs of the items, of equal length. With it they weigh about the same. One part where
    that is too little work, or this system or this moment allows no other process.
    """
    total = sum(map(weight, items)) if weight else len(items)
    count = _count(total)
    if count < 2:
        return [list(items)]
    if weight is None:
        return _runs(items, count)
    parts: list[list[Item]] = [[] for _ in range(count)]
    loads = [0] * count
    for item in sorted(items, key=weight, reverse=True):
        least = loads.index(min(loads))
        parts[least].append(item)
        loads[least] += weight(item)
    return [part for part in parts if part]


def others(items: Sequence[Item]) -> list[list[Item]]:
    """The items in a part for each process but this one, which does something else; none where there is no other."""
    count = _count(len(items))
    return _runs(items, count - 1) if count > 1 else []


def available() -> int:
    """The processes that can be had now, this one included: none where there is no `fork`, or another thread runs."""
    return _processes if hasattr(os, "fork") and threading.active_count() == 1 else 1


def _count(work: int) -> int:
    """The processes that are worth it and can be had, this one included.

    Another one comes to hold what this one does, since both note in each value that they use it; and there may be two.
    """
    count = min(available(), work // LEAST + 1)
    return min(count, 1 + _free_memory() // (2 * _own_memory())) if count > 1 else 1


def _own_memory() -> int:
    """Bytes that this process holds."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return max(1, pages * os.sysconf("SC_PAGE_SIZE"))
    return _MEMORY


def _runs(items: Sequence[Item], count: int) -> list[list[Item]]:
    size = -(-len(items) // count)
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


class Ahead(Generic[Item]):
    """Other processes that look at items, each at its part; a context, at whose end they are gone."""

    def __init__(self, parts: Sequence[Sequence[Item]], answer: Callable[[Item], Any], *, urgent: bool = True) -> None:
        """The processes start at once; they see everything as it is now, and nothing that they do is seen here.

        `answer` gives values that `marshal` takes. Answers that are not `urgent` give way to others.
        """
        self._parts: list[Sequence[Item]] = []
        self._answers: list[Sequence[Any]] = []
        self._running: dict[int, tuple[int, int]] = {}  # part: process, end of the pipe
        for number, part in enumerate(parts):
            started = _start(part, answer, urgent)
            if started is None:
                break
            self._running[number] = started
            self._parts.append(part)
            self._answers.append(())

    @cached_property
    def _at(self) -> dict[Item, tuple[int, int]]:
        """The part of each item, and its place there."""
        return {item: (number, place) for number, part in enumerate(self._parts) for place, item in enumerate(part)}

    def __enter__(self) -> Ahead[Item]:
        return self

    def __exit__(self, *_: object) -> None:
        for process, pipe in self._running.values():
            os.close(pipe)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            _wait(process)
        self._running.clear()

    def plain(self, item: Item) -> bool:
        """Whether another process found the item plain; waits for the one that looks at it."""
        return self.of(item) is True

    def plain_items(self) -> set[Item]:
        """All items that other processes found plain; waits for all of them."""
        found: set[Item] = set()
        for number, part in enumerate(self._parts):
            answers = self._answers_of(number)
            found.update(item for item, answer in zip(part, answers, strict=False) if answer is True)
        return found

    def of(self, item: Item) -> Any:
        """What another process answers, None where none does; waits for the one that looks at the item."""
        place = self._at.get(item)
        if place is None:
            return None
        number, index = place
        found = self._answers_of(number)
        return found[index] if found else None

    def _answers_of(self, number: int) -> Sequence[Any]:
        """The answers on a part, none where its process did not come to its end."""
        running = self._running.pop(number, None)
        if running is not None:
            process, pipe = running
            with open(pipe, "rb") as answers, suppress(EOFError, ValueError, TypeError):  # noqa: PTH123 - a descriptor
                self._answers[number] = marshal.loads(answers.read())  # noqa: S302 - written below
            _wait(process)
        return self._answers[number]


def _start(part: Sequence[Item], answer: Callable[[Item], Any], urgent: bool) -> tuple[int, int] | None:
    """A process, and the pipe that it answers in: the list of its answers; None where none can be started."""
    try:
        answers, end = os.pipe()
    except OSError:
        return None
    try:
        process = os.fork()
    except OSError:
        os.close(answers)
        os.close(end)
        return None
    if process:
        os.close(end)
        return process, answers
    try:  # from here on in the other process, which never returns and leaves what this one has open alone
        gc.disable()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.close(answers)
        if not urgent:
            os.nice(_NOT_URGENT)
        found = memoryview(marshal.dumps(list(map(answer, part))))
        while found:
            found = found[os.write(end, found) :]
    finally:
        os._exit(0)


def _wait(process: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(process, 0)
