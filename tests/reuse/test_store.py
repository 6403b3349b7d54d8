"""The cache folder: what is read back, and what is not trusted."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli
from gitops_kong.reuse import store as module
from gitops_kong.reuse.store import Store, cache_folder

VALUE = {"a": (1, b"x", None, frozenset({"y"})), "é": [1.5, True]}


def only_file(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def test_what_was_put_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    assert store.get("one") is None
    store.put("one", VALUE)
    assert store.get("one") == VALUE
    assert store.get("two") is None
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert only_file(tmp_path / "cache").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(file.read_bytes()[:20]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-1] + b"\xff"),
        lambda file: file.write_bytes(file.read_bytes().replace(b"gitops-kong ", b"gitops-kong 9", 1)),
        lambda file: (file.rename(file.parent / "x"), file.symlink_to(file.parent / "x")),
        lambda file: file.parent.chmod(0o755),
        lambda file: file.parent.chmod(0o770),
    ],
    ids=["cut off", "no value", "empty", "changed", "other version", "a link", "folder can be read", "can be written"],
)
def test_what_cannot_be_trusted_counts_as_not_there(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    store = Store(tmp_path / "cache")
    store.put("one", VALUE)
    spoil(only_file(tmp_path / "cache"))
    assert store.get("one") is None


def test_files_of_others_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "cache")
    store.put("one", VALUE)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert store.get("one") is None
    store.put("two", VALUE)
    monkeypatch.undo()
    assert store.get("two") is None


def test_nothing_is_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "cache")
    store.put("one", VALUE)
    assert store.get("one") is None
    assert store.info() == (0, 0)


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", limit=3500)
    for i, name in enumerate(("one", "two", "three")):
        store.put(name, name * 300)
        os.utime(store._file(name), (i, i))
    assert store.get("one") is not None  # used now
    store.put("four", "four" * 300)
    assert store.get("two") is None
    assert all(store.get(name) is not None for name in ("one", "four"))
    assert store.info().size <= 3500
    store.put("large", "x" * 4000)
    assert store.get("large") is None


def hammer(arguments: tuple[str, int]) -> int:
    folder, number = arguments
    store = Store(Path(folder))
    wrong = 0
    for i in range(60):
        store.put("shared", [number] * 2000)
        found = store.get("shared")
        wrong += found is not None and len(set(found)) != 1
        if i % 20 == 19:
            store.clear()
    return wrong


def test_processes_share_it_without_torn_values(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        assert sum(pool.map(hammer, [(str(tmp_path / "cache"), n) for n in range(4)])) == 0


def test_the_folder() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/gitops-kong/results")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache/gitops-kong/results"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "gitops-kong" / "results"
    keep = tmp_path / "gitops-kong" / "tools" / "helm"
    keep.parent.mkdir(parents=True)
    keep.write_text("not ours")
    Store(folder).put("one", VALUE)
    run = CliRunner().invoke
    assert run(cli, ["cache", "path"]).output == f"{folder}\n"
    assert "1 results, 0.0 MiB" in run(cli, ["cache", "info"]).output
    assert "deleted 1 results" in run(cli, ["cache", "clear"]).output
    assert not list(folder.iterdir())
    assert keep.exists()
    assert module.LIMIT == 512 * 2**20
