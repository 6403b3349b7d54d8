"""How a command writes for a terminal: its width; colours by `--color`, `NO_COLOR` (no-color.org), what stdout is."""

from __future__ import annotations

import os
import shutil
import sys

import click

color_option = click.option(
    "--color",
    metavar="WHEN",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="auto (default: on a terminal, unless NO_COLOR is set), always or never.",
)


def use_color(when: str) -> bool:
    """What `when` (`auto`, `always`, `never`) means for stdout."""
    if when == "auto":
        return not os.environ.get("NO_COLOR") and sys.stdout.isatty()
    return when == "always"


def columns() -> int:
    """The width of the terminal, or of the page that is no terminal."""
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
