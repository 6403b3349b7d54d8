"""Checkouts with git itself: of a folder, and over HTTP with a password as a private repository has."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_kong.errors import UserError
from gitops_kong.live.checkout import Git, GitCredentials, read_credentials
from tests.live_client.script import Answer, Request, Server, serving

AUTHORIZED = "Basic " + base64.b64encode(b"robot:pass-word").decode()


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for text in ("one", "two"):
        (folder / "file.txt").write_text(text)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", text)
    git(folder, "tag", "--annotate", "v1", "--message", "one", "HEAD~1")
    return folder


@pytest.fixture
def private(repository: Path) -> Iterator[Server]:
    """The repository's files over plain HTTP, for those who know the password."""
    bare = repository.parent / "served" / "team.git"
    git(repository.parent, "clone", "--quiet", "--bare", str(repository), str(bare))
    git(bare, "update-server-info")

    def answer(request: Request) -> Answer:
        if request.headers.get("Authorization") != AUTHORIZED:
            return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="private"'})
        file = bare.parent / request.path.lstrip("/")
        return Answer(body=file.read_bytes()) if file.is_file() else Answer(404, b"")

    with serving(answer) as server:
        yield server


@pytest.mark.parametrize("name", ["HEAD~1", "v1"])
def test_a_commit_and_a_tag(repository: Path, tmp_path: Path, name: str) -> None:
    commit = git(repository, "rev-parse", f"{name}^{{commit}}")
    place = tmp_path / "place"
    place.mkdir()
    assert Git().check_out(f"file://{repository}", commit if "~" in name else name, place) == commit
    assert {f.name: f.read_text() for f in place.iterdir()} == {"file.txt": "one"}


def test_the_default_branch_and_a_name_that_is_not_there(repository: Path, tmp_path: Path) -> None:
    assert Git().check_out(f"file://{repository}", "", tmp_path) == git(repository, "rev-parse", "main")
    with pytest.raises(UserError, match="no-such-branch: no such revision"):
        Git().check_out(f"file://{repository}", "no-such-branch", tmp_path)


def test_a_private_repository_opens_with_its_credentials_alone(
    private: Server, repository: Path, tmp_path: Path
) -> None:
    url = f"{private.url}/team.git"
    with pytest.raises(UserError) as caught:
        Git().check_out(url, "main", tmp_path)
    assert "\n" not in str(caught.value)
    wrong = GitCredentials(private.url, "robot", "wrong-word")
    with pytest.raises(UserError) as caught:
        Git([wrong]).check_out(url, "main", tmp_path)
    assert "wrong-word" not in str(caught.value)
    right = GitCredentials(private.url, "robot", "pass-word")
    elsewhere = GitCredentials("https://elsewhere.example.com", "robot", "pass-word")
    place = tmp_path / "place"
    place.mkdir()
    assert Git([elsewhere, right]).check_out(url, "main", place) == git(repository, "rev-parse", "main")
    assert (place / "file.txt").read_text() == "two"
    assert "pass-word" not in repr(right)


def test_what_a_secret_of_argo_cd_has(tmp_path: Path) -> None:
    for name, text in (("url", "https://example.com/team\n"), ("username", "robot"), ("password", "pass-word\n")):
        (tmp_path / name).write_text(text)
    assert read_credentials(tmp_path) == GitCredentials("https://example.com/team", "robot", "pass-word")
    (tmp_path / "password").unlink()
    (tmp_path / "githubAppID").write_text("1")
    with pytest.raises(UserError, match="githubAppID is not supported"):
        read_credentials(tmp_path)
    with pytest.raises(UserError, match="no such directory"):
        read_credentials(tmp_path / "nowhere")


def test_ssh_needs_the_keys_of_the_servers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--known-hosts"):
        Git().check_out("git@example.com:team/repository.git", "main", tmp_path)


def test_an_address_that_runs_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not allowed"):
        Git().check_out(f"ext::touch {tmp_path}/pwned", "main", tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_time_is_limited(tmp_path: Path) -> None:
    def slow(_: Request) -> Answer:
        import time

        time.sleep(2)
        return Answer(404, b"")

    with serving(slow) as server, pytest.raises(UserError, match="longer than"):
        Git(timeout=0.5).check_out(f"{server.url}/team.git", "main", tmp_path)
