"""`gitops-kong init`: write `.gitops-kong.yaml` from what is found."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.say import say
from gitops_kong.cli.targets import controllers_in, render_targets
from gitops_kong.errors import UserError
from gitops_kong.sources.config import FILE, Config
from gitops_kong.sources.initial import initial


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--stdout", "printed", is_flag=True, help="Print the file, write nothing.")
def command(path: Path, force: bool, printed: bool) -> None:
    """Find the targets and the controller of a repository and write them to .gitops-kong.yaml at its root."""
    repository = open_repository((str(path),))
    tree = repository.head.tree
    if FILE in tree.files and not force and not printed:
        raise UserError(f"{FILE} is there already; replace it with --force, or look with --stdout")
    rendered = render_targets(tree, Config(), (".",), ())
    for target, result in rendered:
        for problem in result.problems:
            say(f"{target.name}: {problem.message}")
    controllers = controllers_in((result for _, result in rendered), tree)
    text = initial([target for target, _ in rendered], controllers)
    if printed:
        click.echo(text, nl=False)
        return
    file = repository.root / FILE
    file.write_text(text, encoding="utf-8")
    found = ", ".join(f"{each.namespace}/{each.name}" for each in controllers) or "none"
    click.echo(f"{file}: {len(rendered)} targets; controller: {found}")
