"""`gitops-kong upgrade-check`: what another controller or gateway version does with the same manifests."""

from __future__ import annotations

from typing import Any

import click

from gitops_kong.cli import completing
from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.jobs import jobs_option, working
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.cli.upgrade_run import upgrade
from gitops_kong.predict.model import SEVERITIES
from gitops_kong.report import upgrade as report_upgrade


@click.command(cls=SectionedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=click.Path())
@click.option(
    "--to-controller",
    metavar="VERSION",
    shell_complete=completing.controller_versions,
    help="Kong Ingress Controller to go to, such as 3.5.",
)
@click.option(
    "--to-gateway",
    metavar="VERSION",
    shell_complete=completing.gateway_versions,
    help="Kong Gateway to go to, such as 3.9.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.targets,
    help="Check only this target (repeatable).",
)
@controller_flags
@source_flags
@click.option("--context", multiple=True, metavar="PATH", help="Manifests that the cluster has beyond the repository.")
@jobs_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="error", show_default=True)
def command(
    paths: tuple[str, ...],
    to_controller: str | None,
    to_gateway: str | None,
    form: str,
    jobs: int | None,
    **flags: Any,
) -> None:
    """Say what changes when the controller or the gateway goes to another version.

    The manifests run through both versions: objects with another outcome, Kong entities that differ field by field,
    findings that come and go, what the versions themselves change, and what the rules on upgrades say.

    Exit status: 0 nothing gets worse at --fail-on or above, 1 it does, 2 something could not be checked.
    """
    if to_controller is None and to_gateway is None:
        raise click.UsageError("--to-controller or --to-gateway is needed")
    controller = settings_of(flags)
    repository = with_sources(open_repository(paths), flags)
    settings = CheckSettings(repository.paths, controller=controller, **flags)
    later = controller.at(to_controller, to_gateway)
    with working(jobs):
        report = upgrade(repository.head, repository.config, settings, later, Progress())
    click.echo(report_upgrade.as_json(report) if form == "json" else report_upgrade.text(report), nl=False)
    raise click.exceptions.Exit(report.exit_status)
