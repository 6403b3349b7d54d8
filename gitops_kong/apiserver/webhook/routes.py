"""Ingress and HTTPRoute (KIC `validation/ingress`, `validation/gateway`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_kong.apiserver.webhook.model import ALLOWED, GATEWAY_API, Review, World, refused
from gitops_kong.apiserver.webhook.plugins import check_one_plugin_of_a_type
from gitops_kong.manifests.objects import EMPTY, K8sObject

_PROTOCOLS = frozenset(("", "http", "https", "grpc", "grpcs", "ws", "wss", "tls", "tcp", "tls_passthrough"))
_FILTERS = frozenset(
    ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "ExtensionRef")
)
_HOOK = "httproutes.validation.ingress-controller.konghq.com"


def _annotation_problem(obj: K8sObject) -> str | None:
    given = obj.annotations.get("konghq.com/protocols") or ""
    for protocol in given.split(",") if given else ():
        if protocol.strip() not in _PROTOCOLS:
            return f"invalid konghq.com/protocols value: {protocol.strip()}"
    return None


def review_ingress(obj: K8sObject, world: World) -> Review:
    """An Ingress of this controller's class, translated and held against the gateway's schema of routes."""
    if not world.is_managed(obj) and (obj.spec.get("ingressClassName") or "") != world.ingress_class:
        return ALLOWED
    wrong = _annotation_problem(obj)
    if wrong is not None:
        return refused(f"Ingress has invalid Kong annotations: {wrong}")
    review = check_one_plugin_of_a_type(obj, world)
    if not review.allowed:
        return review
    routes, failures = world.translator.routes(obj)
    gateway = world.gateway
    messages = [m for r in routes if (m := gateway.refuses("routes", r)) is not None] if gateway else []
    messages.extend(failures)
    return refused(f"Ingress failed schema validation: {', '.join(messages)}") if messages else ALLOWED


def review_http_route(obj: K8sObject, world: World) -> Review:
    """An HTTPRoute with a Gateway of this controller as a parent."""
    if not _is_managed(obj, world):
        return ALLOWED
    rules = obj.spec.get("rules") or ()
    crash = _crashes(rules)
    if crash is not None:
        return refused(crash)
    wrong = _timeout_problem(rules) or _feature_problem(rules, world)
    if wrong is not None:
        return refused(f"HTTPRoute spec did not pass validation: {wrong}")
    wrong = _annotation_problem(obj)
    if wrong is not None:
        return refused(f"HTTPRoute has invalid Kong annotations: {wrong}")
    review = check_one_plugin_of_a_type(obj, world)
    if not review.allowed:
        return review
    routes, failures = world.translator.routes(obj)
    messages, gateway = list(failures), world.gateway
    if not messages and gateway is not None:
        messages = [m for r in routes if (m := gateway.refuses("routes", r)) is not None]
    return refused(f"HTTPRoute failed schema validation: {', '.join(messages)}") if messages else ALLOWED


def _is_managed(obj: K8sObject, world: World) -> bool:
    for ref in obj.spec.get("parentRefs") or ():
        if (ref.get("group") or GATEWAY_API) != GATEWAY_API or (ref.get("kind") or "Gateway") != "Gateway":
            continue
        namespace = ref["namespace"] if ref.get("namespace") is not None else obj.namespace
        gateway = world.cluster.get(GATEWAY_API, "Gateway", namespace, ref.get("name") or "")
        if gateway is None:
            if world.behaviours["webhook-skips-missing-gateways"]:
                continue
            return False
        name = gateway.spec.get("gatewayClassName") or ""
        gateway_class = world.cluster.get(GATEWAY_API, "GatewayClass", "", name)
        if gateway_class is None:
            return False
        if gateway_class.spec.get("controllerName") == world.gateway_controller_name:
            return True
    return False


def _backend_request(rule: Mapping[str, Any]) -> Any:
    return (rule.get("timeouts") or EMPTY).get("backendRequest")


def _crashes(rules: Any) -> str | None:
    """KIC reads `timeouts.backendRequest` of every rule after the first that has one, without looking for it."""
    seen = False
    for rule in rules:
        if not seen:
            seen = _backend_request(rule) is not None
        elif rule.get("timeouts") is None:
            return None
        elif _backend_request(rule) is None:
            return f'failed calling webhook "{_HOOK}": it crashes on a rule with timeouts without backendRequest'
    return None


def _timeout_problem(rules: Any) -> str | None:
    first = None
    for rule in rules:
        if first is None:
            first = _backend_request(rule)
        elif rule.get("timeouts") is None:
            return "timeout is set for one of the rules, but not set for another"
        elif _backend_request(rule) != first:
            return "timeout is set for one of the rules, but a different value is set in another rule"
    return None


def _feature_problem(rules: Any, world: World) -> str | None:
    for i, rule in enumerate(rules):
        wrong = _filter_problem(i, rule, world) or _backend_problem(i, rule) or _match_problem(i, rule, world)
        if wrong is not None:
            return wrong
    return None


def _filter_problem(i: int, rule: Mapping[str, Any], world: World) -> str | None:
    any_unknown = world.behaviours["webhook-refuses-unknown-filters"]
    for j, item in enumerate(rule.get("filters") or ()):
        kind = item.get("type")
        if kind not in _FILTERS if any_unknown else kind == "RequestMirror":
            return f"rules[{i}].filters[{j}]: filter type {kind} is unsupported"
    return None


def _backend_problem(i: int, rule: Mapping[str, Any]) -> str | None:
    for j, ref in enumerate(rule.get("backendRefs") or ()):
        where, group, kind = f"rules[{i}].backendRefs[{j}]", ref.get("group"), ref.get("kind")
        if ref.get("filters"):
            return f"{where}: filters in backendRef is unsupported"
        if group not in (None, "core", ""):
            return f"{where}: {group} is not a supported group for httproute backendRefs, only core is supported"
        if kind not in (None, "Service"):
            return f"{where}: {kind} is not a supported kind for httproute backendRefs, only Service is supported"
    return None


def _match_problem(i: int, rule: Mapping[str, Any], world: World) -> str | None:
    for j, match in enumerate(rule.get("matches") or ()):
        if match.get("queryParams") and not world.expression_routes:
            return f"rules[{i}].matches[{j}]: queryparam matching is supported with expression router only"
    return None
