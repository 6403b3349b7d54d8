"""Targets that others turn out to deploy, once those are rendered: Applications that a chart or a generator makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.argocd_source import application
from gitops_kong.sources.base import Rendered, Target, Tree, normal
from gitops_kong.sources.repositories import find
from gitops_kong.sources.tools import Tools


def without_deployed(
    targets: Sequence[Target], rendered: Mapping[str, Rendered], tree: Tree, tools: Tools
) -> list[Target]:
    """The targets that no other one deploys: each object is then told of once.

    What lies below a directory that is deployed stays: nothing says that it is part of it. Of targets that deploy each
    other one stays.
    """
    places = {name: _places(each.releases, tree, tools) for name, each in rendered.items() if each.releases}
    if not any(places.values()):
        return [*targets]
    left = list(targets)
    for target in targets:
        by_others = set().union(*(places.get(each.name, ()) for each in left if each.name != target.name))
        if target.path in by_others and (target.source not in ("argocd", "flux") or target.options.get("whole")):
            left.remove(target)
    return left


def _places(releases: Iterable[K8sObject], tree: Tree, tools: Tools) -> set[str]:
    """The directories of this repository that Applications deploy."""
    found = set()
    for each in releases:
        for source in application(each).sources if each.kind == "Application" else ():
            path = source.get("path")
            if not isinstance(path, str) or source.get("chart"):
                continue
            try:
                place = normal(path)
                if place != "." and find(str(source.get("repoURL") or ""), place, tree, tools) is tree:
                    found.add(place)
            except UserError:
                continue
    return found
