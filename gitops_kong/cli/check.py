"""`gitops-kong check`: the main job."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gitops_kong.cli import completing
from gitops_kong.cli.color import color_option, columns, use_color
from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.jobs import jobs_option, working
from gitops_kong.cli.pipeline import check
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.sections import SectionedCommand, section
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.errors import UserError
from gitops_kong.predict.model import SCENARIOS, SEVERITIES
from gitops_kong.report import text
from gitops_kong.report.model import Report
from gitops_kong.reuse.store import Store, cache_folder

# format: its module in gitops_kong.report with a `write`, imported only where it is asked for
FORMATS = {
    "text": "text",
    "json": "json_format",
    "jsonl": "json_lines",
    "github": "github",
    "markdown": "markdown",
    "sarif": "sarif",
    "junit": "junit",
    "codequality": "code_quality",
    "html": "html_page",
}
SHOW_ROUTES = frozenset({"html", "markdown"})  # formats that show what Kong is given for each route


def writer(form: str) -> Callable[[Report], str]:
    """The function that writes a report in the format."""
    write: Callable[[Report], str] = importlib.import_module(f"gitops_kong.report.{FORMATS[form]}").write
    return write


@click.command(cls=SectionedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=click.Path())
@section(
    "What is compared",
    click.option(
        "--base",
        metavar="REV|SNAPSHOT",
        shell_complete=completing.revisions,
        help="What the cluster runs: a revision, or a file of `snapshot`. Default: the CI's base, or the merge base.",
    ),
    click.option("--no-base", is_flag=True, help="Compare with an empty cluster."),
    click.option("--staged", is_flag=True, help="Check what would be committed now, against the last commit."),
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="NAME",
        shell_complete=completing.targets,
        help="Check only this target (repeatable).",
    ),
    click.option(
        "--scenario",
        "scenarios",
        multiple=True,
        metavar="NAME",
        type=click.Choice(SCENARIOS),
        help=f"{', '.join(SCENARIOS)}; default: all (repeatable).",
    ),
    click.option(
        "--context",
        multiple=True,
        metavar="PATH",
        type=click.Path(),
        help="Manifests, or a snapshot, of what the cluster has beyond the repository (repeatable).",
    ),
)
@controller_flags
@source_flags
@section(
    "Findings",
    click.option(
        "--fail-on",
        metavar="SEVERITY",
        type=click.Choice(SEVERITIES),
        default="error",
        help="Lowest that fails: error (default), warning or info.",
    ),
    click.option("--fail-on-existing", is_flag=True, help="Fail on what was broken before the change, too."),
    click.option("--suppressions/--no-suppressions", default=True, help="Heed annotations, comments and the baseline."),
)
@section(
    "Output",
    click.option(
        "--format",
        "form",
        metavar="FORMAT",
        type=click.Choice(list(FORMATS)),
        default="text",
        help=f"{', '.join(FORMATS)}; default: text.",
    ),
    click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Write a report too (repeatable)."),
    click.option("--all", "all_predictions", is_flag=True, help="Name unchanged, healthy objects, too."),
    click.option(
        "--cache/--no-cache",
        "cached",
        default=True,
        envvar="GITOPS_KONG_CACHE",
        help="Build on what an earlier run found (default; GITOPS_KONG_CACHE=0 turns it off).",
    ),
    jobs_option,
    color_option,
    click.option("-q", "--quiet", is_flag=True, help="Print nothing where nothing fails."),
    click.option("-v", "--verbose", is_flag=True, help="Name every object."),
)
def command(paths: tuple[str, ...], form: str, reports: tuple[str, ...], **flags: Any) -> None:
    """Predict what the controller and the gateway do with the manifests under PATH.

    Exit status: 0 nothing to report at --fail-on or above, 1 findings, 2 something could not be checked.
    """
    files = [_report_file(r) for r in reports]
    store = Store(cache_folder(os.environ)) if flags.pop("cached") else None
    color, quiet, verbose = flags.pop("color"), flags.pop("quiet"), flags.pop("verbose")
    jobs = flags.pop("jobs")
    controller = settings_of(flags)
    base, no_base, staged = flags.pop("base"), flags.pop("no_base"), flags.pop("staged")
    if base is not None and no_base:
        raise click.UsageError("--base and --no-base exclude each other")
    repository = with_sources(open_repository(paths, base, not no_base, staged), flags)
    scenarios = flags.pop("scenarios") or SCENARIOS
    compare_routes = not SHOW_ROUTES.isdisjoint((form, *(name for name, _ in files)))
    settings = CheckSettings(
        repository.paths, scenarios=scenarios, controller=controller, compare_routes=compare_routes, **flags
    )
    with working(jobs):
        report = check(repository.head, repository.base, repository.config, settings, Progress(quiet=quiet), store)
    failed = [failure for name, file in files if (failure := _write(report, name, file))]
    if report.exit_status or not quiet:
        colored = form == "text" and use_color(color)
        written = text.write(report, colored, verbose, columns()) if form == "text" else writer(form)(report)
        click.echo(written, nl=False, color=colored)
    if failed:
        raise UserError("\n".join(failed))
    raise click.exceptions.Exit(report.exit_status)


def _write(report: Report, name: str, file: Path) -> str | None:
    """Writes a report, and its folder where there is none; what went wrong, which keeps no other report from people."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(writer(name)(report), encoding="utf-8", errors="backslashreplace")
    except OSError as e:
        return f"--report {name}={file}: {e.strerror}"
    return None


def _report_file(value: str) -> tuple[str, Path]:
    name, equals, file = value.partition("=")
    if not equals or not file or name not in FORMATS:
        raise click.BadParameter(f"{value!r}: FORMAT=FILE is needed, FORMAT one of {', '.join(FORMATS)}")
    return name, Path(file)
