"""Threads that render ahead: while one renderer works, the next one is started; each result is taken in its turn.

Results are used in the order in which they would be worked out without threads, so that these change nothing but time.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from gitops_kong.errors import RenderError
from gitops_kong.sources import tools

Value = TypeVar("Value")
_MOMENT = 0.05  # seconds until what is to end is looked at again


class Workers:
    """Up to `count` threads, as a context; at its end they are gone, and so are the renderers that they started."""

    def __init__(self, count: int) -> None:
        for loaded in (shutil.which, subprocess.Popen, tempfile.TemporaryDirectory):  # now, by one thread
            assert callable(loaded)  # noqa: S101
        self._executor = ThreadPoolExecutor(count, "rendering")
        self._open: set[Future[Any]] = set()
        self._ended = False

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._executor.shutdown(wait=False, cancel_futures=True)
        while wait([*self._open], _MOMENT).not_done:
            tools.stop()
        self._executor.shutdown()

    def ahead(self, work: Callable[[], Value]) -> Callable[[], Value]:
        """Begins with `work` as soon as a thread is free. What is returned gives its result, or raises its error.

        Where no thread has begun, it is worked out by who wants it: nobody waits for one that waits for another.
        """
        future = self._executor.submit(work)
        self._open.add(future)
        future.add_done_callback(self._open.discard)

        def take() -> Value:
            if self._ended:
                raise RenderError("interrupted")
            return work() if future.cancel() else future.result()

        return take
