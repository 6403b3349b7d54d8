"""A headless Chromium for the tests of pages that people open, and for benchmarks of them.

Without one those tests are left out, which pytest's summary says; in `.ci/run`, which installs Chromium, they fail.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "Chromium is missing, so the HTML report was not opened: put it on PATH (Debian: apt-get install chromium)"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The path of the browser, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def needed() -> str:
    """The path of the browser; the test is left out without one, and fails where one is required."""
    path = chromium()
    if path is None:
        (pytest.fail if os.environ.get("GITOPS_KONG_BROWSER") == "required" else pytest.skip)(MISSING)
    return str(path)


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """A browser with a profile of its own: a function that makes pages of a width, for a colour scheme."""
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(profile, executable_path=path, args=list(FLAGS))

        def page(width: int = 1280, height: int = 900, scheme: Literal["light", "dark"] = "light") -> Page:
            made = browser.new_page()
            made.set_default_timeout(10_000)
            made.set_viewport_size({"width": width, "height": height})
            made.emulate_media(color_scheme=scheme)
            return made

        try:
            yield page
        finally:
            browser.close()
