"""Custom entity checks: they see only the fields that a schema names, and give a message or None."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from gitops_kong.gateway.formats import certificates
from gitops_kong.gateway.lua import GatewayCrash, Table, is_reference
from gitops_kong.gateway.route_expressions import route_error
from gitops_kong.lazy import regex

EntityCheck = Callable[[Table], "str | None"]

_SCHEME = regex(r"([^:]+)://")


def _acme_storage(entity: Table) -> str | None:
    return '"kong" storage can\'t be used with dbless mode' if entity["config"].get("storage") == "kong" else None


def _proxy_url_scheme(entity: Table) -> str | None:
    url = entity["config"].get("proxy_url")
    scheme = _SCHEME.match(url) if isinstance(url, str) else None
    return "proxy_url scheme must be http" if scheme and scheme[1] != "http" else None


def pem_keys(keys: Table, *, strict: bool) -> str | None:
    """`pem` of a key: a public and a private key, or references to a vault."""
    private, public = keys.get("private_key"), keys.get("public_key")
    if is_reference(private) or is_reference(public):
        return None
    return certificates.key_pair(public, private, strict)


def _certificate_and_key(entity: Table) -> str | None:
    return certificates.matches_key(entity["cert"], entity["key"])


def _alternative_certificate_and_key(entity: Table) -> str | None:
    cert, key = entity.get("cert_alt"), entity.get("key_alt")
    if isinstance(cert, str) and isinstance(key, str):
        return certificates.alternative_matches_key(cert, key)
    return None


def _certificate_types(entity: Table) -> str | None:
    cert, alternative = entity.get("cert"), entity.get("cert_alt")
    if isinstance(cert, str) and isinstance(alternative, str):
        return certificates.differ_in_type(cert, alternative)
    return None


def _ca_certificate(entity: Table) -> str | None:
    return certificates.ca_certificate(entity["cert"], time.time())


def _key(entity: Table) -> str | None:
    """`jwk` or `pem` of a key."""
    jwk, pem = entity.get("jwk"), entity.get("pem")
    if isinstance(jwk, str):
        if is_reference(jwk):
            return None
        try:
            decoded = json.loads(jwk)
        except ValueError:
            return "could not json decode jwk string"
        if not isinstance(decoded, (dict, list)):
            raise GatewayCrash
        if not isinstance(decoded, dict) or decoded.get("kid") != entity.get("kid"):
            return "kid in jwk.kid must be equal to keys.kid"
        return certificates.jwk(decoded)
    if isinstance(pem, dict) and "private_key" not in pem and "public_key" not in pem:
        return "need to supply a PEM formatted public and/or private key."
    return None


def _llm_log_statistics(entity: Table) -> str | None:
    route_type, provider = entity.get("route_type"), entity["model"].get("provider")
    if entity["logging"].get("log_statistics") and route_type == "llm/v1/completions" and provider == "anthropic":
        return f"{provider} does not support statistics when route_type is {route_type}"
    return None


def _wasm_status(_: Table) -> str | None:
    return "wasm support is not enabled"


def _unknowable(_: Table) -> str | None:
    """What only the running gateway knows: accepted."""
    return None


_CHECKS: dict[str, EntityCheck] = {
    "acme_storage": _acme_storage,
    "alternative_certificate_and_key": _alternative_certificate_and_key,
    "ca_certificate": _ca_certificate,
    "certificate_and_key": _certificate_and_key,
    "certificate_types": _certificate_types,
    "key": _key,
    "llm_log_statistics": _llm_log_statistics,
    "proxy_url_scheme": _proxy_url_scheme,
    "wasm_status": _wasm_status,
}


def entity_check(name: str, version: str) -> EntityCheck:
    """The check that schemas call by this name."""
    if name in ("expression", "route", "route_paths"):
        return lambda entity: route_error(entity, version)
    return _CHECKS.get(name, _unknowable)
