"""The whole way of `check`: from a checkout to the report. All side effects of the run are here and in `sources`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cli.before import Before
from gitops_kong.cli.context import context_of
from gitops_kong.cli.controllers import controllers_of, on_controllers
from gitops_kong.cli.earlier_run import EarlierRun
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.cli.judging import Judging
from gitops_kong.cli.known_verdicts import KnownVerdicts
from gitops_kong.cli.own_settings import turned_off
from gitops_kong.cli.places import line_of, locator
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.settings import kubernetes_version
from gitops_kong.cli.target_run import TargetRun, schemas_of
from gitops_kong.cli.targets import in_turn, rendering, select, tools_of
from gitops_kong.errors import UserError
from gitops_kong.policies.selection import Selection, own_rules
from gitops_kong.policies.selection import select as select_rules
from gitops_kong.policies.suppressions import Suppressions, by_target, read_baseline
from gitops_kong.predict.model import SCENARIOS
from gitops_kong.report.model import Controller, Problem, Report
from gitops_kong.reuse.store import Store
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.deployed import without_deployed
from gitops_kong.sources.discover import discover
from gitops_kong.sources.files import read_files


class Checked(NamedTuple):
    """What a run found, before suppressions; the targets and what they rendered to; the rules it applied.

    `keep` leaves what was found for each target to later runs.
    """

    report: Report
    rendered: Mapping[str, tuple[Target, Rendered]]
    rules: Selection
    keep: Callable[[], None] = lambda: None


def check(
    head: Revision,
    base: Revision | None,
    config: Config,
    settings: CheckSettings,
    progress: Progress,
    store: Store | None = None,
) -> Report:
    """Render every target, predict, judge, report; with a `store`, only what an earlier run has not."""
    earlier = EarlierRun.of(store, head, base, config, settings)
    checked = _again(earlier, head, base, config, settings, progress) if earlier else None
    if checked is None:
        progress.stage("finding targets")
        targets = select(discover(head.tree, config, settings.paths), settings.targets)
        checked = judge_targets(targets, head, base, config, settings, progress, store, whole=not settings.targets)
        report = checked.report
        if store:
            progress.stage("keeping the results")
        alone = len(targets) == len(report.controllers) == 1 and not report.problems
        if not (earlier and alone and earlier.keep(*checked.rendered[targets[0].name], report.targets[0])):
            checked.keep()
    progress.done()
    report = replace(checked.report, general=(*checked.report.general, *turned_off(base, config)))
    checked = checked._replace(report=report)
    if not settings.suppressions:
        return checked.report
    complete = not settings.targets and tuple(settings.scenarios) == SCENARIOS and not checked.report.problems
    suppressions = Suppressions(settings.today, read_baseline(head.tree, settings.today))
    for name, (_, rendered) in checked.rendered.items():
        suppressions.look_at(name, rendered.objects, head.tree)
    return _suppressed(checked.report, suppressions, checked.rules, complete)


def _again(
    earlier: EarlierRun,
    head: Revision,
    base: Revision | None,
    config: Config,
    settings: CheckSettings,
    progress: Progress,
) -> Checked | None:
    """What a run on everything would find, from a run on the part that has changed; None where that cannot be."""
    part = earlier.part()
    if part is None:
        return None
    target = earlier.target_of(part)
    some = judge_targets([target], earlier.head_of(part, head), earlier.base_of(part, base), config, settings, progress)
    if len(some.report.controllers) != 1 or some.report.problems:
        return None
    whole = earlier.whole(part, some.report.targets[0], some.rules)
    if whole is None:
        return None
    marked = read_files(earlier.marked(part), head.tree)
    report = replace(some.report, targets=(whole,), locate=locator(head.tree))
    return Checked(report, {target.name: (target, marked)}, some.rules)


def judge_targets(
    targets: Sequence[Target],
    head: Revision,
    base: Revision | None,
    config: Config,
    settings: CheckSettings,
    progress: Progress,
    store: Store | None = None,
    whole: bool = False,
) -> Checked:
    """Render these targets, predict and judge; where they are the `whole` repository, those too that are gone.

    Renderings are kept in the `store`.
    """
    states = Before(head.tree, base, config, settings.paths, targets)
    after: dict[str, Rendered] = {}
    before: dict[str, Rendered | None] = {}
    with rendering(targets, tools_of(config, store)) as tools:
        both = in_turn([partial(states.render, target, tools) for target in targets], tools)
        for i, target in enumerate(targets, 1):
            progress.item(f"rendering {target.name} ({i} of {len(targets)})", "rendering", i, len(targets))
            after[target.name], before[target.name] = next(both)
        if whole and not config.targets:
            targets = without_deployed(targets, after, head.tree, tools)
        for target in states.gone() if whole else ():
            after[target.name], before[target.name] = states.render_gone(target, tools)
            targets = (*targets, target)
    chosen = controllers_of(settings.controller, config, {t.name: (t, after[t.name]) for t in targets}, head.tree)
    chosen = chosen or controllers_of(settings.controller, config, _NO_TARGET, head.tree)
    earlier = _earlier(base, config, settings, targets, after, before)
    context = context_of(head.tree, config, settings.context, tools_of(config, store))
    rules = select_rules(config.policies, own_rules(head.tree), config.file)
    controllers = list({each.name: each for found in chosen.values() for each in found}.values())

    def run_of(each: Controller, tree: Tree) -> TargetRun:
        server = ApiServer(each.options.version, kubernetes_version(config))
        schemas = schemas_of(tree, each.options)
        return TargetRun(
            each.options, rules, settings.scenarios, context, schemas, server, each.webhook, settings.compare_routes
        )

    runs = {each.name: run_of(each, head.tree) for each in controllers}
    verdicts = KnownVerdicts.of(store, head, base, config, settings, rules, context)
    found = Judging(targets, after, before, chosen, earlier, base, runs, run_of).found(verdicts, progress)
    problems = [Problem(target.name, p.message) for target in targets for p in after[target.name].problems]
    report = Report(
        controllers[0].options,
        controllers[0].source,
        controllers[0].webhook.installed,
        base.name if base else None,
        tuple(predicted for predicted, _ in found.values()),
        tuple(dict.fromkeys(problems)),
        locator(head.tree),
        tuple(on_controllers(rules, controllers)),
        (),
        settings.fail_on,
        settings.fail_on_existing,
        settings.all_predictions,
        tuple(controllers),
        {name: changes for name, (_, changes) in found.items()},
    )
    rendered = {target.name: (target, after[target.name]) for target in targets}
    return Checked(report, rendered, rules, partial(verdicts.keep, found))


def _suppressed(report: Report, suppressions: Suppressions, rules: Selection, complete: bool) -> Report:
    """The report without what people have decided to live with."""
    targets = [suppressions.apply(target, line_of(report.locate)) for target in report.targets]
    general, suppressed = suppressions.split(report.general)
    left = by_target(rules.judged(suppressions.leftovers(complete)))
    known = {target.target for target in targets}
    return replace(
        report,
        targets=tuple(target.with_findings(left.get(target.target, ())) for target in targets),
        general=(*general, *(f for name, found in left.items() if name not in known for f in found)),
        suppressed=suppressed,
    )


_NO_TARGET = {"": (Target("", "files", "."), Rendered())}


def _earlier(
    base: Revision | None,
    config: Config,
    settings: CheckSettings,
    targets: Sequence[Target],
    after: Mapping[str, Rendered],
    before: Mapping[str, Rendered | None],
) -> dict[str, list[Controller]]:
    """The controllers before the change; empty where it cannot have changed them, or they are not known."""
    if (
        base is None
        or base.cluster
        or (base.config is None and all(before[name] is each for name, each in after.items()))
    ):
        return {}
    known = {t.name: (t, rendered) for t in targets if (rendered := before[t.name]) is not None}
    try:
        return controllers_of(settings.controller, base.config or config, known, base.tree)
    except UserError:  # a version that is not known
        return {}
