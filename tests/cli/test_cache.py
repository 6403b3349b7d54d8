"""`check` with and without what an earlier run left."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: 80}]}\n"


def check(*flags: str) -> str:
    done = CliRunner().invoke(cli, ["check", "--format", "json", *flags])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_cache_is_used_and_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, folder = tmp_path / "repository", tmp_path / "cache" / "gitops-kong" / "results"
    repository.mkdir()
    (repository / "web.yaml").write_text(SERVICE)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert check() == check("--no-cache")  # tests turn it off
    assert not folder.exists()
    monkeypatch.setenv("GITOPS_KONG_CACHE", "1")
    assert check("--no-cache") == check()
    assert len([*folder.iterdir()]) == 2  # the run, and the digest of the program
    (repository / "web.yaml").write_text(SERVICE.replace("80", "81"))
    assert check() == check("--no-cache")
