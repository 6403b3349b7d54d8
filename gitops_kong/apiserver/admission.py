"""The API server: whether it takes an object, and what it makes of it before the controller sees it."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.apiserver import catalogue, lifecycle, metadata, names
from gitops_kong.apiserver.catalogue import CoreKind, CustomKind, Version
from gitops_kong.apiserver.convert import Convert, go_type, structural
from gitops_kong.apiserver.core.defaults import DEFAULTS, created_endpoint_slice, stored_service
from gitops_kong.apiserver.core.kinds import CHECKS
from gitops_kong.apiserver.custom import served_kinds
from gitops_kong.apiserver.decoding import metadata_problem, problem
from gitops_kong.apiserver.fits import compile_fits
from gitops_kong.apiserver.kubernetes import native_kind
from gitops_kong.apiserver.problems import Problem, hidden
from gitops_kong.apiserver.rules import Findings, compile_rules
from gitops_kong.apiserver.structural import WHOLE_FLOAT, compile_lists, compile_schema, without_whole_floats
from gitops_kong.apiserver.unserved import unserved
from gitops_kong.manifests.objects import K8sObject

Kind = CoreKind | CustomKind
# The new object, the old one, and whether CEL rules are left out because of what is wrong already.
Check = Callable[[Mapping[str, Any], Mapping[str, Any] | None, bool], Findings]
_CACHE_LIMIT = 50_000
_WITHOUT_GENERATION = ("ConfigMap", "Namespace", "Secret", "Service")  # nothing sets it, so what is given counts
_ALLOCATED = frozenset(
    (
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    )
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete"
    " validation"
)


@dataclass(frozen=True)
class Answer:
    """What the API server answers to an object that is created, or updated where the old one is given.

    `reason` is that of its `Status` (`Invalid`, `BadRequest`, `NotFound`), '' where it accepts. `fields` are those
    that the causes name. `object` is the object as stored (None where refused), without what the cluster allocates.
    `unknown` says what could not be judged here; it never is a reason to refuse. `warnings` are those that `kubectl`
    prints. `known` is false for a kind that has no schema here: it passes.
    """

    accepted: bool
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    object: Mapping[str, Any] | None = None
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    known: bool = True

    @property
    def fields(self) -> list[str]:
        """The fields that are blamed, each once."""
        return sorted({p.field for p in self.problems if p.field})

    @property
    def messages(self) -> list[str]:
        """The causes as `kubectl` prints them."""
        return [f"{p.field}: {p.message}" if p.field else p.message for p in self.problems]


@dataclass
class _Prepared:
    """A kind with all that is compiled for it, each part when it is first needed."""

    kind: Kind
    name: str
    light: Convert
    full: Convert
    stored: Convert
    cache: dict[bytes, tuple[tuple[Problem, ...], tuple[str, ...]]] = field(default_factory=dict)
    check: Check | None = None


class ApiServer:
    """A kube-apiserver of one version with the CRDs of one controller version."""

    def __init__(
        self,
        controller_version: Version,
        kubernetes_version: tuple[int, int] = (1, 33),
        custom_kinds: Mapping[tuple[str, str], Callable[[], CustomKind]] | None = None,
    ) -> None:
        self.controller_version = controller_version
        self.kubernetes_version = kubernetes_version
        self._custom_kinds = custom_kinds or {}
        self._kinds: dict[tuple[str, str], _Prepared | None] = {}

    def with_crds(self, objects: Iterable[K8sObject]) -> ApiServer:
        """The same API server with CRDs of the repository or the cluster, which win over those that ship here."""
        found = served_kinds(objects)
        if not found:
            return self
        own = {**self._custom_kinds, **found}
        return ApiServer(self.controller_version, self.kubernetes_version, own)

    def prepare(self, obj: K8sObject) -> K8sObject:
        """The object as the controller gets it, pruned and defaulted; `obj` itself where that changes nothing.

        Nothing is validated: values of a wrong type stay. Objects of unknown kinds pass through.
        """
        key = obj.api_version, obj.ref.kind
        try:
            kind = self._kinds[key]
        except KeyError:
            kind = self._kind(*key)
        if kind is None:
            return obj
        data = kind.light(obj.data)
        return obj if data is obj.data else obj.with_data(data)

    def decodes(self, obj: K8sObject) -> str | None:
        """Why the object cannot be read into its Go type (a wrong JSON type, a removed version), None where it can."""
        gone = lifecycle.removed(obj.api_version, obj.kind, self.kubernetes_version)
        if gone is not None:
            return gone
        kind = self._kind(obj.api_version, obj.kind)
        return None if kind is None else problem(kind.kind, obj.data)

    def admit(self, obj: K8sObject, old: K8sObject | None = None) -> Answer:
        """What the API server answers to `obj`, `old` being the object that it would replace."""
        gone = lifecycle.removed(obj.api_version, obj.kind, self.kubernetes_version)
        if gone is not None:
            return Answer(False, "NotFound", (Problem("", "", gone),))
        kind = self._kind(obj.api_version, obj.kind)
        if kind is None:
            gone = unserved(obj.api_version, obj.kind, self.controller_version)
            if gone is not None:
                return Answer(False, "NotFound", (Problem("", "", gone),))
            return self._admit_other(obj)
        wrong = metadata_problem(obj.data) if isinstance(kind.kind, CustomKind) else problem(kind.kind, obj.data)
        if wrong is not None:
            return Answer(False, "BadRequest", (_undecodable(obj, wrong),))
        new = kind.full(obj.data)
        before = kind.full(old.data) if old is not None and _same_kind(obj, old) else None
        findings = self._findings(kind, new, before)
        if findings.problems:
            return Answer(False, "Invalid", tuple(findings.problems), unknown=tuple(findings.unknown))
        return Answer(True, "", (), kind.stored(new), tuple(findings.unknown), self._warnings(obj, kind.kind))

    def _admit_other(self, obj: K8sObject) -> Answer:
        """A kind that the controller does not read: its JSON types and its metadata are checked, if it is known."""
        kind = native_kind(self.kubernetes_version, obj.api_version, obj.kind)
        if kind is None:
            return Answer(True, object=obj.data, warnings=self._warnings(obj, None), known=False)
        wrong = problem(kind, obj.data)
        if wrong is not None:
            return Answer(False, "BadRequest", (_undecodable(obj, wrong),))
        read = go_type(catalogue.object_meta(), full=True) or _same
        problems = tuple(metadata.check(read(obj.metadata), True, names.path_segment))
        if problems:
            return Answer(False, "Invalid", problems)
        return Answer(True, object=obj.data, warnings=self._warnings(obj, kind))

    def _warnings(self, obj: K8sObject, kind: Kind | None) -> tuple[str, ...]:
        if isinstance(kind, CustomKind):
            return (f"{obj.api_version} {obj.kind} is deprecated",) if kind.deprecated else ()
        warning = lifecycle.deprecated(obj.api_version, obj.kind, self.kubernetes_version)
        return () if warning is None else (warning,)

    def _findings(self, kind: _Prepared, new: Mapping[str, Any], before: Mapping[str, Any] | None) -> Findings:
        given, namespaced = new.get("metadata") or {}, kind.kind.namespaced
        if isinstance(kind.kind, CoreKind):
            checks = CHECKS[kind.name]
            first = list(checks.first(new))
            if first:
                return Findings(first, [])
            named = [*metadata.check(given, namespaced, checks.name), *metadata.core_finalizers(given)]
        else:
            named = list(metadata.check(given, namespaced))
        content = self._content(kind, new, before, any(p.blocks_rules for p in named))
        problems = [*named, *content.problems]
        if before is not None and problems:
            # What was wrong before and stays as it was does not stand in the way of an update (ratcheting).
            earlier = {(p.field, p.message) for p in self._findings(kind, before, None).problems}
            problems = [p for p in problems if (p.field, p.message) not in earlier]
        return Findings(problems, content.unknown)

    def _content(
        self, kind: _Prepared, new: Mapping[str, Any], before: Mapping[str, Any] | None, blocked: bool
    ) -> Findings:
        """The findings beyond metadata; equal contents are judged once."""
        if kind.check is None:
            kind.check = _custom_check(kind.kind) if isinstance(kind.kind, CustomKind) else _core_check(kind.name)
        if before is not None or blocked:
            return kind.check(new, before, blocked)
        body = {k: v for k, v in new.items() if k != "metadata"}
        body["metadata"] = (new.get("metadata") or {}).get("annotations")
        try:
            key = marshal.dumps(body, 2)
        except ValueError:
            return kind.check(new, None, False)
        known = kind.cache.get(key)
        if known is None:
            if len(kind.cache) >= _CACHE_LIMIT:
                kind.cache.clear()
            found = kind.check(new, None, False)
            known = kind.cache[key] = tuple(found.problems), tuple(found.unknown)
        return Findings(list(known[0]), list(known[1]))

    def _kind(self, api_version: str, kind: str) -> _Prepared | None:
        key = api_version, kind
        if key not in self._kinds:
            found = self._find(api_version, kind)
            self._kinds[key] = None if found is None else _compiled(found, kind)
        return self._kinds[key]

    def _find(self, api_version: str, kind: str) -> Kind | None:
        own = self._custom_kinds.get((api_version, kind))
        if own is not None:
            return own()
        group, slash, version = api_version.partition("/")
        if slash and group in catalogue.CUSTOM_GROUPS:
            return catalogue.custom_kind(self.controller_version, group, kind, version)
        return catalogue.core_kind(api_version, kind)


def _undecodable(obj: K8sObject, wrong: str) -> Problem:
    text = f'{obj.kind} in version "{obj.version}" cannot be handled as a {obj.kind}: {wrong}'
    return Problem("", "", text)


def _same_kind(obj: K8sObject, old: K8sObject) -> bool:
    return obj.api_version == old.api_version and obj.kind == old.kind


def _compiled(kind: Kind, name: str) -> _Prepared:
    if isinstance(kind, CoreKind):
        default = DEFAULTS.get(name, _same)
        light, full = go_type(kind.schema, full=False) or _same, go_type(kind.schema, full=True) or _same
        stored = stored_service if name == "Service" else _same
        created = created_endpoint_slice if name == "EndpointSlice" else _same
        return _Prepared(
            kind,
            name,
            lambda v: default(light(v)),
            lambda v: _as_created(kind, created(default(full(v))), None, name in _WITHOUT_GENERATION),
            lambda v: _without_generation(stored(v)),
        )
    convert = structural(kind.schema, root=True) or _same
    read = _with_metadata(convert, full=True)
    light = _with_metadata(convert, full=False)
    return _Prepared(kind, name, light, lambda v: _as_created(kind, read(v), convert, False), _same)


def _same(value: Any) -> Any:
    return value


def _with_metadata(convert: Convert, full: bool) -> Convert:
    """Pruning and defaulting of a custom resource, its metadata being read as ObjectMeta."""
    read = go_type(catalogue.object_meta(), full) or _same

    def convert_object(value: Any) -> Any:
        new = convert(value)
        before = new.get("metadata")
        after = before if before is None else read(before)
        return new if after is before else {**new, "metadata": after}

    return convert_object


def _as_created(kind: Kind, data: Any, default: Convert | None, keeps_generation: bool) -> Any:
    """The object as a server creates it: without the metadata that it sets, without status, in its kind's scope."""
    given = data.get("metadata") or {}
    drop = _ALLOCATED if kind.namespaced else _ALLOCATED | {"namespace"}
    if not keeps_generation:
        drop = drop | {"generation"}
    new = {**data, "metadata": {k: v for k, v in given.items() if k not in drop}}
    if isinstance(kind, CoreKind):
        if "status" in new:
            new["status"] = {"loadBalancer": {}} if "loadBalancer" in new["status"] else {"phase": "Active"}
    elif kind.status and default is not None and new.pop("status", None) is not None:
        return default(new)  # reading it back from the store sets a default status again
    return new


