"""`gitops-kong schema`: the JSON Schemas of the formats that gitops-kong reads and writes."""

from __future__ import annotations

import json
from importlib.resources import files

import click

# name: package and file of the schema
SCHEMAS = {
    "config": ("gitops_kong.sources", "config.schema.json"),
    "check": ("gitops_kong.report", "schemas/check.json"),
    "check-lines": ("gitops_kong.report", "schemas/check-lines.json"),
    "scenario": ("gitops_kong.report", "schemas/scenario.json"),
    "simulate": ("gitops_kong.report", "schemas/simulate.json"),
    "gateway-validate": ("gitops_kong.report", "schemas/gateway-validate.json"),
    "api-validate": ("gitops_kong.report", "schemas/api-validate.json"),
    "logs": ("gitops_kong.report", "schemas/logs.json"),
}


@click.command()
@click.argument("name", type=click.Choice(list(SCHEMAS)))
def command(name: str) -> None:
    """Print the JSON Schema of one format: .gitops-kong.yaml (config), the report of check and its lines, scenario
    files, the lines of simulate, gateway-validate and api-validate, the report of logs.
    """
    package, file = SCHEMAS[name]
    schema = json.loads(files(package).joinpath(file).read_text(encoding="utf-8"))
    click.echo(json.dumps(schema, indent=2))
