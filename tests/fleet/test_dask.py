"""A real Dask cluster of several worker processes, one of which is killed in the middle."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest

from gitops_kong.errors import UserError
from gitops_kong.fleet.engines.dask import Dask
from tests.fleet.fleets import BAD, echo, echo_job, echoed, fleet_of, report, runs, write

WORKERS = 3


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with workers that are processes of their own."""
    with distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address.removeprefix("tcp://")


def test_a_killed_worker_loses_nothing_and_nothing_counts_twice(scheduler: str) -> None:
    jobs = [echo_job(i, seconds=0.1) for i in range(40)]
    found = []
    with distributed.Client(scheduler, set_as_default=False) as watcher:
        pids = watcher.run(os.getpid)
        assert len(set(pids.values())) == WORKERS
        killed = None
        for done in Dask(scheduler).run(iter(jobs), echo):
            found.append(done)
            if killed is None and len(found) >= 5:
                busy = [address for address, tasks in watcher.processing().items() if tasks]
                killed = pids[busy[0]]
                os.kill(killed, signal.SIGKILL)
        assert killed is not None
        assert killed not in watcher.run(os.getpid).values()
        assert not watcher.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))  # nothing is left there
    assert sorted(done.key for done in found) == sorted(job.key for job in jobs)
    by_key = {done.key: done for done in found}
    assert [by_key[job.key].result for job in jobs] == [echoed(i) for i in range(40)]


def test_a_job_that_kills_every_worker_is_named(scheduler: str) -> None:
    jobs = [echo_job(i, dies=i == 0) for i in range(3)]
    found = {done.key: done for done in Dask(scheduler).run(iter(jobs), echo)}
    assert "ended unexpectedly" in found[jobs[0].key].error
    assert [found[job.key].result for job in jobs[1:]] == [echoed(1), echoed(2)]


def test_a_fleet_on_dask_gives_what_it_gives_here(scheduler: str, tmp_path: Path) -> None:
    write(tmp_path, {"snapshots/a.yaml": BAD.replace("name: limit", "name: other")})
    clusters = [
        {"name": "a", **runs("good"), "context": ["snapshots/a.yaml"]},
        {"name": "b", **runs("bad"), "controller": {"version": "3.4.3"}},
        {"name": "c", **runs("good", "bad")},
    ]
    file = fleet_of(tmp_path, clusters)
    here = report(file)
    assert here["summary"]["distinctChecks"] == 4
    assert report(file, "--engine", f"dask://{scheduler}") == here


@pytest.mark.parametrize("address", ["here", "a b:1", "host:port"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(UserError, match="dask://HOST:PORT is needed"):
        Dask(address)
