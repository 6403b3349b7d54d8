"""The update loop with a translator and a gateway of our own: one route per Ingress, rejected where its path is bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.gateway_state import Answer, Config, GatewayState
from gitops_kong.controller.identity import assign
from gitops_kong.controller.loop import ControllerCrash, Memory, Record, State, Update
from gitops_kong.controller.settings import controller_options
from gitops_kong.controller.statuses import status
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.translate.state import GatewaySchemas, Translation, TranslationFailure

NETWORKING = "networking.k8s.io"


def ingress(name: str, path: str = "/", generation: int = 1) -> K8sObject:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": name,
        "resourceVersion": f"{generation}",
        "generation": generation,
    }
    return K8sObject({"apiVersion": f"{NETWORKING}/v1", "kind": "Ingress", "metadata": metadata, "spec": {"p": path}})


class NoSchemas:
    def fill_plugin_defaults(self, plugin: Mapping[str, Any]) -> None:
        return None

    def entity_fields(self, entity_type: str) -> None:
        return None


@dataclass
class PathGateway:
    """Refuses routes whose path is in `bad`; with `status`, answers that to everything."""

    bad: Sequence[str] = ("bad",)
    status: int | None = None
    schemas: GatewaySchemas = field(default_factory=NoSchemas)

    def judge(self, config: Config, push: int) -> Answer:
        if self.status is not None:
            return Answer(self.status)
        errors = [
            {
                "entityType": "route",
                "entityName": r["name"],
                "entityTags": r["tags"],
                "errors": [{"type": "field", "field": "paths", "message": "refused"}],
            }
            for s in config["services"]
            for r in s["routes"]
            if r["paths"][0] in self.bad
        ]
        return Answer(400, errors) if errors else Answer(201)

    def stored(self, config: Config) -> Config:
        return config


def translate(store: ObjectStore, options: ControllerOptions, schemas: GatewaySchemas) -> Translation:
    routes, failures, configured = [], [], []
    for obj in store.list(NETWORKING, "Ingress"):
        if obj.spec["p"] == "untranslatable":
            failures.append(TranslationFailure("no such path", (obj,)))
            continue
        configured.append(obj)
        tags = [f"k8s-name:{obj.name}", "k8s-namespace:shop", "k8s-kind:Ingress", f"k8s-group:{NETWORKING}"]
        routes.append({"name": obj.name, "paths": [obj.spec["p"]], "tags": [*tags, "k8s-version:v1"]})
    return Translation({"services": [{"name": "s", "routes": routes}]}, tuple(failures), tuple(configured))


@dataclass
class World:
    """A controller and its gateways through time."""

    options: ControllerOptions
    gateway: PathGateway = field(default_factory=PathGateway)
    state: State = field(default_factory=State)

    def update(self, *objects: K8sObject) -> Record:
        run = Update(self.state, self.options, self.gateway, translate, Record())
        try:
            run.run(ObjectStore(objects))
        finally:
            self.state = run.state
        return run.record

    def paths(self, gateway: int = 0) -> list[str] | None:
        running = self.state.gateways[gateway].running
        return None if running is None else [r["paths"][0] for r in running["services"][0]["routes"]]


def world(version: str = "3.5.13", *, fallback: bool = False, last_valid: bool = False) -> World:
    gates = {"FallbackConfiguration": fallback}
    return World(controller_options(version, feature_gates=gates, use_last_valid_config_for_fallback=last_valid))


def answers(record: Record) -> list[int]:
    return [p.answer.status for p in record.pushes]


def test_unchanged_configuration_is_not_pushed_again() -> None:
    w = world()
    assert answers(w.update(ingress("a"))) == [201]
    record = w.update(ingress("a"))
    assert answers(record) == []
    assert len(record.translations) == 1


def test_gate_on_does_not_even_build_what_did_not_change() -> None:
    w = world(fallback=True)
    w.update(ingress("a"))
    record = w.update(ingress("a"))
    assert (record.translations, record.config_status) == ([], None)


def test_gate_off_blocks_everybody() -> None:
    w = world()
    w.update(ingress("a", "/a"))
    record = w.update(ingress("a", "/a"), ingress("b", "bad"), ingress("c", "/c"))
    assert record.failed
    assert record.config_status == "ApplyFailed"
    assert [(e.reason, e.object.name, e.message) for e in record.events] == [
        ("KongConfigurationApplyFailed", "b", "invalid paths: refused")
    ]
    assert w.paths() == ["/a"]


@pytest.mark.parametrize(("version", "expected"), [("3.4.3", "Unknown"), ("3.4.4", "Succeeded")])
def test_fallback_excludes_the_broken_object(version: str, expected: str) -> None:
    w = world(version, fallback=True)
    good = ingress("good", "/good")
    record = w.update(good, ingress("b", "bad"))
    assert answers(record) == [400, 201]
    assert record.config_status == "ApplyFailed"
    assert [a.object.name for a in record.fallbacks[0].excluded] == ["b"]
    assert w.paths() == ["/good"]
    assert status(w.state.memory.reports, good) == expected


def test_last_valid_version_of_a_broken_object_serves_on() -> None:
    w = world(fallback=True, last_valid=True)
    w.update(ingress("a", "/old"), ingress("b", "/b"))
    record = w.update(ingress("a", "bad", 2), ingress("b", "/new", 2))
    assert answers(record) == [400, 201]
    assert [a.object.name for a in record.fallbacks[0].backfilled] == ["a"]
    assert w.paths() == ["/new", "/old"]
    assert status(w.state.memory.reports, ingress("a", "bad", 2)) == "Unknown"


def test_second_rejection_pushes_the_last_valid_configuration_to_an_empty_gateway() -> None:
    w = world(fallback=True)
    w.update(ingress("a", "/a"))
    w.state = State(w.state.memory, (w.state.gateways[0].restarted(),))
    w.gateway = PathGateway(bad=("bad", "/worse"))
    # Excluding `b` leaves `c`, which is refused only then: the gateway changed its mind between the two pushes.
    w.gateway.judge = lambda config, push: Answer(400 if push < 2 else 201, _errors(push))  # type: ignore[method-assign]
    record = w.update(ingress("a", "/a"), ingress("b", "bad"), ingress("c", "/worse"))
    assert answers(record) == [400, 400, 201]
    assert [p.fallback for p in record.pushes] == [False, True, True]
    assert w.paths() == ["/a"]


def _errors(push: int) -> list[dict[str, Any]]:
    tags = [f"k8s-name:{'bc'[push % 2]}", "k8s-namespace:shop", "k8s-kind:Ingress", f"k8s-group:{NETWORKING}"]
    problem = {"type": "field", "field": "paths", "message": "refused"}
    return [{"entityType": "route", "entityTags": [*tags, "k8s-version:v1"], "errors": [problem]}] if push < 2 else []


def test_a_rejection_that_names_no_object_leaves_the_last_valid_configuration() -> None:
    w = world(fallback=True)
    w.update(ingress("a", "/a"))
    w.gateway = PathGateway(status=400)
    record = w.update(ingress("a", "/b", 2))
    assert answers(record) == [400]
    assert record.fallbacks == []
    assert w.paths() == ["/a"]


def test_a_rejection_without_entities_cannot_be_read_so_an_empty_gateway_stays_empty() -> None:
    w = world(fallback=True)
    w.update(ingress("a", "/a"))
    w.state = State(w.state.memory, (w.state.gateways[0].restarted(),))
    w.gateway = PathGateway(status=400)
    record = w.update(ingress("a", "/b", 2))
    assert (answers(record), record.failed, w.paths()) == ([400], True, None)


def test_an_answer_500_is_no_rejection() -> None:
    w = world(fallback=True)
    w.gateway = PathGateway(status=500)
    record = w.update(ingress("a", "/a"))
    assert (answers(record), record.failed, record.events, w.paths()) == ([500], True, [], None)


def test_a_restarted_controller_reads_the_last_valid_configuration_back() -> None:
    w = world()
    w.update(ingress("a", "/a"))
    w.state = State(Memory(), (w.state.gateways[0].forgotten(),))
    record = w.update(ingress("a", "bad", 2))
    assert answers(record) == [400, 201]
    assert w.paths() == ["/a"]


def test_a_gateway_that_restarts_gets_the_configuration_again() -> None:
    w = world(fallback=True)
    w.update(ingress("a", "/a"))
    w.state = State(w.state.memory, (w.state.gateways[0].restarted(),))
    record = w.update(ingress("a", "/a"))
    assert answers(record) == [201]
    assert status(w.state.memory.reports, ingress("a", "/a")) == "Succeeded"


def test_only_the_gateway_that_lacks_it_gets_the_configuration() -> None:
    w = world()
    w.state = State(gateways=(GatewayState("one"), GatewayState("two")))
    assert [p.gateway for p in w.update(ingress("a", "/a")).pushes] == [0, 1]
    w.state = State(w.state.memory, (w.state.gateways[0], w.state.gateways[1].restarted()))
    assert [p.gateway for p in w.update(ingress("a", "/a")).pushes] == [1]
    assert w.paths(1) == ["/a"]


def test_without_gateways_nothing_is_pushed_or_reported() -> None:
    w = world()
    w.state = State(gateways=())
    record = w.update(ingress("a", "/a"))
    assert (record.pushes, record.failed, record.config_status) == ([], False, "OK")
    assert w.state.memory.reports == {}


def test_konnect_hears_only_of_changes_before_3_3() -> None:
    w = world("3.2.4")
    assert w.update(ingress("a")).config_status == "OK"
    assert w.update(ingress("a"), ingress("b", "untranslatable")).config_status == "TranslationErrorHappened"
    assert w.update(ingress("a"), ingress("b", "untranslatable", 2)).config_status is None


def test_a_retry_without_a_new_snapshot_cannot_fall_back() -> None:
    for version in ("3.3.1", "3.4.0"):
        w = world(version, fallback=True)
        w.gateway = PathGateway(bad=("bad", "worse"))
        w.gateway.judge = lambda config, push: Answer(400, _errors(push))  # type: ignore[method-assign]
        assert answers(w.update(ingress("b", "bad"), ingress("c", "worse"))) == [400, 400]
        if version == "3.3.1":
            with pytest.raises(ControllerCrash):
                w.update(ingress("b", "bad"), ingress("c", "worse"))
        else:
            assert answers(w.update(ingress("b", "bad"), ingress("c", "worse"))) == [400]


def test_3_2_0_recovers_from_server_errors_too() -> None:
    for version, expected in (("3.2.0", [500, 500]), ("3.2.1", [500])):
        w = world(version)
        w.update(ingress("a", "/a"))
        w.state = State(w.state.memory, (w.state.gateways[0].restarted(),))
        w.gateway = PathGateway(status=500)
        assert answers(w.update(ingress("a", "/b", 2))) == expected


def test_before_3_2_2_an_unchanged_cache_ended_the_run() -> None:
    for version, expected in (("3.2.1", []), ("3.2.2", [201])):
        w = world(version, fallback=True)
        w.update(ingress("a", "/a"))
        w.state = State(w.state.memory, (w.state.gateways[0].restarted(),))
        assert answers(w.update(ingress("a", "/a"))) == expected


def test_translation_failures_are_events_and_statuses() -> None:
    w = world()
    broken = ingress("b", "untranslatable")
    record = w.update(ingress("a"), broken)
    assert [(e.reason, e.message) for e in record.events] == [("KongConfigurationTranslationFailed", "no such path")]
    assert status(w.state.memory.reports, broken) == "Failed"
    assert record.config_status == "TranslationErrorHappened"


def test_identities_are_stable_and_change_with_the_object() -> None:
    def plain(name: str, **content: Any) -> K8sObject:
        metadata = {"name": name, "namespace": "shop", **content.pop("metadata", {})}
        return K8sObject({"apiVersion": "v1", "kind": "Service", "metadata": metadata, **content})

    first = assign([plain("a", spec={"x": 1})], {})
    by_ref = {o.ref: o for o in first}
    same = assign([plain("a", spec={"x": 1})], by_ref)
    labelled = assign([plain("a", spec={"x": 1}, metadata={"labels": {"l": "1"}})], by_ref)
    changed = assign([plain("a", spec={"x": 2})], by_ref)
    assert same[0].metadata == first[0].metadata
    assert labelled[0].metadata["generation"] == first[0].metadata["generation"]
    assert labelled[0].metadata["resourceVersion"] != first[0].metadata["resourceVersion"]
    assert changed[0].metadata["generation"] == first[0].metadata["generation"] + 1
    assert first[0].ref == Ref("", "Service", "shop", "a")
