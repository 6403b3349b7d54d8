"""Values that are worked out once, whoever asks first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from gitops_kong.errors import RenderError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Known(NamedTuple, Generic[Value]):
    """A value and its weight, or why there is none."""

    value: Value | None
    error: str | None
    weight: int


class Once(Generic[Key, Value]):
    """Values by key. Of threads that want the same one at the same time, the first works it out for all.

    Values together weigh at most `limit`, by `weight`; those used longest ago are forgotten. A `RenderError` is a
    result like any other, and raised again.
    """

    def __init__(self, limit: int, weight: Callable[[Value], int] = lambda _: 1) -> None:
        self._limit = limit
        self._weigh = weight
        self._weight = 0
        self._lock = threading.Lock()
        self._working: dict[Key, threading.Lock] = {}
        self._known: OrderedDict[Key, _Known[Value]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of `key`, from `make` where nobody has worked it out. Raises what `make` raises."""
        with self._lock:
            working = self._working.setdefault(key, threading.Lock())
        with working:
            with self._lock:
                found = self._known.get(key)
                if found is not None:
                    self._known.move_to_end(key)
            if found is None:
                found = self._made(make)
                self._keep(key, found)
        if found.error is not None:
            raise RenderError(found.error)
        return found.value  # type: ignore[return-value]  # there is no error

    def _made(self, make: Callable[[], Value]) -> _Known[Value]:
        try:
            value = make()
        except RenderError as e:
            return _Known(None, str(e), 1)
        return _Known(value, None, self._weigh(value))

    def _keep(self, key: Key, found: _Known[Value]) -> None:
        with self._lock:
            self._known[key] = found
            self._weight += found.weight
            while self._weight > self._limit and len(self._known) > 1:
                _, oldest = self._known.popitem(last=False)
                self._weight -= oldest.weight
