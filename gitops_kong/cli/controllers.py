"""Which controllers run in the cluster of each target, and what the rules say of their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gitops_kong.cli.settings import ControllerSettings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.engine import judge_controller
from gitops_kong.policies.selection import Selection
from gitops_kong.predict.model import Finding
from gitops_kong.report.model import Controller
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config, ControllerConfig
from gitops_kong.sources.controller_found import FoundController, find_controllers


def controllers_of(
    settings: ControllerSettings,
    config: Config,
    rendered: Mapping[str, tuple[Target, Rendered]],
    tree: Tree,
) -> dict[str, list[Controller]]:
    """The controllers of each target, by its name; those that its own objects hold, else all of the repository."""
    everywhere = find_controllers((found for _, each in rendered.values() for found in held(each)), tree)
    known: dict[str, Controller] = {}
    chosen: dict[str, list[Controller]] = {}
    for name, (target, each) in rendered.items():
        own = find_controllers(held(each), cluster=str(target.options.get("cluster") or ""), values=tree)
        found = [
            controller_of(settings, config, said, seen)
            for said, seen in settings.several(config, own or everywhere, target.options.get("controller"))
        ]
        for position, controller in enumerate(found):
            if known.setdefault(controller.name, controller) != controller:
                found[position] = controller._replace(name=f"{controller.name} of {name}")
        chosen[name] = found
    return chosen


def held(rendered: Rendered) -> list[K8sObject]:
    """Everything that can say how a controller runs."""
    return [*rendered.objects, *rendered.releases]


def controller_of(
    settings: ControllerSettings, config: Config, said: ControllerConfig, seen: FoundController | None
) -> Controller:
    """One controller: what the flags, the file and the repository say of it. Raises UserError as `resolve` does."""
    options, source = settings.resolve(config, seen, said)
    name = said.name or (f"{seen.namespace}/{seen.name}" if seen else options.ingress_class)
    return Controller(name, options, source, settings.webhook(config, seen, said))


def on_controllers(rules: Selection, controllers: Sequence[Controller]) -> Iterator[Finding]:
    """What the rules find in the settings of each controller, named where there are several."""
    for each in controllers:
        for finding in judge_controller(rules.policies, each.options):
            if len(controllers) == 1:
                yield finding
            else:
                effects = (*finding.effects, f"controller: {each.name}")
                yield replace(finding, controller=each.name, effects=effects)
