"""`gitops-kong schema`: the JSON Schemas of the formats that gitops-kong reads and writes."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

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
    "fleet": ("gitops_kong.report", "schemas/fleet.json"),
    "fleet-lines": ("gitops_kong.report", "schemas/fleet-lines.json"),
    "fleet-file": ("gitops_kong.fleet", "fleet-file.schema.json"),
    "snapshot": ("gitops_kong.report", "schemas/snapshot.json"),
    "audit": ("gitops_kong.report", "schemas/audit.json"),
}

# schemas that use definitions of another one, which are printed with them
_BORROWED = {"fleet": "check", "fleet-lines": "fleet", "fleet-file": "config"}
_REFERENCE = re.compile(r'"#/\$defs/([^/"]+)')


@click.command()
@click.argument("name", type=click.Choice(list(SCHEMAS)))
def command(name: str) -> None:
    """Print the JSON Schema of one format: .gitops-kong.yaml (config), the report of check and its lines, scenario
    files, the lines of simulate, gateway-validate and api-validate, the report of logs, fleet files, the report of
    fleet and its lines, the file of snapshot, the report of audit.
    """
    click.echo(json.dumps(schema(name), indent=2))


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a format, whole."""
    package, file = SCHEMAS[name]
    value: dict[str, Any] = json.loads(files(package).joinpath(file).read_text(encoding="utf-8"))
    if name in _BORROWED:
        known = schema(_BORROWED[name])["$defs"]
        own = value.setdefault("$defs", {})
        while missing := {*_REFERENCE.findall(json.dumps(value))} - {*own}:
            own.update({each: known[each] for each in sorted(missing)})
    return value
