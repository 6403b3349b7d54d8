"""Renders any target; whatever goes wrong becomes a problem of that target alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gitops_kong.errors import UserError
from gitops_kong.sources import argocd, assumed, files, helm, kustomize, operators
from gitops_kong.sources.base import Limits, Problem, Rendered, Target, Tree
from gitops_kong.sources.placeholders import templates
from gitops_kong.sources.tools import Tools

Renderer = Callable[[Target, Tree, Tools, Limits], Rendered]


def _together(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """What the parts of a combined target render to in one cluster; a part that fails does not hide the others."""
    rendered = Rendered()
    parts: tuple[Target, ...] = target.options["parts"]
    begun = [tools.ahead(partial(SOURCES[part.source], part, tree, tools, limits)) for part in parts]
    for part, take in zip(parts, begun, strict=True):
        try:
            rendered.extend(take())
        except UserError as e:
            rendered.problems.append(Problem.of(e, part.path))
    return rendered


def _flux(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    from gitops_kong.sources import flux  # noqa: PLC0415 - many repositories do without

    return flux.render(target, tree, tools, limits)


SOURCES: dict[str, Renderer] = {
    "files": lambda target, tree, _tools, _limits: files.render(target, tree),
    "kustomize": kustomize.render,
    "helm": helm.render,
    "argocd": argocd.render,
    "flux": _flux,
    "combined": _together,
}


def render(target: Target, tree: Tree, tools: Tools | None = None, limits: Limits | None = None) -> Rendered:
    """The objects of a target, what is wrong, what is assumed, what lies elsewhere. Never raises `UserError`."""
    try:
        rendered = SOURCES[target.source](target, tree, tools or Tools(), limits or Limits())
        for path in target.options.get("context", ()):
            rendered.extend(files.read_files(tree.under(path) or (path,), tree))
    except UserError as e:
        problem = Problem.of(e, target.path)
        if files.template_of(problem, tree):
            return Rendered(not_seen=[templates([problem.file])])
        return Rendered(problems=[problem])
    rendered.assumptions.extend(assumed.secrets(rendered.objects))
    rendered.assumptions.extend(operators.operated(rendered.objects, rendered.releases))
    return rendered
