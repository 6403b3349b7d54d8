"""One controller's life in a scenario: base, then the change, then perhaps a restart; and what is true at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.fallback.generate import FallbackCache
from gitops_kong.controller.gateway_state import Answer, Config, Gateway
from gitops_kong.controller.loop import ControllerCrash, Memory, Push, Record, State, Translate, Update
from gitops_kong.controller.statuses import status
from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.model import Scenario
from gitops_kong.predict.ownership import owners
from gitops_kong.translate.state import GatewaySchemas, Translation

# The loop runs on every tick; what a retry changes (or breaks) shows in the second run.
RUNS_A_STEP = 2
_ACCEPTED = Answer(201, [])


@dataclass(frozen=True)
class Life:
    """What is true after the last step of a life.

    `store` is the controller's cache and `regular` its full configuration. `refused` are the pushes that the gateway
    refused last, `ran` is what it ran before the last step. `written` are the objects whose status was written at some
    time; `crash` says why the controller panics; `record` is what happened in the last step.
    """

    store: ObjectStore
    state: State = field(default_factory=State)
    refused: tuple[Push, ...] = ()
    regular: Translation | None = None
    fallback: FallbackCache | None = None
    fallback_translation: Translation | None = None
    written: frozenset[Ref] = frozenset()
    ran: Config | None = None
    crash: ControllerCrash | None = None
    record: Record = field(default_factory=Record)

    @property
    def running(self) -> Config | None:
        """What the gateway runs, None while it is empty."""
        return self.state.gateways[0].running

    @cached_property
    def runs(self) -> str:
        """Which configuration the gateway runs: `regular`, `fallback`, `last-valid` or `nothing`."""
        if self.running is None:
            return "nothing"
        if self.regular is not None and self.running == self.regular.config:
            return "regular"
        if self.fallback_translation is not None and self.running == self.fallback_translation.config:
            return "fallback"
        return "last-valid"


class World:
    """What does not change between the lives of one target: options, gateway, translation; work is done once.

    Configurations and verdicts are remembered by the identity of the objects that they were made from; the stores and
    configurations are kept, so that identities stay unique.
    """

    def __init__(self, options: ControllerOptions, gateway: Gateway, translate: Translate) -> None:
        self.options = options
        self._gateway = _RememberingGateway(gateway)
        self.gateway: Gateway = self._gateway
        self._translate = translate
        self._translations: dict[tuple[int, ...], tuple[ObjectStore, Translation]] = {}
        self._of_store: dict[int, tuple[ObjectStore, Translation]] = {}
        self._owners: dict[int, tuple[Config, Counter[Ref]]] = {}

    def accepts(self, config: Config) -> bool:
        """Whether the gateway takes a configuration, and nothing is left to say of it."""
        answer = self.gateway.judge(config, 0)
        return answer.status == _ACCEPTED.status and not (
            answer.errors or answer.general or answer.unverified or answer.blamed
        )

    def know_accepted(self, config: Config) -> None:
        """Take over from somebody who knows that the gateway `accepts` a configuration."""
        self._gateway.remember(config, _ACCEPTED)

    def owners(self, config: Config | None) -> Counter[Ref]:
        """How many entities of a configuration each object has, counted once."""
        if config is None:
            return Counter()
        known = self._owners.get(id(config))
        if known is None:
            known = self._owners[id(config)] = (config, owners(config))
        return known[1]

    def translate(self, store: ObjectStore, options: ControllerOptions, schemas: GatewaySchemas) -> Translation:
        """`translate`, once for every set of objects."""
        same = self._of_store.get(id(store))
        if same is not None:
            return same[1]
        key = tuple(map(id, store))
        known = self._translations.get(key)
        if known is None:
            known = self._translations[key] = (store, self._translate(store, options, schemas))
        self._of_store[id(store)] = (store, known[1])
        return known[1]


class _RememberingGateway:
    """A gateway whose verdict on one configuration is asked for once."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.schemas = gateway.schemas
        self._answers: dict[int, tuple[Config, Answer]] = {}
        self._stored: dict[int, tuple[Config, Config]] = {}

    def judge(self, config: Config, push: int) -> Answer:
        """The answer to `config`."""
        known = self._answers.get(id(config))
        if known is None:
            known = self._answers[id(config)] = (config, self._gateway.judge(config, push))
        return known[1]

    def remember(self, config: Config, answer: Answer) -> None:
        """Answer this from now on."""
        self._answers[id(config)] = (config, answer)

    def stored(self, config: Config) -> Config:
        """`config` as the gateway holds it."""
        known = self._stored.get(id(config))
        if known is None:
            known = self._stored[id(config)] = (config, self._gateway.stored(config))
        return known[1]


def lives(
    base: ObjectStore | None,
    head: ObjectStore,
    world: World,
    scenarios: Iterable[Scenario],
    base_world: World | None = None,
) -> Mapping[Scenario, Life]:
    """The life of each scenario up to its end. Without a base the controller and the gateway run an empty cluster.

    With `base_world` the change replaces the controller, too: the new one starts with an empty memory.
    """
    wanted = set(scenarios)
    found: dict[Scenario, Life] = {}
    if wanted - {"cold-start"}:
        before = step(Life(ObjectStore(())), base or ObjectStore(()), base_world or world)
        rollout = step(_controller_restarted(before) if base_world else before, head, world)
        ends: dict[Scenario, Any] = {
            "rollout": lambda: rollout,
            "controller-restart": lambda: step(_controller_restarted(rollout), head, world),
            "gateway-restart": lambda: step(_gateway_restarted(rollout), head, world),
        }
        found |= {scenario: end() for scenario, end in ends.items() if scenario in wanted}
    if "cold-start" in wanted:
        found["cold-start"] = step(Life(ObjectStore(())), head, world)
    return found


def step(life: Life, store: ObjectStore, world: World) -> Life:
    """`life` after the update loop ran with `store` as the controller's cache."""
    record = Record()
    update = Update(life.state, world.options, world.gateway, world.translate, record)
    crash: ControllerCrash | None = None
    try:
        for _ in range(RUNS_A_STEP):
            update.run(store)
    except ControllerCrash as e:
        crash = e
    reports = update.state.memory.reports
    written = life.written.intersection(obj.ref for obj in store)
    written |= {obj.ref for obj in store if status(reports, obj) == "Succeeded"}
    # A controller that fell back keeps building from the fallback's objects until its cache changes.
    fallback = record.fallbacks[-1] if record.fallbacks else life.fallback
    refused = tuple(p for p in record.pushes if not p.answer.accepted)
    schemas = world.gateway.schemas
    regular = None if crash else world.translate(store, world.options, schemas)
    return Life(
        store,
        update.state,
        refused or life.refused,
        regular,
        fallback,
        world.translate(fallback.store, world.options, schemas) if fallback and not crash else None,
        written,
        life.running if life.running is not None else life.ran,
        crash,
        record,
    )


def _controller_restarted(life: Life) -> Life:
    return replace(life, state=State(Memory(), tuple(g.forgotten() for g in life.state.gateways)))


def _gateway_restarted(life: Life) -> Life:
    gateways = tuple(g.restarted() for g in life.state.gateways)
    return replace(life, state=replace(life.state, gateways=gateways), ran=life.running)
