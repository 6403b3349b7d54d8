"""What a plugin's configuration holds that it should not: secrets in clear text, fields that Kong will drop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Names of fields of Kong's plugins that hold a credential of the gateway (`encrypted` or `referenceable` in Kong's
# schemas, and no address, name or file).
_SECRETS = frozenset(
    {
        "access_token_secret",
        "api_key",
        "app_secret",
        "auth_password",
        "aws_secret",
        "azure_client_secret",
        "clientkey",
        "client_secret",
        "credential",
        "eab_hmac_key",
        "gcp_service_account_json",
        "header_value",
        "ldap_password",
        "param_value",
        "password",
        "private_key",
        "provision_key",
        "secret",
        "sentinel_password",
        "session_secret",
        "token",
    }
)
_HEADERS = ("authorization", "proxy-authorization", "x-api-key", "apikey")


def inline_secrets(config: Mapping[str, Any]) -> list[str]:
    """Paths of fields in `config` that hold a secret itself, not a reference to a vault."""
    return list(_secrets(config, "config"))


def _secrets(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            here = f"{path}.{name}"
            if isinstance(inner, str):
                if inner and name.lower() in (*_SECRETS, *_HEADERS) and not inner.startswith("{vault://"):
                    yield here
            else:
                yield from _secrets(inner, here)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, str):
                name, colon, rest = item.partition(":")
                if colon and name.strip().lower() in _HEADERS and rest.strip() and "{vault://" not in rest:
                    yield f"{path}[{i}]"
            else:
                yield from _secrets(item, f"{path}[{i}]")


def deprecated_fields(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Fields in `config` that the gateway's schema of the plugin calls deprecated: `{path, instead}`."""
    record = (schema.get("fields") or {}).get("config") or {}
    return list(_deprecated(config, record, "config"))


def _deprecated(value: Any, record: Mapping[str, Any], path: str) -> Iterator[dict[str, str]]:
    if not isinstance(value, Mapping):
        return
    fields, shorthands = record.get("fields") or {}, record.get("shorthand_fields") or {}
    for name, inner in value.items():
        field = shorthands.get(name) or fields.get(name)
        if inner is None or not isinstance(field, Mapping):
            continue
        if "deprecation" in field:
            instead = next(iter(field["deprecation"] or ()), None)
            yield {"path": f"{path}.{name}", "instead": ".".join((path, *instead)) if instead else ""}
        elif field.get("type") == "record":
            yield from _deprecated(inner, field, f"{path}.{name}")
