"""`--jobs`: how many processes a command may use."""

from __future__ import annotations

from contextlib import AbstractContextManager

import click

from gitops_kong import parallel

jobs_option = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1),
    help="Processes that share the work on large repositories. Default: by cores and free memory.",
)


def working(jobs: int | None) -> AbstractContextManager[None]:
    """Up to `jobs` processes work while the context lasts."""
    return parallel.processes(jobs or parallel.by_machine())
