"""The same manifests through two versions of the controller or the gateway."""

from __future__ import annotations

from functools import partial

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cli.context import context_of
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.settings import ControllerSettings, kubernetes_version
from gitops_kong.cli.target_run import TargetRun, schemas_of
from gitops_kong.cli.targets import controllers_in, in_turn, rendering, select, tools_of
from gitops_kong.policies.selection import own_rules
from gitops_kong.policies.selection import select as select_rules
from gitops_kong.predict.upgrade import compare, version_changes
from gitops_kong.report.model import Problem
from gitops_kong.report.upgrade import UpgradeReport
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render


def upgrade(
    head: Revision, config: Config, settings: CheckSettings, later: ControllerSettings, progress: Progress
) -> UpgradeReport:
    """The same manifests with the settings of now and those of later."""
    targets = select(discover(head.tree, config, settings.paths), settings.targets)
    with rendering(targets, tools_of(config)) as tools:
        made = in_turn([partial(render, target, head.tree, tools) for target in targets], tools)
        rendered = {target.name: each for target, each in zip(targets, made, strict=True)}
    found = settings.controller.choose(config, controllers_in(rendered.values(), head.tree))
    rules = select_rules(config.policies, own_rules(head.tree), config.file)
    context = context_of(head.tree, config, settings.context, tools_of(config))
    runs = []
    for wanted in (settings.controller, later):
        options, _ = wanted.resolve(config, found)
        server = ApiServer(options.version, kubernetes_version(config))
        webhook = wanted.webhook(config, found)
        runs.append(
            TargetRun(options, rules, settings.scenarios, context, schemas_of(head.tree, options), server, webhook)
        )
    compared = []
    for target in targets:
        progress.stage(f"checking {target.name}")
        now, then = (run.target(target, rendered[target.name], rendered[target.name]) for run in runs)
        configs = (runs[0].configurations[target.name](), runs[1].configurations[target.name]())
        compared.append(compare(now, then, configs, (p.id for p in rules.policies if p.group == "upgrade")))
    progress.done()
    return UpgradeReport(
        runs[0].options,
        runs[1].options,
        tuple(version_changes(runs[0].options, runs[1].options)),
        tuple(compared),
        tuple(dict.fromkeys(Problem(name, p.message) for name, each in rendered.items() for p in each.problems)),
        settings.fail_on,
    )
