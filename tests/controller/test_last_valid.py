"""What a restarted controller reads back from its gateway, and what it loses."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.last_valid import read_back
from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.gateway.stored import stored

OPTIONS = controller_options("3.5.13")
SERVICE = {"name": "s", "id": "1d7b1b5f-0000-5000-8000-000000000001", "host": "s.svc", "port": 80}
ROUTE = {"name": "r", "id": "1d7b1b5f-0000-5000-8000-000000000002", "paths": ["/"]}
ADA = {"username": "ada", "id": "1d7b1b5f-0000-5000-8000-000000000003"}


def again(config: dict[str, Any], options: ControllerOptions = OPTIONS) -> Any:
    catalogue = load("3.9")
    config = {"_format_version": "3.0", **config}
    return read_back(stored(config, catalogue), options, catalogue.schemas_for(options))


def test_every_field_is_pushed_with_its_default() -> None:
    (service,) = again({"services": [{**SERVICE, "routes": [ROUTE]}]})["services"]
    assert (service["enabled"], service["retries"], service["id"]) == (True, 5, SERVICE["id"])
    (route,) = service["routes"]
    assert route["protocols"] == ["http", "https"]
    assert "created_at" not in route
    assert None not in service.values()


def test_ids_are_those_that_are_made_of_names() -> None:
    options = controller_options("3.5.13", feature_gates={"FillIDs": False})
    assert "id" not in again({"services": [SERVICE]}, options)["services"][0]
    plugin = {"name": "cors", "id": "1d7b1b5f-0000-5000-8000-000000000009", "service": "s"}
    (service,) = again({"services": [SERVICE], "plugins": [plugin]})["services"]
    assert "id" not in service["plugins"][0]


def test_plugins_stay_on_routes_and_services_only() -> None:
    plugins = [
        {"name": "cors", "route": "r"},
        {"name": "acl", "service": "s", "consumer": "ada", "config": {"allow": ["x"]}},
        {"name": "key-auth"},
        {"name": "ip-restriction", "consumer": "ada", "config": {"allow": ["1.1.1.1"]}},
    ]
    config = again({"services": [{**SERVICE, "routes": [ROUTE]}], "plugins": plugins, "consumers": [ADA]})
    assert "plugins" not in config
    (service,) = config["services"]
    assert [p["name"] for p in service["routes"][0]["plugins"]] == ["cors"]
    (acl,) = service["plugins"]
    assert (acl["name"], acl["consumer"], acl["config"]["deny"]) == ("acl", ADA["id"], None)
    assert "plugins" not in config["consumers"][0]


def test_old_controllers_drop_nulls_of_services_plugins() -> None:
    plugins = [
        {"name": "rate-limiting", scope: name, "config": {"minute": 5}}
        for scope, name in (("service", "s"), ("route", "r"))
    ]
    (service,) = again({"services": [{**SERVICE, "routes": [ROUTE]}], "plugins": plugins}, controller_options("3.4.9"))[
        "services"
    ]
    assert "second" not in service["plugins"][0]["config"]
    assert service["routes"][0]["plugins"][0]["config"]["second"] is None


def test_groups_of_consumers_and_custom_entities_are_lost() -> None:
    groups = {
        "consumer_groups": [{"name": "g"}],
        "consumer_group_consumers": [{"consumer_group": "g", "consumer": "ada"}],
    }
    config = again({"consumers": [ADA], **groups, "degraphql_routes": [{"uri": "/"}]})
    assert set(config) == {"_format_version", "consumers", "consumer_groups"}


def test_passwords_are_hashed_already() -> None:
    credential = {"username": "ada", "password": "secret"}
    (consumer,) = again({"consumers": [{**ADA, "basicauth_credentials": [credential]}]})["consumers"]
    digest = hashlib.sha1(f"secret{ADA['id']}".encode()).hexdigest()
    assert consumer["basicauth_credentials"] == [{"username": "ada", "password": digest}]


def test_certificates_lose_their_ids_and_server_names() -> None:
    certificate = {"id": "1d7b1b5f-0000-5000-8000-000000000004", "cert": "C", "key": "K", "snis": [{"name": "a.b"}]}
    (read,) = again({"certificates": [certificate]})["certificates"]
    assert read == {"cert": "C", "key": "K"}


@pytest.mark.parametrize("config", [{}, {"plugins": [{"name": "key-auth"}]}])
def test_an_empty_configuration_has_the_stub(config: dict[str, Any]) -> None:
    assert again(config) == {"_format_version": "3.0", "upstreams": [{"name": "kong"}]}


def test_the_stub_of_an_empty_configuration_comes_back_as_an_upstream() -> None:
    (stub,) = read_back({"upstreams": [{"name": "kong"}]}, OPTIONS, load("3.9").schemas_for(OPTIONS))["upstreams"]
    assert stub == {"name": "kong", "algorithm": "round-robin"}


def test_routes_keep_the_server_names_that_they_match() -> None:
    route = {**ROUTE, "protocols": ["tls"], "snis": ["a.b"]}
    del route["paths"]
    (service,) = again({"services": [{**SERVICE, "protocol": "tcp", "routes": [route]}]})["services"]
    assert service["routes"][0]["snis"] == ["a.b"]
