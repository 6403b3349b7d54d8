"""What the gateway answers to `POST /schemas/TYPE/validate`."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.gateway.entity_validation import ServingSchemas


@pytest.mark.parametrize(
    ("entity_type", "fields", "status", "message"),
    [
        ("key_sets", {"name": "a"}, 200, "schema validation successful"),
        ("key_sets", {"name": 7}, 400, "schema violation (name: expected a string)"),
        (
            "key_sets",
            {"name": 7, "colour": "red"},
            400,
            "2 schema violations (colour: unknown field; name: expected a string)",
        ),
        ("acls", {"group": "g"}, 400, "schema violation (consumer: required field missing)"),
        ("acls", None, 400, "2 schema violations (consumer: required field missing; group: required field missing)"),
        ("tides", {}, 404, "No entity named 'tides'"),
        ("degraphql_routes", {}, 404, "No entity named 'degraphql_routes'"),
    ],
)
def test_answers(entity_type: str, fields: Any, status: int, message: str) -> None:
    schemas = ServingSchemas(load("3.9"), controller_options("3.5.13"))
    assert schemas.validate_entity(entity_type, fields)[:2] == (status, message)


def test_what_only_the_enterprise_edition_has_is_accepted_there() -> None:
    options = controller_options("3.5.13", gateway_edition="enterprise")
    schemas = ServingSchemas(load("3.9"), options)
    assert schemas.validate_entity("degraphql_routes", {}).status == 200
    assert schemas.entity_fields("degraphql_routes") == {"service": {"type": "foreign", "reference": "services"}}
    assert schemas.entity_fields("audit_objects") == {}
    assert schemas.entity_fields("tides") is None


def test_gateways_of_scenarios_do_not_serve_it() -> None:
    answer = load("3.9").schemas_for(controller_options("3.5.13")).validate_entity("key_sets", {"name": "a"})
    assert answer.error() == "HTTP status 404 (message: \"No entity named 'key_sets/validate'\")"


def test_the_fields_that_are_blamed() -> None:
    schemas = ServingSchemas(load("3.9"), controller_options("3.5.13"))
    answer = schemas.validate_entity("plugins", {"name": "cors", "config": {"origins": ["*", 7], "colour": 1}})
    assert answer.fields == (("config", "colour"), ("config", "origins", 1))
    assert schemas.validate_entity("acls", {"group": "g"}).fields == (("consumer",),)
