"""The whole way of `check`: from a checkout to the report. All side effects of the run are here and in `sources`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from typing import Any

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.apiserver.problems import path_of
from gitops_kong.cli.controllers import controllers_of
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.settings import ControllerSettings, kubernetes_version
from gitops_kong.cluster.intake import take_in
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.loop import ControllerCrash
from gitops_kong.controller.schema_gateway import SchemaGateway
from gitops_kong.errors import UserError
from gitops_kong.gateway import custom_schemas
from gitops_kong.gateway.catalogue import Catalogue, Schema, load
from gitops_kong.gateway.entity_validation import ServingSchemas
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.positions import holds, locate
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.policies.engine import judge, judge_controller
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.selection import Selection, own_rules
from gitops_kong.policies.selection import select as select_rules
from gitops_kong.policies.suppressions import Suppressions, by_target, read_baseline
from gitops_kong.predict.cluster_state import Admission, Admit, ClusterState, TakeIn, cluster_state
from gitops_kong.predict.incomplete import doubted
from gitops_kong.predict.life import World
from gitops_kong.predict.model import SCENARIOS, Finding, Scenario, Severity, TargetPrediction
from gitops_kong.predict.scenarios import changes, predict
from gitops_kong.predict.several import together
from gitops_kong.predict.upgrade import compare, version_changes
from gitops_kong.predict.webhook import Webhook, WebhookSettings
from gitops_kong.report.model import Controller, Locate, Place, Problem, Report
from gitops_kong.report.upgrade import UpgradeReport
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.controller_found import FoundController, find_controllers
from gitops_kong.sources.discover import discover
from gitops_kong.sources.namespaces import with_namespace
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools
from gitops_kong.translate.build import translate
from gitops_kong.translate.state import Translation


@dataclass(frozen=True)
class CheckSettings:
    """What one run of `check` does."""

    paths: Sequence[str] = (".",)
    targets: Sequence[str] = ()
    scenarios: Sequence[Scenario] = SCENARIOS
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    context: Sequence[str] = ()
    fail_on: Severity = "error"
    fail_on_existing: bool = False
    all_predictions: bool = False
    suppressions: bool = True
    today: date = field(default_factory=date.today)


@dataclass(frozen=True)
class Revision:
    """One state of the repository: its name for people (a revision, or the work tree) and its files.

    `changed` are the files in which it differs from the head, None where that is not known. `config` is
    a base's own `.gitops-kong.yaml`, None where it is that of the head.
    """

    name: str
    tree: Tree
    changed: frozenset[str] | None = None
    config: Config | None = None


def check(head: Revision, base: Revision | None, config: Config, settings: CheckSettings, progress: Progress) -> Report:
    """Render every target, predict, judge, report."""
    tools = _tools(config)
    targets = select(discover(head.tree, config, settings.paths), settings.targets)
    after: dict[str, Rendered] = {}
    for target in targets:
        progress.stage(f"rendering {target.name}")
        after[target.name] = render(target, head.tree, tools)
    before = {target.name: _before(target, after[target.name], base, tools) for target in targets}
    chosen = controllers_of(settings.controller, config, {t.name: (t, after[t.name]) for t in targets}, head.tree)
    chosen = chosen or controllers_of(settings.controller, config, _NO_TARGET, head.tree)
    earlier = _earlier(base, config, settings, targets, after, before)
    context = _context(head.tree, settings.context)
    rules = select_rules(config.policies, own_rules(head.tree), config.file)
    controllers = list({each.name: each for found in chosen.values() for each in found}.values())

    def run_of(each: Controller, tree: Tree) -> _Run:
        server = ApiServer(each.options.version, kubernetes_version(config))
        schemas = schemas_of(tree, each.options)
        return _Run(each.options, rules, settings.scenarios, context, schemas, server, each.webhook)

    runs = {each.name: run_of(each, head.tree) for each in controllers}
    predictions: list[TargetPrediction] = []
    problems: list[Problem] = []
    for target in targets:
        progress.stage(f"checking {target.name}")
        rendered = after[target.name]
        problems += [Problem(target.name, p.message) for p in rendered.problems]
        seen = []
        for each in chosen[target.name]:
            run = runs[each.name]
            old = next((c for c in earlier.get(target.name, ()) if c.name == each.name), each)
            replaced = None
            if old.options != each.options and base is not None:
                replaced = run_of(old, base.tree)
            seen.append((each.name, run.target(target, rendered, before[target.name], replaced)))
        predictions.append(together(seen))
    progress.done()
    report = Report(
        controllers[0].options,
        controllers[0].source,
        controllers[0].webhook.installed,
        base.name if base else None,
        tuple(predictions),
        tuple(dict.fromkeys(problems)),
        locator(head.tree),
        tuple(_on_controllers(rules, controllers)),
        (),
        settings.fail_on,
        settings.fail_on_existing,
        settings.all_predictions,
        tuple(controllers),
    )
    if not settings.suppressions:
        return report
    complete = not settings.targets and tuple(settings.scenarios) == SCENARIOS and not problems
    suppressions = Suppressions(settings.today, read_baseline(head.tree, settings.today))
    for name, rendered in after.items():
        suppressions.look_at(name, rendered.objects, head.tree)
    return _suppressed(report, suppressions, rules, complete)


def upgrade(
    head: Revision, config: Config, settings: CheckSettings, later: ControllerSettings, progress: Progress
) -> UpgradeReport:
    """The same manifests with the settings of now and those of later."""
    tools = _tools(config)
    targets = select(discover(head.tree, config, settings.paths), settings.targets)
    rendered = {target.name: render(target, head.tree, tools) for target in targets}
    found = settings.controller.choose(config, controllers_in(rendered.values(), head.tree))
    rules = select_rules(config.policies, own_rules(head.tree), config.file)
    context = _context(head.tree, settings.context)
    runs = []
    for wanted in (settings.controller, later):
        options, _ = wanted.resolve(config, found)
        server = ApiServer(options.version, kubernetes_version(config))
        webhook = wanted.webhook(config, found)
        runs.append(_Run(options, rules, settings.scenarios, context, schemas_of(head.tree, options), server, webhook))
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


def _suppressed(report: Report, suppressions: Suppressions, rules: Selection, complete: bool) -> Report:
    """The report without what people have decided to live with."""

    def line_of(finding: Finding) -> tuple[str, int] | None:
        place = report.locate(finding.object, finding.path) if finding.object else None
        return (place.file, place.line) if place else None

    targets = [suppressions.apply(target, line_of) for target in report.targets]
    general, suppressed = suppressions.split(report.general)
    left = by_target(rules.judged(suppressions.leftovers(complete)))
    known = {target.target for target in targets}
    return replace(
        report,
        targets=tuple(target.with_findings(left.get(target.target, ())) for target in targets),
        general=(*general, *(f for name, found in left.items() if name not in known for f in found)),
        suppressed=suppressed,
    )


def _before(target: Target, after: Rendered, base: Revision | None, tools: Tools) -> Rendered | None:
    """What a target rendered to before the change: the same where the change cannot reach it."""
    if base is None:
        return None
    if base.changed is not None and not target.reached_by(base.changed):
        return after
    return render(target, base.tree, tools)


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
    if base is None or (base.config is None and all(before[name] is each for name, each in after.items())):
        return {}
    known = {t.name: (t, rendered) for t in targets if (rendered := before[t.name]) is not None}
    try:
        return controllers_of(settings.controller, base.config or config, known, base.tree)
    except UserError:  # a version that is not known
        return {}


def _on_controllers(rules: Selection, controllers: Sequence[Controller]) -> Iterator[Finding]:
    """What the rules find in the settings of each controller, named where there are several."""
    for each in controllers:
        for finding in judge_controller(rules.policies, each.options):
            if len(controllers) == 1:
                yield finding
            else:
                effects = (*finding.effects, f"controller: {each.name}")
                yield replace(finding, controller=each.name, effects=effects)


def controllers_in(rendered: Iterable[Rendered], tree: Tree) -> list[FoundController]:
    """The controllers that the repository deploys."""
    return find_controllers((found for each in rendered for found in each.objects), tree)


def render_targets(
    tree: Tree, config: Config, paths: Sequence[str], names: Sequence[str]
) -> list[tuple[Target, Rendered]]:
    """Every wanted target with what it renders to."""
    tools = _tools(config)
    return [(target, render(target, tree, tools)) for target in select(discover(tree, config, paths), names)]


def schemas_of(tree: Tree, options: ControllerOptions) -> Catalogue:
    """The gateway's schemas, and those that the repository brings along in `.gitops-kong/schemas`."""
    catalogue = load(".".join(map(str, options.gateway_version)))
    custom: dict[str, Schema] = {}
    for file in tree.under(custom_schemas.FOLDER.as_posix()):
        if file.endswith(".json"):
            custom.update(custom_schemas.from_json(tree.read(file).decode("utf-8", "replace"), file))
    return catalogue.with_plugins(custom) if custom else catalogue


