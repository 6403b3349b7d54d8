"""The flags that say what rendering may use beyond the repository, shared by several commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from gitops_kong.cli.repository import Repository
from gitops_kong.cli.sections import section


def _repositories(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in value:
        url, equals, path = text.rpartition("=")
        if not equals or not url or not path:
            raise click.BadParameter(f"{text!r}: URL=PATH is needed", ctx, param)
        found[url] = path
    return found


# Adds the flags to a command, which gives its keyword arguments to `with_sources`.
source_flags = section(
    "Rendering",
    click.option(
        "--repo",
        "repositories",
        multiple=True,
        metavar="URL=PATH",
        callback=_repositories,
        help="Where a repository that sources name is checked out (repeatable).",
    ),
    click.option(
        "--allow-network",
        is_flag=True,
        help="Let charts and remote bases be fetched. Not for changes of people you do not trust.",
    ),
    click.option("--kubernetes-version", metavar="VERSION", help="Of the cluster, such as 1.31. Default: 1.33."),
)


def with_sources(repository: Repository, flags: dict[str, Any]) -> Repository:
    """The repository with what the flags say, which are taken out of `flags`; they win over the file."""
    config = repository.config
    config = replace(
        config,
        repositories={**config.repositories, **flags.pop("repositories")},
        allow_network=flags.pop("allow_network"),
        kubernetes_version=flags.pop("kubernetes_version") or config.kubernetes_version,
    )
    return replace(repository, config=config)
