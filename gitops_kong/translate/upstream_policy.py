"""Settings of upstreams: KongIngress, annotations, KongUpstreamPolicy (KIC `KongState.FillUpstreamOverrides`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.annotations import PREFIX
from gitops_kong.translate.context import Context
from gitops_kong.translate.state import Entity, Upstream

POLICY_ANNOTATION = f"{PREFIX}/upstream-policy"
_KONG_GROUP = "configuration.konghq.com"
_GATEWAY_GROUP = "gateway.networking.k8s.io"
_STICKY_SESSIONS_SINCE = (3, 11)

_KONG_INGRESS_FIELDS = (
    "host_header",
    "algorithm",
    "slots",
    "hash_on",
    "hash_fallback",
    "hash_on_header",
    "hash_fallback_header",
    "hash_on_cookie",
    "hash_on_cookie_path",
    "hash_on_query_arg",
    "hash_fallback_query_arg",
    "hash_on_uri_capture",
    "hash_fallback_uri_capture",
)
# What a hash can be taken of: field of KongUpstreamHash and Kong's word for it.
_HASH_SOURCES = {"header": "header", "cookie": "cookie", "queryArg": "query_arg", "uriCapture": "uri_capture"}
# Fields of health checks by their Kong names.
_HEALTHY = {"http_statuses": "httpStatuses", "interval": "interval", "successes": "successes"}
_UNHEALTHY = {
    "http_failures": "httpFailures",
    "http_statuses": "httpStatuses",
    "tcp_failures": "tcpFailures",
    "timeouts": "timeouts",
    "interval": "interval",
}
_PASSIVE = {"type": "type"}
_ACTIVE = {
    "type": "type",
    "concurrency": "concurrency",
    "http_path": "httpPath",
    "https_sni": "httpsSni",
    "https_verify_certificate": "httpsVerifyCertificate",
    "timeout": "timeout",
    "headers": "headers",
}


class PolicyError(Exception):
    """Settings that cannot be found, or that disagree."""


def override_upstream(upstream: Upstream, context: Context) -> None:
    """Apply what the upstream's Kubernetes Services ask for."""
    services = list(upstream.service.kubernetes_services.values())
    if not any(service.annotations for service in services):
        return
    try:
        kong_ingress = _kong_ingress(services, context)
    except PolicyError as e:
        context.fail(str(e), *services)
    else:
        if kong_ingress is None or upstream.service.parent.group != _GATEWAY_GROUP:
            for service in services:
                _override(upstream.entity, kong_ingress, service)
    try:
        policy = _policy(services, context)
    except PolicyError as e:
        context.fail(str(e), *services)
        return
    if policy is None:
        return
    if (
        context.behaves("sticky-sessions")
        and policy.spec.get("algorithm") == "sticky-sessions"
        and context.options.gateway_version < _STICKY_SESSIONS_SINCE
    ):
        context.fail(
            f"sticky sessions algorithm specified in KongUpstreamPolicy '{policy.name}' is not supported with"
            " Kong Gateway versions < 3.11.0",
            *services,
        )
        return
    upstream.entity.update(upstream_fields(policy.spec, context))


def _kong_ingress(services: Sequence[K8sObject], context: Context) -> K8sObject | None:
    """The KongIngress of the first Service that names one (`getKongIngressForServices`)."""
    for service in services:
        if name := service.annotations.get(f"{PREFIX}/override"):
            found = context.store.get(_KONG_GROUP, "KongIngress", service.namespace, name)
            if found is None:
                raise PolicyError(f"failed to get KongIngress: KongIngress {name} not found")
            return found
    return None


def _override(entity: Entity, kong_ingress: K8sObject | None, service: K8sObject) -> None:
    if kong_ingress is not None:
        settings: Mapping[str, Any] = kong_ingress.data.get("upstream") or {}
        entity.update((name, settings[name]) for name in _KONG_INGRESS_FIELDS if settings.get(name) is not None)
        if (checks := settings.get("healthchecks")) is not None:
            entity["healthchecks"] = _without_empty(checks)
    if host := service.annotations.get(f"{PREFIX}/host-header"):
        entity["host_header"] = host


