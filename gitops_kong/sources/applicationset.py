"""Argo CD's ApplicationSets: the Applications that its templates make of what its generators give.

Held to `GenerateApplications` of Argo CD v3.5 (applicationset/controllers/template).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.manifests.lenient import mapping, mappings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.applicationset_generators import Generation, NotKnown
from gitops_kong.sources.applicationset_params import Params
from gitops_kong.sources.gotemplate import fast, fill, go

__all__ = ["Generation", "NotKnown", "applications"]

_ATOMIC = ("valuesObject", "plugin")  # raw values that Argo CD keeps as text


def applications(found: K8sObject, generation: Generation) -> list[dict[str, Any]]:
    """The Applications that an ApplicationSet makes. Raises `RenderError`."""
    template = mapping(found.spec.get("template"))
    made: list[dict[str, Any]] = []
    for generator in mappings(found.spec.get("generators")):
        for own, params in generation.top(generator):
            filled = fill(
                completed(mapping(own), template),
                params,
                generation.tools,
                generation.limits,
                go_template=generation.go_template,
                options=generation.options,
            )
            made += _patched(filled, params, found.spec.get("templatePatch"), generation)
    names = Counter(str(mapping(each.get("metadata")).get("name") or "") for each in made)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise RenderError(f"it makes several applications called {', '.join(repr(name) for name in twice)}")
    return [
        {
            "apiVersion": found.api_version,
            "kind": "Application",
            "metadata": {**mapping(each.get("metadata")), "namespace": found.namespace},
            "spec": mapping(each.get("spec")),
        }
        for each in made
    ]


def _patched(filled: list[Any], params: list[Params], patch: Any, generation: Generation) -> list[Any]:
    """Applications with `templatePatch` applied to each; the project stays what the template says."""
    if not isinstance(patch, str) or not filled:
        return filled
    if generation.go_template:
        texts = go([(patch, each) for each in params], generation.tools, generation.limits, generation.options)
    else:
        texts = [fast(patch, each) for each in params]
    found = []
    for application, text in zip(filled, texts, strict=True):
        documents = read_documents(text.encode(), "templatePatch")
        if documents and not isinstance(documents[0], dict | None):
            raise RenderError("templatePatch is no mapping")
        patched = merged(application, mapping(documents[0] if documents else {}))
        project = mapping(application.get("spec")).get("project")
        found.append({**patched, "spec": {**mapping(patched.get("spec")), "project": project}})
    return found


def completed(own: Any, base: Any, name: str = "") -> Any:
    """A generator's own template with what the common one has and it lacks (mergo without override)."""
    if isinstance(own, dict) and isinstance(base, dict) and own and name not in _ATOMIC:
        return {key: completed(own.get(key), base.get(key), key) for key in {**base, **own}}
    return base if own in (None, "", 0, False, [], {}) else own


def merged(base: Any, patch: Any) -> Any:
    """A strategic merge patch of what has no lists with merge keys: null removes, `$patch` replaces or deletes."""
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch")
    rest = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "replace":
        return rest
    if directive == "delete":
        return {}
    found = dict(base)
    for key, value in rest.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict) and not isinstance(found.get(key), dict):
            found[key] = {} if "$patch" in value else merged({}, value)
        else:
            found[key] = merged(found[key], value) if key in found else value
    return found
