"""`check` with several processes: the same report, whatever becomes of them."""

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from git import Repo

from gitops_kong import parallel
from gitops_kong.cli.main import cli

SERVICE = """apiVersion: v1
kind: Service
metadata: {{name: s{i}, namespace: shop}}
spec: {{ports: [{{port: {port}}}]}}
"""
INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: i{i}, namespace: shop, annotations: {{konghq.com/plugins: "p{i}", konghq.com/methods: "{method}"}}}}
spec:
  ingressClassName: kong
  rules:
  - host: h{i}.example.com
    http:
      paths:
      - {{path: "{path}", pathType: ImplementationSpecific, backend: {{service: {{name: s{i}, port: {{number: 80}}}}}}}}
"""
PLUGIN = """apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {{name: p{i}, namespace: shop}}
plugin: rate-limiting
config: {{{field}: {i}}}
"""
BROKEN: dict[int, dict[str, object]] = {
    3: {"field": "minutes"},  # the gateway refuses the plugin
    7: {"port": 700_000},  # the API server refuses the Service
    11: {"path": "/~["},
    13: {"method": "no method"},
    17: {"path": "no-slash"},  # the API server refuses the Ingress
}


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LEAST", 1)


def repository(folder: Path, broken: dict[int, dict[str, object]]) -> None:
    folder.mkdir()
    for i in range(1, 21):
        values = {"port": 80, "method": "GET", "path": f"/{i}", "field": "minute", **broken.get(i, {})}
        documents = "---\n".join(text.format(i=i, **values) for text in (SERVICE, INGRESS, PLUGIN))
        (folder / f"{i:02}.yaml").write_text(documents)


def check(jobs: int, *flags: str) -> str:
    done = CliRunner().invoke(cli, ["check", "--format", "json", "--all", "--jobs", str(jobs), *flags])
    assert done.exit_code in (0, 1, 2), done.output
    return done.stdout


@pytest.mark.parametrize("broken", [{}, BROKEN, {19: {"field": "minutes"}}])
def test_the_report_is_the_same_byte_for_byte(
    broken: dict[int, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path / "repository", broken)
    monkeypatch.chdir(tmp_path / "repository")
    started: list[int] = []
    fork = os.fork

    def counted() -> int:
        started.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", counted)
    alone = check(1)
    assert not started
    assert check(2) == alone
    # reading, the API server's rules, policies without and with routes, the gateway's rules
    assert len(started) >= 5
    assert check(3) == alone


def test_a_change_is_compared_alike_by_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "repository"
    repository(folder, {2: {"port": 700_000}, 3: {"field": "minutes"}})
    monkeypatch.chdir(folder)
    git = Repo.init(folder)
    git.git.add(all=True)
    git.git(c=("user.name=test", "user.email=test@example.com")).commit(message="before")
    (folder / "02.yaml").unlink()
    (folder / "05.yaml").write_text((folder / "05.yaml").read_text().replace("minute: 5", "minutes: 5"))
    (folder / "18.yaml").write_text("apiVersion: v1\nkind: [")
    (folder / "20.yaml").write_text((folder / "20.yaml").read_text().replace("port: 80}", "port: 700000}"))
    alone = check(1, "--base", "HEAD")
    assert "minutes" in alone
    assert check(2, "--base", "HEAD") == alone
    assert check(4, "--base", "HEAD") == alone


def test_files_that_cannot_be_read_are_told_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "repository"
    repository(folder, {})
    (folder / "07.yaml").write_text("apiVersion: v1\nkind: [")
    (folder / "14.yaml").write_text("kind: X\napiVersion: v1\n---\n- 1")
    (folder / "19.yaml").write_text("no: manifest")
    monkeypatch.chdir(folder)
    alone = check(1)
    assert "07.yaml" in alone
    assert "14.yaml" in alone
    assert check(2) == alone
    assert check(5) == alone


def test_other_processes_are_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path / "repository", BROKEN)
    monkeypatch.chdir(tmp_path / "repository")
    alone = check(1)

    def none() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", none)
    assert check(3) == alone


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that a test starts; others of this test run may have some of their own."""
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        process = fork()
        started.append(process)
        return process

    monkeypatch.setattr(os, "fork", noted)
    return started


def gone(process: int) -> bool:
    try:
        os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_only_what_another_process_answered_is_plain(forked: list[int]) -> None:
    def is_plain(item: str) -> bool:
        if item == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "fails":
            raise ValueError(item)
        return item == "plain"

    with parallel.Ahead([["plain", "not"], ["killed"], ["fails"]], is_plain) as ahead:
        found = {item: ahead.plain(item) for item in ("not", "plain", "killed", "fails", "nobody's")}
        assert ahead.plain_items() == {"plain"}
    assert found == {"not": False, "plain": True, "killed": False, "fails": False, "nobody's": False}
    assert len(forked) == 3
    assert all(map(gone, forked))


def test_answers_are_values() -> None:
    def answer(item: str) -> object:
        return {"item": [item, 1, 2.5, None, True]}

    with parallel.Ahead([["a", "b"], ["c"]], answer) as ahead:
        assert ahead.of("c") == {"item": ["c", 1, 2.5, None, True]}
        assert [ahead.of(item) for item in ("b", "a", "d")] == [answer("b"), answer("a"), None]
        assert ahead.plain_items() == set()


def test_a_process_that_is_not_waited_for_is_ended(forked: list[int]) -> None:
    def wait(_: str) -> bool:
        signal.pause()
        return True

    with pytest.raises(KeyError), parallel.Ahead([["item"]], wait):
        raise KeyError
    assert [gone(process) for process in forked] == [True]


def test_there_are_as_many_processes_as_memory_is_free_for(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [*range(10)]
    monkeypatch.setattr(parallel, "_own_memory", lambda: 1000)
    with parallel.processes(4):
        for free, parts in ((100, 0), (1999, 0), (2000, 1), (4000, 2), (10**9, 3)):
            monkeypatch.setattr(parallel, "_free_memory", lambda free=free: free)
            assert len(parallel.others(items)) == parts
            assert len(parallel.shares(items)) == parts + 1


def test_shares_are_of_about_the_same_weight() -> None:
    items = [*range(10)]
    assert parallel.shares(items) == [items]
    with parallel.processes(3):
        assert parallel.shares(items) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert parallel.shares(items, lambda item: item) == [[9, 4, 3], [8, 5, 2], [7, 6, 1, 0]]
        assert parallel.shares([]) == [[]]
    assert 1 <= parallel.by_machine() <= (os.cpu_count() or 1)
