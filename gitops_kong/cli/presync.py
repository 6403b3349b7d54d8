"""`gitops-kong presync`: what a sync of Argo CD is about to do to the cluster; for a PreSync hook."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gitops_kong.cli.cluster_flags import client_of, cluster_flags
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.cli.pipeline import check
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.say import say
from gitops_kong.cli.sections import SectionedCommand, section
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.errors import UserError
from gitops_kong.live import argocd
from gitops_kong.live.checkout import Git, read_credentials
from gitops_kong.live.client import ApiError, Client, Patience
from gitops_kong.live.kubeconfig import connect
from gitops_kong.live.snapshot import redacted, take, write
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.yaml import read_value
from gitops_kong.predict.model import SEVERITIES
from gitops_kong.report import text
from gitops_kong.sources.config import FILE

_APPLICATION = ".gitops-kong-sync/application.yaml"
_TAKEN = ("controller", "controllers", "gateway", "policies", "kubernetesVersion")
RESOLVED = 20  # how often a second is waited for Argo CD to write down which commit it syncs


@click.command(cls=SectionedCommand)
@section(
    "Application",
    click.option(
        "--application",
        metavar="[NAMESPACE/]NAME",
        required=True,
        envvar="GITOPS_KONG_APPLICATION",
        help="The Application that is synced; its namespace is argocd unless named. [$GITOPS_KONG_APPLICATION]",
    ),
    click.option(
        "--argocd-kubeconfig", metavar="FILE", help="Of the cluster with the Application. Default: that of the hook."
    ),
    click.option(
        "--credentials",
        multiple=True,
        metavar="DIRECTORY",
        help="A repository Secret of Argo CD, mounted (repeatable).",
    ),
    click.option(
        "--known-hosts", metavar="FILE", help="Keys of SSH servers; Argo CD's are in argocd-ssh-known-hosts-cm."
    ),
)
@cluster_flags
@controller_flags
@source_flags
@section(
    "Findings",
    click.option(
        "--fail-on",
        metavar="SEVERITY",
        type=click.Choice(SEVERITIES),
        default="error",
        help="Lowest that stops the sync: error (default), warning or info.",
    ),
    click.option(
        "--fail-open",
        is_flag=True,
        help="Let the sync go on where it could not be checked. Findings stop it all the same.",
    ),
)
def command(application: str, fail_open: bool, **flags: Any) -> None:
    """Compare what Argo CD is about to sync with what the cluster has; exit status 1 stops the sync.

    Reads the Application, checks out and renders the revision that is synced, and reads from the cluster what the
    controller reads. See docs/argocd.md for what a hook can and cannot know.

    Exit status: 0 the sync may go on, 1 findings, 2 something could not be checked.
    """
    try:
        status = _presync(application, flags)
    except UserError as e:
        if not fail_open:
            raise
        say(f"{e}; the sync goes on unchecked (--fail-open)")
        return
    if status == 2 and fail_open:
        say("something could not be checked; the sync goes on (--fail-open)")
        return
    raise click.exceptions.Exit(status)


def _presync(application: str, flags: dict[str, Any]) -> int:
    seconds = flags["timeout"]
    client = client_of(flags)
    of_argocd = flags.pop("argocd_kubeconfig")
    other = Client(connect(of_argocd, None, os.environ), Patience(seconds, say=say)) if of_argocd else client
    sync = _sync(other, application)
    if not sync.in_cluster and not of_argocd:
        say(f"Application {sync.name} deploys to another cluster; this compares with the cluster that the hook runs in")
    known_hosts = flags.pop("known_hosts")
    git = Git(
        tuple(read_credentials(Path(folder)) for folder in flags.pop("credentials")),
        Path(known_hosts) if known_hosts else None,
        max(seconds, 1.0),
    )
    with tempfile.TemporaryDirectory(prefix="gitops-kong-") as name:
        folder = Path(name)
        head = folder / "head"
        head.mkdir()
        given = _lay_out(sync, git, head)
        base = folder / "cluster.json"
        with base.open("w", encoding="utf-8") as file:
            for piece in write(redacted(take(client, (), say))):
                file.write(piece)
        flags["repositories"] = {**given, **flags["repositories"]}
        return _checked(head, base, flags)


def _sync(client: Client, application: str) -> argocd.Sync:
    """What is synced. Argo CD writes down the commit when its first round of the sync ends: that is waited for."""
    namespace, _, name = application.rpartition("/")
    place = argocd.path(namespace or "argocd", name)
    for attempt in range(RESOLVED):
        try:
            content = client.get(place)
        except ApiError as e:
            if e.status == 404:
                raise UserError(
                    f"Application {namespace or 'argocd'}/{name} is not in this cluster; where Argo CD runs in another"
                    " one, give --argocd-kubeconfig"
                ) from None
            raise
        sync = argocd.sync_of(content)
        if not sync.running:
            say(f"no sync of {sync.name} is running; checking what it asks for now")
            return sync
        if sync.manifests or all(source.revision for source in sync.sources) or attempt == RESOLVED - 1:
            return sync
        time.sleep(0.5)
    raise AssertionError("unreachable")


def _lay_out(sync: argocd.Sync, git: Git, head: Path) -> dict[str, str]:
    """The first repository into `head`, the others beside it, and the Application as a target; all of them by URL."""
    if sync.manifests:
        say(f"{sync.name}: {len(sync.manifests)} manifests given with the sync")
        for i, manifest in enumerate(sync.manifests):
            (head / f"manifest-{i:04}.yaml").write_text(manifest, encoding="utf-8")
        return {}
    content, sources = argocd.pinned(sync)
    places: dict[str, str] = {}
    for i, (url, source) in enumerate(sources.items()):
        place = head if i == 0 else head.parent / f"repository-{i}"
        place.mkdir(exist_ok=True)
        commit = git.check_out(source.url, source.revision, place)
        say(f"{sync.name}: {source.url} at {commit[:12]}")
        places[url] = str(place)
    for source in sync.sources:
        if source.is_chart:
            say(f"{sync.name}: chart {source.content.get('chart') or source.url} is not fetched, so it is not checked")
    if not sources:
        raise UserError(f"{sync.name}: no source is in Git; a hook cannot check it")
    target = {"name": sync.name, "path": _APPLICATION, "source": "argocd"}
    _write(head / _APPLICATION, content)
    _write(head / FILE, {**_settings(head), "targets": [target]})
    return places


def _settings(head: Path) -> dict[str, Any]:
    """What the repository says of controller, gateway and rules."""
    file = head / FILE
    if not file.is_file() or file.is_symlink():
        return {}
    return {k: v for k, v in mapping(read_value(file.read_bytes())).items() if k in _TAKEN}


def _write(file: Path, content: Any) -> None:
    """In the place of whatever the repository has there; a link is not followed."""
    for each in (file, file.parent):
        if each.is_symlink() or (each is file and each.exists()):
            each.unlink()
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def _checked(head: Path, base: Path, flags: dict[str, Any]) -> int:
    fail_on = flags.pop("fail_on")
    controller = settings_of(flags)
    repository = with_sources(open_repository((str(head),), str(base), compare=True), flags)
    settings = CheckSettings(repository.paths, controller=controller, fail_on=fail_on)
    before = repository.base and replace(repository.base, name=f"the cluster, {_taken(repository.base)}")
    report = check(repository.head, before, repository.config, settings, Progress(quiet=True))
    click.echo(text.write(report, False, False), nl=False)
    return report.exit_status


def _taken(base: Revision) -> str:
    return f"read {base.cluster.about.get('taken')}" if base.cluster else ""
