"""CPU time of a check by stage, in one process: each stage without those that it calls.

python benchmarks/stages.py FOLDER
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gitops_kong.cli import main as cli

# stage: module and name of the function, where the run finds it
STAGES = {
    "find targets, read files": ("gitops_kong.cli.pipeline", "discover"),
    "render": ("gitops_kong.cli.before", "render"),
    "admit, take in": ("gitops_kong.cli.admitted", "cluster_state"),
    "translate": ("gitops_kong.cli.target_run", "translate"),
    "validate": ("gitops_kong.controller.schema_gateway", "validate"),
    "predict": ("gitops_kong.cli.target_run", "predict"),
    "policies": ("gitops_kong.cli.target_run", "judge"),
}


def measure(folder: Path) -> dict[str, float]:
    """Seconds of CPU time by stage, and of all that is in none."""
    spent: defaultdict[str, float] = defaultdict(float)
    open_stages: list[str] = []
    last = time.process_time()

    def switch() -> None:
        nonlocal last
        now = time.process_time()
        spent[open_stages[-1] if open_stages else "start, report, all else"] += now - last
        last = now

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            switch()
            open_stages.append(stage)
            try:
                found = function(*arguments, **named)
                return list(found) if stage == "policies" else found  # a generator works when it is read
            finally:
                switch()
                open_stages.pop()

        return run

    for stage, (module, name) in STAGES.items():
        loaded = importlib.import_module(module)
        setattr(loaded, name, timed(stage, getattr(loaded, name)))
    gc.set_threshold(100_000, 50, 1000)  # as `gitops_kong.__main__` does
    os.chdir(folder)
    sys.argv = ["gitops-kong", "check", "--no-cache", "--jobs", "1"]
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        cli.main()
    switch()
    return dict(spent)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def main(folder: Path) -> None:
    """Print a table."""
    click.echo("| stage | CPU s |\n|---|---:|")
    for stage, seconds in measure(folder).items():
        click.echo(f"| {stage} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
