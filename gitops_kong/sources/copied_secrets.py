"""Copies of Secrets that Reflector, the replicator or kubed keep in other namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gitops_kong.lazy import regex
from gitops_kong.manifests.go_regex import go_regex
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.base import Assumption
from gitops_kong.sources.secret_makers import assume

_REFLECTION = "reflector.v1.k8s.emberstack.com/reflection-"
_REPLICATE = "replicator.v1.mittwald.de/replicate-"
_KUBED = "kubed.appscode.com/sync"
_NAME = regex(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def copies(sources: Iterable[K8sObject], everything: Sequence[K8sObject]) -> Iterator[Assumption]:
    """Copies of these Secrets in the namespaces that are listed, and in those that objects name and patterns match.

    What a copy holds is taken for not known. Labels of namespaces can lie elsewhere: a selector may mean any.
    """
    named = sorted({each.namespace for each in everything if each.namespace})
    for source in sources:
        for namespace in dict.fromkeys(_chosen(source, named)):
            if namespace != source.namespace:
                template = {"metadata": {"labels": source.labels}, "type": source.data.get("type")}
                yield assume(source, source.name, (), template, namespace=namespace)


def _chosen(source: K8sObject, named: Sequence[str]) -> Iterator[str]:
    annotations = source.annotations
    if str(annotations.get(f"{_REFLECTION}auto-enabled")).lower() == "true":
        for part in ("auto-namespaces", "allowed-namespaces"):
            if listed := annotations.get(_REFLECTION + part):
                yield from _matching(listed, named)
                break
        else:
            yield from named
    if listed := annotations.get(f"{_REPLICATE}to"):
        yield from _matching(listed, named)
    if f"{_REPLICATE}to-matching" in annotations or _KUBED in annotations:
        yield from named


def _matching(listed: str, named: Sequence[str]) -> Iterator[str]:
    """Namespaces of a list of names and patterns with commas between them."""
    for part in filter(None, (each.strip() for each in str(listed).split(","))):
        if _NAME.fullmatch(part):
            yield part
        elif (pattern := go_regex(f"^(?:{part})$")) is not None:
            yield from (name for name in named if pattern.search(name))
