"""Results on disk: whole or not there."""

import os
from pathlib import Path

import pytest

from gitops_kong.errors import UserError
from gitops_kong.fleet.journal import Journal

KEY = "ab" * 32


def test_results_outlive_the_run(tmp_path: Path) -> None:
    first = Journal(tmp_path / "state")
    assert first.read(KEY) is None
    first.write(KEY, b"result")
    again = Journal(tmp_path / "state")
    assert again.read(KEY) == b"result"
    assert again.key == first.key
    assert [f for f in (tmp_path / "state").rglob("*") if f.is_file() and f.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b"", lambda b: b.replace(b"result", b"resulx")])
def test_a_torn_or_changed_file_counts_as_not_there(tmp_path: Path, change: object) -> None:
    journal = Journal(tmp_path)
    journal.write(KEY, b"result")
    file = next(f for f in tmp_path.rglob(KEY))
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    assert journal.read(KEY) is None
    assert journal.damaged == 1
    journal.write(KEY, b"result")
    assert journal.read(KEY) == b"result"


def test_what_nobody_uses_goes(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for key in (KEY, "cd" * 32):
        journal.write(key, b"r")
    (tmp_path / "results" / "ab" / ".half-written").write_bytes(b"by a run that was killed")
    for file in (tmp_path / "results").rglob("*"):
        if file.is_file():
            os.utime(file, (0, 0))
    assert journal.read(KEY) == b"r"  # used again
    assert journal.forget(1000) == 2
    assert journal.read(KEY) == b"r"
    assert journal.read("cd" * 32) is None


def test_a_place_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="no place for the state of this run"):
        Journal(tmp_path / "file")