def _without_empty(value: Any) -> Any:
    """Nested settings without nulls and empty lists, as the controller's types leave them out."""
    if not isinstance(value, Mapping):
        return value
    kept = ((key, _without_empty(v)) for key, v in value.items())
    return {key: v for key, v in kept if v is not None and v != [] and (key != "headers" or v)}


def _policy(services: Sequence[K8sObject], context: Context) -> K8sObject | None:
    """The one policy of all the Services (`GetKongUpstreamPolicyForServices`)."""
    names = {service.annotations.get(POLICY_ANNOTATION) for service in services}
    if len(names) > 1:
        listed = ", ".join(f"{s.namespace}/{s.name}" for s in services)
        raise PolicyError(f"inconsistent KongUpstreamPolicy configuration for services {listed}")
    name = names.pop()
    if name is None:
        return None
    namespace = services[0].namespace
    policy = context.store.get(_KONG_GROUP, "KongUpstreamPolicy", namespace, name)
    if policy is None:
        raise PolicyError(f"failed fetching KongUpstreamPolicy: KongUpstreamPolicy {namespace}/{name} not found")
    return policy


def upstream_fields(spec: Mapping[str, Any], context: Context) -> Entity:
    """The upstream's fields that a policy's spec sets (`TranslateKongUpstreamPolicy`)."""
    fields: Entity = {name: spec[name] for name in ("algorithm", "slots") if spec.get(name) is not None}
    on, fallback = spec.get("hashOn"), spec.get("hashOnFallback")
    cookies = [on, fallback] if context.behaves("hash-fallback-cookie") else [on]
    for name, key in (("hash_on_cookie", "cookie"), ("hash_on_cookie_path", "cookiePath")):
        values = [h[key] for h in cookies if h and h.get(key) is not None]
        if values:
            fields[name] = values[0]
    for prefix, hashed in (("hash_on", on), ("hash_fallback", fallback)):
        if hashed:
            fields.update(_hash_fields(prefix, hashed))
    if (checks := spec.get("healthchecks")) is not None:
        fields["healthchecks"] = _healthchecks(checks, context)
    if context.behaves("sticky-sessions") and (sticky := spec.get("stickySessions")) is not None:
        fields["sticky_sessions_cookie"] = sticky.get("cookie") or ""
        if sticky.get("cookiePath") is not None:
            fields["sticky_sessions_cookie_path"] = sticky["cookiePath"]
    return fields


def _hash_fields(prefix: str, hashed: Mapping[str, Any]) -> Entity:
    fields: Entity = {}
    sources = [kong for key, kong in _HASH_SOURCES.items() if hashed.get(key) is not None]
    if hashed.get("input") is not None:
        fields[prefix] = hashed["input"]
    elif sources:
        fields[prefix] = sources[0]
    for key in ("header", "queryArg", "uriCapture"):
        if hashed.get(key) is not None:
            fields[f"{prefix}_{_HASH_SOURCES[key]}"] = hashed[key]
    return fields


def _healthchecks(checks: Mapping[str, Any], context: Context) -> Entity:
    fields: Entity = {}
    for name, names in (("active", _ACTIVE), ("passive", _PASSIVE)):
        check = checks.get(name)
        if check is None:
            continue
        fields[name] = _renamed(check, names)
        for state, state_names in (("healthy", _HEALTHY), ("unhealthy", _UNHEALTHY)):
            if check.get(state) is not None:
                fields[name][state] = _renamed(check[state], state_names)
    if context.behaves("healthcheck-threshold") and checks.get("threshold") is not None:
        fields["threshold"] = checks["threshold"]
    return fields


def _renamed(settings: Mapping[str, Any], names: Mapping[str, str]) -> Entity:
    """Settings by their Kong names; nulls, empty lists and empty maps are left out."""
    return {kong: settings[key] for kong, key in names.items() if settings.get(key) not in (None, [], {})}
