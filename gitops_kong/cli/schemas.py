"""`gitops-kong schemas`: what plugins beyond Kong's own take."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_kong.gateway import catalogue, custom_schemas


@click.group()
def command() -> None:
    """Schemas of plugins beyond those that come with Kong."""


@command.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The repository that keeps them (default: the current folder).",
)
def import_(paths: tuple[Path, ...], root: Path) -> None:
    """Take schemas from PATH: a schema.lua, a JSON dump of /schemas/plugins/NAME, or a folder of either.

    They are kept in .gitops-kong/schemas, and used from then on. A schema.lua is run in a locked-down Lua (needs
    gitops-kong[lua]); what its functions check is accepted and listed as not verified.
    """
    found: dict[str, custom_schemas.Schema] = {}
    for path in paths:
        found.update(custom_schemas.read(path))
    bundled = catalogue.load(catalogue.VERSIONS[-1]).plugins
    for name in [name for name, schema in found.items() if name in bundled and custom_schemas.is_dump(schema)]:
        del found[name]
        click.echo(f"{name}: comes with Kong and is known; left out", err=True)
    for file, (_, schema) in zip(custom_schemas.store(root, found), sorted(found.items()), strict=True):
        click.echo(file.as_posix())
        for text in schema.get(custom_schemas.UNVERIFIED, ()):
            click.echo(f"  not verified: {text}", err=True)