def translation(rendered: Rendered, options: ControllerOptions, catalogue: Catalogue) -> Translation:
    """What the controller would push for the rendered objects, in a cluster that has nothing else."""
    state = _state(_objects(rendered, ()), options, ApiServer(options.version), take_in)
    return translate(state.store, options, ServingSchemas(catalogue, options))


def _tools(config: Config) -> Tools:
    return Tools(
        kubernetes_version=config.kubernetes_version or "1.33.0",
        repositories=config.repositories,
        allow_network=config.allow_network,
    )


def _objects(rendered: Rendered, context: Sequence[K8sObject]) -> list[K8sObject]:
    assumed = (a.stand_in for a in rendered.assumptions if a.stand_in)
    return with_namespace([*context, *rendered.objects, *assumed], "default")


def select(targets: Sequence[Target], names: Sequence[str]) -> list[Target]:
    """The targets that `names` name, all without names. Raises UserError for a name that is not there."""
    if not names:
        return list(targets)
    known = {target.name: target for target in targets}
    for name in names:
        if name not in known:
            raise UserError(f"target {name!r} is not there; found are {', '.join(sorted(known)) or 'none'}")
    return [known[name] for name in names]


_PLUGIN_KINDS = ("KongPlugin", "KongClusterPlugin")

# A repository does not hold all of a cluster.
_TAKE_IN = partial(take_in, assume_missing=True)


