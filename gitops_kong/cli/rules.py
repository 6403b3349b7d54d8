"""`gitops-kong rules`: every rule, a line each; or whether the repository's own rules keep their examples."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from gitops_kong.cli.repository import open_repository
from gitops_kong.policies.model import Policy
from gitops_kong.policies.selection import listed, own_rules
from gitops_kong.report.text import printable


@click.command()
@click.argument("path", default=".", type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--examples", is_flag=True, help="Run the examples of the repository's own rules instead.")
def command(path: str, form: str, examples: bool) -> None:
    """List the rules: those that judge predictions, those on suppressions, then the policies by group.

    The rules in .gitops-kong/policies of the repository at PATH are among them. With --examples the exit status is 1
    where one of their examples does not come out as it should.
    """
    own = own_rules(open_repository((path,)).head.tree)
    if examples:
        _run_examples(own)
    rows = listed(own)
    if form == "json":
        names = ("group", "id", "severity", "enabled", "title")
        click.echo(json.dumps([{name: getattr(row, name) for name in names} for row in rows], indent=2))
        return
    group = ""
    width = max(len(row.id) for row in rows)
    for row in rows:
        if row.group != group:
            group = row.group
            click.echo(f"{group}:")
        click.echo(f"  {row.id:{width}}  {row.severity if row.enabled else 'off':7}  {printable(row.title)}")


def _run_examples(own: Mapping[str, Policy]) -> None:
    from gitops_kong.policies.examples import failures  # noqa: PLC0415 - the gateway's schemas come with it

    wrong = list(failures(own.values()))
    for line in wrong:
        click.echo(printable(line))
    click.echo(f"{len(own)} rules, {len(wrong)} examples wrong")
    raise click.exceptions.Exit(int(bool(wrong)))
