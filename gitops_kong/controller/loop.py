"""One run of the controller's update loop (KIC `KongClient.Update`), as a function from state to state.

Quirks that the real loop has are kept, because they decide what users see: with FallbackConfiguration on, the builder
keeps the fallback's objects until the cache changes; a push of the last valid configuration that changes nothing still
marks the gateway as in sync, so nothing is retried; a retry without a new snapshot has no snapshot to fall back from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.errors import ResourceFailure, parse
from gitops_kong.controller.events import APPLY_FAILED, TRANSLATION_FAILED, Event, failure_events, translation_events
from gitops_kong.controller.fallback.generate import FallbackCache, backfill, exclude
from gitops_kong.controller.fallback.graph import Vertex
from gitops_kong.controller.gateway_state import Answer, Config, Gateway, GatewayState, Snapshot
from gitops_kong.controller.identity import snapshot_key
from gitops_kong.controller.konnect import config_status
from gitops_kong.controller.last_valid import read_back
from gitops_kong.controller.statuses import Reports, report
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.translate.context import ControllerPanic
from gitops_kong.translate.state import GatewaySchemas, Translation, TranslationFailure

Translate = Callable[[ObjectStore, ControllerOptions, GatewaySchemas], Translation]

# A snapshot that was never taken: what the loop holds when it runs again although the cache did not change.
NO_SNAPSHOT = ObjectStore(())


@dataclass(frozen=True)
class Memory:
    """What a controller remembers from one run to the next; empty after a restart."""

    last_valid: Callable[[], Config] | None = None  # put together only where it is pushed
    processed: Snapshot | None = None  # with FallbackConfiguration only
    built_from: ObjectStore = NO_SNAPSHOT  # the objects that the builder translates
    last_valid_store: ObjectStore | None = None  # with --use-last-valid-config-for-fallback only
    reports: Reports = field(default_factory=dict)
    sent: tuple[Config, ...] = ()  # what was sent last, a configuration a gateway (KIC `SHAs`)
    config_status: str | None = None


@dataclass(frozen=True)
class State:
    """A controller and its gateways."""

    memory: Memory = Memory()
    gateways: tuple[GatewayState, ...] = (GatewayState(),)


@dataclass(frozen=True)
class Push:
    """One `POST /config` and its answer; `gateway` is the index of the gateway in the state."""

    config: Config
    answer: Answer
    fallback: bool
    gateway: int = 0


@dataclass
class Record:
    """What happened in one or more runs, in order."""

    pushes: list[Push] = field(default_factory=list)
    translations: list[tuple[TranslationFailure, ...]] = field(default_factory=list)
    fallbacks: list[FallbackCache] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    config_status: str | None = None
    failed: bool = False


class ControllerCrash(Exception):  # noqa: N818 - what happens to the controller, not an error of ours
    """The controller process ends with a panic; the message says where, `objects` are those that it works on."""

    def __init__(self, reason: str, objects: tuple[K8sObject, ...] = ()) -> None:
        super().__init__(reason)
        self.objects = objects


@dataclass
class Update:
    """Runs with one cache. `state` is the state so far and becomes the result; what happens goes to `record`."""

    state: State
    options: ControllerOptions
    gateway: Gateway
    translate: Translate
    record: Record
    _changed: dict[Ref, K8sObject] = field(default_factory=dict)  # objects of the cache that translation changed

    @property
    def _fallback_on(self) -> bool:
        return self.options.gate("FallbackConfiguration")

    def _remember(self, **changes: object) -> None:
        self.state = replace(self.state, memory=replace(self.state.memory, **changes))  # type: ignore[arg-type]

    def run(self, cache: ObjectStore) -> None:
        """Run with `cache` as the objects that the controller holds."""
        self.record.failed = False
        self._fetch_last_valid()
        snapshot = self._take_snapshot(cache)
        if self._fallback_on and self._in_sync(snapshot):
            return
        translation = self._build(TRANSLATION_FAILED)
        if snapshot is not NO_SNAPSHOT:
            snapshot = self.state.memory.built_from
        previously_sent = self.state.memory.sent
        failures = self._send(translation.config, fallback=False)
        self._notify(translation, failed=failures is not None)
        if failures is not None:
            self.record.failed = True
            self._recover(snapshot, failures)
            return
        self._keep_last_valid_store(snapshot)
        if previously_sent != self.state.memory.sent:
            self._remember(reports=report(translation.configured, translation.failures))

    def _fetch_last_valid(self) -> None:
        if self.state.memory.last_valid is not None:
            return
        for gateway in self.state.gateways:
            if gateway.running is not None:
                self._remember(last_valid=partial(self._read_back, gateway.running))
                return

    def _read_back(self, running: Config) -> Config:
        return read_back(self.gateway.stored(running), self.options, self.gateway.schemas)

    def _take_snapshot(self, cache: ObjectStore) -> ObjectStore:
        """The snapshot that this run works on; the builder gets it where it is a new one."""
        if not self._fallback_on:
            self._remember(built_from=cache.replacing(self._changed.values()) if self._changed else cache)
            return NO_SNAPSHOT
        key: Snapshot = frozenset(map(snapshot_key, cache))
        if key == self.state.memory.processed:
            return NO_SNAPSHOT
        self._remember(processed=key, built_from=cache)
        return cache

    def _in_sync(self, snapshot: ObjectStore) -> bool:
        """Whether there is nothing to do: the cache did not change, or every gateway has it already."""
        if not self.options.behaviours["snapshot-checks-gateways"]:
            return snapshot is NO_SNAPSHOT
        return all(g.snapshot == self.state.memory.processed for g in self.state.gateways)

    def _build(self, reason: str) -> Translation:
        try:
            translation = self.translate(self.state.memory.built_from, self.options, self.gateway.schemas)
        except ControllerPanic as e:
            raise ControllerCrash(e.reason, e.objects) from e
        if translation.changed:
            self._changed.update((obj.ref, obj) for obj in translation.changed)
            self._remember(built_from=self.state.memory.built_from.replacing(translation.changed))
        self.record.translations.append(translation.failures)
        self.record.events += translation_events(translation.failures, reason)
        return translation

    def _notify(self, translation: Translation, failed: bool) -> None:
        status = config_status(translation_failed=bool(translation.failures), apply_failed=failed)
        if self.options.behaviours["config-status-on-change-only"]:
            if status == self.state.memory.config_status:
                return
            self._remember(config_status=status)
        self.record.config_status = status

    def _send(self, config: Config, fallback: bool) -> _Rejection | None:
        """Push `config` to every gateway that does not run it; what they refuse, or None where all have it."""
        if not self.state.gateways:
            return None
        rejection: _Rejection | None = None
        gateways = list(self.state.gateways)
        for i, gateway in enumerate(gateways):
            refused = None
            if gateway.running is None or gateway.sent is None or gateway.sent != config:
                push = self._push(config, i, fallback)
                refused = None if push.answer.accepted else self._rejection(push)
                running = config if push.answer.accepted else gateway.running
            else:
                running = gateway.running
            if refused is None:
                gateways[i] = replace(gateway, running=running, sent=config, snapshot=self.state.memory.processed)
            elif rejection is None or (not rejection.readable and refused.readable):
                rejection = refused
        self.state = replace(self.state, gateways=tuple(gateways))
        if rejection is None:
            self._remember(sent=(config,) * len(gateways), last_valid=lambda: config)
        return rejection

    def _push(self, config: Config, gateway: int, fallback: bool) -> Push:
        if self.state.gateways[gateway].running == config:
            answer = Answer(304)
        else:
            answer = self.gateway.judge(config, len(self.record.pushes))
        push = Push(config, answer, fallback, gateway)
        self.record.pushes.append(push)
        return push

    def _rejection(self, push: Push) -> _Rejection:
        status = push.answer.status
        # Kong writes an empty list of errors as `{}`, which the controller cannot read (`parseFlatEntityErrors`).
        unreadable = status == 400 and not push.answer.errors
        if unreadable or (status != 400 and self.options.behaviours["server-errors-not-recovered"]):
            return _Rejection((), readable=False)
        parsed = parse(push.answer.errors)
        if parsed.readable:
            self.record.events += failure_events(parsed.failures, APPLY_FAILED, push.fallback)
        return _Rejection(parsed.failures, parsed.readable)

    def _recover(self, snapshot: ObjectStore, rejection: _Rejection) -> None:
        """Fall back (KIC `maybeTryRecoveringFromGatewaysSyncError`)."""
        if not rejection.readable:
            return
        if self._fallback_on and rejection.failures and self._fall_back(snapshot, rejection.failures):
            return
        if self.state.memory.last_valid is not None:
            self._send(self.state.memory.last_valid(), fallback=True)

    def _fall_back(self, snapshot: ObjectStore, failures: Sequence[ResourceFailure]) -> bool:
        """Build and push the fallback configuration; whether the gateways took it."""
        behaviours = self.options.behaviours
        if snapshot is NO_SNAPSHOT:
            if behaviours["fallback-needs-snapshot"]:
                return False
            raise ControllerCrash("a fallback without a new snapshot of the cache (CacheToGraph)")
        broken = [_vertex(snapshot, failure) for failure in failures]
        if self.options.use_last_valid_config_for_fallback:
            last_valid = self.state.memory.last_valid_store
            if last_valid is NO_SNAPSHOT and not behaviours["fallback-needs-snapshot"]:
                raise ControllerCrash("a last valid snapshot that was never taken (CacheToGraph)")
            fallback = backfill(snapshot, last_valid, broken, behaviours)
        else:
            fallback = exclude(snapshot, broken, behaviours)
        self.record.fallbacks.append(fallback)
        self._remember(built_from=fallback.store)
        translation = self._build("Fallback" + TRANSLATION_FAILED)
        if self._send(translation.config, fallback=True) is not None:
            return False
        if behaviours["fallback-reports-objects"]:
            self._remember(reports=report(translation.configured, translation.failures))
        self._keep_last_valid_store(self.state.memory.built_from)
        return True

    def _keep_last_valid_store(self, store: ObjectStore) -> None:
        if self._fallback_on and self.options.use_last_valid_config_for_fallback:
            self._remember(last_valid_store=store)


@dataclass(frozen=True)
class _Rejection:
    """A failed push: the objects' failures, and whether the controller could read the answer at all."""

    failures: tuple[ResourceFailure, ...]
    readable: bool = True


def _vertex(store: ObjectStore, failure: ResourceFailure) -> Vertex:
    obj = store.by_ref(failure.object)
    return failure.object, obj.uid if obj is not None else ""
