"""Checks of one value by the names that schemas use; each gives the message, or None when the value is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitops_kong.gateway.checks import plugins, tables
from gitops_kong.gateway.formats import certificates, headers, hosts, lua_code, paths, text, urls

Validator = Callable[[Any], "str | None"]


def _unknowable(_: Any) -> str | None:
    """What only the running gateway knows, its shared memory zones for example: accepted."""
    return None


CHECKS: dict[str, Validator] = {
    "acme_namespace": plugins.acme_namespace,
    "certificate": certificates.certificate,
    "cidr_v4": hosts.cidr_v4,
    "cookie_name": headers.cookie_name,
    "cookie_name_until_3_5": headers.cookie_name_until_3_5,
    "header_name": headers.header_name,
    "header_of_pair": plugins.header_of_pair,
    "header_pair": plugins.header_pair,
    "host": hosts.host,
    "host_with_optional_port": hosts.host_with_optional_port,
    "host_with_wildcards": hosts.host_with_wildcards,
    "http_log": plugins.http_log,
    "ip": hosts.ip,
    "ip_or_cidr": hosts.ip_or_cidr,
    "key": certificates.key,
    "lua_expression": lua_code.lua_expression,
    "name": text.name,
    "oauth2_flows": plugins.oauth2_flows,
    "path": paths.path,
    "pem_keys": lambda value: tables.pem_keys(value, strict=True),
    "pem_keys_until_3_5": lambda value: tables.pem_keys(value, strict=False),
    "post-function_code": lambda value: lua_code.plugin_function(value, "post-function"),
    "pre-function_code": lambda value: lua_code.plugin_function(value, "pre-function"),
    "prometheus_dict": _unknowable,
    "public_key": certificates.jwt_public_key,
    "rate_limits": plugins.rate_limits,
    "redirect_uri": urls.redirect_uri,
    "request_termination": plugins.request_termination,
    "resource_attributes": plugins.resource_attributes,
    "response_limits": plugins.response_limits,
    "shared_dict": _unknowable,
    "sni": hosts.sni,
    "static_tags": plugins.static_tags,
    "tag": text.tag,
    "target": hosts.target,
    "upstream_name": hosts.upstream_name,
    "url": urls.url,
    "utf8_name": text.utf8_name,
    "wildcard_host": hosts.wildcard_host,
}


def by_version(name: str, version: str) -> Validator:
    """Checks that depend on what the gateway was built with."""
    pcre2 = version >= "3.7"
    if name == "router_path":
        return lambda value: paths.router_path(value, pcre2)
    if name == "asterisk_or_regex":
        return lambda value: plugins.asterisk_or_regex(value, pcre2)
    if name == "key_with_template":
        return lambda value: plugins.key_with_template(value, keeps_lines=version >= "3.7")
    return _unknowable
