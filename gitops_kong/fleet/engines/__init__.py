"""What runs jobs: this process, processes of this machine, a Dask cluster. All give the same results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gitops_kong.errors import UserError
from gitops_kong.fleet.job import Done, Job, Work


class Engine(Protocol):
    """Runs jobs as they come and gives each one's outcome once, in any order.

    It takes jobs only as fast as it finishes them, so that no more of them than a few a worker are in memory.
    """

    def run(self, jobs: Iterator[Job], work: Work) -> Iterator[Done]:
        """The outcome of every job. `work` is a function of a module that workers can import."""


def engine_of(address: str, count: int) -> Engine:
    """`processes`, with `count` of them, or `dask://HOST:PORT`. Raises `UserError` for what is none of them."""
    scheme, _, place = address.partition("://")
    if scheme == "dask" and place:
        from gitops_kong.fleet.engines.dask import Dask  # noqa: PLC0415  # an extra

        return Dask(place)
    if address == "processes":
        from gitops_kong.fleet.engines.processes import Processes, Serial  # noqa: PLC0415

        return Processes(count) if count > 1 else Serial()
    raise UserError(f"engine {address!r}: `processes` or `dask://HOST:PORT` is needed")
