"""The live tests need programs; where one is missing they are left out, and the summary says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live import server

_LIVE = Path(__file__).parent / "live"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    live = [item for item in items if _LIVE in item.path.parents]
    for item in live:
        item.add_marker(pytest.mark.live)
    lacking = server.missing()
    if not live or not lacking:
        return
    if os.environ.get("GITOPS_KONG_LIVE") == "required":
        raise pytest.UsageError(f"the live tests need {', '.join(lacking)}; {server.HOW}")
    left_out = set(live)
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=live)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lacking = server.missing()
    if lacking:
        terminalreporter.write_line(
            f"live tests were left out: no {', '.join(lacking)} here; {server.HOW}", yellow=True
        )
