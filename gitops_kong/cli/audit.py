"""`gitops-kong audit`: whether the cluster is as its controller should have made it."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from gitops_kong.audit.run import audit
from gitops_kong.cli.audit_evidence import Asked, gather
from gitops_kong.cli.cluster_flags import client_of, cluster_flags
from gitops_kong.cli.color import color_option, use_color
from gitops_kong.cli.output import written
from gitops_kong.cli.sections import SectionedCommand, section
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.cli.source_flags import source_flags
from gitops_kong.live.push import push
from gitops_kong.predict.model import SEVERITIES
from gitops_kong.report import audit as report


@click.command(cls=SectionedCommand)
@click.argument("path", required=False, type=click.Path(), metavar="[PATH]")
@cluster_flags
@section(
    "What is compared",
    click.option("-n", "--namespace", "namespaces", multiple=True, metavar="NAME", help="Only this (repeatable)."),
    click.option("--from", "snapshot", type=click.Path(), metavar="FILE", help="A snapshot instead of the cluster."),
    click.option("--target", "targets", multiple=True, metavar="NAME", help="Of PATH only this (repeatable)."),
    click.option("--admin-url", metavar="URL", help="The gateway's Admin API, which is only read."),
    click.option("--diagnostics-url", metavar="URL", help="The controller's diagnostics server (--dump-config)."),
    click.option("--ca-file", type=click.Path(), metavar="FILE", help="Authority of the certificates of both URLs."),
    click.option("--insecure-skip-tls-verify", is_flag=True, help="Take any certificate of both URLs."),
    click.option("--publish-service", metavar="NAMESPACE/NAME", help="As the controller's flag. Default: as found."),
    click.option(
        "--grace",
        type=click.FloatRange(min=0),
        default=120.0,
        metavar="SECONDS",
        help="Leave younger objects in peace, whose status may be on its way; default: 120.",
    ),
    click.option(
        "--events-within",
        type=click.FloatRange(min=0),
        default=3600.0,
        metavar="SECONDS",
        help="Count Events that are no older; default: 3600.",
    ),
)
@controller_flags
@source_flags
@section(
    "Output",
    click.option("--format", "form", type=click.Choice(list(report.FORMATS)), default="text", show_default=True),
    click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Write a report too (repeatable)."),
    click.option("--push-url", metavar="URL", help="Push the metrics to this Prometheus Pushgateway."),
    click.option("--fail-on", type=click.Choice(SEVERITIES), default="error", show_default=True),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 also where there are findings."),
    color_option,
    click.option("-q", "--quiet", is_flag=True, help="Print nothing where nothing fails."),
    click.option("-v", "--verbose", is_flag=True, help="Name every object."),
)
def command(form: str, reports: tuple[str, ...], fail_on: Any, **flags: Any) -> None:
    """Compare what the cluster's objects say of themselves with what the controller should have written.

    Only reads. With the PATH of a repository each object is compared with Git, too. KONG_ADMIN_TOKEN is sent to the
    Admin API where it is set.

    Exit status: 0 nothing to report at --fail-on or above, 1 findings, 2 the cluster could not be read.
    """
    files = [_report_file(each) for each in reports]
    color, quiet, verbose = flags.pop("color"), flags.pop("quiet"), flags.pop("verbose")
    push_url, exit_zero = flags.pop("push_url"), flags.pop("exit_zero")
    settings = settings_of(flags)
    client = None if flags["snapshot"] else client_of(flags)
    for name in ("kubeconfig", "kube_context", "timeout"):
        flags.pop(name, None)
    started = time.time()
    asked = Asked(client=client, settings=settings, admin_token=os.environ.get("KONG_ADMIN_TOKEN"), **flags)
    found = gather(asked)
    made = report.Audit(
        audit(found.evidence, found.others),
        found.server,
        found.evidence.options,
        found.source,
        Counter(obj.kind for obj in found.evidence.live.values()),
        found.compared,
        time.time(),
        time.time() - started,
        found.locate,
        fail_on,
    )
    for name, file in files:
        written(file, report.FORMATS[name](made))
    if made.exit_status or not quiet:
        colored = form == "text" and use_color(color)
        told = report.text(made, colored, verbose) if form == "text" else report.FORMATS[form](made)
        click.echo(told, nl=False, color=colored)
    if push_url:
        push(push_url, report.prometheus(made))
    raise click.exceptions.Exit(0 if exit_zero else made.exit_status)


def _report_file(value: str) -> tuple[str, Path]:
    name, equals, file = value.partition("=")
    if not equals or not file or name not in report.FORMATS:
        raise click.BadParameter(f"{value!r}: FORMAT=FILE is needed, FORMAT one of {', '.join(report.FORMATS)}")
    return name, Path(file)
