"""Which controllers run in the cluster of each target, and what the rules say of their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gitops_kong.cli.settings import DEFAULT, ControllerSettings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.engine import judge_controller
from gitops_kong.policies.selection import Selection
from gitops_kong.predict.model import Finding
from gitops_kong.report.model import Controller, controller_names
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config, ControllerConfig
from gitops_kong.sources.controller_found import FoundController, find_controllers

NOT_FOUND = "no controller was found in this repository: what flags and file do not say is taken to be its default"


def controllers_of(
    settings: ControllerSettings,
    config: Config,
    rendered: Mapping[str, tuple[Target, Rendered]],
    tree: Tree,
) -> dict[str, list[Controller]]:
    """The controllers of each target, by its name; those that its own objects hold, else all of the repository."""
    everywhere = find_controllers((found for _, each in rendered.values() for found in held(each)), tree)
    known: dict[str, Controller] = {}
    chosen: dict[str, list[str]] = {}
    for name, (target, each) in rendered.items():
        own = find_controllers(held(each), cluster=str(target.options.get("cluster") or ""), values=tree)
        found = settings.several(config, own or everywhere, target.options.get("controller"))
        chosen[name] = [_known(controller_of(settings, config, said, seen), name, known) for said, seen in found]
    return {name: [known[each] for each in names] for name, names in chosen.items()}


def _known(found: Controller, target: str, known: dict[str, Controller]) -> str:
    """The name of a controller among the known ones: of one that runs the same, which gets its place, or its own."""
    same = known.setdefault(found.name, found)
    if (same.options, same.webhook) != (found.options, found.webhook):
        name = f"{found.name} of {target}"
        known[name] = found._replace(name=name)
        return name
    if found.source not in (same.source, *same.also):
        known[found.name] = same._replace(also=(*same.also, found.source))
    return found.name


def held(rendered: Rendered) -> list[K8sObject]:
    """Everything that can say how a controller runs."""
    return [*rendered.objects, *rendered.releases]


def controller_of(
    settings: ControllerSettings, config: Config, said: ControllerConfig, seen: FoundController | None
) -> Controller:
    """One controller: what the flags, the file and the repository say of it. Raises UserError as `resolve` does."""
    options, source = settings.resolve(config, seen, said)
    name = said.name or (f"{seen.namespace}/{seen.name}".lstrip("/") if seen else options.ingress_class)
    return Controller(name, options, source, settings.webhook(config, seen, said))


def on_controllers(rules: Selection, controllers: Sequence[Controller]) -> Iterator[Finding]:
    """What the rules find in the settings of the controllers, what holds for several once, with their names."""
    found: dict[tuple[str, str], tuple[Finding, list[str]]] = {}
    for each in controllers:
        for finding in judge_controller(rules.policies, each.options):
            found.setdefault((finding.rule, finding.message), (finding, []))[1].append(each.name)
    if [(each.source, each.name) for each in controllers] == [(DEFAULT, controllers[0].options.ingress_class)]:
        found = {
            key: (replace(each, effects=(*each.effects, NOT_FOUND)), names) for key, (each, names) in found.items()
        }
    for finding, names in found.values():
        if len(controllers) == 1:
            yield finding
        else:
            told = controller_names(names)
            word = "controllers" if ", " in told else "controller"
            yield replace(finding, controller=names[0], effects=(*finding.effects, f"{word}: {told}"))
