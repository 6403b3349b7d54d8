"""Custom entities, and vaults."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.consumers import fill_consumers
from gitops_kong.translate.context import Context
from gitops_kong.translate.custom_entities import fill_custom_entities
from gitops_kong.translate.ids import entity_id
from gitops_kong.translate.state import Entity, KongState, SchemaAnswer
from gitops_kong.translate.vaults import fill_vaults
from tests.translate.kong_objects import KONG, Schemas, context, failures, grant, kong, plugin, state

PARENT = {"group": KONG, "kind": "KongPlugin", "name": "p"}
WEB = entity_id("services", "web")


def custom(kind: str = "filter_chains", name: str = "e", namespace: str = "shop", **spec: Any) -> K8sObject:
    content = {"type": kind, "controllerName": "kong", "fields": {"name": "x"}, **spec}
    return kong("KongCustomEntity", name, namespace, spec=content)


def fill(ctx: Context, found: KongState | None = None) -> dict[str, list[Entity]]:
    found = found or KongState()
    fill_consumers(ctx, found)
    fill_custom_entities(ctx, found)
    return {kind: [o.entity for o in owned] for kind, owned in found.custom_entities.items()}


def test_alone() -> None:
    entities = [custom("key_sets", "b"), custom("key_sets", "a"), custom("key_sets", "a", "another")]
    named = [K8sObject({**e.data, "spec": {**e.spec, "fields": {"name": e.name, "n": 2.0}}}) for e in entities]
    ctx = context(*named)
    assert fill(ctx) == {"key_sets": [{"name": "a", "n": 2}, {"name": "a", "n": 2}, {"name": "b", "n": 2}]}
    assert len(ctx.configured) == 3
    assert fill(context(*named, feature_gates={"KongCustomEntity": False})) == {}
    assert fill(context(custom("key_sets", controllerName="other"))) == {}


def test_one_for_each_relation_of_the_parent_plugin() -> None:
    ctx = context(plugin("p"), custom(parentRef=PARENT))
    found = state("r2", "r1", on_routes="p")
    routes = sorted(entity_id("routes", name) for name in ("r1", "r2"))
    assert fill(ctx, found)["filter_chains"] == [
        *({"name": "x", "service": {"id": ""}, "route": {"id": route}} for route in routes),
        {"name": "x", "service": {"id": WEB}, "route": {"id": ""}},
    ]
    assert found.services[0].entity["id"] == WEB


def test_consumers_and_services() -> None:
    people = [kong("KongConsumer", n, plugins="p", username=n) for n in ("ada", "bob")]
    unnamed = kong("KongConsumer", "by-id", plugins="p", custom_id="7")
    ctx = context(plugin("p"), custom("acls", parentRef=PARENT), *people, unnamed)
    ids = sorted(entity_id("consumers", n) for n in ("ada", "bob"))
    assert fill(ctx)["acls"] == [{"name": "x", "consumer": {"id": i}} for i in ids]
    ctx = context(plugin("p"), custom("oauth2_tokens", parentRef=PARENT))
    assert fill(ctx, state("r", on_service="p"))["oauth2_tokens"] == [{"name": "x", "service": {"id": WEB}}]


def test_in_3_2_one_entity_has_the_first_of_each() -> None:
    gates = {"KongCustomEntity": True}
    ctx = context(plugin("p"), custom(parentRef=PARENT), version="3.2.4", feature_gates=gates)
    assert fill(ctx, state("r1", on_routes="p"))["filter_chains"] == [
        {"name": "x", "service": {"id": WEB}, "route": {"id": entity_id("routes", "r1")}}
    ]


FOREIGN = "failed to find attached foreign entities for custom entity: "
GENERATE = "failed to generate entities from itself and attach foreign entities: failed to unmarshal entity fields: "


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (custom("services"), "cannot use known entity type services in custom entity"),
        (
            custom("tides"),
            "failed to fetch entity schema for entity type tides: HTTP status 404"
            " (message: \"No entity named 'tides'\")",
        ),
        (custom(parentRef={**PARENT, "name": "lost"}), FOREIGN + "KongPlugin shop/lost not found"),
        (
            custom(parentRef={**PARENT, "kind": "KongClusterPlugin", "name": "lost"}),
            FOREIGN + "KongClusterPlugin lost not found",
        ),
        (
            custom(parentRef={**PARENT, "namespace": "infra"}),
            FOREIGN + 'no grant found to referenced "infra:p" plugin in the requested remote KongPlugin bind',
        ),
        (custom(fields=None), GENERATE + "unexpected end of JSON input"),
        (
            custom(fields=[1]),
            GENERATE + "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
    ],
)
def test_failures(entity: K8sObject, message: str) -> None:
    ctx = context(entity, plugin("p", namespace="infra"))
    assert fill(ctx) == {}
    assert failures(ctx) == [(message, "KongCustomEntity shop/e")]


def test_the_gateway_is_asked_from_3_4_on() -> None:
    for answer, message in (
        (SchemaAnswer(400, "schema violation (name: expected a string)"), "entity shop/e failed validation: {}"),
        (SchemaAnswer(404, "Not found"), 'failed validating entity shop/e: HTTP status 404 (message: "Not found")'),
    ):
        ctx = context(custom("key_sets"), schemas=Schemas(answer))
        assert fill(ctx) == {}
        assert failures(ctx) == [(message.format(answer.message), "KongCustomEntity shop/e")]
        assert fill(context(custom("key_sets"), version="3.3.1", schemas=Schemas(answer))) == {
            "key_sets": [{"name": "x"}]
        }


def test_before_3_4_a_parent_is_not_looked_up() -> None:
    ctx = context(custom(parentRef={**PARENT, "name": "lost"}), version="3.3.1")
    assert fill(ctx) == {"filter_chains": [{"name": "x"}]}
    ctx = context(custom(parentRef={**PARENT, "namespace": "infra"}), version="3.3.1")
    assert fill(ctx) == {}
    assert failures(ctx)[0][0] == (
        FOREIGN + "no grant found for KongCustomEntity in shop to plugin p in infra requested remote KongPlugin bind"
    )


def test_a_granted_parent() -> None:
    allowed = grant("infra", KONG, "KongCustomEntity", "shop")
    ctx = context(custom(parentRef={**PARENT, "namespace": "infra"}), plugin("p", namespace="infra"), allowed)
    assert fill(ctx) == {"filter_chains": [{"name": "x"}]}


def vault(name: str, prefix: str, created: str = "2026-01-01T00:00:00Z", **spec: Any) -> K8sObject:
    content = {"backend": "env", "prefix": prefix, **spec}
    return kong("KongVault", name, "", spec=content, creationTimestamp=created)


def test_vaults() -> None:
    ctx = context(
        vault("b", "one"),
        vault("a", "one"),
        vault("old", "two", "2025-01-01T00:00:00Z", description="d", config={"prefix": "X"}),
        vault("young", "two"),
        vault("bad", "three", config=[1]),
    )
    found = KongState()
    fill_vaults(ctx, found)
    entities = [{k: v for k, v in o.entity.items() if k != "tags"} for o in found.vaults]
    assert sorted(entities, key=lambda e: str(e["prefix"])) == [
        {"name": "env", "prefix": "one"},
        {"name": "env", "prefix": "two", "description": "d", "config": {"prefix": "X"}},
    ]
    assert {o.parent.name for o in found.vaults} == {"a", "old"}
    assert sorted(failures(ctx)) == [
        (
            'failed to parse configuration of vault "bad" to JSON: json: cannot unmarshal array into Go value of type'
            " kong.Configuration",
            "KongVault bad",
        ),
        ('spec.prefix "one" is duplicate', "KongVault b"),
        ('spec.prefix "two" is duplicate', "KongVault young"),
    ]
