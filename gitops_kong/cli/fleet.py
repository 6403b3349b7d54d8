"""`gitops-kong fleet`: many clusters and repositories in one run."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gitops_kong.cli.color import color_option, use_color
from gitops_kong.cli.fleet_run import FleetSettings, run_fleet
from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.say import say
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.errors import UserError
from gitops_kong.fleet.engines import engine_of
from gitops_kong.fleet.file import read_fleet, selected
from gitops_kong.fleet.journal import Journal
from gitops_kong.fleet.model import Fleet
from gitops_kong.predict.model import SCENARIOS, SEVERITIES
from gitops_kong.report import fleet_json, fleet_text
from gitops_kong.report.fleet_model import Check, FleetReport

# format: its module in gitops_kong.report with a `write`; `jsonl` is written as checks are done
FORMATS = {
    "text": "fleet_text",
    "json": "fleet_json",
    "jsonl": "",
    "markdown": "fleet_markdown",
    "html": "fleet_html",
    "junit": "fleet_junit",
}


@click.command()
@click.argument("file", type=click.Path())
@click.option("--cluster", "clusters", multiple=True, metavar="NAME", help="Only these clusters; `*` is allowed.")
@click.option("--selector", "labels", multiple=True, metavar="KEY=VALUE", help="Only clusters with these labels.")
@click.option("--base", "bases", multiple=True, metavar="REPOSITORY=REV", help="What clusters run of a repository.")
@click.option("--engine", default="processes", show_default=True, help="`processes`, or `dask://HOST:PORT`.")
@click.option("--jobs", type=click.IntRange(1), help="Processes on this machine. Default: one a core.")
@click.option("--state", type=click.Path(path_type=Path), metavar="FOLDER", help="Where results are kept meanwhile.")
@click.option("--resume", is_flag=True, help="Take what an earlier run has finished and what has not changed.")
@click.option(
    "--scenario", "scenarios", multiple=True, type=click.Choice(SCENARIOS), help="Default is all (repeatable)."
)
@controller_flags
@click.option("--allow-network", is_flag=True, help="Let Helm fetch sub-charts.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Write a report too (repeatable).")
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="error", show_default=True)
@click.option("--fail-on-existing", is_flag=True, help="Fail on what was broken before the change, too.")
@click.option(
    "--suppressions/--no-suppressions", default=True, help="Heed annotations, comments and baselines that suppress."
)
@color_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing where nothing fails, and no progress.")
@click.option("-v", "--verbose", is_flag=True, help="Name every cluster.")
def command(file: str, form: str, reports: tuple[str, ...], **flags: Any) -> None:
    """Check every target of every cluster that FILE describes, what is equal between clusters once.

    `gitops-kong schema fleet-file` prints what FILE may hold. A run that was interrupted goes on with --resume.

    Exit status: 0 nothing to report at --fail-on or above, 1 findings, 2 something could not be checked.
    """
    files = [_report_file(value) for value in reports]
    color, quiet, verbose = flags.pop("color"), flags.pop("quiet"), flags.pop("verbose")
    controller = settings_of(flags)
    place = Path(file)
    fleet = _chosen(_read(place), flags.pop("clusters"), flags.pop("labels"))
    bases = _pairs("--base", flags.pop("bases"))
    for name in bases:
        if name not in fleet.repositories:
            raise UserError(f"--base {name}=…: there is no such repository; there are {', '.join(fleet.repositories)}")
    engine = engine_of(flags.pop("engine"), flags.pop("jobs") or len(os.sched_getaffinity(0)))
    journal = Journal(flags.pop("state") or _state_of(place))
    settings = FleetSettings(
        CheckSettings(
            scenarios=flags.pop("scenarios") or SCENARIOS,
            controller=controller,
            fail_on=flags.pop("fail_on"),
            fail_on_existing=flags.pop("fail_on_existing"),
            suppressions=flags.pop("suppressions"),
        ),
        bases,
        flags.pop("allow_network"),
        flags.pop("resume"),
    )
    progress = Progress(quiet=quiet)
    stream = _Stream(settings.check) if form == "jsonl" else None
    done = 0

    def told(check: Check, total: int) -> None:
        nonlocal done
        done += 1
        progress.count("checking", done, total)
        if stream is not None:
            stream.told(check)

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        report, counts = run_fleet(fleet, place.parent, settings, engine, journal, told)
    except KeyboardInterrupt:
        progress.done()
        say(f"interrupted with {done} checks done; the same command with --resume goes on from there")
        sys.exit(130)
    progress.done()
    if not quiet:
        reused = f", {counts.reused} taken from an earlier run" if counts.reused else ""
        say(f"{counts.computed} of {report.checks} checks were run{reused}; {counts.renderings} targets rendered")
    if journal.damaged:
        say(f"{journal.damaged} results in {journal.folder} were damaged and were checked again")
    for name, target in files:
        _write(name, target, report)
    if stream is not None:
        stream.line({"type": "summary", **fleet_json.summary(report)})
    elif report.exit_status or not quiet:
        colored = form == "text" and use_color(color)
        written = fleet_text.write(report, colored, verbose) if form == "text" else _writer(form)(report)
        click.echo(written, nl=False, color=colored)
    raise click.exceptions.Exit(report.exit_status)


class _Stream:
    """Lines as checks are done: a result once, before the first check that has it."""

    def __init__(self, settings: CheckSettings) -> None:
        self._verdicts = FleetReport("", (), (), (), settings.fail_on, settings.fail_on_existing)
        self._known: set[int] = set()

    def told(self, check: Check) -> None:
        """One more check is done."""
        if check.checked is not None and id(check.checked) not in self._known:
            self._known.add(id(check.checked))
            self.line({"type": "result", **fleet_json.result_json(check.checked)})
        self.line({"type": "check", **fleet_json.check_json(check, self._verdicts.verdict(check))})

    def line(self, value: dict[str, Any]) -> None:
        """One line, written at once."""
        click.echo(json.dumps(value, ensure_ascii=False))


def _read(place: Path) -> Fleet:
    try:
        text = place.read_bytes()
    except OSError as e:
        raise UserError(f"{place}: {(e.strerror or 'cannot be read').lower()}") from None
    return read_fleet(text, str(place))


def _chosen(fleet: Fleet, names: tuple[str, ...], labels: tuple[str, ...]) -> Fleet:
    wanted = _pairs("--selector", labels)
    clusters = tuple(c for c in fleet.clusters if selected(c, names, wanted))
    if not clusters:
        raise UserError(
            f"{fleet.file}: none of its {len(fleet.clusters)} clusters is chosen by --cluster and --selector"
        )
    return replace(fleet, clusters=clusters)


def _pairs(flag: str, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, equals, rest = value.partition("=")
        if not equals or not key or not rest:
            raise click.BadParameter(
                f"{flag} {value!r}: {'REPOSITORY=REV' if flag == '--base' else 'KEY=VALUE'} is needed"
            )
        pairs[key] = rest
    return pairs


def _state_of(place: Path) -> Path:
    """The folder of this fleet file's state, where none is given (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "gitops-kong" / "fleet" / hashlib.sha256(str(place.resolve()).encode()).hexdigest()[:16]


def _interrupt(_number: int, _frame: object) -> None:
    """A CI job that is cancelled ends as with Ctrl-C."""
    raise KeyboardInterrupt


def _writer(form: str) -> Callable[[FleetReport], str]:
    write: Callable[[FleetReport], str] = importlib.import_module(f"gitops_kong.report.{FORMATS[form]}").write
    return write


def _report_file(value: str) -> tuple[str, Path]:
    name, equals, file = value.partition("=")
    if not equals or not file or not FORMATS.get(name):
        known = ", ".join(form for form, module in FORMATS.items() if module)
        raise click.BadParameter(f"--report {value!r}: FORMAT=FILE is needed, FORMAT one of {known}")
    return name, Path(file)


def _write(name: str, file: Path, report: FleetReport) -> None:
    try:
        file.write_text(_writer(name)(report), encoding="utf-8")
    except OSError as e:
        raise UserError(f"--report {name}={file}: {e.strerror}") from e
