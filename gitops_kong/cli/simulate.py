"""`gitops-kong simulate`: what the controller would do in scenario files, step by step."""

from __future__ import annotations

import json
import traceback

import click

from gitops_kong.controller.scenario_file import load
from gitops_kong.controller.scenario_world import simulate
from gitops_kong.controller.step_json import step_json
from gitops_kong.errors import UserError


@click.command()
@click.argument("cases", nargs=-1, required=True, metavar="CASE…", type=click.Path())
@click.option(
    "--controller-version", required=True, metavar="VERSION", help="Version of the controller, such as 3.4.3."
)
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True)
def command(cases: tuple[str, ...], controller_version: str, form: str) -> None:  # noqa: ARG001
    """Run scenario files and print what the controller would do."""
    failed = False
    for case in cases:
        try:
            steps = [step_json(result) for result in simulate(load(case), controller_version)]
        except UserError as e:
            failed = True
            click.echo(f"gitops-kong: {case}: {e}", err=True)
        except Exception:  # noqa: BLE001 - a defect in one case must not hide the others
            failed = True
            click.echo(f"gitops-kong: {case}: this is a defect, please report it:\n{traceback.format_exc()}", err=True)
        else:
            click.echo(json.dumps({"case": case, "steps": steps}))
    if failed:
        raise click.exceptions.Exit(2)
