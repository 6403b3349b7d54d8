"""`gitops-kong rules`: every rule, a line each."""

from __future__ import annotations

import json

import click

from gitops_kong.policies.model import built_in
from gitops_kong.predict.rules import RULES


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(form: str) -> None:
    """List the rules: those that judge predictions, then those that judge manifests."""
    rows = [("prediction", r.id, r.severity, r.title) for r in RULES.values()]
    rows += [(p.group, p.id, p.severity, p.title) for p in built_in().values()]
    if form == "json":
        names = ("group", "id", "severity", "title")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    group = ""
    width = max(len(rule) for _, rule, _, _ in rows)
    for row_group, rule, severity, title in sorted(rows, key=lambda r: (r[0] != "prediction", r[0])):
        if row_group != group:
            group = row_group
            click.echo(f"{group}:")
        click.echo(f"  {rule:{width}}  {severity:7}  {title}")
