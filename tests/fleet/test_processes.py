"""Jobs in processes of this machine, some of which die."""

import pytest

from gitops_kong.fleet.engines.processes import Processes, Serial
from tests.fleet.fleets import echo, echo_job, echoed


def test_processes_give_what_one_process_gives() -> None:
    jobs = [echo_job(i) for i in range(12)]
    alone = {done.key: done for done in Serial().run(iter(jobs), echo)}
    found = list(Processes(2).run(iter(jobs), echo))
    assert len(found) == len(jobs)
    assert {done.key: done for done in found} == alone
    assert all(alone[job.key].result == echoed(i) for i, job in enumerate(jobs))


@pytest.mark.parametrize("dying", [3, 9])  # 3: with more to hand out; 9: when all is handed out
def test_the_job_that_kills_its_process_is_named_and_no_other_is_lost(dying: int) -> None:
    jobs = [echo_job(i, dies=i == dying) for i in range(10)]
    found = list(Processes(2).run(iter(jobs), echo))
    assert sorted(done.key for done in found) == sorted(job.key for job in jobs)
    by_key = {done.key: done for done in found}
    assert "ended unexpectedly" in by_key[jobs[dying].key].error
    assert [by_key[job.key].result for i, job in enumerate(jobs) if i != dying] == [
        echoed(i) for i in range(10) if i != dying
    ]


def test_a_defect_is_told_with_its_line() -> None:
    (done,) = Processes(2).run(iter([echo_job(1, fails=True)]), echo)
    assert "ZeroDivisionError: of this job (tests.fleet.fleets, line " in done.error
