"""What a HelmRelease of Flux says of its release: name, values, and what of the chart is installed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.errors import ManifestError, RenderError
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_value
from gitops_kong.sources.set_values import set_value
from gitops_kong.sources.subcharts import merged

_MAX_RELEASE = 53
_KEPT_OF_LONG, _OF_HASH = 40, 12
_TEST_HOOKS = ("test", "test-success", "test-failure")
_QUOTES = ("'", '"')
_LITERAL = str.maketrans({char: f"\\{char}" for char in "\\,[]{}"})

Reference = tuple[Mapping[str, Any], str]  # an entry of valuesFrom and what it holds


def release_name(found: K8sObject) -> str:
    """The name of the release (`GetReleaseName`, `ShortenName`): a long one ends with a hash."""
    spec = found.spec
    name = str(spec.get("releaseName") or "")
    if not name:
        name = f"{spec['targetNamespace']}-{found.name}" if spec.get("targetNamespace") else found.name
    if len(name) <= _MAX_RELEASE:
        return name
    return f"{name[:_KEPT_OF_LONG]}-{hashlib.sha256(name.encode()).hexdigest()[:_OF_HASH]}"


def values_of(references: Iterable[Reference], inline: Any) -> dict[str, Any]:
    """Values from ConfigMaps and Secrets in their order, then those of the release.

    One with a `targetPath` is put into what is known by then, those of the release included
    (fluxcd/pkg/chartutil, `ChartValuesFromReferences`). Raises `RenderError`.
    """
    own = _copied(mapping(inline))
    found: dict[str, Any] = {}
    for entry, content in references:
        where = f"{entry.get('kind')} {entry.get('name')}"
        if path := str(entry.get("targetPath") or ""):
            found = merged(found, own)  # shares mappings that only one of them has: the path is set in both
            _put(found, path, content, literal=bool(entry.get("literal")))
            continue
        try:
            value = read_value(content.encode(), where)
        except ManifestError as e:
            raise RenderError(f"values of {e}") from None
        if not isinstance(value, dict | None):
            raise RenderError(f"values of {where} are no mapping")
        found = merged(found, value or {})
    return merged(found, own)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _put(values: dict[str, Any], path: str, content: str, *, literal: bool) -> None:
    if literal:
        set_value(values, path, content.translate(_LITERAL), as_text=True)
    elif any(content.startswith(quote) and content.endswith(quote) for quote in _QUOTES):
        set_value(values, path, content.strip("'\""), as_text=True)
    else:
        set_value(values, path, content)


def flags(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Flags of `helm template` for what `install` says; CRDs are left out where neither it nor `upgrade` makes them."""
    install, upgrade = mapping(spec.get("install")), mapping(spec.get("upgrade"))
    policy = install.get("crds") or ("Skip" if install.get("skipCRDs") else "Create")
    crds = policy != "Skip" or upgrade.get("crds") in ("Create", "CreateReplace")
    schema = install.get("disableSchemaValidation")
    return (*(("--include-crds",) if crds else ()), *(("--skip-schema-validation",) if schema else ()))


def installed(found: K8sObject, spec: Mapping[str, Any]) -> bool:
    """Whether Flux makes an object of a chart: tests only where they are asked for, no hooks where they are off."""
    hooks = found.annotations.get("helm.sh/hook")
    if not isinstance(hooks, str):
        return True
    if all(hook.strip() in _TEST_HOOKS for hook in hooks.split(",")):
        return bool(mapping(spec.get("test")).get("enable"))
    return not mapping(spec.get("install")).get("disableHooks")