class _Run:
    """What the targets of one run share."""

    def __init__(
        self,
        options: ControllerOptions,
        rules: Selection,
        scenarios: Sequence[Scenario],
        context: Sequence[K8sObject],
        catalogue: Catalogue,
        server: ApiServer,
        webhook: WebhookSettings,
    ) -> None:
        self.options = options
        self.rules = rules
        self.scenarios = scenarios
        self.context = context
        self.catalogue = catalogue
        self.configurations: dict[str, Callable[[], Mapping[str, Any]]] = {}  # by target, once it was predicted
        self.server = server
        self.webhook = Webhook(webhook, options, catalogue)

    def target(
        self, target: Target, rendered: Rendered, before: Rendered | None, earlier: _Run | None = None
    ) -> TargetPrediction:
        """Predictions and findings of one target; `earlier` is the controller that this one takes the place of."""
        base = (earlier or self)._state(before, None) if before is not None else None  # noqa: SLF001
        head = self._state(rendered, base, self.webhook)
        world = self._world()
        predicted = predict(
            target.name,
            base,
            head,
            world,
            self.scenarios,
            self._assumptions(rendered),
            earlier._world() if earlier and base else None,  # noqa: SLF001
        )
        predicted = replace(predicted, findings=tuple(self.rules.judged(predicted.findings)))
        configuration = self.configurations[target.name] = partial(self._configuration, head, world)
        evidence = Evidence(
            head.store,
            self.options,
            left_out=head.left_out,
            stored=head.stored,
            namespaces={obj.name: obj for obj in head.looked_up if obj.kind == "Namespace"},
            changes=changes(base, head),
            compared=base is not None,
            predictions=predicted.predictions,
            scenarios=self.scenarios,
            configuration=configuration,
            plugin_schema=self.catalogue.plugin,
        )
        judged = predicted.with_findings(judge(self.rules.policies, target.name, evidence))
        return replace(judged, findings=doubted(judged.findings)) if rendered.not_seen else judged

    def _configuration(self, state: ClusterState, world: World) -> Mapping[str, Any]:
        """What the controller would push, {} where it crashes on it; translated once, for the predictions."""
        try:
            return world.translate(state.store, self.options, world.gateway.schemas).config
        except ControllerCrash:
            return {}

    def _world(self) -> World:
        schemas = ServingSchemas(self.catalogue, self.options)
        return World(self.options, SchemaGateway(self.catalogue, self.options, schemas), translate)

    def _assumptions(self, rendered: Rendered) -> Iterator[str]:
        yield from dict.fromkeys(a.message for a in rendered.assumptions)
        yield from dict.fromkeys(f"{n.what} is not seen: {n.why}" for n in rendered.not_seen)
        if self.catalogue.custom_plugins:
            used = [obj.data.get("plugin") for obj in rendered.objects if obj.ref.kind in _PLUGIN_KINDS]
            for name, schema in self.catalogue.custom_plugins.items():
                for what in schema.get(custom_schemas.UNVERIFIED, ()) if name in used else ():
                    yield f"plugin {name} takes what its functions check: {what}"

    def _state(self, rendered: Rendered, before: ClusterState | None, webhook: Webhook | None = None) -> ClusterState:
        return _state(_objects(rendered, self.context), self.options, self.server, _TAKE_IN, before, webhook)


def _state(
    objects: list[K8sObject],
    options: ControllerOptions,
    server: ApiServer,
    take_in: TakeIn,
    before: ClusterState | None = None,
    webhook: Webhook | None = None,
) -> ClusterState:
    """The cluster after `objects` were applied; CRDs among them win over those that ship here."""
    return cluster_state(objects, options, admission(server.with_crds(objects)), take_in, before, webhook)


def admission(server: ApiServer) -> Admit:
    """The API server's answer to one object; it takes what others will make, of which too little is known."""

    def admit(obj: K8sObject, old: K8sObject | None) -> Admission:
        if obj.content_unknown:
            return Admission(server.prepare(obj))
        answer = server.admit(obj, old)
        if answer.accepted:
            return Admission(server.prepare(obj))
        scrub = Scrubber((obj,))
        causes = zip(answer.problems, answer.messages, strict=True)
        return Admission(obj, tuple((scrub(message), path_of(problem.field, obj.data)) for problem, message in causes))

    return admit


def _context(tree: Tree, paths: Sequence[str]) -> list[K8sObject]:
    return [obj for path in paths for file in tree.under(path) or (path,) for obj in tree.objects(file)]


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
