"""`gitops-kong render`: the manifests of each target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from gitops_kong.cli import completing
from gitops_kong.cli.jobs import jobs_option, working
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.say import say
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.cli.targets import render_targets
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.secrets import MASK
from gitops_kong.manifests.write import to_yaml
from gitops_kong.report.text import printable
from gitops_kong.sources import assumed


@click.command(cls=SectionedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=click.Path())
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.targets,
    help="Render only this target (repeatable).",
)
@source_flags
@jobs_option
def command(paths: tuple[str, ...], targets: tuple[str, ...], jobs: int | None, **flags: Any) -> None:
    """Print the manifests of each target as YAML, in a stable order.

    Values of Secrets are masked. What is assumed and what lies elsewhere is listed on stderr.
    """
    repository = with_sources(open_repository(paths), flags)
    failed = False
    with working(jobs):
        rendered = render_targets(repository.head.tree, repository.config, repository.paths, targets)
    for target, result in rendered:
        for problem in result.problems:
            failed = True
            say(f"{target.name}: {problem.message}")
        for message in assumed.messages(result.assumptions):
            say(f"{target.name}: {message}")
        for absent in result.not_seen:
            say(f"{target.name}: not seen: {absent.what}: {absent.why}")
        click.echo(_comment(f"target: {target.name}"))
        for found in sorted(result.objects, key=_order):
            click.echo("---\n" + written(found), nl=False)
    if failed:
        raise click.exceptions.Exit(2)


def _order(found: K8sObject) -> tuple[str, str, str, str]:
    return (found.namespace, found.kind, found.name, found.api_version)


def written(found: K8sObject) -> str:
    """An object as YAML that Kubernetes reads as the same, after a line that says where it is edited."""
    place = f"{_comment(found.origin.file)}\n" if found.origin else ""
    return place + to_yaml(_masked(found))


def _comment(text: str) -> str:
    """A YAML comment of one line; names of files can have line breaks."""
    return f"# {printable(text)}".replace("\n", "\N{REPLACEMENT CHARACTER}")


def _masked(found: K8sObject) -> Mapping[str, Any]:
    """The object without the values of a Secret, in its data or copied into an annotation by `kubectl apply`."""
    if found.kind != "Secret":
        return found.data
    data = dict(found.data)
    for name in ("data", "stringData"):
        if isinstance(data.get(name), dict):
            data[name] = dict.fromkeys(data[name], MASK)
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    if applied in found.annotations:
        data["metadata"] = {**found.metadata, "annotations": {**found.annotations, applied: MASK}}
    return data
