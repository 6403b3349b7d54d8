"""What commands tell beside their output."""

from __future__ import annotations

import click


def say(text: str) -> None:
    """One message on stderr, without what a terminal would obey: names of files come from the repository."""
    from gitops_kong.report.text import printable  # noqa: PLC0415 - more modules than all of --help needs

    click.echo(f"gitops-kong: {printable(text)}", err=True)
