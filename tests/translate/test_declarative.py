import pytest

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.declarative import declarative
from gitops_kong.translate.gotext import boolean, instant, integer, quote
from gitops_kong.translate.ids import entity_id, fill_ids, plugin_id
from gitops_kong.translate.state import Consumer, ConsumerGroup, KongState, OwnedEntity, Plugin, Route, Service
from tests.translate.world import context, ingress

PARENT = K8sObject(ingress())


class Filling:
    """A gateway that fills in one default."""

    def fill_plugin_defaults(self, plugin):
        return {**plugin, "config": {"a": None, "b": {"c": None}, **plugin.get("config", {})}, "enabled": True}

    def entity_fields(self, entity_type):
        return None


def config(state, version="3.5.13", schemas=None):
    ctx = context(version=version)
    ctx.schemas = schemas or ctx.schemas
    return declarative(state, ctx)


def consumer(**entity):
    groups = entity.pop("groups", [])
    return Consumer(entity, PARENT, groups, {"acls": [{"group": "x"}], "jwt_secrets": []})


def test_consumers_and_memberships():
    state = KongState(
        consumers=[consumer(username="zoe", groups=["g", "h"]), consumer(custom_id="7"), consumer(username="amy")],
        consumer_groups=[ConsumerGroup({"name": "g"}, PARENT), ConsumerGroup({"name": "h"}, PARENT)],
    )
    newest = config(state)
    assert newest["consumers"] == [
        {"custom_id": "7", "acls": [{"group": "x"}]},
        {"username": "amy", "acls": [{"group": "x"}]},
        {"username": "zoe", "acls": [{"group": "x"}]},
    ]
    assert newest["consumer_groups"] == [{"name": "h"}, {"name": "g"}]
    assert newest["consumer_group_consumers"] == [
        {"consumer_group": "g", "consumer": "zoe"},
        {"consumer_group": "h", "consumer": "zoe"},
    ]
    assert [c.get("username") for c in config(state, "3.3.1")["consumers"]] == ["zoe", "amy"]


@pytest.mark.parametrize(("version", "kept"), [("3.4.9", False), ("3.4.10", True), ("3.5.2", False), ("3.5.3", True)])
def test_nulls_of_plugins(version, kept):
    plugin = {"name": "p", "config": {"d": 1}}
    nested = Service({"name": "s", "host": "s"}, "a", PARENT, plugins=[plugin], routes=[Route({"name": "r"}, PARENT)])
    nested.routes[0].plugins.append(plugin)
    found = config(KongState(services=[nested], plugins=[Plugin(plugin, PARENT)]), version, Filling())
    [service] = found["services"]
    with_null = {"a": None, "b": {"c": None}, "d": 1}
    expected = with_null if kept else {"b": {"c": None}, "d": 1}
    assert found["plugins"][0]["config"] == expected
    assert service["plugins"][0]["config"] == expected
    assert service["routes"][0]["plugins"][0]["config"] == with_null


def test_a_plugin_that_the_gateway_does_not_know_stays_as_it_is():
    assert config(KongState(plugins=[Plugin({"name": "p", "config": {}}, PARENT)]))["plugins"] == [{"name": "p"}]


def test_custom_entities_stand_beside_the_stub():
    state = KongState(custom_entities={"key_sets": [OwnedEntity({"name": "k"}, PARENT)]})
    assert config(state) == {
        "_format_version": "3.0",
        "upstreams": [{"name": "kong"}],
        "key_sets": [{"name": "k"}],
    }


def test_ids():
    assert entity_id("services", "garden.tulip.80") == "973748eb-af0f-5b57-a900-6cb24abdce70"
    assert entity_id("routes", "garden.porch") == "f4a8291a-b9e4-5e1e-b393-49ea0302ae3b"
    scoped = {"name": "p", "consumer": "c", "service": "s", "route": "r", "consumer_group": "g"}
    assert plugin_id(scoped) == entity_id("plugins", "p:service/s:route/r:consumer/c:consumer_group/g")


@pytest.mark.parametrize(("version", "there"), [("3.4.4", False), ("3.4.5", True), ("3.5.0", True)])
def test_what_gets_an_id(version, there):
    state = KongState(
        consumers=[Consumer({"custom_id": "7"}, PARENT), Consumer({"username": "amy"}, PARENT)],
        vaults=[OwnedEntity({"prefix": "env"}, PARENT)],
        plugins=[Plugin({"name": "p"}, PARENT)],
    )
    fill_ids(state, context(version=version).options)
    assert "id" not in state.consumers[0].entity
    assert state.consumers[1].entity["id"] == entity_id("consumers", "amy")
    assert state.vaults[0].entity["id"] == entity_id("vaults", "env")
    assert ("id" in state.plugins[0].entity) is there


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), ("+7", 7), ("-07", -7), ("", None), (" 7", None), ("7.0", None), ("1_0", None), ("٧", None)],
)
def test_integer(text, expected):
    assert integer(text) == expected


def test_integer_has_64_bits():
    assert integer("9223372036854775807") == 2**63 - 1
    assert integer("9223372036854775808") is None


@pytest.mark.parametrize(("text", "expected"), [("t", True), ("False", False), ("yes", None), ("tRUE", None)])
def test_boolean(text, expected):
    assert boolean(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a"b', '"a\\"b"'),
        ("é\t\\", '"é\\t\\\\"'),
        ("\x01\x7f", '"\\x01\\x7f"'),
        ("\u200b\U000e0001", '"\\u200b\\U000e0001"'),
    ],
)
def test_quote(text, expected):
    assert quote(text) == expected


def test_instants_sort_by_time():
    times = [
        None,
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T02:00:01+02:00",
        "2026-01-01T00:00:02Z",
    ]
    assert sorted(times, key=instant) == times
    assert instant("yesterday") == instant("2026-01-01") == ""
