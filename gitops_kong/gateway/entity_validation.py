"""`POST /schemas/TYPE/validate`, which the controller asks before it pushes a KongCustomEntity.

Kong's `validate_schema` (kong/api/routes/kong.lua) and `schema_violation` (kong/db/errors.lua).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.gateway import lua
from gitops_kong.gateway.catalogue import Catalogue, ControllerSchemas, enterprise_names
from gitops_kong.gateway.validate import declarative_schema
from gitops_kong.translate.state import SchemaAnswer, no_entity

_VALID = SchemaAnswer(200, "schema validation successful")

# What the enterprise edition's entities refer to, where that is known (its documentation, "Plugin entities").
_ENTERPRISE_FOREIGN: Mapping[str, Mapping[str, str]] = {
    "degraphql_routes": {"service": "services"},
    "graphql_ratelimiting_advanced_cost_decoration": {"service": "services"},
    "keyauth_enc_credentials": {"consumer": "consumers"},
    "mtls_auth_credentials": {"consumer": "consumers"},
}


class ServingSchemas(ControllerSchemas):
    """A gateway's schemas as one controller reads them, with its own judgement of custom entities."""

    def __init__(self, catalogue: Catalogue, options: ControllerOptions) -> None:
        super().__init__(catalogue, options.behaviours)
        self._options = options

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Fields of an entity schema; of the enterprise edition's own entities only those that refer to others."""
        fields = super().entity_fields(entity_type)
        if fields is None and self._is_enterprise(entity_type):
            foreign = _ENTERPRISE_FOREIGN.get(entity_type, {})
            return {name: {"type": "foreign", "reference": kind} for name, kind in foreign.items()}
        return fields

    def validate_entity(self, entity_type: str, fields: Any) -> SchemaAnswer:
        """Whether an entity keeps its schema: 200, 400 with what breaks it, or 404 for a type that is not there."""
        if self._catalogue.entity(entity_type) is None:
            return _VALID if self._is_enterprise(entity_type) else no_entity(entity_type)
        options = self._options
        compiler = declarative_schema(self._catalogue, options.router_flavor, options.gateway_edition).compiler
        record = compiler.entity(entity_type)
        try:
            errors = record.validate(record.process(fields if isinstance(fields, dict) else {}))
        except lua.GatewayCrash:
            return SchemaAnswer(500, "An unexpected error occurred")
        return _VALID if not errors else SchemaAnswer(400, _violation(errors), tuple(_fields(errors)))

    def _is_enterprise(self, entity_type: str) -> bool:
        return self._options.gateway_edition == "enterprise" and entity_type in enterprise_names()["entities"]


def _fields(errors: Mapping[Any, Any], above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The fields that are blamed, first by name; those that an entity's own rules name have none."""
    for key in sorted((key for key in errors if key != "@entity"), key=str):
        path = (*above, key - 1 if isinstance(key, int) else key)  # Kong counts from 1
        if isinstance(errors[key], Mapping):
            yield from _fields(errors[key], path) if set(errors[key]) != {"@entity"} else (path,)
        else:
            yield path


def _violation(errors: Mapping[Any, Any]) -> str:
    found = [str(error) for error in errors.get("@entity") or ()]
    for name in sorted((key for key in errors if key != "@entity"), key=str):
        inner = errors[name]
        if isinstance(inner, Mapping):
            found += [f"{name}.{key}: {inner[key]}" for key in sorted(inner, key=str)]
        else:
            found.append(f"{name}: {inner}")
    if len(found) == 1:
        return f"schema violation ({found[0]})"
    return f"{len(found)} schema violations ({'; '.join(found)})"
