"""Whether a command writes colours: `--color`, then `NO_COLOR` (no-color.org), then what stdout is."""

from __future__ import annotations

import os
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
