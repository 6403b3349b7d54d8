"""From the gateway's flattened errors back to the objects that caused them, by the tags of the rejected entities.

KIC `internal/dataplane/sendconfig/inmemory_error_handling.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_kong.manifests.objects import Ref

# Kinds that may lack a namespace tag, by `group/version` (KIC `gvkIsClusterScoped`).
_CLUSTER_SCOPED = frozenset(
    {
        ("configuration.konghq.com", "v1", "KongClusterPlugin"),
        ("configuration.konghq.com", "v1", "KongLicense"),
        ("configuration.konghq.com", "v1alpha1", "KongVault"),
    }
)
_TAGS = ("name", "namespace", "kind", "version", "group")


@dataclass(frozen=True)
class ResourceFailure:
    """One problem of one object: the message of its Event."""

    object: Ref
    message: str


@dataclass(frozen=True)
class ParsedErrors:
    """What the controller reads from a rejection.

    `readable` is False where the response does not have the expected form: the controller then does not try to
    recover. `unnamed` counts the entities whose tags name no object.
    """

    failures: tuple[ResourceFailure, ...]
    unnamed: int = 0
    readable: bool = True


def parse(errors: Sequence[Mapping[str, Any]]) -> ParsedErrors:
    """The failures in `errors` (CONTRACT.md `pushes[].errors`), in their order."""
    failures: list[ResourceFailure] = []
    unnamed = 0
    for entity in errors:
        problems = _problems(entity)
        if problems is None:
            return ParsedErrors((), readable=False)
        ref = object_of_tags(entity.get("entityTags") or ())
        if ref is None:
            unnamed += 1
            continue
        failures += [ResourceFailure(ref, f"invalid {field}: {message}") for field, message in problems.items()]
    return ParsedErrors(tuple(failures), unnamed)


def object_of_tags(tags: Sequence[str]) -> Ref | None:
    """The object that the controller's tags name, or None where a needed tag is missing; a later tag wins."""
    found: dict[str, str] = {}
    for tag in tags:
        prefix, colon, value = tag.partition(":")
        if colon and prefix.startswith("k8s-") and prefix[4:] in _TAGS:
            found[prefix[4:]] = value
    group, version = found.get("group", ""), found.get("version", "")
    kind, name, namespace = (found.get(k, "") for k in ("kind", "name", "namespace"))
    if not name or not kind or (not namespace and (group, version, kind) not in _CLUSTER_SCOPED):
        return None
    return Ref(group, kind, namespace, name)


def _problems(entity: Mapping[str, Any]) -> dict[str, str] | None:
    """Messages by field, as an Event names it; None where the controller cannot decode the error."""
    problems: dict[str, str] = {}
    for error in entity.get("errors") or ():
        message, messages, field = error.get("message") or "", error.get("messages") or [], error.get("field") or ""
        if not isinstance(message, str) or not isinstance(messages, list):
            return None
        if message and messages:
            continue
        if message and error.get("type") == "field":
            problems[field] = message
        elif message and error.get("type") == "entity":
            problems[f"{entity.get('entityType') or ''}:{entity.get('entityName') or ''}"] = message
        problems |= {f"{field}[{i}]": text for i, text in enumerate(messages) if text}
    return problems
