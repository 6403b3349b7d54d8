"""The parameters of ApplicationSets: how Argo CD flattens, combines and selects them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import mapping, mappings
from gitops_kong.sources.gotemplate import shown

Params = dict[str, Any]

_NOT_NAME = regex(r"[^-a-z0-9.]")
_LABEL = regex(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def normalized(text: str) -> str:
    """A name fit for Kubernetes (`SanitizeName`)."""
    return _NOT_NAME.sub("-", text.lower())[:253].strip("-.")


def flat(value: Mapping[str, Any], prefix: str = "") -> Params:
    """Nested values by dotted names, entries of lists by their number; empty ones are not there."""
    found: Params = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, dict):
            found.update(flat(item, f"{name}."))
        elif isinstance(item, list):
            found.update(flat({str(number): each for number, each in enumerate(item)}, f"{name}."))
        else:
            found[name] = item
    return found


def texts(value: Mapping[str, Any]) -> dict[str, str]:
    """Values as Go prints them."""
    return {key: shown(item) for key, item in value.items()}


def over(base: Mapping[str, Any], later: Mapping[str, Any]) -> Params:
    """`later` over `base`, mappings key by key (mergo with override)."""
    found = dict(base)
    for key, value in later.items():
        before = found.get(key)
        found[key] = over(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def combined(first: Params, second: Params) -> Params:
    """Parameters of both, all of them text. Raises `RenderError` where they differ in one (`CombineStringMaps`)."""
    left, right = texts(first), texts(second)
    for key in left.keys() & right.keys():
        if left[key] != right[key]:
            raise RenderError(f"both generators of a matrix give {key}: {left[key]!r} and {right[key]!r}")
    return {**left, **right}


def by_keys(params: list[Params], keys: list[str]) -> dict[str, Params]:
    """Parameters by the values of their merge keys. Raises `RenderError` where two of them have the same."""
    found: dict[str, Params] = {}
    for each in params:
        identity = json.dumps([each.get(key) for key in keys], sort_keys=True)
        if identity in found:
            raise RenderError(f"a generator of a merge gives {identity} for {', '.join(keys)} more than once")
        found[identity] = each
    return found


def selected(selector: Any, params: list[Params]) -> list[Params]:
    """The parameters that the selector of a generator takes. Raises `RenderError` for one that Argo CD refuses."""
    if not isinstance(selector, dict):
        return params
    for key in (*mapping(selector.get("matchLabels")), *_expressions(selector)):
        if not _LABEL.fullmatch(key):
            raise RenderError(f"a selector cannot ask for {key!r}: it is no name of a label")
    return [each for each in params if matches(selector, texts(flat(each)))]


def _expressions(selector: Mapping[str, Any]) -> list[str]:
    keys = []
    for expression in mappings(selector.get("matchExpressions")):
        operator, values = expression.get("operator"), expression.get("values")
        if (operator in ("In", "NotIn")) != bool(values):
            raise RenderError(f"a selector cannot be {operator} {values!r}")
        keys.append(str(expression.get("key")))
    return keys


def matches(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a Kubernetes label selector takes these labels."""
    wanted = mapping(selector.get("matchLabels"))
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in mappings(selector.get("matchExpressions")):
        key, values = str(expression.get("key")), expression.get("values") or []
        tests: dict[Any, bool] = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not tests.get(expression.get("operator"), False):
            return False
    return True
