import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.controller.versions import behaviours
from gitops_kong.gateway import catalogue
from gitops_kong.gateway.catalogue import ControllerSchemas

CASES = Path(__file__).parents[1] / "conformance" / "controller" / "plugins"
ABSENT = object()


def schemas(gateway: str, controller: tuple[int, int, int]) -> ControllerSchemas:
    return ControllerSchemas(catalogue.load(gateway), behaviours(controller))


def plugins_in(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "plugins" and isinstance(inner, list):
                yield from inner
            yield from plugins_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from plugins_in(inner)


@pytest.mark.parametrize("case", sorted(p.parent.name for p in CASES.glob("*/expected.json")))
def test_what_a_real_controller_pushed_has_nothing_left_to_fill(case: str) -> None:
    options = json.loads((CASES / case / "case.json").read_text()).get("options", {})
    expected = json.loads((CASES / case / "expected.json").read_text())
    for version, steps in expected.items():
        if isinstance(steps, str):
            continue
        filler = schemas(options.get("kongVersion", "3.9"), tuple(map(int, version.split("."))))
        for plugin in plugins_in([step["pushes"] for step in steps["steps"]]):
            again = filler.fill_plugin_defaults(plugin)
            if again is not None:  # some versions leave out a configuration's nulls when they push
                config = {k: v for k, v in again["config"].items() if v is not None or k in plugin["config"]}
                assert {**again, "config": config} == plugin


def test_unset_fields_get_defaults_or_null() -> None:
    filled = schemas("3.9", (3, 5, 0)).fill_plugin_defaults({"name": "rate-limiting", "config": {"minute": 5}})
    assert filled is not None
    assert filled["enabled"] is True
    assert filled["protocols"] == ["grpc", "grpcs", "http", "https"]
    assert filled["config"]["second"] is None
    assert filled["config"]["minute"] == 5
    assert filled["config"]["redis"] == {
        "host": None, "port": 6379, "timeout": 2000, "username": None, "password": None, "database": 0,
        "ssl": False, "ssl_verify": False, "server_name": None,
    }  # fmt: skip
    assert "redis_host" not in filled["config"]


@pytest.mark.parametrize(("controller", "kept"), [((3, 2, 4), "local"), ((3, 3, 1), "local"), ((3, 4, 0), None)])
def test_null_counts_as_unset_until_3_3(controller: tuple[int, int, int], kept: str | None) -> None:
    filled = schemas("3.9", controller).fill_plugin_defaults({"name": "rate-limiting", "config": {"policy": None}})
    assert filled is not None
    assert filled["config"]["policy"] == kept


@pytest.mark.parametrize(
    ("controller", "gateway", "host", "nested", "old_port"),
    [
        ((3, 2, 4), "3.8", "r", None, ABSENT),
        ((3, 3, 1), "3.8", "r", "r", 6379),
        ((3, 3, 1), "3.9", "r", None, ABSENT),
        ((3, 4, 0), "3.8", "r", ABSENT, ABSENT),
        ((3, 5, 0), "3.9", "r", ABSENT, ABSENT),
    ],
)
def test_deprecated_fields(
    controller: tuple[int, int, int], gateway: str, host: str, nested: object, old_port: object
) -> None:
    plugin = {"name": "rate-limiting", "config": {"redis_host": "r"}}
    filled = schemas(gateway, controller).fill_plugin_defaults(plugin)
    assert filled is not None
    assert filled["config"]["redis_host"] == host
    assert filled["config"]["redis"].get("host", ABSENT) == nested
    assert filled["config"].get("redis_port", ABSENT) == old_port


def test_records_in_arrays_are_filled() -> None:
    plugin = {"name": "datadog", "config": {"metrics": [{"name": "latency", "stat_type": "timer"}]}}
    filled = schemas("3.9", (3, 5, 0)).fill_plugin_defaults(plugin)
    assert filled is not None
    assert filled["config"]["metrics"] == [
        {"name": "latency", "stat_type": "timer", "tags": None, "sample_rate": None, "consumer_identifier": None}
    ]


def test_an_unknown_plugin_has_no_schema() -> None:
    assert schemas("3.9", (3, 5, 0)).fill_plugin_defaults({"name": "openid-connect", "config": {}}) is None
    assert schemas("3.4", (3, 5, 0)).fill_plugin_defaults({"name": "redirect"}) is None


@pytest.mark.parametrize(
    ("controller", "filled"),
    [((3, 4, 16), True), ((3, 4, 17), False), ((3, 5, 9), True), ((3, 5, 10), False), ((3, 2, 4), True)],
)
def test_fields_that_the_gateway_makes_up(controller: tuple[int, int, int], filled: bool) -> None:
    oauth2 = schemas("3.9", controller).fill_plugin_defaults({"name": "oauth2", "config": {"scopes": ["a"]}})
    assert oauth2 is not None
    assert ("provision_key" in oauth2["config"]) is filled


@pytest.mark.parametrize(("controller", "kept"), [((3, 5, 12), None), ((3, 5, 13), {"a": 1})])
def test_objects_in_json_fields(controller: tuple[int, int, int], kept: object) -> None:
    ours = {"fields": {"config": {"type": "record", "fields": {"body": {"type": "json"}}}}}
    catalogue_ = catalogue.load("3.9").with_plugins({"ours": ours})
    plugin = {"name": "ours", "config": {"body": {"a": 1}}}
    filled = ControllerSchemas(catalogue_, behaviours(controller)).fill_plugin_defaults(plugin)
    assert filled is not None
    assert filled["config"] == {"body": kept}
