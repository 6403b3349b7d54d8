"""`gitops-kong comment` against a local server that answers in the shapes of GitHub's and GitLab's APIs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from gitops_kong.cli import rest
from gitops_kong.cli.main import cli, main
from gitops_kong.errors import UserError

TOKEN = "secret-token-value"
BROKEN = "### ❌ gitops-kong: 1 error\n"
WELL = "### ✅ gitops-kong: every object is configured, in every scenario\n"
MARK = "<!-- gitops-kong check -->\n"
BOT = {"login": "github-actions[bot]", "type": "Bot"}


class Server(ThreadingHTTPServer):
    """Holds comments and threads; `failures` are answered first: (status, headers)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []
        self.threads: list[dict[str, Any]] = []
        self.failures: list[tuple[int, dict[str, str]]] = []
        self.read_only = False
        self.seen: list[tuple[str, str]] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do(self) -> None:
        path = urlsplit(self.path).path
        query = parse_qs(urlsplit(self.path).query)
        self.server.seen.append((self.command, path))
        self.server.tokens.add(self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN"))
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.server.failures:
            status, headers = self.server.failures.pop(0)
            self.answer(status, {"message": "no"}, **headers)
        elif (self.server.read_only and self.command != "GET") or (path == "/user" and "Authorization" in self.headers):
            self.answer(403, {"message": "Resource not accessible by integration", "status": "403"})
        elif path == "/user":
            self.answer(200, {"id": 7, "username": "project_1_bot"})
        elif path.startswith("/repos/"):
            self.github(path, query, body)
        else:
            self.gitlab(path, query, body)

    do_GET = do_POST = do_PATCH = do_PUT = do  # noqa: N815 - http.server's names

    def page(self, entries: list[dict[str, Any]], query: dict[str, list[str]]) -> None:
        size, number = int(query["per_page"][0]), int(query["page"][0])
        self.answer(200, entries[(number - 1) * size : number * size])

    def github(self, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> None:
        comments = self.server.comments
        if path == "/repos/o/r/issues/5/comments" and self.command == "GET":
            self.page(comments, query)
        elif path == "/repos/o/r/issues/5/comments":
            comments.append({"id": 100 + len(comments), "user": BOT, "body": body["body"]})
            self.answer(201, comments[-1])
        else:
            comment = next(c for c in comments if path == f"/repos/o/r/issues/comments/{c['id']}")
            comment["body"] = body["body"]
            self.answer(200, comment)

    def gitlab(self, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> None:
        threads, base = self.server.threads, "/projects/3/merge_requests/5/discussions"
        if path == base and self.command == "GET":
            self.page(threads, query)
        elif path == base:
            note = {"id": 1, "body": body["body"], "author": {"id": 7}, "resolvable": True, "resolved": False}
            threads.append({"id": "abc", "individual_note": False, "notes": [note]})
            self.answer(201, threads[-1])
        elif path == f"{base}/abc/notes/1":
            threads[-1]["notes"][0]["body"] = body["body"].rstrip()
            self.answer(200, threads[-1]["notes"][0])
        else:
            assert path == f"{base}/abc"
            threads[-1]["notes"][0]["resolved"] = body["resolved"]
            self.answer(200, threads[-1])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 5}}')
    for name, value in {
        "GITHUB_API_URL": made.url,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "CI_API_V4_URL": made.url,
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "5",
        "GITLAB_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    yield made
    made.shutdown()
    made.server_close()


def comment(tmp_path: Path, host: str, text: str, *more: str) -> Result:
    file = tmp_path / "report.md"
    file.write_text(text)
    done = CliRunner().invoke(cli, ["comment", f"--{host}", *more, str(file)])
    assert TOKEN not in done.output
    return done


def test_github_makes_one_comment_and_updates_it(server: Server, tmp_path: Path) -> None:
    assert comment(tmp_path, "github", BROKEN).exit_code == 0
    assert "comment is current" in comment(tmp_path, "github", BROKEN).output
    assert [c["body"] for c in server.comments] == [MARK + BROKEN]
    comment(tmp_path, "github", WELL)
    assert [c["body"] for c in server.comments] == [MARK + WELL]
    assert server.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_healthy_request_gets_no_comment(server: Server, tmp_path: Path, host: str) -> None:
    assert "no comment needed" in comment(tmp_path, host, WELL).output
    assert (server.comments, server.threads) == ([], [])


def test_github_finds_its_comment_on_a_later_page(server: Server, tmp_path: Path) -> None:
    person = {"login": "ann", "type": "User"}
    server.comments = [{"id": i, "user": person, "body": "hello"} for i in range(100)]
    server.comments.append({"id": 100, "user": BOT, "body": MARK + "old"})
    comment(tmp_path, "github", BROKEN)
    assert len(server.comments) == 101
    assert server.comments[-1]["body"] == MARK + BROKEN


def test_another_persons_comment_with_the_mark_is_left_alone(server: Server, tmp_path: Path) -> None:
    server.comments = [{"id": 1, "user": {"login": "eve", "type": "User"}, "body": MARK + "mine"}]
    comment(tmp_path, "github", BROKEN)
    assert [c["body"] for c in server.comments] == [MARK + "mine", MARK + BROKEN]


def test_keys_name_several_comments(server: Server, tmp_path: Path) -> None:
    comment(tmp_path, "github", BROKEN)
    comment(tmp_path, "github", BROKEN, "--key", "staging")
    assert len(server.comments) == 2


def test_a_token_that_may_not_write_falls_back_to_the_summary_once(server: Server, tmp_path: Path) -> None:
    server.read_only = True
    for _ in range(2):
        done = comment(tmp_path, "github", BROKEN)
        assert done.exit_code == 0
        assert "no permission to comment" in done.output
    assert (tmp_path / "summary.md").read_text() == BROKEN


def test_without_a_token_the_report_goes_to_the_summary(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    assert comment(tmp_path, "github", BROKEN).exit_code == 0
    assert (tmp_path / "summary.md").read_text() == BROKEN
    assert server.seen == []


def test_gitlab_resolves_its_thread_and_opens_it_again(server: Server, tmp_path: Path) -> None:
    comment(tmp_path, "gitlab", BROKEN)
    assert server.threads[0]["notes"][0]["resolved"] is False
    assert "updated and resolved" in comment(tmp_path, "gitlab", WELL).output
    assert server.threads[0]["notes"][0]["resolved"] is True
    assert "opened again" in comment(tmp_path, "gitlab", BROKEN).output
    assert len(server.threads) == 1
    assert server.tokens == {TOKEN}


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_busy_host_is_asked_again_and_gets_no_second_comment(
    server: Server, tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest.patiently, "__defaults__", (waits.append,))
    server.failures = [
        (502, {}),
        (429, {"Retry-After": "3"}),
        (403, {"X-RateLimit-Remaining": "0", "Retry-After": "4"}),
    ]
    assert comment(tmp_path, host, BROKEN).exit_code == 0
    assert waits == [1.0, 3.0, 4.0]
    assert len(server.comments) + len(server.threads) == 1


def test_patience_has_an_end() -> None:
    waits: list[float] = []

    def busy() -> None:
        raise rest.BusyError("GET /x: status 503", None)

    with pytest.raises(UserError, match="given up after 5 attempts"):
        rest.patiently(busy, waits.append)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_an_hour_until_the_limit_is_reset_is_not_waited_for() -> None:
    def limited() -> None:
        raise rest.BusyError("GET /x: status 403", 3600.0)

    with pytest.raises(UserError, match="given up after 1 attempts"):
        rest.patiently(limited, lambda _: pytest.fail("waited"))


def test_redirects_are_not_followed_with_the_token(server: Server, tmp_path: Path) -> None:
    server.failures = [(302, {"Location": "/elsewhere"})]
    done = comment(tmp_path, "github", BROKEN)
    assert isinstance(done.exception, UserError)
    assert [path for _, path in server.seen] == ["/repos/o/r/issues/5/comments"]


def test_an_answer_of_another_shape_is_said_in_one_line(server: Server, tmp_path: Path) -> None:
    server.comments = [{"id": 1, "body": MARK, "user": None}]
    assert "not what its API promises" in str(comment(tmp_path, "github", BROKEN).exception)


def test_wrong_use(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert comment(tmp_path, "github", BROKEN, "--key", "a b").exit_code == 2
    assert isinstance(comment(tmp_path, "github", "x" * 70_000).exception, UserError)
    server.failures = [(401, {})]
    assert "is the token valid?" in str(comment(tmp_path, "github", BROKEN).exception)
    monkeypatch.setenv("GITHUB_API_URL", "http://example.com")
    assert "only sent over https" in str(comment(tmp_path, "github", BROKEN).exception)
    monkeypatch.setattr("sys.argv", ["gitops-kong", "comment", "--github", str(tmp_path / "none.md")])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "none.md: No such file" in capsys.readouterr().err
