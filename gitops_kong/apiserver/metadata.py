"""The checks of `metadata` that every object goes through (apimachinery 1.33 `ValidateObjectMetaAccessor`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gitops_kong.apiserver import names
from gitops_kong.apiserver.problems import Problem, forbidden, invalid, required, too_long

Name = Callable[[str], tuple[str, ...]]

_ANNOTATIONS_LIMIT = 256 * 1024
_GENERATED_FROM = 58  # a generated name has 63 characters at most, five of them random
_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"
_STANDARD_FINALIZERS = (_ORPHAN, _FOREGROUND, "kubernetes")


def core_finalizers(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    """What core kinds ask of finalizers besides: a standard name or one with a domain (`validateKubeFinalizerName`)."""
    for i, finalizer in enumerate(metadata.get("finalizers") or ()):
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            yield invalid(
                f"metadata.finalizers[{i}]",
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            )


def check(metadata: Mapping[str, Any], namespaced: bool, name_rule: Name = names.subdomain) -> Iterator[Problem]:
    """What is wrong with the metadata of an object that is created.

    An object without a namespace is taken as one that is applied with a namespace of the applier's choice.
    """
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if prefix:
        # What is generated follows a hyphen; the name that comes of it is validated, too.
        for detail in name_rule(prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix):
            yield invalid("metadata.generateName", prefix, detail)
        name = name or prefix[:_GENERATED_FROM] + "xxxxx"
    if not name:
        yield required("metadata.name", "name or generateName is required")
    for detail in name_rule(name) if name else ():
        yield invalid("metadata.name", name, detail)
    namespace = metadata.get("namespace") or ""
    if namespace and namespaced:
        for detail in names.label(namespace):
            yield invalid("metadata.namespace", namespace, detail)
    elif namespace:
        yield forbidden("metadata.namespace", "not allowed on this type")
    if (metadata.get("generation") or 0) < 0:
        yield invalid("metadata.generation", metadata["generation"], "must be greater than or equal to 0")
    yield from _labels(metadata.get("labels") or {})
    yield from _annotations(metadata.get("annotations") or {})
    yield from _owners(metadata.get("ownerReferences") or ())
    yield from _finalizers(metadata.get("finalizers") or ())


def labels(field: str, given: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with a set of labels: metadata's own, or the selector of a Service."""
    for key, value in given.items():
        for detail in names.qualified_name(key):
            yield invalid(field, key, detail)
        for detail in names.label_value(value):
            yield invalid(field, value, detail)


def _labels(given: Mapping[str, str]) -> Iterator[Problem]:
    return labels("metadata.labels", given)


def _annotations(given: Mapping[str, str]) -> Iterator[Problem]:
    size = 0
    for key, value in given.items():
        size += len(key) + len(value)
        for detail in names.qualified_name(key.lower()):
            yield invalid("metadata.annotations", key, detail)
    if size > _ANNOTATIONS_LIMIT // 4 and (
        sum(len(k.encode()) + len(v.encode()) for k, v in given.items()) > _ANNOTATIONS_LIMIT
    ):
        yield too_long("metadata.annotations", _ANNOTATIONS_LIMIT)


def _owners(owners: Any) -> Iterator[Problem]:
    controller = ""
    field = "metadata.ownerReferences"
    for owner in owners:
        for key, what in (("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid")):
            if not (owner.get(key) or "").rpartition("/" if key == "apiVersion" else "\0")[2]:
                yield invalid(f"{field}.{key}", owner.get(key) or "", f"{what} must not be empty")
        if owner.get("controller"):
            name = f"{owner.get('kind')}/{owner.get('name')}"
            if controller:
                yield invalid(
                    field,
                    owners,
                    'Only one reference can have Controller set to true. Found "true" in references for'
                    f" {controller} and {name}",
                )
            controller = controller or name


def _finalizers(finalizers: Any) -> Iterator[Problem]:
    for finalizer in finalizers:
        for detail in names.qualified_name(finalizer):
            yield invalid("metadata.finalizers", finalizer, detail)
    if _ORPHAN in finalizers and _FOREGROUND in finalizers:
        yield invalid("metadata.finalizers", finalizers, f"finalizer {_ORPHAN} and {_FOREGROUND} cannot be both set")
