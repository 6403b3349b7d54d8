"""One target through one controller: the cluster before and after, predictions, policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from gitops_kong import parallel
from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cli.admitted import Applying
from gitops_kong.cluster.intake import take_in
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.schema_gateway import SchemaGateway
from gitops_kong.gateway import custom_schemas
from gitops_kong.gateway.catalogue import Catalogue, Schema, load
from gitops_kong.gateway.entity_validation import ServingSchemas
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.policies.engine import Stage, judge, judge_early
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.selection import Selection
from gitops_kong.predict.cluster_state import Admission, ClusterState
from gitops_kong.predict.incomplete import doubted
from gitops_kong.predict.life import World
from gitops_kong.predict.model import Scenario, TargetPrediction
from gitops_kong.predict.scenarios import changes, predict
from gitops_kong.predict.webhook import Webhook, WebhookSettings
from gitops_kong.report.route_changes import RouteChange, route_changes
from gitops_kong.sources import assumed, placeholders
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.namespaces import as_stored
from gitops_kong.translate.build import translate
from gitops_kong.translate.context import ControllerPanic
from gitops_kong.translate.state import Translation

_PLUGIN_KINDS = ("KongPlugin", "KongClusterPlugin")

# A repository does not hold all of a cluster.
_TAKE_IN = partial(take_in, assume_missing=True)


class TargetRun:
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
        compare_routes: bool = False,
    ) -> None:
        self.options = options
        self.rules = rules
        self.scenarios = scenarios
        self.context = context
        self.catalogue = catalogue
        self.configurations: dict[str, Callable[[], Mapping[str, Any]]] = {}  # by target, once it was predicted
        self.server = server
        self.webhook = Webhook(webhook, options, catalogue)
        self.compare_routes = compare_routes
        self.route_changes: dict[str, tuple[RouteChange, ...]] = {}  # by target, once it was predicted

    def target(
        self, target: Target, rendered: Rendered, before: Rendered | None, earlier: TargetRun | None = None
    ) -> TargetPrediction:
        """Predictions and findings of one target; `earlier` is the controller that this one takes the place of."""
        world = self._world()
        old = earlier or self
        base_world = earlier._world() if earlier and before is not None else None  # noqa: SLF001
        base = old._before(before, base_world or world) if before is not None else None  # noqa: SLF001
        early: dict[Stage, parallel.Ahead[K8sObject]] = {}
        with old._base_judged_ahead(base, base_world or world) as take_over, ExitStack() as others:  # noqa: SLF001

            def start(stage: Stage, state: ClusterState) -> None:
                """Let other processes look for objects in which the rules of a stage find nothing."""
                if parts := parallel.others(list(state.store)):
                    answer = judge_early(self.rules.policies, stage, target.name, self._evidence(base, state, world))
                    early[stage] = others.enter_context(parallel.Ahead(parts, answer, urgent=False))

            def translate_meanwhile(state: ClusterState) -> None:
                others.close()
                start("objects", state)
                self._configuration(state, world)

            head, unfilled = _filled(self._applying(rendered, base, self.webhook).state_while(translate_meanwhile))
            if unfilled:
                rendered = replace(rendered, not_seen=[*rendered.not_seen, placeholders.unfilled(unfilled)])
            configuration = self.configurations[target.name] = partial(self._configuration, head, world)
            if early:  # what several processes do together comes before what one of them does alone
                world.gateway.judge(configuration(), 0)
                start("configuration", head)
            take_over()
            assumptions = self._assumptions(rendered)
            predicted = predict(target.name, base, head, world, self.scenarios, assumptions, base_world)
            predicted = replace(predicted, findings=tuple(self.rules.judged(predicted.findings)))
            evidence = replace(self._evidence(base, head, world), predictions=predicted.predictions)
            nothing_in = {stage: ahead.plain_items() for stage, ahead in early.items()}
            found = judge(self.rules.policies, target.name, evidence, nothing_in=nothing_in)
            judged = predicted.with_findings(found).in_order()
        if self.compare_routes and base is not None:
            was = old._configuration(base, base_world or world)  # noqa: SLF001
            objects = (*base.stored.values(), *head.stored.values())
            self.route_changes[target.name] = route_changes(was, configuration(), objects)
        return replace(judged, findings=doubted(judged.findings)) if rendered.not_seen else judged

    def _before(self, rendered: Rendered, world: World) -> ClusterState:
        """The cluster before the change, which is translated, too."""
        return self._applying(rendered).state_while(partial(self._configuration, world=world))

    @contextmanager
    def _base_judged_ahead(self, base: ClusterState | None, world: World) -> Iterator[Callable[[], None]]:
        """Another process lets the gateway judge what it runs before the change: most likely it just accepts it.

        What the context gives takes that over.
        """
        if base is None or not parallel.others(list(base.store)):
            yield lambda: None
            return
        config = self._configuration(base, world)

        def is_accepted(_: str) -> bool:
            with parallel.processes(1):
                return world.accepts(config)

        def take_over() -> None:
            if ahead.plain("base"):
                world.know_accepted(config)

        with parallel.Ahead([["base"]], is_accepted, urgent=False) as ahead:
            yield take_over

    def _evidence(self, base: ClusterState | None, head: ClusterState, world: World) -> Evidence:
        return Evidence(
            head.store,
            self.options,
            left_out=head.left_out,
            stored=head.stored,
            namespaces={obj.name: obj for obj in head.looked_up if obj.kind == "Namespace"},
            changes=changes(base, head),
            compared=base is not None,
            scenarios=self.scenarios,
            configuration=partial(self._configuration, head, world),
            plugin_schema=self.catalogue.plugin,
        )

    def _configuration(self, state: ClusterState, world: World) -> Mapping[str, Any]:
        """What the controller would push, {} where it crashes on it; translated once, for the predictions."""
        try:
            return world.translate(state.store, self.options, world.gateway.schemas).config
        except ControllerPanic:
            return {}

    def _world(self) -> World:
        schemas = ServingSchemas(self.catalogue, self.options)
        return World(self.options, SchemaGateway(self.catalogue, self.options, schemas), translate)

    def _assumptions(self, rendered: Rendered) -> Iterator[str]:
        yield from assumed.messages(rendered.assumptions)
        yield from dict.fromkeys(f"{n.what} is not seen: {n.why}" for n in rendered.not_seen)
        if self.catalogue.custom_plugins:
            used = [obj.data.get("plugin") for obj in rendered.objects if obj.ref.kind in _PLUGIN_KINDS]
            for name, schema in self.catalogue.custom_plugins.items():
                for what in schema.get(custom_schemas.UNVERIFIED, ()) if name in used else ():
                    yield f"plugin {name} takes what its functions check: {what}"

    def _applying(
        self, rendered: Rendered, before: ClusterState | None = None, webhook: Webhook | None = None
    ) -> Applying:
        return Applying(_objects(rendered, self.context), self.options, self.server, _TAKE_IN, before, webhook)


def _filled(state: ClusterState) -> tuple[ClusterState, list[K8sObject]]:
    """The state without what the API server refuses because another tool has yet to fill in its name or host."""
    answers = [*state.refused.items(), *state.elsewhere.items()]
    judged = ((key, each.object) for key, each in answers if each.refusals or each.unread)
    found = {key: obj for key, obj in judged if placeholders.placeholder(obj)}
    if not found:
        return state, []
    refused = {ref: answer for ref, answer in state.refused.items() if ref not in found}
    elsewhere = {key: answer for key, answer in state.elsewhere.items() if key not in found}
    return replace(state, refused=refused, elsewhere=elsewhere), [*found.values()]


def _objects(rendered: Rendered, context: Sequence[K8sObject]) -> list[K8sObject]:
    there = {obj.ref for obj in context}
    assumed = (a.stand_in for a in rendered.assumptions if a.stand_in and a.ref not in there)
    return as_stored([*context, *rendered.objects, *assumed])


def schemas_of(tree: Tree, options: ControllerOptions) -> Catalogue:
    """The gateway's schemas, and those that the repository brings along in `.gitops-kong/schemas`."""
    catalogue = load(".".join(map(str, options.gateway_version)))
    custom: dict[str, Schema] = {}
    for file in tree.under(custom_schemas.FOLDER.as_posix()):
        if file.endswith(".json"):
            custom.update(custom_schemas.from_json(tree.read(file).decode("utf-8", "replace"), file))
    return catalogue.with_plugins(custom) if custom else catalogue


def translation(
    rendered: Rendered, options: ControllerOptions, catalogue: Catalogue, server: ApiServer
) -> tuple[Translation, Mapping[Ref, Admission]]:
    """What the controller would push for the rendered objects, in a cluster that has nothing else.

    The objects that the API server refuses are not in it; they are told beside.
    """
    state = Applying(_objects(rendered, ()), options, server, take_in).state()
    elsewhere = {ref: answer for (_, ref), answer in state.elsewhere.items() if answer.refusals}
    return translate(state.store, options, ServingSchemas(catalogue, options)), {**elsewhere, **state.refused}
