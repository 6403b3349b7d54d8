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


def columns() -> int | None:
    """The width of the terminal, None where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