def _without_generation(data: Any) -> Any:
    given = data["metadata"]
    return (
        {**data, "metadata": {k: v for k, v in given.items() if k != "generation"}} if "generation" in given else data
    )


def _core_check(name: str) -> Check:
    checks = CHECKS[name]

    def check(new: Mapping[str, Any], old: Mapping[str, Any] | None, _: bool) -> Findings:
        problems = list(checks.content(new))
        if old is not None:
            problems.extend(checks.change(new, old))
        return Findings(problems, [])

    return check


def _custom_check(kind: CustomKind) -> Check:
    fits, validate, check_lists = compile_fits(kind.schema), compile_schema(kind.schema), compile_lists(kind.schema)
    run_rules = compile_rules(kind.schema)

    def check(new: Mapping[str, Any], old: Mapping[str, Any] | None, blocked: bool) -> Findings:
        findings = Findings([], [])
        problems, floats = findings.problems, False
        if not fits(new):
            validate(new, "", problems)
            floats = any(p.kind is WHOLE_FLOAT for p in problems)
            problems[:] = [p for p in problems if p.kind is not WHOLE_FLOAT] if floats else problems
            if check_lists is not None:
                check_lists(new, "", problems)
        if run_rules is None:
            return findings
        if blocked or any(p.blocks_rules for p in problems):
            problems.append(hidden("", _NOT_CHECKED))
        else:
            run_rules(new, old, "", findings)
            if floats:
                # A rule that reads them fails; that is one whose outcome changes when they are not there.
                run_rules(without_whole_floats(kind.schema, new), old, "", findings)
        return findings

    return check
