"""What long runs tell while they run."""

import io
import time

import pytest

from gitops_kong.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


def _count(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, quiet: bool = False) -> str:
    """An hour in which a job is done every second."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    progress = Progress(stream, quiet, started=clock[0])
    for done in range(1, 3601):
        clock[0] += 1
        progress.count("checking", done, 3600)
    progress.done()
    return stream.getvalue()


def test_a_terminal_has_one_line_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = _count(Terminal(), monkeypatch)
    assert "checking: 1800 of 3600, 1.0 a second" in written
    assert "\n" not in written
    assert written.endswith("\r\x1b[K")


def test_a_log_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _count(io.StringIO(), monkeypatch).splitlines()
    assert lines[0] == "gitops-kong: checking: 10 of 3600, 1.0 a second"
    assert 20 < len(lines) < 40


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _count(io.StringIO(), monkeypatch, quiet=True) == ""
    assert _count(Terminal(), monkeypatch, quiet=True) == ""


def test_stages_of_a_long_run_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    log, terminal = io.StringIO(), Terminal()
    for stream in (log, terminal):
        progress = Progress(stream, started=1000.0)
        for second, stage in ((0.0, "finding targets"), (2.0, "checking a (1 of 2)"), (60.0, "checking b (2 of 2)")):
            clock[0] = 1000.0 + second
            progress.stage(stage)
        progress.done()
    assert log.getvalue() == "gitops-kong: checking b (2 of 2) …\n"
    assert "finding" not in terminal.getvalue()
    assert terminal.getvalue().count("checking") == 2


def test_items_go_by_name_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    log, terminal, one = io.StringIO(), Terminal(), io.StringIO()
    for stream, total in ((log, 600), (terminal, 600), (one, 1)):
        progress = Progress(stream, started=0.0)
        for number in range(1, total + 1):
            clock[0] = 20.0 + number
            progress.item(f"checking {number}", "checking", number, total)
    assert 3 < len(log.getvalue().splitlines()) < 20
    assert "gitops-kong: checking: 0 of 600" in log.getvalue()
    assert terminal.getvalue().count("checking") == 600
    assert one.getvalue() == "gitops-kong: checking 1 …\n"
