"""Flux's variable substitution (`postBuild`) in the YAML of each object (fluxcd/pkg/kustomize, `varSubstitution`)."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.errors import ManifestError, RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.write import to_yaml
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources import envsubst

_DISABLED = "kustomize.toolkit.fluxcd.io/substitute"
_NAME = regex(r"[_a-zA-Z][_a-zA-Z0-9]*")


def stand_in(name: str) -> str:
    """What stands for a variable whose value is not known: its name, as it may be part of a host or of a name."""
    return name.lower().replace("_", "-").strip("-") or "unknown"


def substitute(objects: list[K8sObject], variables: Mapping[str, str], *, complete: bool = True) -> list[K8sObject]:
    """Objects with their variables filled in; numbers and booleans become such, as in Flux.

    Without any variable nothing is changed, not even where there is a default. Where the variables are not `complete`,
    because some lie elsewhere, a stand-in takes the place of each other one. Raises `RenderError`.
    """
    wrong = [name for name in variables if not _NAME.fullmatch(name)]
    if wrong:
        raise RenderError(f"{wrong[0]!r} is no name of a variable: letters, digits and _ are allowed, no digit first")
    return [_object(found, variables, complete) for found in objects] if variables or not complete else objects


def _object(found: K8sObject, variables: Mapping[str, str], complete: bool) -> K8sObject:
    if "disabled" in (found.labels.get(_DISABLED), found.annotations.get(_DISABLED)):
        return found
    text = to_yaml(found.data)
    if "${" not in text and "$$" not in text:
        return found
    try:
        documents = read_documents(evaluate(text, variables, complete=complete).encode(), "its text")
    except (RenderError, ManifestError) as e:
        raise RenderError(f"variables of {found.ref} cannot be filled in: {e}") from None
    if not documents or not isinstance(documents[0], dict):
        raise RenderError(f"variables of {found.ref} cannot be filled in: it becomes no object")
    return found.with_data(documents[0])


def evaluate(text: str, variables: Mapping[str, str], *, complete: bool = True) -> str:
    """Text with all variables replaced; those that nothing is known of become empty. Raises `RenderError`."""

    def value(name: str, has_default: bool) -> str:
        known = variables.get(name)
        return known if known is not None else "" if complete or has_default else stand_in(name)

    try:
        return envsubst.evaluate(text, value)
    except envsubst.BadSubstitution as e:
        raise RenderError(f"{e} is no variable that Flux knows; write $$ for a dollar sign that stays") from None
