"""The gateway that rejects what a scenario's rules say, and errors led back to objects."""

from __future__ import annotations

from typing import Any

from gitops_kong.controller.errors import object_of_tags, parse
from gitops_kong.controller.gateway_state import RememberedSchemas
from gitops_kong.controller.gateways import RulesGateway
from gitops_kong.controller.scenario_file import RejectRule
from gitops_kong.gateway.catalogue import load
from gitops_kong.manifests.objects import Ref

TAGS = ["k8s-name:gate", "k8s-namespace:shop", "k8s-kind:Ingress", "k8s-group:networking.k8s.io", "k8s-version:v1"]
CONFIG = {"services": [{"name": "s", "routes": [{"name": "r", "tags": TAGS}, {"name": "other"}]}]}


def answer(*rules: RejectRule, push: int = 0) -> Any:
    return RulesGateway(rules, RememberedSchemas(load("3.9"), available=False)).judge(CONFIG, push)


def test_rules_match_by_type_and_tags() -> None:
    found = answer(RejectRule("route", "Ingress", "shop", "gate", {"paths": "refused"}))
    problem = {"type": "field", "field": "paths", "message": "refused"}
    assert (found.status, found.errors) == (
        400,
        [{"entityType": "route", "entityName": "r", "entityTags": TAGS, "errors": [problem]}],
    )
    assert answer(RejectRule("route", "Ingress", "shop", "none", {"paths": "x"})).status == 201
    assert answer(RejectRule("route", "Ingress", on_push=1), push=0).status == 201
    assert "entityTags" not in answer(RejectRule("service", message={"a": "b"}, untagged=True)).errors[0]


def test_schemas_are_remembered_and_forgotten() -> None:
    schemas = RememberedSchemas(load("3.9"))
    assert schemas.fill_plugin_defaults({"name": "cors"}) is not None
    schemas.available = False
    assert schemas.fill_plugin_defaults({"name": "cors"}) is not None
    assert schemas.fill_plugin_defaults({"name": "acl"}) is None
    assert schemas.entity_fields("services") is None


def test_objects_of_tags() -> None:
    assert object_of_tags(TAGS) == Ref("networking.k8s.io", "Ingress", "shop", "gate")
    assert object_of_tags([*TAGS, "k8s-name:later"]) == Ref("networking.k8s.io", "Ingress", "shop", "later")
    assert object_of_tags(TAGS[1:]) is None
    vault = ["k8s-name:v", "k8s-kind:KongVault", "k8s-group:configuration.konghq.com", "k8s-version:v1alpha1"]
    assert object_of_tags(vault) == Ref("configuration.konghq.com", "KongVault", "", "v")
    assert object_of_tags([*vault[:3], "k8s-version:v1"]) is None


def entity(*errors: dict[str, Any], tags: list[str] = TAGS) -> dict[str, Any]:
    return {"entityType": "route", "entityName": "r", "entityTags": tags, "errors": list(errors)}


def test_messages_of_events() -> None:
    parsed = parse(
        [
            entity(
                {"type": "field", "field": "paths", "message": "no"},
                {"type": "entity", "message": "at least one"},
                {"type": "field", "field": "hosts", "messages": ["", "bad"]},
                {"type": "field", "field": "both", "message": "x", "messages": ["y"]},
            ),
            entity({"type": "field", "field": "a", "message": "b"}, tags=[]),
        ]
    )
    assert [f.message for f in parsed.failures] == [
        "invalid paths: no",
        "invalid route:r: at least one",
        "invalid hosts[1]: bad",
    ]
    assert parsed.unnamed == 1
    assert not parse([entity({"type": "field", "field": "a", "message": {"not": "text"}})]).readable
