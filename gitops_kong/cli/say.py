"""What commands tell beside their output."""

from __future__ import annotations

import click

from gitops_kong.report.text import printable


def say(text: str) -> None:
    """One message on stderr, without what a terminal would obey: names of files come from the repository."""
    click.echo(f"gitops-kong: {printable(text)}", err=True)
