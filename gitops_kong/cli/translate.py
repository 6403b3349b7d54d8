"""`gitops-kong translate`: the declarative configuration that the controller would push."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cli import completing
from gitops_kong.cli.controllers import controllers_of
from gitops_kong.cli.jobs import jobs_option, working
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.say import say
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.cli.settings import controller_flags, kubernetes_version, settings_of
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.cli.target_run import schemas_of, translation
from gitops_kong.cli.targets import render_targets
from gitops_kong.errors import UserError
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.manifests.write import entries
from gitops_kong.report.configuration import shown
from gitops_kong.report.json_pieces import indented, pieces
from gitops_kong.translate.context import ControllerPanic

_BATCH = 1 << 16  # characters


@click.command(cls=SectionedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=click.Path())
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.targets,
    help="Translate only this target (repeatable).",
)
@controller_flags
@source_flags
@jobs_option
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def command(paths: tuple[str, ...], targets: tuple[str, ...], form: str, jobs: int | None, **flags: Any) -> None:
    """Print the declarative configuration of each target, fit for decK and POST /config.

    Values of Secrets are replaced by vault references. Targets of upstreams are not in Git and are left out.
    """
    repository = with_sources(open_repository(paths), flags)
    settings = settings_of(flags)
    with working(jobs):
        rendered = render_targets(repository.head.tree, repository.config, repository.paths, targets)
    by_name = {target.name: (target, result) for target, result in rendered}
    chosen = controllers_of(settings, repository.config, by_name, repository.head.tree)
    if form == "json" and len(rendered) > 1:
        raise UserError(
            f"JSON holds one configuration: choose with --target, one of {', '.join(t.name for t, _ in rendered)}"
        )
    failed = False
    for target, result in rendered:
        for problem in result.problems:
            failed = True
            say(f"{target.name}: {problem.message}")
        options = chosen[target.name][0].options
        try:
            server = ApiServer(options.version, kubernetes_version(repository.config))
            made, refused = translation(result, options, schemas_of(repository.head.tree, options), server)
        except ControllerPanic as e:
            failed = True
            say(f"{target.name}: the controller crashes: {e.reason}")
            continue
        scrub = Scrubber(result.objects)
        for ref, answer in refused.items():
            say(f"{target.name}: {ref}: the API server refuses it: {'; '.join(text for text, _ in answer.refusals)}")
        for failure in made.failures:
            names = ", ".join(str(o.ref) for o in failure.objects)
            say(f"{target.name}: {names}: {scrub(failure.message)}")
        config = shown(made.config, result.objects)
        if form == "yaml":
            click.echo(f"---\n# target: {target.name}\n", nl=False)
        for piece in _batches(pieces(config, indented) if form == "json" else _yaml(config)):
            click.echo(piece, nl=False)
    if failed:
        raise click.exceptions.Exit(2)


def _yaml(config: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for name, value in config:
        yield from entries(name, value)


def _batches(pieces: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that are worth writing."""
    batch: list[str] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece)
        if size > _BATCH:
            yield "".join(batch)
            batch, size = [], 0
    yield "".join(batch)
