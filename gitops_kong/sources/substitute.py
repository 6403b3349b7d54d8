"""Flux's variable substitution (`postBuild`): `${name}` and its forms in the YAML text of each object."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.write import to_yaml
from gitops_kong.manifests.yaml import read_documents

_DISABLED = "kustomize.toolkit.fluxcd.io/substitute"
_VARIABLE = regex(r"\$(\$?)\{([_a-zA-Z]\w*)([^{}]*)\}")
_DEFAULTS = (":-", ":=", "-", "=")
_MAX_ROUNDS = 10


def stand_in(name: str) -> str:
    """What stands for a variable whose value is not known: its name, as it may be part of a host or of a name."""
    return name.lower().replace("_", "-").strip("-") or "unknown"


def substitute(objects: list[K8sObject], variables: Mapping[str, str], *, complete: bool = True) -> list[K8sObject]:
    """Objects with their variables filled in; numbers and booleans become such, as in Flux.

    Where the variables are not `complete`, because some lie elsewhere, a stand-in takes the place of each other one.
    """
    return [_object(found, variables, complete) for found in objects]


def _object(found: K8sObject, variables: Mapping[str, str], complete: bool) -> K8sObject:
    if "disabled" in (found.labels.get(_DISABLED), found.annotations.get(_DISABLED)):
        return found
    text = to_yaml(found.data)
    if "${" not in text:
        return found
    (value,) = read_documents(
        evaluate(text, variables, complete=complete).encode(), found.origin.file if found.origin else "object"
    )
    return found.with_data(value)


def evaluate(text: str, variables: Mapping[str, str], *, complete: bool = True) -> str:
    """Text with all variables replaced; those that nothing is known of become empty. `$${x}` stands for `${x}`."""
    for _ in range(_MAX_ROUNDS):  # a default can hold another variable: innermost first
        replaced = _VARIABLE.sub(
            lambda match: match[0] if match[1] else _value(match[2], match[3], variables, complete), text
        )
        if replaced == text:
            break
        text = replaced
    return text.replace("$${", "${")


def _value(name: str, rest: str, variables: Mapping[str, str], complete: bool) -> str:
    value = variables.get(name, "")
    if not complete and name not in variables and not rest.startswith(_DEFAULTS):
        value = stand_in(name)
    if not rest:
        return value
    for operator, when_empty in ((":-", True), (":=", True), ("-", False), ("=", False)):
        if rest.startswith(operator):
            missing = not value if when_empty else name not in variables
            return rest[len(operator) :] if missing else value
    if rest.startswith((":+", "+")):
        return rest.lstrip(":+") if value else ""
    if rest.startswith(":"):
        return _slice(value, rest[1:])
    if rest.startswith("//"):
        old, _, new = rest[2:].partition("/")
        return value.replace(old, new)
    if rest.startswith("/"):
        old, _, new = rest[1:].partition("/")
        return value.replace(old, new, 1)
    if rest in (",,", "^^", ",", "^"):
        changed = value.lower() if rest[0] == "," else value.upper()
        return changed if len(rest) == 2 else changed[:1] + value[1:]
    return value


def _slice(value: str, positions: str) -> str:
    start, _, length = positions.partition(":")
    try:
        first = int(start)
        return value[first : first + int(length)] if length else value[first:]
    except ValueError:
        return value
