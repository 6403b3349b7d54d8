"""`gitops-kong logs`: what the controller's log says, object by object."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gitops_kong.cli.places import locator
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.cli.targets import render_targets
from gitops_kong.controller.log_lines import read_lines
from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.report import log as report
from gitops_kong.report.model import Place

_FIELD = regex(r"invalid (config(?:\.[\w-]+|\[\d+\])+): ").match
_STEP = regex(r"\[(\d+)\]|([\w-]+)").findall


@click.command(cls=SectionedCommand)
@click.argument("file", metavar="FILE")
@click.argument("path", required=False, type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@source_flags
def command(file: str, path: str | None, form: str, **flags: Any) -> None:
    """Say what the controller's log in FILE (`-`: standard input) tells of, object by object.

    Both formats of --log-format are read. With the PATH of a repository each object is shown with its place there.
    Exit status 1 where the log has errors.
    """
    read = report.read_log(read_lines(_text(file)))
    find, scrub = _finder(path, flags) if path is not None and read.entries else (_nowhere, Scrubber(()))
    if form == "json":
        click.echo(scrub(report.to_json(read, find)))
    else:
        for line in report.text(read, find):
            click.echo(scrub(line))
    if read.exit_status:
        raise click.exceptions.Exit(read.exit_status)


def _text(file: str) -> Iterator[str]:
    if file == "-":
        for row in sys.stdin.buffer:
            yield row.decode("utf-8", "replace")
        return
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as opened:
            yield from opened
    except OSError as e:
        raise UserError(f"{file}: {e.strerror}") from e


def _nowhere(_ref: Ref, _message: str) -> Place | None:
    return None


def _finder(path: str, flags: dict[str, Any]) -> tuple[report.Find, Scrubber]:
    """Places of objects in the repository of `path`, and what hides the values of its Secrets.

    An object of which the log names no kind is matched by name.
    """
    repository = with_sources(open_repository((path,)), flags)
    tree = repository.head.tree
    found: dict[Ref, K8sObject] = {}
    for target, rendered in render_targets(tree, repository.config, repository.paths, ()):
        for problem in rendered.problems:
            click.echo(f"gitops-kong: {target.name}: {problem.message}", err=True)
        for obj in rendered.objects:
            found.setdefault(obj.ref, obj)
    locate = locator(tree)

    def find(ref: Ref, message: str) -> Place | None:
        obj = found.get(ref) or found.get(ref._replace(namespace=""))
        if obj is None and not ref.kind:
            same = [o for r, o in found.items() if r.name == ref.name and r.namespace in (ref.namespace, "")]
            obj = same[0] if len(same) == 1 else None
        return locate(obj, _field(obj, message)) if obj else None

    return find, Scrubber(found.values())


def _field(obj: K8sObject, message: str) -> tuple[str | int, ...]:
    named = _FIELD(message) if obj.kind in ("KongPlugin", "KongClusterPlugin") else None
    if named is None:
        return ()
    return tuple(int(index) if index else name for index, name in _STEP(named[1]))
