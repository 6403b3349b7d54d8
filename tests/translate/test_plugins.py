"""Plugin instances: who asks for them, what they are bound to, what fails."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gitops_kong.manifests.objects import CONTENT_UNKNOWN, K8sObject
from gitops_kong.translate.consumer_groups import fill_consumer_groups
from gitops_kong.translate.consumers import fill_consumers
from gitops_kong.translate.context import Context, ControllerPanic
from gitops_kong.translate.declarative import declarative
from gitops_kong.translate.ids import fill_ids
from gitops_kong.translate.plugins import fill_plugins
from gitops_kong.translate.state import Entity, KongState
from tests.translate.kong_objects import context, failures, grant, kong, obj, plugin, secret, state

SCOPES = ("service", "route", "consumer", "consumer_group")
INGRESS = ("networking.k8s.io", "Ingress")


def fill(found: KongState, ctx: Context) -> list[Entity]:
    """The plugins of a state whose consumers and groups are filled as well."""
    fill_consumers(ctx, found)
    fill_consumer_groups(ctx, found)
    fill_plugins(ctx, found)
    return [p.entity for p in found.plugins]


def bindings(entities: list[Entity]) -> list[dict[str, str]]:
    return [{scope: e[scope] for scope in SCOPES if scope in e} for e in entities]


def test_each_combination_is_an_instance() -> None:
    people = [kong("KongConsumer", name, plugins="p", username=name) for name in ("ada", "bob")]
    ctx = context(plugin("p"), *people)
    found = state("r1", "r2", on_service="p", on_routes="p")
    assert bindings(fill(found, ctx)) == [
        {**place, "consumer": who}
        for who in ("ada", "bob")
        for place in ({"service": "web"}, {"route": "r1"}, {"route": "r2"})
    ]


def test_groups_count_only_without_consumers() -> None:
    group = kong("KongConsumerGroup", "g", plugins="p")
    assert bindings(fill(state("r", on_routes="p"), context(plugin("p"), group))) == [
        {"route": "r", "consumer_group": "g"}
    ]
    ada = kong("KongConsumer", "ada", plugins="p", username="ada")
    assert bindings(fill(state("r", on_routes="p"), context(plugin("p"), group, ada))) == [
        {"route": "r", "consumer": "ada"}
    ]
    assert bindings(fill(KongState(), context(plugin("p"), group))) == [{"consumer_group": "g"}]


def test_fields() -> None:
    full = plugin(
        "p",
        instance_name="cors-here",
        disabled=True,
        protocols=["http"],
        run_on="all",
        ordering={"before": {"access": ["jwt"]}, "after": None},
        config={"max_age": 5.0},
        annotations={"konghq.com/tags": "a,b"},
    )
    (entity,) = fill(state("r", on_routes="p"), context(full))
    assert {k: v for k, v in entity.items() if k != "tags"} == {
        "name": "cors",
        "config": {"max_age": 5},
        "instance_name": f"cors-here-{hashlib.sha256(b'_route-r').hexdigest()[:9]}",
        "enabled": False,
        "protocols": ["http"],
        "run_on": "all",
        "ordering": {"before": {"access": ["jwt"]}},
        "route": "r",
    }
    assert entity["tags"][-2:] == ["a", "b"]


def test_instance_names_are_hashed_from_all_or_the_last_scope() -> None:
    def names(version: str, on_routes: str = "p") -> list[str]:
        ada = kong("KongConsumer", "ada", plugins="p", username="ada")
        ctx = context(plugin("p", instance_name="n"), ada, version=version)
        return [e["instance_name"] for e in fill(state("r", on_routes=on_routes), ctx)]

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    assert names("3.4.0") == [f"n-{digest('_route-r_consumer-ada')[:9]}"]
    assert names("3.3.1") == [f"n-{digest('consumer-ada')[:9]}"]
    twice = digest("_route-r_consumer-ada")
    assert names("3.5.13", "p,p") == [f"n-{twice[:9]}", f"n-{twice}"]


def test_defaults_are_shared_and_run_on_goes_where_the_schema_is_known() -> None:
    ctx = context(plugin("p", run_on="first"), plugin("q", "of-ours", run_on="first"))
    found = state("r1", "r2", on_routes="p,q")
    fill(found, ctx)
    fill_ids(found, ctx.options)
    plugins = declarative(found, ctx)["plugins"]
    known, unknown = [p for p in plugins if p["name"] == "cors"], [p for p in plugins if p["name"] != "cors"]
    assert all(p["enabled"] and "run_on" not in p and p["config"]["credentials"] is False for p in known)
    assert known[0]["config"] is known[1]["config"]
    assert len({p["id"] for p in plugins}) == 4
    assert all(p["run_on"] == "first" and "config" not in p and "enabled" not in p for p in unknown)


def test_a_plugin_of_another_namespace_needs_a_grant() -> None:
    far = plugin("p", namespace="infra")
    refused = 'no grant found to referenced "infra:p" plugin in the requested remote KongPlugin bind'
    for granted, expected in (
        ((), [(refused, "Ingress shop/in")]),
        ((grant("infra", *INGRESS, "shop"),), []),
        ((grant("infra", *INGRESS, "shop", name="p"),), []),
        ((grant("infra", *INGRESS, "shop", name="q"),), [(refused, "Ingress shop/in")]),
        ((grant("infra", *INGRESS, "elsewhere"),), [(refused, "Ingress shop/in")]),
    ):
        ctx = context(far, *granted)
        assert len(fill(state("r", on_routes="infra:p"), ctx)) == (0 if expected else 1)
        assert failures(ctx) == expected


def test_before_3_4_a_missing_grant_is_only_logged() -> None:
    ctx = context(plugin("p", namespace="infra"), version="3.3.1")
    assert fill(state("r", on_routes="infra:p"), ctx) == []
    assert failures(ctx) == []


def test_in_3_2_ingress_routes_have_no_kind_that_a_grant_could_name() -> None:
    for version, count in (("3.2.4", 0), ("3.3.0", 1)):
        ctx = context(plugin("p", namespace="infra"), grant("infra", *INGRESS, "shop"), version=version)
        found = state("r", on_routes="infra:p")
        found.services[0].routes[0].anonymous = not ctx.behaves("ingress-routes-have-kind")
        assert len(fill(found, ctx)) == count


def test_a_missing_plugin_fails_every_object_of_every_combination() -> None:
    ada = kong("KongConsumer", "ada", plugins="lost", username="ada")
    message = 'referenced KongPlugin or KongClusterPlugin "lost" does not exist'
    ctx = context(ada)
    fill(state("r1", "r2", on_routes="lost"), ctx)
    assert failures(ctx) == [(message, "KongConsumer shop/ada"), (message, "Ingress shop/in")] * 2
    older = context(ada, version="3.3.1")
    fill(state("r1", on_routes="lost"), older)
    assert failures(older) == []


@pytest.mark.parametrize(
    ("text", "version", "asked"),
    [
        (" p , q,, ", "3.5.13", ["p", "q"]),
        (":p,p:", "3.5.13", []),
        (":p", "3.3.1", ["p"]),
        (" :p", "3.5.13", ["p"]),
        ("shop:p", "3.5.13", []),
    ],
)
def test_annotations(text: str, version: str, asked: list[str]) -> None:
    ctx = context(plugin("p", "cors"), plugin("q", "acl"), version=version)
    names = {"cors": "p", "acl": "q"}
    assert [names[e["name"]] for e in fill(state("r", on_routes=text), ctx)] == asked


def test_a_cluster_plugin_stands_in_for_a_missing_one() -> None:
    everywhere = kong("KongClusterPlugin", "p", "", plugin="acl")
    assert [e["name"] for e in fill(state("r", on_routes="p"), context(everywhere))] == ["acl"]
    both = context(everywhere, plugin("p", "cors"))
    assert [e["name"] for e in fill(state("r", on_routes="p"), both)] == ["cors"]


def global_plugin(name: str, kind: str, **content: Any) -> K8sObject:
    return kong("KongClusterPlugin", name, "", plugin=kind, labels={"global": "true"}, **content)


def test_global_plugins_of_one_type_cancel_each_other_out() -> None:
    broken = global_plugin("c", "acl", config=[1])
    ctx = context(
        global_plugin("a", "cors", instance_name="one"),
        global_plugin("b", "jwt"),
        global_plugin("d", "jwt"),
        broken,
        global_plugin("e", "acl"),
        obj("configuration.konghq.com/v1", "KongClusterPlugin", "f", "", plugin="ldap-auth", labels={"global": "true"}),
        kong("KongClusterPlugin", "g", "", plugin="oauth2", labels={"global": "yes"}),
        global_plugin("h", ""),
    )
    found = fill(KongState(), ctx)
    assert [(e["name"], e.get("instance_name")) for e in found] == [("cors", "one"), ("acl", None)]
    assert failures(ctx) == []
    assert {o.name for o in ctx.configured.values()} == {"a", "e"}
    assert fill(KongState(), context(global_plugin("e", "acl"), broken)) == []


CONFIG = secret("s", good='{"minute": 5}', yaml="minute: 6\nminute: 7\n", list="[1]", empty="", number="12", word="x y")


def from_secret(key: str, name: str = "s") -> dict[str, Any]:
    return {"secretKeyRef": {"name": name, "key": key}}


def patch(path: str, key: str, name: str = "s") -> dict[str, Any]:
    return {"path": path, "valueFrom": from_secret(key, name)}


@pytest.mark.parametrize(
    ("content", "config"),
    [
        ({}, {}),
        ({"config": None}, {}),
        ({"config": {"a": None}}, {"a": None}),
        ({"configFrom": from_secret("good")}, {"minute": 5}),
        ({"configFrom": from_secret("yaml")}, {"minute": 7}),
        ({"configFrom": from_secret("empty")}, {}),
        ({"config": {}, "configFrom": from_secret("good")}, {"minute": 5}),
        ({"configPatches": [patch("/minute", "number")]}, {"minute": 12}),
        (
            {"config": {"hour": 1}, "configPatches": [patch("/minute", "number"), patch("/a/b", "good")]},
            {"hour": 1, "minute": 12, "a": {"b": {"minute": 5}}},
        ),
        ({"config": {"hour": 1}, "configPatches": [patch("", "good")]}, {"minute": 5}),
    ],
)
def test_configurations(content: dict[str, Any], config: dict[str, Any]) -> None:
    (entity,) = fill(state("r", on_routes="p"), context(plugin("p", **content), CONFIG))
    assert entity["config"] == config


PARSED = "could not parse KongPlugin shop/p config: "
FROM = "error parsing config for KongPlugin 'p/shop': "
NOT_A_MAP = PARSED + "json: cannot unmarshal {} into Go value of type kong.Configuration"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"config": "x"}, NOT_A_MAP.format("string")),
        (
            {"config": {"a": 1}, "configFrom": from_secret("good")},
            "KongPlugin 'shop/p' has both Config and ConfigFrom set",
        ),
        (
            {"configFrom": from_secret("good", "t")},
            FROM + "error fetching plugin configuration secret 'shop/t': Secret shop/t not found",
        ),
        ({"configFrom": from_secret("lost")}, FROM + "no key 'lost' in secret 'shop/s'"),
        (
            {"configFrom": from_secret("list")},
            FROM + "key 'list' in secret 'shop/s' contains neither valid JSON nor valid YAML)",
        ),
        ({"configPatches": [patch("/a", "word")]}, PARSED + "invalid state detected"),
        ({"configPatches": [patch("/a", "good", "t")]}, PARSED + "Secret shop/t not found"),
        ({"configPatches": [patch("/a", "lost")]}, PARSED + "no key 'lost' in secret 'shop/s'"),
        ({"configPatches": [patch("", "list")]}, NOT_A_MAP.format("array")),
    ],
)
def test_configurations_that_fail(content: dict[str, Any], message: str) -> None:
    ctx = context(plugin("p", **content), CONFIG)
    assert fill(state("r1", "r2", on_routes="p"), ctx) == []
    assert failures(ctx) == [(message, "KongPlugin shop/p")]


def test_cluster_plugins_name_the_namespace_of_their_secret() -> None:
    reference = {"secretKeyRef": {"name": "s", "key": "good", "namespace": "shop"}}
    ctx = context(kong("KongClusterPlugin", "p", "", plugin="rate-limiting", configFrom=reference), CONFIG)
    (entity,) = fill(state("r", on_routes="p", namespace="elsewhere"), ctx)
    assert entity["config"] == {"minute": 5}
    lost = {"secretKeyRef": {"name": "t", "key": "good", "namespace": "shop"}}
    ctx = context(kong("KongClusterPlugin", "p", "", plugin="rate-limiting", configFrom=lost))
    assert fill(state("r", on_routes="p"), ctx) == []
    assert failures(ctx)[0][0] == (
        "error parsing config for KongClusterPlugin p: error fetching plugin configuration secret 'shop/t':"
        " Secret shop/t not found"
    )


def test_a_consumer_with_plugins_needs_a_username_before_3_4() -> None:
    ada = kong("KongConsumer", "ada", plugins="p", custom_id="c-1")
    with pytest.raises(ControllerPanic) as e:
        fill(KongState(), context(plugin("p"), ada, version="3.3.1"))
    assert e.value.objects == (ada,)
    assert bindings(fill(KongState(), context(plugin("p"), ada, version="3.4.0"))) == [{"consumer": "c-1"}]
    none = kong("KongConsumer", "ada", plugins=",", custom_id="c-1")
    assert fill(KongState(), context(none, version="3.3.1")) == []


def test_what_an_unknown_secret_configures_is_neither_refused_nor_pushed() -> None:
    unknown = obj("v1", "Secret", "s", annotations={CONTENT_UNKNOWN: "true"})
    for content in ({"configFrom": from_secret("k")}, {"configPatches": [patch("/a", "k")]}):
        ctx = context(plugin("p", **content), unknown)
        assert fill(state("r", on_routes="p"), ctx) == []
        assert failures(ctx) == []
        assert [o.name for o in ctx.configured.values()] == ["p"]
    reference = {"secretKeyRef": {"name": "s", "key": "k", "namespace": "shop"}}
    ctx = context(global_plugin("a", "cors", configFrom=reference), global_plugin("b", "jwt"), unknown)
    assert [e["name"] for e in fill(KongState(), ctx)] == ["jwt"]
    assert {o.name for o in ctx.configured.values()} == {"a", "b"}
