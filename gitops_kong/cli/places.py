"""Lines and columns of what a report speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.positions import holds, locate
from gitops_kong.policies.suppressions import LineOf
from gitops_kong.predict.model import Finding
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


def line_of(locate: Locate) -> LineOf:
    """File and line of the field that a finding points at."""

    def find(finding: Finding) -> tuple[str, int] | None:
        place = locate(finding.object, finding.path) if finding.object else None
        return (place.file, place.line) if place else None

    return find


def fixed(findings: Iterable[Finding], locate: Locate) -> Locate:
    """The places that reports of these findings ask for, looked up now: nothing else is held."""
    known = {
        (obj.origin, path): locate(obj, path)
        for finding in findings
        for obj, path in (
            *([(finding.object, finding.path), (finding.object, ())] if finding.object else []),
            *((cause.object, cause.path) for cause in finding.causes),
        )
    }
    return lambda obj, path: known.get((obj.origin, path))
