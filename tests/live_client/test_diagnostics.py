"""The controller's diagnostics, in the shapes of its versions."""

from __future__ import annotations

import pytest

from gitops_kong.live.diagnostics import read_diagnostics
from tests.live_client.script import Answer, Request, serving
from tests.live_client.test_client import client

CONFIG = {"_format_version": "3.0", "services": []}


@pytest.mark.parametrize("nothing", [Answer(204, b""), Answer(200, {"hash": "", "config": {}})])
def test_dumps_that_are_not_there(nothing: Answer) -> None:
    """Since 3.5, and before."""

    def answer(request: Request) -> Answer:
        return Answer(200, {"status": "not-triggered"}) if request.path.endswith("fallback") else nothing

    with serving(answer) as server:
        found = read_diagnostics(client(server.url))
    assert (found.successful, found.failed, found.fallback, found.errors) == (None, None, False, ())


def test_a_refused_configuration_has_no_hash() -> None:
    def answer(request: Request) -> Answer:
        if request.path.endswith("fallback"):
            return Answer(200, {"status": "triggered"})
        return Answer(200, {"hash": "", "config": CONFIG})

    with serving(answer) as server:
        found = read_diagnostics(client(server.url))
    assert found.failed == CONFIG
    assert found.fallback
