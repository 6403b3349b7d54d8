"""What the shell completes after an option or as an argument; nothing is rendered for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completes(words: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Complete:
    """Makes a completion of a function that gives every (word, help)."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only when the shell asks

        try:
            return [CompletionItem(word, help=text or None) for word, text in words(context) if word.startswith(begun)]
        except Exception:  # noqa: BLE001 - a person who presses Tab is told nothing, whatever is wrong with the files
            return []

    return complete


def _paths(context: click.Context) -> tuple[str, ...]:
    given: Any = context.params.get("paths") or context.params.get("path") or ()
    return (given,) if isinstance(given, str) else tuple(given)


@_completes
def targets(context: click.Context) -> Iterable[tuple[str, str]]:
    """Names of the targets under the PATHs that were typed, with their kind of source."""
    from gitops_kong.cli.repository import open_repository  # noqa: PLC0415 - not for commands that do not complete
    from gitops_kong.sources.discover import discover  # noqa: PLC0415

    repository = open_repository(_paths(context))
    return [(t.name, t.source) for t in discover(repository.head.tree, repository.config, repository.paths)]


@_completes
def rules(context: click.Context) -> Iterable[tuple[str, str]]:
    """Every rule, the repository's own ones too, with its title."""
    from gitops_kong.cli.repository import open_repository  # noqa: PLC0415
    from gitops_kong.policies.selection import listed, own_rules  # noqa: PLC0415

    return [(row.id, row.title) for row in listed(own_rules(open_repository(_paths(context)).head.tree))]


@_completes
def revisions(_: click.Context) -> Iterable[tuple[str, str]]:
    """Branches and tags of the repository in the working directory."""
    from git import Repo  # noqa: PLC0415

    with Repo(search_parent_directories=True) as repository:
        return [(reference.name, "") for reference in repository.references]


@_completes
def controller_versions(_: click.Context) -> Iterable[tuple[str, str]]:
    """The newest patch release of each line, newest line first."""
    from gitops_kong.controller.versions import NEWEST_PATCHES  # noqa: PLC0415

    lines = sorted(NEWEST_PATCHES.items(), reverse=True)
    return [(f"{major}.{minor}.{patch}", "") for (major, minor), patch in lines]


@_completes
def gateway_versions(_: click.Context) -> Iterable[tuple[str, str]]:
    """The versions whose schemas are known, newest first."""
    from gitops_kong.gateway.catalogue import VERSIONS  # noqa: PLC0415

    return [(version, "") for version in reversed(VERSIONS)]


@_completes
def feature_gates(_: click.Context) -> Iterable[tuple[str, str]]:
    """Every gate, on and off."""
    from gitops_kong.controller.versions import FEATURE_GATE_DEFAULTS  # noqa: PLC0415

    return [(f"{row.gate}={value}", "") for row in FEATURE_GATE_DEFAULTS for value in ("true", "false")]
