"""Lines and columns of what a report speaks of."""

from __future__ import annotations

from functools import cache

from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.positions import holds, locate
from gitops_kong.report.model import Locate, Place
from gitops_kong.sources.base import Tree


def locator(tree: Tree) -> Locate:
    """Places of fields in the files of `tree`."""

    @cache
    def find(origin: Origin, path: tuple[str | int, ...]) -> Place | None:
        try:
            for patch in reversed(origin.patches):
                if path and holds(tree.read(patch.file), patch, path):
                    return find(patch, path)
            position = locate(tree.read(origin.file), origin, path)
        except UserError:
            return Place(origin.file, 1, 1)
        return Place(origin.file, *position)

    return lambda obj, path: find(obj.origin, path) if obj.origin else None
