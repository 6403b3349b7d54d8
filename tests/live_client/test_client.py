"""What passes is waited for, what stays is said."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gitops_kong.live.client import ApiError, Client, Patience, UnreachableError
from gitops_kong.live.credentials import Credentials, Secrets
from gitops_kong.live.kubeconfig import Connection
from gitops_kong.live.lists import Resource, list_all
from tests.live_client.script import Answer, Request, serving, status

SERVICES = Resource("v1", "Service", "services")


def client(url: str, secrets: Secrets | None = None, seconds: float = 60, said: list[str] | None = None) -> Client:
    time = [0.0]

    def sleep(pause: float) -> None:
        time[0] += pause

    say = (said if said is not None else []).append
    connection = Connection(url, Credentials(secrets or Secrets(token="t")))
    return Client(connection, Patience(seconds, sleep, lambda: time[0], say))


@pytest.mark.parametrize("passing", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_waited_for(passing: int) -> None:
    answers = iter([status(passing, "not now"), status(passing, "not now"), Answer(200, {"ok": True})])
    with serving(lambda _: next(answers)) as server:
        assert client(server.url).get("/x") == {"ok": True}
    assert len(server.requests) == 3


def test_retry_after_is_heeded() -> None:
    answers = iter([status(429, "too many requests", **{"Retry-After": "7"}), Answer()])
    paused: list[float] = []
    with serving(lambda _: next(answers)) as server:
        Client(Connection(server.url, Credentials(Secrets())), Patience(60, paused.append)).get("/x")
    assert paused == [7.0]


def test_what_stays_is_said_with_the_servers_words() -> None:
    said: list[str] = []
    with (
        serving(lambda _: status(503, "etcd has no leader")) as server,
        pytest.raises(UnreachableError, match=r"GET /x: 503: etcd has no leader \(tried for 5 s\)"),
    ):
        client(server.url, seconds=5, said=said).get("/x")
    assert said == ["GET /x: 503: etcd has no leader; trying again"]


@pytest.mark.parametrize("refused", [400, 403, 404, 410])
def test_what_does_not_pass_is_not_tried_again(refused: int) -> None:
    with serving(lambda _: status(refused, "no")) as server, pytest.raises(ApiError) as raised:
        client(server.url).get("/x")
    assert raised.value.status == refused
    assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with pytest.raises(UnreachableError, match=rf"http://127.0.0.1:{port}: Connection refused \(tried for 1 s\)"):
        client(f"http://127.0.0.1:{port}", seconds=1).get("/x")


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    answers = iter([Answer(200, b'{"items": [', {"Content-Length": "1000"}), Answer(200, {"items": []})])
    with serving(lambda _: next(answers)) as server:
        assert client(server.url).get("/x") == {"items": []}


def test_a_renewed_token_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")

    def answer(request: Request) -> Answer:
        if request.headers["Authorization"] == "Bearer new":
            return Answer(200, {"ok": True})
        file.write_text("new\n")
        return status(401, "Unauthorized")

    with serving(answer) as server:
        assert client(server.url, Secrets(token_file=file)).get("/x") == {"ok": True}
    assert [r.headers["Authorization"] for r in server.requests] == ["Bearer old", "Bearer new"]


def test_a_token_that_stays_refused_is_said_and_not_shown() -> None:
    with (
        serving(lambda _: status(401, "Unauthorized")) as server,
        pytest.raises(ApiError, match="does not accept the credentials") as raised,
    ):
        client(server.url, Secrets(token="s3cret")).get("/x")
    assert "s3cret" not in str(raised.value)


def _pages(gone: int) -> tuple[list[str], object]:
    """Three pages; the first `gone` requests for the third answer 410."""
    left = [gone]
    told: list[str] = []

    def answer(request: Request) -> Answer:
        told.append(request.query.get("continue", ""))
        if "limit" not in request.query:
            return Answer(200, {"metadata": {"resourceVersion": "9"}, "items": [_item(n) for n in range(3)]})
        number = int(request.query.get("continue") or 0)
        if number == 2 and left[0]:
            left[0] -= 1
            return status(410, "The provided continue parameter is too old")
        more = {"continue": str(number + 1)} if number < 2 else {}
        return Answer(200, {"metadata": {"resourceVersion": "5", **more}, "items": [_item(number)]})

    return told, answer


def _item(number: int) -> dict[str, object]:
    return {"metadata": {"name": f"s{number}", "namespace": "n"}}


@pytest.mark.parametrize(
    ("gone", "asked", "version"),
    [
        (0, ["", "1", "2"], "5"),
        (1, ["", "1", "2", "", "1", "2"], "5"),
        (9, ["", "1", "2", "", "1", "2", ""], "9"),
    ],
)
def test_a_list_that_is_gone_starts_again_and_is_whole(gone: int, asked: list[str], version: str) -> None:
    told, answer = _pages(gone)
    said: list[str] = []
    with serving(answer) as server:  # type: ignore[arg-type]
        listed = list_all(client(server.url), SERVICES, say=said.append)
    assert told == asked
    assert [item["metadata"]["name"] for item in listed.items] == ["s0", "s1", "s2"]
    assert {(item["apiVersion"], item["kind"]) for item in listed.items} == {("v1", "Service")}
    assert listed.resource_version == version
    assert len(said) == min(gone, 2)
