"""Secrets that Git does not hold: those that other objects will make. They are assumed to exist, content unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.sources.base import Assumption
from gitops_kong.sources.copied_secrets import copies
from gitops_kong.sources.secret_makers import filled_elsewhere, made_by


def secrets(objects: Iterable[K8sObject]) -> list[Assumption]:
    """The Secrets that these objects will make and that are not among them, copies of them in other namespaces too."""
    everything = list(objects)
    held = {
        found.ref for found in everything if found.kind == "Secret" and not found.group and not filled_elsewhere(found)
    }
    found: dict[Ref, Assumption] = {}
    for maker in everything:
        for made in made_by(maker, everything):
            if made.ref not in held:
                found.setdefault(made.ref, made)
    here = [each for each in everything if each.kind == "Secret" and not each.group]
    made_here = [each.stand_in for each in found.values() if each.stand_in is not None]
    for made in copies([*here, *made_here], everything):
        if made.ref not in held:
            found.setdefault(made.ref, made)
    return [*found.values()]


def messages(assumptions: Iterable[Assumption]) -> Iterator[str]:
    """What is taken for granted, as lines for people: Secrets that one kind of object makes are one line."""
    secrets_by: dict[str, dict[str, str]] = {}
    others: dict[str, None] = {}
    for each in assumptions:
        if each.made_by is None or each.ref.kind != "Secret":
            others[each.message] = None
        else:
            name = f"{each.ref.namespace}/{each.ref.name}" if each.ref.namespace else each.ref.name
            secrets_by.setdefault(each.made_by.kind, {})[name] = each.message
    for kind, found in secrets_by.items():
        if len(found) == 1:
            yield from found.values()
        else:
            made = "Secrets encrypted with SOPS hold them" if kind == "Secret" else f"made by objects of kind {kind}"
            listed = ", ".join(found)
            yield f"{len(found)} Secrets are assumed to exist with unknown content, {made}: {listed}"
    yield from others
