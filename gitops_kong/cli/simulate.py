"""`gitops-kong simulate`: what the controller would do in scenario files, step by step."""

from __future__ import annotations

import json
import traceback

import click

from gitops_kong.cli.color import color_option, use_color
from gitops_kong.cli.say import say
from gitops_kong.cli.settings import DEFAULT_KUBERNETES, minor_version
from gitops_kong.controller.scenario_file import load
from gitops_kong.controller.scenario_world import simulate
from gitops_kong.controller.settings import NEWEST, scenario_options
from gitops_kong.controller.step_json import step_json
from gitops_kong.errors import UserError
from gitops_kong.report.simulation import write


@click.command()
@click.argument("cases", nargs=-1, required=True, metavar="CASE…", type=click.Path())
@click.option("--controller-version", metavar="VERSION", help=f"Default: the file's controllerVersion, else {NEWEST}.")
@click.option("--kubernetes-version", metavar="VERSION", default=DEFAULT_KUBERNETES, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@color_option
def command(
    cases: tuple[str, ...], controller_version: str | None, kubernetes_version: str, form: str, color: str
) -> None:
    """Run scenario files and print what the controller would do, step by step."""
    failed, kubernetes = False, minor_version(kubernetes_version)
    for case in cases:
        try:
            scenario = load(case)
            version = controller_version or scenario.controller_version or NEWEST
            results = simulate(scenario, version, kubernetes)
            if form == "jsonl":
                click.echo(json.dumps({"case": case, "steps": [step_json(result) for result in results]}))
            else:
                options = scenario_options(version, scenario.options)
                click.echo(write(scenario, options, results, use_color(color)))
        except UserError as e:
            failed = True
            say(f"{case}: {e}")
        except Exception:  # noqa: BLE001 - a defect in one case must not hide the others
            failed = True
            say(f"{case}: this is a defect, please report it:\n{traceback.format_exc()}")
    if failed:
        raise click.exceptions.Exit(2)
