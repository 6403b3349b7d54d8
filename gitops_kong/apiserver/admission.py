"""The API server: what it makes of an object before the controller sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from gitops_kong.apiserver import catalogue
from gitops_kong.apiserver.catalogue import CoreKind, CustomKind, Version
from gitops_kong.apiserver.convert import Convert, go_type, structural
from gitops_kong.apiserver.core.defaults import DEFAULTS
from gitops_kong.apiserver.decoding import problem
from gitops_kong.manifests.objects import K8sObject

Kind = CoreKind | CustomKind


class ApiServer:
    """A kube-apiserver of one version with the CRDs of one controller version."""

    def __init__(self, controller_version: Version, kubernetes_version: tuple[int, int] = (1, 33)) -> None:
        self.controller_version = controller_version
        self.kubernetes_version = kubernetes_version
        self._prepare: dict[tuple[str, str], Convert | None] = {}

    def prepare(self, obj: K8sObject) -> K8sObject:
        """The object as the controller gets it, pruned and defaulted; `obj` itself where that changes nothing.

        Nothing is validated: values of a wrong type stay. Objects of unknown kinds pass through.
        """
        key = obj.api_version, obj.ref.kind
        try:
            convert = self._prepare[key]
        except KeyError:
            convert = self._prepare[key] = self._preparer(*key)
        if convert is None:
            return obj
        data = convert(obj.data)
        return obj if data is obj.data else obj.with_data(data)

    def decodes(self, obj: K8sObject) -> str | None:
        """Why the object cannot be read into its Go type (a wrong JSON type), None where it can."""
        kind = self._kind(obj.api_version, obj.kind)
        if kind is None:
            return None
        return problem(kind, obj.data)

    def _kind(self, api_version: str, kind: str) -> Kind | None:
        group, slash, version = api_version.partition("/")
        if slash and group in catalogue.CUSTOM_GROUPS:
            return catalogue.custom_kind(self.controller_version, group, kind, version)
        return catalogue.core_kind(api_version, kind)

    def _preparer(self, api_version: str, kind: str) -> Convert | None:
        found = self._kind(api_version, kind)
        if found is None:
            return None
        if isinstance(found, CoreKind):
            convert = core_converter(found, full=False)
            default = DEFAULTS.get(kind)
            return convert if default is None else _both(convert, default)
        return custom_converter(found, full=False)


def _both(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Convert:
    return lambda value: second(first(value))


@cache
def core_converter(kind: CoreKind, full: bool) -> Convert:
    """Reading a core object into its Go type and writing it again."""
    return go_type(kind.schema, full) or _same


def _same(value: Any) -> Any:
    return value


@cache
def custom_converter(kind: CustomKind, full: bool) -> Convert:
    """Pruning and defaulting of a custom resource, its metadata being read as ObjectMeta."""
    convert = structural(kind.schema, root=True) or _same
    metadata = go_type(catalogue.object_meta(), full) or _same

    def convert_object(value: Any) -> Any:
        new = convert(value)
        before = new.get("metadata")
        after = before if before is None else metadata(before)
        return new if after is before else {**new, "metadata": after}

    return convert_object
