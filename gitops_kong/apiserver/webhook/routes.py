"""Ingress and HTTPRoute (KIC `validation/ingress`, `validation/gateway`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gitops_kong.apiserver.webhook.model import (
    ALLOWED,
    GATEWAY_API,
    Entity,
    Path,
    Refusal,
    Review,
    World,
    failed,
    refused,
)
from gitops_kong.apiserver.webhook.plugins import check_one_plugin_of_a_type
from gitops_kong.manifests.objects import EMPTY, K8sObject

_PROTOCOLS = frozenset(("", "http", "https", "grpc", "grpcs", "ws", "wss", "tls", "tcp", "tls_passthrough"))
_FILTERS = frozenset(
    ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "ExtensionRef")
)
# What sets a field of a Kong route beside the object's spec.
_ANNOTATIONS = {
    "protocols": "konghq.com/protocols",
    "methods": "konghq.com/methods",
    "snis": "konghq.com/snis",
    "hosts": "konghq.com/host-aliases",
    "regex_priority": "konghq.com/regex-priority",
    "path_handling": "konghq.com/path-handling",
    "https_redirect_status_code": "konghq.com/https-redirect-status-code",
}
_HEADERS = "konghq.com/headers."


class _Problem(NamedTuple):
    """What is wrong, and the field that says so."""

    message: str
    path: Path


def _annotation_problem(obj: K8sObject) -> _Problem | None:
    given = obj.annotations.get("konghq.com/protocols") or ""
    for protocol in given.split(",") if given else ():
        if protocol.strip() not in _PROTOCOLS:
            message = f"invalid konghq.com/protocols value: {protocol.strip()}"
            return _Problem(message, ("metadata", "annotations", "konghq.com/protocols"))
    return None


def review_ingress(obj: K8sObject, world: World) -> Review:
    """An Ingress of this controller's class, translated and held against the gateway's schema of routes."""
    if not world.is_managed(obj) and (obj.spec.get("ingressClassName") or "") != world.ingress_class:
        return ALLOWED
    wrong = _annotation_problem(obj)
    if wrong is not None:
        return refused(f"Ingress has invalid Kong annotations: {wrong.message}", *wrong.path)
    review = check_one_plugin_of_a_type(obj, world)
    if not review.allowed:
        return review
    routes, failures = world.translator.routes(obj)
    gateway = world.gateway
    refusals = [(e, r) for e in routes if (r := gateway.refuses("routes", e)) is not None] if gateway else []
    messages = [*(refusal.message for _, refusal in refusals), *failures]
    if not messages:
        return ALLOWED
    path = next((_blamed(obj, *each) for each in refusals), ("spec",))
    return refused(f"Ingress failed schema validation: {', '.join(messages)}", *path)


def review_http_route(obj: K8sObject, world: World) -> Review:
    """An HTTPRoute with a Gateway of this controller as a parent."""
    if not _is_managed(obj, world):
        return ALLOWED
    rules = obj.spec.get("rules") or ()
    crash = _crashes(rules)
    if crash is not None:
        return failed(crash.message, *crash.path)
    wrong = _timeout_problem(rules) or _feature_problem(rules, world)
    if wrong is not None:
        return refused(f"HTTPRoute spec did not pass validation: {wrong.message}", *wrong.path)
    wrong = _annotation_problem(obj)
    if wrong is not None:
        return refused(f"HTTPRoute has invalid Kong annotations: {wrong.message}", *wrong.path)
    review = check_one_plugin_of_a_type(obj, world)
    if not review.allowed:
        return review
    routes, failures = world.translator.routes(obj)
    messages, gateway = list(failures), world.gateway
    path: Path = ("spec", "rules")
    if not messages and gateway is not None:
        refusals = [(e, r) for e in routes if (r := gateway.refuses("routes", e)) is not None]
        messages = [refusal.message for _, refusal in refusals]
        path = next((_blamed(obj, *each) for each in refusals), path)
    return refused(f"HTTPRoute failed schema validation: {', '.join(messages)}", *path) if messages else ALLOWED


def _blamed(obj: K8sObject, entity: Entity, refusal: Refusal) -> Path:
    """The field of an Ingress or HTTPRoute that a refused field of its Kong route came from, as near as can be told."""
    field, *place = next(iter(refusal.fields), ("",))
    value = entity.get(str(field))
    if place and isinstance(place[0], int) and isinstance(value, list) and place[0] < len(value):
        value = value[place[0]]
    if field in ("paths", "hosts", "headers") and (found := _written(obj, str(field), value)):
        return found
    annotation = _ANNOTATIONS.get(str(field), "")
    if field == "headers":
        annotation = next((name for name in obj.annotations if name.startswith(_HEADERS)), "")
    return ("metadata", "annotations", annotation) if annotation in obj.annotations else ("spec",)


def _written(obj: K8sObject, field: str, value: Any) -> Path:
    """Where a path or host of a Kong route is written; a Kong path holds the written one, perhaps with more around."""
    text = str(value)
    if field == "hosts":
        for i, name in enumerate(obj.spec.get("hostnames") or ()):
            if name == text:
                return "spec", "hostnames", i
    best: tuple[int, Path] = (0, ())
    for i, rule in enumerate(obj.spec.get("rules") or ()):
        if field == "hosts" and rule.get("host") == text:
            return "spec", "rules", i, "host"
        for j, item in enumerate((rule.get("http") or EMPTY).get("paths") or ()):
            path = str(item.get("path") or "")
            if field == "paths" and path and path.removeprefix("/~") in text and len(path) > best[0]:
                best = len(path), ("spec", "rules", i, "http", "paths", j, "path")
        for j, match in enumerate(rule.get("matches") or ()):
            path = str((match.get("path") or EMPTY).get("value") or "")
            if field == "paths" and path and path in text and len(path) > best[0]:
                best = len(path), ("spec", "rules", i, "matches", j, "path", "value")
            if field == "headers" and match.get("headers"):
                return "spec", "rules", i, "matches", j, "headers"
    return best[1]


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


def _crashes(rules: Any) -> _Problem | None:
    """KIC reads `timeouts.backendRequest` of every rule after the first that has one, without looking for it."""
    seen = False
    for i, rule in enumerate(rules):
        if not seen:
            seen = _backend_request(rule) is not None
        elif rule.get("timeouts") is None:
            return None
        elif _backend_request(rule) is None:
            return _Problem(
                "it crashes on a rule with timeouts without backendRequest", ("spec", "rules", i, "timeouts")
            )
    return None


def _timeout_problem(rules: Any) -> _Problem | None:
    first = None
    for i, rule in enumerate(rules):
        if first is None:
            first = _backend_request(rule)
        elif rule.get("timeouts") is None:
            return _Problem("timeout is set for one of the rules, but not set for another", ("spec", "rules", i))
        elif _backend_request(rule) != first:
            what = "timeout is set for one of the rules, but a different value is set in another rule"
            return _Problem(what, ("spec", "rules", i, "timeouts", "backendRequest"))
    return None


def _feature_problem(rules: Any, world: World) -> _Problem | None:
    for i, rule in enumerate(rules):
        wrong = _filter_problem(i, rule, world) or _backend_problem(i, rule) or _match_problem(i, rule, world)
        if wrong is not None:
            return wrong
    return None


def _filter_problem(i: int, rule: Mapping[str, Any], world: World) -> _Problem | None:
    any_unknown = world.behaviours["webhook-refuses-unknown-filters"]
    for j, item in enumerate(rule.get("filters") or ()):
        kind = item.get("type")
        if kind not in _FILTERS if any_unknown else kind == "RequestMirror":
            message = f"rules[{i}].filters[{j}]: filter type {kind} is unsupported"
            return _Problem(message, ("spec", "rules", i, "filters", j, "type"))
    return None


def _backend_problem(i: int, rule: Mapping[str, Any]) -> _Problem | None:
    for j, ref in enumerate(rule.get("backendRefs") or ()):
        where, group, kind = f"rules[{i}].backendRefs[{j}]", ref.get("group"), ref.get("kind")
        path = "spec", "rules", i, "backendRefs", j
        if ref.get("filters"):
            return _Problem(f"{where}: filters in backendRef is unsupported", (*path, "filters"))
        if group not in (None, "core", ""):
            what = f"{where}: {group} is not a supported group for httproute backendRefs, only core is supported"
            return _Problem(what, (*path, "group"))
        if kind not in (None, "Service"):
            what = f"{where}: {kind} is not a supported kind for httproute backendRefs, only Service is supported"
            return _Problem(what, (*path, "kind"))
    return None


def _match_problem(i: int, rule: Mapping[str, Any], world: World) -> _Problem | None:
    for j, match in enumerate(rule.get("matches") or ()):
        if match.get("queryParams") and not world.expression_routes:
            message = f"rules[{i}].matches[{j}]: queryparam matching is supported with expression router only"
            return _Problem(message, ("spec", "rules", i, "matches", j, "queryParams"))
    return None
