"""Logs of Pods: which Pods, and that no line is lost or told twice where a stream breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from gitops_kong.errors import UserError
from gitops_kong.live import pod_log
from gitops_kong.live.pod_log import Container, Wanted, find, follow
from tests.live_client.script import Answer, Request, serving, status
from tests.live_client.test_client import client

ONE = Container("kong", "one", "ingress-controller")


def pod(name: str, *containers: tuple[str, str]) -> dict[str, Any]:
    spec = {"containers": [{"name": n, "image": image} for n, image in containers]}
    return {"metadata": {"name": name, "namespace": "kong"}, "spec": spec}


PODS = [
    pod("one", ("proxy", "kong:3.9"), ("ingress-controller", "kong/kubernetes-ingress-controller:3.4.3")),
    pod("two", ("kic", "registry.example/mirror/kubernetes-ingress-controller@sha256:0")),
    pod("web", ("web", "nginx")),
]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), ["kong/one (ingress-controller)", "kong/two (kic)"]),
        (Wanted(("kong",), "web"), ["kong/web (web)"]),
        (Wanted(("kong",), None, "proxy"), ["kong/one (proxy)"]),
        (Wanted(("kong",), "unlisted", "c"), ["kong/unlisted (c)"]),
    ],
)
def test_the_controllers_pods(wanted: Wanted, names: list[str]) -> None:
    with serving(lambda _: Answer(200, {"items": PODS})) as server:
        assert list(map(str, find(client(server.url), wanted))) == names


def test_pods_that_may_not_be_listed() -> None:
    with serving(lambda _: status(403, "forbidden")) as server, pytest.raises(UserError, match="give --namespace, or"):
        find(client(server.url), Wanted())


def followed(answers: Callable[[Request], Answer], enough: int) -> tuple[list[str], list[dict[str, str]]]:
    """The first `enough` lines that are told, and what was asked for."""
    stop = threading.Event()
    told = []
    with serving(answers) as server:
        for line in follow(client(server.url), ONE, stop, pause=0.01):
            told.append(line)
            if len(told) == enough:
                stop.set()
    return told, [r.query for r in server.requests]


def lines(*numbers: int) -> Answer:
    """Lines as a kubelet writes them, a tenth of a second apart; fractions end where zeros begin."""
    text = "".join(f"2026-11-29T12:00:00{f'.{n}' if n else ''}Z line {n}\n" for n in numbers)
    return Answer(200, text.encode())


def test_a_stream_that_ends_goes_on_where_it_was() -> None:
    streams = iter([lines(0, 1, 12), lines(1, 12, 13, 2), lines(2, 3)])

    def answer(request: Request) -> Answer:
        return status(400, "no previous container") if "previous" in request.query else next(streams)

    told, asked = followed(answer, 6)
    assert told == [f"line {n}" for n in (0, 1, 12, 13, 2, 3)]
    assert "sinceTime" not in asked[0]
    assert asked[-1]["sinceTime"] == "2026-11-29T12:00:00Z"


def test_what_a_container_logged_at_its_end_is_read_from_its_own_log() -> None:
    streams = iter([lines(1), lines(5)])

    def answer(request: Request) -> Answer:
        return lines(1, 2, 3) if "previous" in request.query else next(streams)

    assert followed(answer, 4)[0] == ["line 1", "line 2", "line 3", "line 5"]


def test_a_container_that_waits_is_waited_for_and_one_that_is_gone_is_not() -> None:
    answers = iter(
        [
            status(400, "container is waiting to start"),
            lines(1),
            status(400, "no previous container"),
            status(404, "pods not found"),
        ]
    )
    with serving(lambda _: next(answers)) as server:
        told = list(follow(client(server.url), ONE, threading.Event(), pause=0.01))
    assert told == ["line 1"]


def test_lines_in_pieces_are_put_together() -> None:
    assert list(pod_log._lines(iter([b"on", b"e\ntw", b"o\n\xc3", b"\xa4\nlast"]))) == ["one", "two", "ä", "last"]
