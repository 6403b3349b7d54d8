"""Each content once, each check told once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitops_kong.fleet.engines.processes import Serial
from gitops_kong.fleet.job import Done, Job, Work
from gitops_kong.fleet.journal import Journal
from gitops_kong.fleet.run import Run
from tests.fleet.fleets import echo, echo_job, echoed


@dataclass(eq=False)
class One:
    """A planned check of a test."""

    name: str
    job: Job | None


class Twice:
    """An engine that tells every outcome twice, the last job's first."""

    def run(self, jobs: Iterator[Job], work: Work) -> Iterator[Done]:
        for done in reversed(list(Serial().run(jobs, work))):
            yield done
            yield done


def _run(journal: Journal, planned: list[One], engine: Serial | Twice, resume: bool) -> tuple:  # type: ignore[type-arg]
    told: list[tuple[str, bytes | None]] = []
    run: Run[One] = Run(
        engine, echo, journal, resume, lambda one, done: told.append((one.name, done and (done.result or None)))
    )
    run(planned)
    return run, told


def _planned() -> list[One]:
    return [
        One("a", echo_job(1)),
        One("none", None),
        One("b", echo_job(1)),
        One("c", echo_job(2)),
        One("d", echo_job(1)),
    ]


def test_equal_jobs_run_once_and_every_check_hears(tmp_path: Path) -> None:
    for engine in (Serial(), Twice()):
        run, told = _run(Journal(tmp_path), _planned(), engine, resume=False)
        assert (run.computed, run.reused) == (2, 0)
        assert sorted(told) == [
            ("a", echoed(1)), ("b", echoed(1)), ("c", echoed(2)), ("d", echoed(1)), ("none", None)
        ]  # fmt: skip


def test_an_earlier_run_is_used_only_with_resume(tmp_path: Path) -> None:
    _run(Journal(tmp_path), [One("a", echo_job(1))], Serial(), resume=False)
    run, told = _run(Journal(tmp_path), _planned(), Serial(), resume=True)
    assert (run.computed, run.reused) == (1, 1)
    assert len(told) == 5
    run, _ = _run(Journal(tmp_path), _planned(), Serial(), resume=False)
    assert (run.computed, run.reused) == (2, 0)


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    _run(Journal(tmp_path), _planned(), Serial(), resume=False)
    next(tmp_path.rglob(echo_job(1).key)).write_bytes(b"torn")
    journal = Journal(tmp_path)
    run, told = _run(journal, _planned(), Serial(), resume=True)
    assert (run.computed, run.reused, journal.damaged) == (1, 1, 1)
    assert dict(told)["a"] == echoed(1)


def test_a_job_that_fails_concerns_its_checks_alone_and_is_not_kept(tmp_path: Path) -> None:
    planned = [One("a", echo_job(1, fails=True)), One("b", echo_job(2)), One("c", echo_job(1, fails=True))]
    run, told = _run(Journal(tmp_path), planned, Serial(), resume=False)
    assert told == [("a", None), ("b", echoed(2)), ("c", None)]
    assert run.computed == 2
    assert Journal(tmp_path).read(echo_job(1, fails=True).key) is None
