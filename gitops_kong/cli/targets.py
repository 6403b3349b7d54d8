"""The targets of a run: found, chosen, rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from gitops_kong import parallel
from gitops_kong.errors import UserError
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.controller_found import FoundController, find_controllers
from gitops_kong.sources.deployed import without_deployed
from gitops_kong.sources.discover import discover
from gitops_kong.sources.outputs import Kept, Outputs
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools

Value = TypeVar("Value")
_OF_SEVERAL = ("argocd", "flux", "combined")  # sources that may take several renderers for one target


def render_targets(
    tree: Tree, config: Config, paths: Sequence[str], names: Sequence[str]
) -> list[tuple[Target, Rendered]]:
    """Every wanted target with what it renders to."""
    targets = select(discover(tree, config, paths), names)
    with rendering(targets, tools_of(config)) as tools:
        works = in_turn([partial(render, target, tree, tools) for target in targets], tools)
        rendered = {target.name: next(works) for target in targets}
        if not names and not config.targets:
            targets = without_deployed(targets, rendered, tree, tools)
        return [(target, rendered[target.name]) for target in targets]


@contextmanager
def rendering(targets: Sequence[Target], tools: Tools) -> Iterator[Tools]:
    """The tools with threads to render these targets with, as many as there are processes; they end with the context.

    Plain files take no renderer and no threads, and the only renderer of a run would have nothing beside it.
    """
    count = parallel.allowed()
    rendered = [target for target in targets if target.source != "files"]
    if count < 2 or not (len(rendered) > 1 or any(target.source in _OF_SEVERAL for target in rendered)):
        yield tools
        return
    from gitops_kong.sources.workers import Workers  # noqa: PLC0415  # brings logging along

    with Workers(count) as workers:
        yield replace(tools, workers=workers)


def in_turn(works: Iterable[Callable[[], Value]], tools: Tools) -> Iterator[Value]:
    """The results of these works, in order; those that come next are begun where there are threads for it."""
    for take in [tools.ahead(work) for work in works]:
        yield take()


def select(targets: Sequence[Target], names: Sequence[str]) -> list[Target]:
    """The targets that `names` name, all without names. Raises UserError for a name that is not there."""
    if not names:
        return list(targets)
    known = {target.name: target for target in targets}
    for name in names:
        if name not in known:
            raise UserError(f"target {name!r} is not there; found are {', '.join(sorted(known)) or 'none'}")
    return [known[name] for name in names]


def controllers_in(rendered: Iterable[Rendered], tree: Tree) -> list[FoundController]:
    """The controllers that the repository deploys."""
    return find_controllers((found for each in rendered for found in each.objects), tree)


def tools_of(config: Config, kept: Kept | None = None) -> Tools:
    """What renderers are told: Kubernetes' version, other repositories, whether the network may be asked.

    What they print is looked for among what is kept, and kept there.
    """
    return Tools(
        kubernetes_version=config.kubernetes_version or "1.33.0",
        repositories=config.repositories,
        allow_network=config.allow_network,
        outputs=Outputs(kept),
    )
