"""Objects that translation changes where the controller holds them."""

from __future__ import annotations

import pytest

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.gateway_state import Answer, Config
from gitops_kong.controller.loop import Record, State, Update
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.build import translate
from gitops_kong.translate.state import GatewaySchemas, Translation
from tests.gateway_objects import obj, route, rule, service
from tests.translate.translated import NoSchemas

EXTENSION = {"group": "configuration.konghq.com", "kind": "KongPlugin", "name": "cors"}
SITE = route(
    "HTTPRoute",
    "site",
    rule(filters=[{"type": "ExtensionRef", "extensionRef": EXTENSION}]),
    metadata={"annotations": {"konghq.com/preserve-host": "true"}},
)
OBJECTS = (service(), obj("configuration.konghq.com/v1", "KongPlugin", "cors", "shop", plugin="cors"), SITE)


class Accepting:
    """A gateway that takes everything."""

    schemas: GatewaySchemas = NoSchemas()

    def judge(self, config: Config, push: int) -> Answer:
        del config, push
        return Answer(201)

    def stored(self, config: Config) -> Config:
        return config


def once(store: ObjectStore, options: ControllerOptions, schemas: GatewaySchemas) -> Translation:
    return translate(store, options, schemas)


def plugins(record: Record) -> list[int]:
    return [len(push.config.get("plugins", ())) for push in record.pushes]


@pytest.mark.parametrize(("version", "expected"), [("3.2.4", [1, 2, 3]), ("3.3.1", [1, 2, 3]), ("3.4.0", [1])])
def test_each_build_adds_to_the_annotation(version: str, expected: list[int]) -> None:
    run = Update(State(), controller_options(version), Accepting(), once, Record())
    store = ObjectStore(OBJECTS)
    for _ in range(3):
        run.run(store)
    assert plugins(run.record) == expected


def test_a_snapshot_is_a_copy() -> None:
    options = controller_options("3.3.1", feature_gates={"FallbackConfiguration": True})
    run = Update(State(), options, Accepting(), once, Record())
    store = ObjectStore(OBJECTS)
    run.run(store)
    other: list[K8sObject] = [*store, service("other")]
    run.run(ObjectStore(other))
    # The second run took a new snapshot of a cache that the first had left as it was.
    assert run.state.memory.built_from.by_ref(SITE.ref) is not SITE
    held = run.state.memory.built_from.by_ref(SITE.ref)
    assert held is not None
    assert held.annotations["konghq.com/plugins"] == "cors"
