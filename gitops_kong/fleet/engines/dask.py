"""Jobs on a Dask cluster: the extra `gitops-kong[dask]`, here and on its workers.

A content is a task of its own, of which the content is the argument: it goes to the scheduler once, from there to a
worker, and between workers as they need it; a worker that dies takes nothing with it that the scheduler cannot have
computed again. Keys of tasks are those of the contents and jobs, so that nothing is run for two names.
"""

from __future__ import annotations

import re
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops_kong import __version__
from gitops_kong.errors import UserError
from gitops_kong.fleet.content import Packed
from gitops_kong.fleet.job import Content, Done, Job, Work, attempt

_TIMEOUT = 30  # seconds for a scheduler to answer, and for a first worker
_AHEAD = 3  # jobs a thread of the cluster that are handed out
_KEPT = 256 * 1024 * 1024  # bytes of contents that stay on the cluster for jobs to come
_TRIES = 3  # of a job that the cluster lost
_ADDRESS = re.compile(r"(?:(?:tcp|tls)://)?[^/\s:]+:\d+|(?:tcp|tls)://\[[^\]\s]+\]:\d+|\[[^\]\s]+\]:\d+")


class Dask:
    """The cluster whose scheduler listens at `address`, `HOST:PORT`; TLS as Dask's own configuration says."""

    def __init__(self, address: str) -> None:
        if not _ADDRESS.fullmatch(address):
            raise UserError(f"engine dask://{address}: dask://HOST:PORT is needed")
        try:
            import distributed  # noqa: PLC0415  # an extra
        except ImportError:
            raise UserError("--engine dask://… needs Dask: pip install 'gitops-kong[dask]'") from None
        self.address = address
        self._distributed: Any = distributed

    def run(self, jobs: Iterator[Job], work: Work) -> Iterator[Done]:
        """The outcomes, as they come."""
        with self._connected() as client, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            run = _Run(self._distributed, client, self.address, work)
            try:
                yield from run.outcomes(jobs)
            finally:
                run.forget()

    def _connected(self) -> Any:
        try:
            client = self._distributed.Client(self.address, timeout=_TIMEOUT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as e:
            raise UserError(f"no Dask scheduler answers at {self.address}: {_first_line(e)}") from None
        try:
            client.wait_for_workers(1, timeout=_TIMEOUT)
            versions = client.run(_version)
        except (OSError, TimeoutError):
            client.close()
            raise UserError(f"the Dask cluster at {self.address} has no workers") from None
        except Exception as e:  # noqa: BLE001 - what a worker raises that cannot run this package
            client.close()
            raise UserError(
                f"workers of {self.address} cannot run gitops-kong; install gitops-kong[dask] {__version__} there: "
                f"{_first_line(e)}"
            ) from None
        others = sorted({version for version in versions.values() if version != __version__})
        if others:
            client.close()
            raise UserError(
                f"workers of {self.address} have gitops-kong {', '.join(others)}; {__version__} is needed, as here"
            )
        return client


class _Run:
    def __init__(self, distributed: Any, client: Any, address: str, work: Work) -> None:
        self.killed: type[Exception] = distributed.KilledWorker
        self.client = client
        self.address = address
        self.work = work
        self.completed = distributed.as_completed(loop=client.loop)
        self.running: dict[str, tuple[Any, Job, int]] = {}  # by key: future, job, how often it was handed out
        self.contents: OrderedDict[str, tuple[Any, int]] = OrderedDict()  # by key: future, size; last used last

    def outcomes(self, jobs: Iterator[Job]) -> Iterator[Done]:
        more = True
        while True:
            while more and len(self.running) < self._wanted():
                job = next(jobs, None)
                if job is None:
                    more = False
                else:
                    self._submit(job, 1)
            if not self.running:
                return
            future = next(self.completed)
            job_key = str(future.key).removeprefix(_CHECK)
            if job_key in self.running and self.running[job_key][0] is future:
                yield from self._ended(job_key)

    def forget(self) -> None:
        """Leave nothing of this run on the cluster."""
        if self.client.status == "running":
            self.client.cancel([future for future, _, _ in self.running.values()])
        self.running.clear()
        self.contents.clear()

    def _wanted(self) -> int:
        threads: Mapping[str, int] = self.client.nthreads()
        return _AHEAD * max(1, sum(threads.values()))

    def _submit(self, job: Job, tries: int) -> None:
        parts = [self._content(part) for part in job.parts.values()]
        keys = [(role, part.key) for role, part in job.parts.items()]
        future = self.client.submit(
            _check, self.work, job.key, job.settings, keys, parts, key=_CHECK + job.key, pure=True
        )
        self.running[job.key] = future, job, tries
        self.completed.add(future)
        self._let_go()

    def _content(self, part: Packed) -> Any:
        """The content on the cluster, sent where it is not there yet."""
        if part.key not in self.contents:
            compressed = zlib.compress(part.data, 1)
            future = self.client.submit(_same, compressed, key=_CONTENT + part.key, pure=True)
            self.contents[part.key] = future, len(compressed)
        self.contents.move_to_end(part.key)
        return self.contents[part.key][0]

    def _let_go(self) -> None:
        """Let go of contents that were not used for long; those that jobs wait for stay on the cluster anyway."""
        size = sum(size for _, size in self.contents.values())
        while size > _KEPT and len(self.contents) > 1:
            _, (_, freed) = self.contents.popitem(last=False)
            size -= freed

    def _ended(self, key: str) -> Iterator[Done]:
        future, job, tries = self.running.pop(key)
        if future.status == "finished":
            yield future.result()
            return
        if self.client.status != "running":
            raise UserError(
                f"the Dask scheduler at {self.address} is gone; what is done is kept, --resume goes on from there"
            )
        error = future.exception() if future.status == "error" else None
        if error is None and tries < _TRIES:  # cancelled, lost: no fault of the job
            self.contents.clear()
            self._submit(job, tries + 1)
        elif error is None or isinstance(error, self.killed):
            yield Done(key, error="the workers that checked it ended unexpectedly (killed, or out of memory)")
        else:
            yield Done(key, error=f"the worker could not check it: {type(error).__name__}: {_first_line(error)}")


_CHECK, _CONTENT = "gitops-kong-check-", "gitops-kong-content-"


def _version() -> str:
    return __version__


def _same(content: bytes) -> bytes:
    return content


def _check(work: Work, job: str, settings: bytes, keys: Sequence[tuple[str, str]], contents: Sequence[bytes]) -> Done:
    """What a worker runs."""
    parts: Mapping[str, Content] = {
        role: _Compressed(key, content) for (role, key), content in zip(keys, contents, strict=True)
    }
    return attempt(work, job, settings, parts)


class _Compressed:
    """Content as it came over the wire."""

    def __init__(self, key: str, compressed: bytes) -> None:
        self.key = key
        self._compressed = compressed

    @property
    def data(self) -> bytes:
        """The content itself."""
        return zlib.decompress(self._compressed)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
