"""A whole target's verdicts as plain values, under a name that follows from all that they depend on.

Unlike what `snapshot` keeps, nothing is concluded from them for another state: they hold for exactly what they were
found for, whatever the kinds of its objects and however many of them fail.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from gitops_kong.manifests.lenient import items, mappings
from gitops_kong.manifests.objects import K8sObject, Origin, Ref
from gitops_kong.policies.suppressions import ANNOTATION
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.predict.model import Cause, Finding, Outcome, Prediction, SeenCondition, TargetPrediction
from gitops_kong.report.route_changes import EntityChange, FieldChange, RouteChange
from gitops_kong.sources.base import Rendered

Plain = Any
Found = tuple[TargetPrediction, tuple[RouteChange, ...]]

_MARSHAL = 2  # a version that writes equal values alike, whoever else holds them


class Name:
    """The name of verdicts: a digest of what is added to it. Raises ValueError for what has no such form."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def copy(self) -> Name:
        """A name that goes on from here."""
        other = Name()
        other._digest = self._digest.copy()
        return other

    def add(self, value: Any) -> None:
        """Settings: plain values, dataclasses, sets, mappings and lists of such."""
        self._digest.update(_written(_settled(value)))

    def add_objects(self, objects: Iterable[K8sObject]) -> None:
        """Objects with all that is in them, and where they stand."""
        for obj in objects:
            try:
                self._digest.update(_written((obj.data, _origin(obj.origin))))
            except ValueError:  # another mapping than a dictionary, or another value
                self._digest.update(_written((_settled(obj.data), _origin(obj.origin))))
        self._digest.update(b"end")

    def add_rendered(self, rendered: Rendered | None) -> None:
        """What a target renders to."""
        if rendered is None:
            self._digest.update(b"none")
            return
        self.add_objects(rendered.objects)
        self.add_objects(a.stand_in for a in rendered.assumptions if a.stand_in)
        self.add_objects(a.made_by for a in rendered.assumptions if a.made_by)
        self.add([(a.ref, a.message, a.keys, bool(a.stand_in), bool(a.made_by)) for a in rendered.assumptions])
        self.add([(n.what, n.why, n.file) for n in rendered.not_seen])
        self.add([(p.message, p.file, p.line, p.column) for p in rendered.problems])

    def __str__(self) -> str:
        """The name in the store."""
        return f"verdicts {self._digest.hexdigest()}"


def _written(value: Any) -> bytes:
    return marshal.dumps(value, _MARSHAL)


def _settled(value: Any) -> Any:
    """A value that is written alike wherever it is equal."""
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    if isinstance(value, Mapping):
        return ["mapping", *((_settled(key), _settled(each)) for key, each in value.items())]
    if isinstance(value, frozenset | set):
        return ["set", *sorted(map(_settled, value))]
    if isinstance(value, Sequence):
        return [*map(_settled, value)]
    if is_dataclass(value):
        return [type(value).__name__, *(_settled(getattr(value, each.name)) for each in fields(value))]
    raise ValueError(type(value).__name__)


def _origin(origin: Origin | None) -> Plain:
    if origin is None:
        return None
    return (origin.file, origin.document, origin.item, tuple(map(_origin, origin.patches)))


def _origin_from(value: Plain) -> Origin | None:
    if value is None:
        return None
    file, document, item, patches = value
    return Origin(file, document, item, tuple(found for each in patches if (found := _origin_from(each))))


class _Objects:
    """Objects by number, each once: all that a report says of one, and nothing that could be a secret."""

    def __init__(self) -> None:
        self.plain: list[Plain] = []
        self._numbers: dict[int, int] = {}
        self._held: list[K8sObject] = []  # so that no two have one address

    def number(self, obj: K8sObject) -> int:
        found = self._numbers.get(id(obj))
        if found is None:
            found = self._numbers[id(obj)] = len(self.plain)
            self.plain.append(_object(obj))
            self._held.append(obj)
        return found


def _object(obj: K8sObject) -> Plain:
    hosts = None
    if obj.kind in ROUTE_KINDS:
        hosts = [rule.get("host") for rule in mappings(obj.spec.get("rules"))], items(obj.spec.get("hostnames"))
    return (obj.api_version, *obj.ref[1:], _origin(obj.origin), obj.annotations.get(ANNOTATION), hosts)


def _object_from(value: Plain) -> K8sObject:
    api_version, kind, namespace, name, origin, ignored, hosts = value
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    if ignored is not None:
        metadata["annotations"] = {ANNOTATION: ignored}
    data = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    if hosts is not None:
        data["spec"] = {"rules": [{"host": host} for host in hosts[0]], "hostnames": hosts[1]}
    return K8sObject(data, _origin_from(origin))


def to_plain(found: Found) -> Plain:
    """Verdicts for the store."""
    target, changes = found
    objects = _Objects()
    number = objects.number

    def causes(each: Prediction | Finding) -> Plain:
        return tuple((number(cause.object), cause.message, cause.path) for cause in each.causes)

    predictions = [
        (p.scenario, number(p.object), p.change, tuple(p.outcome), causes(p), p.controller, [*map(tuple, p.conditions)])
        for p in target.predictions
    ]
    findings = [
        (
            *(f.rule, f.severity, f.message, f.target, number(f.object) if f.object else None, f.path, causes(f)),
            *(f.help, f.scenarios, f.effects, f.existing, f.caught_by, f.controller),
        )
        for f in target.findings
    ]
    counts = target.target, target.objects, target.changed, target.assumptions, target.signs, target.scenarios
    removed = [number(obj) for obj in target.removed]
    worse = sorted(tuple(ref) for ref in target.worse)
    return objects.plain, predictions, findings, counts, removed, worse, [*map(_change, changes)]


def from_plain(value: Plain) -> Found:
    """The verdicts."""
    plain_objects, predictions, findings, counts, removed, worse, changes = value
    objects = [*map(_object_from, plain_objects)]

    def causes(plain: Plain) -> tuple[Cause, ...]:
        return tuple(Cause(objects[number], message, path) for number, message, path in plain)

    name, count, changed, assumptions, signs, scenarios = counts
    target = TargetPrediction(
        name,
        tuple(
            Prediction(
                *(scenario, objects[number], change, Outcome(*outcome), causes(why), controller),
                tuple(SeenCondition(*each) for each in conditions),
            )
            for scenario, number, change, outcome, why, controller, conditions in predictions
        ),
        tuple(_finding(each, objects, causes) for each in findings),
        count,
        changed,
        assumptions,
        signs,
        (),
        scenarios,
        frozenset(Ref(*ref) for ref in worse),
        tuple(objects[number] for number in removed),
    )
    return target, tuple(map(_change_from, changes))


def _finding(value: Plain, objects: Sequence[K8sObject], causes: Callable[[Plain], tuple[Cause, ...]]) -> Finding:
    rule, severity, message, target, number, path, why, *rest = value
    obj = None if number is None else objects[number]
    return Finding(rule, severity, message, target, obj, path, causes(why), *rest)


def _change(change: RouteChange) -> Plain:
    entities = [
        (e.entity, e.name, e.made_from and tuple(e.made_from), e.change, [*map(tuple, e.fields)])
        for e in change.entities
    ]
    return tuple(change.object), change.change, entities


def _change_from(value: Plain) -> RouteChange:
    ref, change, entities = value
    made = partial(map, lambda each: FieldChange(*each))
    return RouteChange(
        Ref(*ref),
        change,
        tuple(
            EntityChange(entity, name, made_from and Ref(*made_from), how, tuple(made(changed)))
            for entity, name, made_from, how, changed in entities
        ),
    )
