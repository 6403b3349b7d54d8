"""Independent pieces of work, done by several processes; results come over as bytes, and in order.

What a process does not answer for (it was killed, its memory was at an end, its result cannot be sent) is done here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from gitops_kong import parallel
from gitops_kong.manifests.objects import K8sObject

Value = TypeVar("Value")
LEAST = 500  # objects that are worth another process
_LARGEST = 0.75  # a share of all, above which one piece is better worked on by all processes together


def results(
    weights: Sequence[int], work: Callable[[int], Value], known: Callable[[], Iterable[K8sObject]]
) -> Iterator[Value]:
    """`work` of each number in turn, by weight shared between processes; this one has the first ones.

    `known` are objects that results can have in them: they are not sent, but named.
    """
    own, *others = _parts(weights, parallel.available())
    if not others:
        yield from map(work, own)
        return
    objects = [*known()]
    numbers = {id(found): number for number, found in enumerate(objects)}

    def alone(number: int) -> Value:
        with parallel.processes(1):
            return work(number)

    with parallel.Ahead(others, lambda number: _sent(alone(number), numbers)) as ahead:
        for number in range(len(weights)):
            sent = ahead.of(number)
            yield alone(number) if sent is None else _received(sent, objects)


def _parts(weights: Sequence[int], count: int) -> list[list[int]]:
    """The numbers of the pieces in as many runs as there are processes, about equally heavy."""
    total = sum(weights)
    count = min(count, total // LEAST + 1, len(weights))
    if count < 2 or max(weights) > _LARGEST * total:
        return [[*range(len(weights))]]
    parts: list[list[int]] = [[]]
    done = 0
    for number, weight in enumerate(weights):
        if parts[-1] and len(parts) < count and done + weight / 2 > total * len(parts) / count:
            parts.append([])
        parts[-1].append(number)
        done += weight
    return parts


def _sent(value: Any, numbers: dict[int, int]) -> bytes:
    """A result as bytes; a process that is forked has all objects where this one has them."""
    import pickle  # noqa: PLC0415 - where there are other processes

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> int | None:
            return numbers.get(id(obj)) if type(obj) is K8sObject else None

    file = io.BytesIO()
    Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
    return file.getvalue()


def _received(sent: bytes, objects: Sequence[K8sObject]) -> Any:
    import pickle  # noqa: PLC0415 - where there are other processes

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> K8sObject:
            found: K8sObject = objects[pid]
            return found

    return Unpickler(io.BytesIO(sent)).load()
