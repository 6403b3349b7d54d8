"""`gitops-kong snapshot`: what the cluster has, in one file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from gitops_kong.cli.cluster_flags import client_of, cluster_flags
from gitops_kong.cli.output import replacing
from gitops_kong.cli.say import say
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.errors import UserError
from gitops_kong.live.snapshot import NotListed, Snapshot, difference, redacted, take, write
from gitops_kong.sources.snapshot import is_snapshot, read_snapshot


@click.command(cls=SectionedCommand)
@cluster_flags
@click.option(
    "-n", "--namespace", "namespaces", multiple=True, metavar="NAME", help="Read only this namespace (repeatable)."
)
@click.option("--since", type=click.Path(), metavar="FILE", help="Bring this snapshot up to date: same namespaces.")
@click.option(
    "-o", "--output", type=click.Path(), metavar="FILE", help="Where to write. Default: --since's file, else stdout."
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what was read.")
def command(namespaces: tuple[str, ...], since: str | None, output: str | None, quiet: bool, **flags: Any) -> None:
    """Write what the cluster has of every kind that the controller reads, for --base and --context of other commands.

    Only reads. What may not be listed is named on stderr and in the file. Contents of Secrets and credentials in
    configurations of plugins are replaced by digests with a key that nobody keeps.
    """
    before = _before(since) if since else None
    if before is not None:
        namespaces = namespaces or tuple(before.about.get("namespaces") or ())
    client = client_of(flags)
    found = redacted(take(client, namespaces, say))
    if not found.resource_versions:
        raise UserError("this user may list nothing of what the controller reads; see docs/live.md for what it needs")
    with _opened(output or since) as file:
        for piece in write(found):
            file.write(piece)
    if quiet:
        return
    for line in _told(found):
        say(line)
    if before is not None:
        new = difference((o.data for o in before.objects), found.objects)
        say(f"since {before.about.get('taken')}: {new.added} added, {new.changed} changed, {new.deleted} deleted")


def _before(file: str) -> Any:
    try:
        text = Path(file).read_bytes()
    except OSError as e:
        raise UserError(f"--since {file}: {e.strerror}") from e
    if not is_snapshot(text):
        raise UserError(f"--since {file}: no snapshot; `gitops-kong snapshot` writes one")
    return read_snapshot(text, file)


def _told(found: Snapshot) -> Iterator[str]:
    version = found.kubernetes_version or "of unknown version"
    yield f"{len(found.objects)} objects of {found.server}, Kubernetes {version}"
    kinds: dict[tuple[str, str], list[NotListed]] = {}
    for each in found.not_listed:
        kinds.setdefault((each.kind, each.reason), []).append(each)
    for (kind, reason), several in kinds.items():
        places = [each.namespace for each in several if each.namespace]
        where = f" in {', '.join(places[:5])}{' …' if len(places) > 5 else ''}" if places else ""
        yield f"not listed: {kind}{where} ({reason})"


@contextlib.contextmanager
def _opened(output: str | None) -> Iterator[TextIO]:
    """The file, readable by its owner alone, or stdout."""
    if output is None or output == "-":
        yield sys.stdout
        return
    with replacing(Path(output)) as file:
        yield file
