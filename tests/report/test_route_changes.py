"""What a change makes of each route in Kong, from manifests on both sides."""

from __future__ import annotations

from typing import Any

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cluster.intake import take_in
from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.predict.cluster_state import Admission, cluster_state
from gitops_kong.report.route_changes import FieldChange, RouteChange, route_changes
from gitops_kong.translate.build import translate
from tests.predict.shop import GLOBAL, GUARDED, HEALTHY, LIMIT_PLUGIN, ingress, objects, service

SECRET = """
---
apiVersion: v1
kind: Secret
metadata: {name: limits, namespace: shop}
stringData: {config: "minute: VALUE", host: redis-VALUE.internal}
"""
FROM_SECRET = LIMIT_PLUGIN.replace(
    "config: {minute: 5}", "configFrom: {secretKeyRef: {name: limits, key: config}}"
) + SECRET.replace("VALUE", "77")
PATCHED = (
    LIMIT_PLUGIN
    + """configPatches: [{path: /redis, valueFrom: {secretKeyRef: {name: limits, key: redis}}}]
"""
    + SECRET.replace("config:", "redis:").replace('"minute: VALUE"', '\'{"host": "redis-VALUE"}\'')
)


def config(text: str) -> dict[str, Any]:
    options = controller_options("3.5.13")
    server = ApiServer(options.version)
    state = cluster_state(objects(text), options, lambda o, _: Admission(server.prepare(o)), take_in)
    return translate(state.store, options, load("3.9").schemas_for(options)).config


def changes(before: str, after: str) -> dict[str, RouteChange]:
    found = route_changes(config(before), config(after), objects(before) + objects(after))
    return {str(c.object): c for c in found}


def told(change: RouteChange) -> list[str]:
    """`modified plugin rate-limiting: config.minute 5 → 6`, a line a field."""
    return [
        f"{e.change} {e.entity} {e.name}: {f.path} {f.before} → {f.after}" for e in change.entities for f in e.fields
    ]


def test_nothing_that_stays_is_told() -> None:
    assert changes(HEALTHY + GUARDED, HEALTHY + GUARDED) == {}
    same = config(HEALTHY)
    assert route_changes(same, same, ()) == ()


def test_a_changed_plugin_is_told_of_the_routes_that_have_it_only() -> None:
    found = changes(HEALTHY + GUARDED, HEALTHY + GUARDED.replace("minute: 5", "minute: 6"))
    assert list(found) == ["Ingress shop/bad"]
    assert told(found["Ingress shop/bad"]) == ["modified plugin rate-limiting: config.minute 5 → 6"]
    assert str(found["Ingress shop/bad"].entities[0].made_from) == "KongPlugin shop/limit"


def test_a_host_that_goes_and_one_that_comes_are_one_route() -> None:
    (change,) = changes(HEALTHY, HEALTHY.replace("good.example.com", "best.example.com")).values()
    assert change.change == "modified"
    assert told(change) == [
        "modified route shop.good.web.best.example.com.80:"
        " name shop.good.web.good.example.com.80 → shop.good.web.best.example.com.80",
        "modified route shop.good.web.best.example.com.80: hosts good.example.com → None",
        "modified route shop.good.web.best.example.com.80: hosts None → best.example.com",
    ]


def test_a_new_route_does_not_make_the_service_new_that_others_use() -> None:
    (change,) = changes(HEALTHY, HEALTHY + ingress("new")).values()
    assert (str(change.object), change.change) == ("Ingress shop/new", "added")
    assert {(e.entity, e.change) for e in change.entities} == {("route", "added")}
    assert change.entities[0].fields[0] == FieldChange("hosts", None, "new.example.com")
    (gone,) = changes(HEALTHY + ingress("new"), HEALTHY).values()
    assert {(e.entity, e.change) for e in gone.entities} == {("route", "removed")}


def test_a_new_service_comes_with_its_route_and_upstream() -> None:
    (change,) = changes(HEALTHY, HEALTHY + service("pay") + ingress("pay", "pay")).values()
    assert {e.entity for e in change.entities} == {"service", "upstream", "route"}


def test_another_service_behind_a_route_is_one_service_changed() -> None:
    both = HEALTHY + service("other")
    (change,) = changes(both, both.replace("service: {name: web", "service: {name: other")).values()
    assert "modified service shop.other.80: host web.shop.80.svc → other.shop.80.svc" in told(change)


def test_a_global_plugin_stands_by_itself() -> None:
    (change,) = changes(HEALTHY, HEALTHY + GLOBAL).values()
    assert (str(change.object), change.change) == ("KongClusterPlugin login", "added")


def test_values_of_secrets_are_never_shown_only_that_they_differ() -> None:
    guarded = GUARDED.replace(LIMIT_PLUGIN, FROM_SECRET)
    (change,) = changes(guarded, guarded.replace("minute: 77", "minute: 78")).values()
    assert told(change) == ["modified plugin rate-limiting: config *** → ***"]
    patched = GUARDED.replace(LIMIT_PLUGIN, PATCHED)
    (change,) = changes(patched, patched.replace("redis-VALUE", "redis-other")).values()
    assert told(change) == ["modified plugin rate-limiting: config.redis *** → ***"]
    assert "config.minute" in str(changes(patched, patched.replace("minute: 5", "minute: 6")).values())


def test_a_secrets_value_that_a_manifest_repeats_is_not_shown() -> None:
    def guarded(value: str) -> str:
        secret = SECRET.replace("VALUE", "9f8e7d")
        return GUARDED.replace("{minute: 5}", f"{{minute: 5, header_name: {value}}}") + secret

    (change,) = changes(guarded("plain"), guarded("redis-9f8e7d.internal")).values()
    assert told(change) == ["modified plugin rate-limiting: config.header_name plain → ***"]


def test_a_credential_in_a_manifest_is_not_shown() -> None:
    def guarded(value: str) -> str:
        return GUARDED.replace("{minute: 5}", f"{{minute: 5, redis: {{password: {value}}}}}")

    (change,) = changes(guarded("one-password"), guarded("two-password")).values()
    assert told(change) == ["modified plugin rate-limiting: config.redis.password *** → ***"]


def test_items_of_a_list_are_told_one_by_one_and_its_order_as_a_whole() -> None:
    def guarded(methods: str) -> str:
        return HEALTHY.replace("annotations: {}", f'annotations: {{konghq.com/methods: "{methods}"}}')

    (change,) = changes(guarded("GET,PUT"), guarded("GET,POST")).values()
    assert [t.partition(": ")[2] for t in told(change)] == ["methods PUT → None", "methods None → POST"]
    (change,) = changes(guarded("GET,PUT"), guarded("PUT,GET")).values()
    assert [t.partition(": ")[2] for t in told(change)] == ["methods GET, PUT → PUT, GET"]


def test_a_plugin_of_some_routes_names_them() -> None:
    backend = "{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}"
    two = HEALTHY.replace("rules:", f"rules:\n  - {{host: b.example.com, http: {{paths: [{backend}]}}}}")
    before, after = config(two), config(two)
    first = after["services"][0]["routes"][0]["name"]
    after["plugins"] = [{"name": "cors", "route": first, "config": {}}]
    (change,) = route_changes(before, after, ())
    assert [f"{f.path} {f.after}" for e in change.entities for f in e.fields] == [f"routes {first}"]
