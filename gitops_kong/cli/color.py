"""Whether a command writes colours: `--color`, then `NO_COLOR` (no-color.org), then what stdout is."""

from __future__ import annotations

import os
import sys

import click

color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours in text; auto: on a terminal, unless NO_COLOR is set.",
)


def use_color(when: str) -> bool:
    """What `when` (`auto`, `always`, `never`) means for stdout."""
    if when == "auto":
        return not os.environ.get("NO_COLOR") and sys.stdout.isatty()
    return when == "always"
