"""What a line of the controller's log says, and of which object, in the words of KIC 3.2 - 3.5.

Sources: KIC `internal/dataplane/kong_client.go` (`recordResourceFailureEvents`, `logFallbackCacheMetadata`),
`failures/failures.go`, `sendconfig/inmemory_error_handling.go`, `synchronizer.go`, `kongstate`, `translator`. Since 3.4
what concerns one object is logged on the debug level only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.log_lines import Line
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import Ref
from gitops_kong.manifests.secrets import MASK

What = Literal[
    "gateway-rejected",
    "fallback-rejected",
    "translation-failed",
    "excluded",
    "backfilled",
    "rejected-without-object",
    "push-failed",
    "no-gateway",
    "recovered",
    "crash",
    "controller-error",
]


class LogEvent(NamedTuple):
    """One thing that happened. `object` is None where the line names none; its kind and group can be ''.

    `form` tells lines apart that say the same of one happening. `causes` are the objects that it comes from.
    """

    what: What
    object: Ref | None
    message: str
    form: str = ""
    causes: tuple[Ref, ...] = ()


_REASONS: Mapping[str, What] = {
    "KongConfigurationApplyFailed": "gateway-rejected",
    "FallbackKongConfigurationApplyFailed": "fallback-rejected",
    "KongConfigurationTranslationFailed": "translation-failed",
    "FallbackKongConfigurationTranslationFailed": "translation-failed",
}
_EVENT = frozenset(
    (
        "recording a Warning event for object",  # before 3.4
        "object failed to apply - recording a Warning event for object",
    )
)
_WITHOUT_OBJECT = frozenset(
    (
        "API error returned from the gateway for an entity is missing Kubernetes metadata in tags, Kubernetes Event"
        " won't be created",
        "Entity tags missing fields",  # before 3.4
        "Config error missing per-resource errors",
        "Config error missing per-resource and message",
        "Could not fully parse config error",
    )
)
_PUSH = frozenset(
    (
        "Could not update kong admin",
        "Exceeded Kong API timeout, consider increasing --proxy-timeout-seconds",
    )
)
_NOT_RECOVERED = "Failed to recover from configuration rejection with fallback configuration"
_RECOVERED = "Successfully recovered from configuration rejection with fallback configuration"
_FALLBACK: Mapping[str, What] = {
    "Excluded object from fallback cache": "excluded",
    "Backfilled object in fallback cache": "backfilled",
}

# Messages of a kind: the fields with name and namespace, '' where there is none
_NAMED: Mapping[str, tuple[Ref, str, str]] = {
    "Failed to fetch KongPlugin resource": (
        Ref("configuration.konghq.com", "KongPlugin", "", ""),
        "kongplugin_name",
        "kongplugin_namespace",
    ),
    "could not bind requested plugin": (Ref("configuration.konghq.com", "KongPlugin", "", ""), "plugin", "namespace"),
    "Invalid KongClusterPlugin: empty plugin property": (
        Ref("configuration.konghq.com", "KongClusterPlugin", "", ""),
        "kongclusterplugin_name",
        "",
    ),
    "Failed to generate configuration from KongClusterPlugin": (
        Ref("configuration.konghq.com", "KongClusterPlugin", "", ""),
        "kongclusterplugin_name",
        "",
    ),
}

_GVK = regex(r"([^/]*)/([^,]*), Kind=(.*)").fullmatch  # of Go's GroupVersionKind.String
_HASH = regex(r"([^/]*)/([^:]*):(?:([^/]*)/)?(.*)").fullmatch  # KIC fallback.ObjectHash.String
# the gateway quotes the value that is there twice: a key or user name of a credential
_UNIQUE = regex(r"(entity with (?:primary key |\w+) ?set to )'.*?'( already declared)", re.DOTALL)
_ERROR_LEVELS = frozenset(("error", "dpanic", "panic", "fatal"))
_TOLD_BY_NAME = ("service_name", "service_namespace")
_UNTOLD = frozenset(("error", "errorVerbose", "stacktrace", "raw_error", "reconcileID", "v", "url", *_TOLD_BY_NAME))


def read_event(line: Line) -> LogEvent | None:
    """What `line` says, None for lines that tell of no problem."""
    event = _event(line)
    if event is None:
        return None
    return event._replace(message=_UNIQUE.sub(rf"\1'{MASK}'\2", event.message))


def _event(line: Line) -> LogEvent | None:
    text, fields = line.message, line.fields
    if text in _EVENT:
        what = _REASONS.get(_text(fields, "reason"))
        if what is None:
            return None
        group = _text(fields, "apiVersion").rpartition("/")[0]
        return LogEvent(what, _ref(group, _text(fields, "kind"), fields), _text(fields, "message"), "event")
    if text == "resource processing failed" and "GVK" in fields:
        return LogEvent("translation-failed", _of_gvk(fields), _text(fields, "reason"), "failure")
    if fields.get("error") == "resource processing failed" and "GVK" in fields:  # before 3.4
        return LogEvent("translation-failed", _of_gvk(fields), text, "failure")
    if text in _FALLBACK:
        causes = tuple(dict.fromkeys(_causes(_text(fields, "causing_objects"))))
        why = "because of " + ", ".join(map(str, causes)) if causes else "its cause is not told"
        found = _ref(_text(fields, "group"), _text(fields, "kind"), fields)
        return LogEvent(_FALLBACK[text], found, why, causes=causes)
    if text == _RECOVERED:
        return LogEvent("recovered", None, text)
    if line.level == "panic" and not line.time:
        return LogEvent("crash", None, text)
    if line.level not in _ERROR_LEVELS:
        return None
    return _error(line)


def _error(line: Line) -> LogEvent:
    text, fields = line.message, line.fields
    error = _text(fields, "error")
    whole = f"{text}: {error}" if error else text
    if text in _WITHOUT_OBJECT:
        return _without_object(fields, whole)
    if text in _PUSH:
        return LogEvent("push-failed", None, whole)
    if text == _NOT_RECOVERED:
        return LogEvent("fallback-rejected", None, whole)
    if text == "Could not send configuration to gateways":
        return LogEvent("no-gateway", None, whole)
    if text in _NAMED:
        kind, name, namespace = _NAMED[text]
        found = kind._replace(name=_text(fields, name), namespace=_text(fields, namespace) if namespace else "")
        return LogEvent("controller-error", found if found.name else None, whole)
    named = _named(fields)
    known = {"name", "namespace", "kind", "apiVersion", "GVK", "controller", "controllerGroup", "controllerKind"}
    untold = _UNTOLD | known | {named.kind} if named else _UNTOLD
    rest = [f"{k}={_written(v)}" for k, v in fields.items() if k not in untold]
    return LogEvent("controller-error", named, f"{whole} ({', '.join(rest)})" if rest else whole)


def _without_object(fields: Mapping[str, Any], whole: str) -> LogEvent:
    message = _text(fields, "message")
    raw = fields.get("raw_error")
    problems = raw.get("errors") if isinstance(raw, dict) else None
    told = [
        f"invalid {p.get('field') or _text(fields, 'type')}: {p.get('message') or p.get('messages')}"
        for p in (problems if isinstance(problems, list) else ())
        if isinstance(p, dict)
    ]
    if _text(fields, "name"):
        told.insert(0, f"entity {_text(fields, 'name')}")
    tags = fields.get("tags")
    found = object_of_tags([t for t in tags if isinstance(t, str)]) if isinstance(tags, list) else None
    details = "; ".join(([message] if message else []) + told)
    return LogEvent("rejected-without-object", found, f"{whole} ({details})" if details else whole)


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _ref(group: str, kind: str, fields: Mapping[str, Any]) -> Ref | None:
    name = _text(fields, "name")
    return Ref(group, kind, _text(fields, "namespace"), name) if name else None


def _of_gvk(fields: Mapping[str, Any]) -> Ref | None:
    found = _GVK(_text(fields, "GVK"))
    return _ref(found[1], found[3], fields) if found else _ref("", "", fields)


def _causes(text: str) -> Iterator[Ref]:
    for one in text.split(","):
        found = _HASH(one)
        if found:
            yield Ref("" if found[1] == "core" else found[1], found[2], found[3] or "", found[4])


def _named(fields: Mapping[str, Any]) -> Ref | None:
    """The object of an error of a reconciler (controller-runtime: `controllerKind` and a field of that name)."""
    kind = _text(fields, "controllerKind") or _text(fields, "kind")
    inner = fields.get(kind) if kind else None
    if isinstance(inner, dict) and _text(inner, "name"):
        return _ref(_text(fields, "controllerGroup"), kind, inner)
    if "GVK" in fields:
        return _of_gvk(fields)
    if _text(fields, "service_name"):  # KIC `translator.getServiceEndpoints`
        return Ref("", "Service", _text(fields, "service_namespace"), _text(fields, "service_name"))
    return _ref(_text(fields, "controllerGroup"), kind, fields) if kind else None
