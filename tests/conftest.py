"""What is left out where it cannot run or would take minutes; the summary says so, and .ci/run leaves nothing out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.live import server

_LIVE = Path(__file__).parent / "live"
os.environ["GITOPS_KONG_CACHE"] = "0"  # tests leave nothing in the cache folder of who runs them
# how long an example takes tells of the machine, not of the code
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def _images() -> bool:
    return os.environ.get("GITOPS_KONG_IMAGE") == "required"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    images = [item for item in items if item.get_closest_marker("image")]
    if images and not _images():
        items[:] = [item for item in items if item not in set(images)]
        config.hook.pytest_deselected(items=images)
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
    if not _images():
        terminalreporter.write_line(
            "GITOPS_KONG_IMAGE=required also installs what the Dockerfile installs", yellow=True
        )
    lacking = server.missing()
    if lacking:
        terminalreporter.write_line(
            f"live tests were left out: no {', '.join(lacking)} here; {server.HOW}", yellow=True
        )
