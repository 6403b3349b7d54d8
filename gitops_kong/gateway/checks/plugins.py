"""The custom validators of bundled plugins (kong/plugins/*/schema.lua); each gives the message, or None."""

from __future__ import annotations

import re
from typing import Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.formats import headers, lua_code, pcre, urls
from gitops_kong.gateway.lua import GatewayCrash, Table
from gitops_kong.lazy import regex

PERIODS = ("second", "minute", "hour", "day", "month", "year")
ACME_RESERVED = ("kong_acme:renew_config:", "kong_acme:renew_last_run", "kong_acme:cert_key:")

_PAIR = regex(r"([^:]+):*(.*)", re.DOTALL)


def _periods_in_order(limits: Table, the: str) -> str | None:
    for index, lower in enumerate(PERIODS):
        low = limits.get(lower)
        if not lua.is_number(low):
            continue
        for upper in PERIODS[index + 1 :]:
            high = limits.get(upper)
            if lua.is_number(high) and high < low:  # type: ignore[operator]
                return f"{the} limit for {upper}({high:.1f}) cannot be lower than the limit for {lower}({low:.1f})"
    return None


def rate_limits(config: Table) -> str | None:
    """`config` of rate-limiting."""
    error = _periods_in_order(config, "The")
    if error is not None:
        return error
    rate = config.get("sync_rate", -1)
    if rate == -1:
        return None
    if config.get("policy") != "redis":
        return "sync_rate can only be used with the redis policy"
    return "sync_rate must be greater than 0.02, or -1 to disable" if rate < 0.02 else None


def response_limits(limits: Table) -> str | None:
    """One of `config.limits` of response-ratelimiting."""
    return _periods_in_order(limits, "the")


def http_log(config: Table) -> str | None:
    """`config` of http-log."""
    url = urls.parse(config["http_endpoint"])
    names = config["headers"] if isinstance(config.get("headers"), dict) else ()
    if url is not None and url.userinfo is not None and any(name.lower() == "authorization" for name in names):
        return "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"
    return None


def oauth2_flows(config: Table) -> str | None:
    """`config` of oauth2."""
    names = ("enable_authorization_code", "enable_implicit_grant", "enable_client_credentials", "enable_password_grant")
    if any(config.get(name) for name in names):
        return None
    return f"at least one of these fields must be true: {', '.join(names)}"


def request_termination(config: Table) -> str | None:
    """`config` of request-termination."""
    message, content_type, body = (bool(config.get(name)) for name in ("message", "content_type", "body"))
    if message and (content_type or body):
        return "message cannot be used with content_type or body"
    if content_type and not body:
        return "content_type requires a body"
    if config.get("echo") and (content_type or body):
        return "echo cannot be used with content_type and body"
    return None


def static_tags(tags: list[Table]) -> str | None:
    """`config.static_tags` of zipkin."""
    found = set()
    for tag in tags:
        if tag["name"] in found:
            return f"repeated tags are not allowed: {tag['name']}"
        found.add(tag["name"])
    return None


def resource_attributes(_: Any) -> str | None:
    """`config.resource_attributes` of opentelemetry: what it rejects, the type of its values rejects before."""
    return None


def acme_namespace(namespace: str) -> str | None:
    """`namespace` in the Redis storage of acme."""
    reserved = next((word for word in ACME_RESERVED if namespace.startswith(word)), None)
    return None if reserved is None else f"namespace can't be prefixed with reserved word: {reserved}"


def asterisk_or_regex(value: str, pcre2: bool) -> str | None:
    """An element of `config.origins` of cors."""
    return None if value == "*" or pcre.error(value, pcre2) is None else f"'{value}' is not a valid regex"


def header_of_pair(pair: str) -> str | None:
    """`name:value` of the transformers: the name is a header's."""
    found = _PAIR.fullmatch(pair)
    if found is None or headers.header_name(found[1]) is not None:
        return f"'{found[1] if found else 'nil'}' is not a valid header"
    return None


def header_pair(pair: str) -> str | None:
    """`old:new` of the transformers: both are names of headers."""
    error = header_of_pair(pair)
    if error is not None:
        return error
    value = _pair(pair)[1]
    return f"'{value}' is not a valid header" if headers.header_name(value) is not None else None


def key_with_template(entry: str, *, keeps_lines: bool) -> str | None:
    """`key:value` of request-transformer, the value being a template."""
    key, value = _pair(entry)
    if value == "":
        return f"key '{key}' has no value"
    error = lua_code.template(value, keeps_lines)
    return None if error is None else f"value '{value}' is not in supported format, error:{error}"


def _pair(entry: str) -> tuple[str, str]:
    found = _PAIR.fullmatch(entry)
    if found is None:
        raise GatewayCrash
    return found[1], found[2]
