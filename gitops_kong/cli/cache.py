"""`gitops-kong cache`: what earlier runs left behind."""

from __future__ import annotations

import os

import click

from gitops_kong.reuse.store import Store, cache_folder


@click.group()
def command() -> None:
    """Show or delete what earlier runs left for later ones.

    `check` keeps names, places and verdicts, and what Helm and Kustomize printed where no Secret is in it. Everything
    there can be deleted at any time; `check --no-cache` does without.
    """


@command.command()
def info() -> None:
    """Say where the cache is, and how much it holds."""
    store = Store(cache_folder(os.environ))
    found = store.info()
    click.echo(
        f"{store.folder}: {found.values} results, {found.size / 2**20:.1f} MiB of at most {store.limit // 2**20} MiB"
    )


@command.command()
def clear() -> None:
    """Delete all that is kept."""
    found = Store(cache_folder(os.environ)).clear()
    click.echo(f"deleted {found.values} results, {found.size / 2**20:.1f} MiB")


@command.command()
def path() -> None:
    """Print the folder, for a CI that keeps it from run to run."""
    click.echo(cache_folder(os.environ))
