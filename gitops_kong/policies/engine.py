"""Applies rules to the objects of a target.

A rule costs nothing for objects of other kinds, of another change, or without what it `requires`; relations are worked
out once an object and only for rules that use them; an expression gets the variables that it names and no others.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Literal

from gitops_kong.cel import CelError, compile_expression
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.versions import NEWEST_PATCHES
from gitops_kong.manifests.objects import EMPTY, K8sObject, Ref
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.index import Index
from gitops_kong.policies.model import Policy
from gitops_kong.policies.relations import RELATIONS
from gitops_kong.predict.model import Finding, Outcome, Prediction

VARIABLES = ("object", "relations", "predictions", "change", "controller", "namespaceObject")
BUDGET = 10.0  # seconds for one rule on one target; a rule of the repository must not hold up the run
_HIDDEN = ("data", "stringData")


Stage = Literal["objects", "configuration", "predictions"]  # what must be known before a rule can judge
FindsNothing = Callable[[K8sObject], bool]


def judge(
    policies: Sequence[Policy],
    target: str,
    evidence: Evidence,
    clock: Callable[[], float] = time.monotonic,
    nothing_in: Mapping[Stage, AbstractSet[K8sObject]] = MappingProxyType({}),
) -> Iterator[Finding]:
    """What the rules find in the objects of a target. A finding on an object that did not change is an existing one.

    A rule that cannot be evaluated on an object gives an info finding, never an error, as does one that takes longer
    than `BUDGET`. `nothing_in` are objects in which the rules of a stage are known to find nothing (`judge_early`).
    """
    taken = _by_kind(p for p in policies if p.looks_at != "left-out")
    left = _by_kind(p for p in policies if p.looks_at == "left-out")
    run = _Run(target, evidence, clock)
    judged = frozenset[K8sObject]().union(*nothing_in.values()).intersection(*nothing_in.values())
    rest = {kind: [p for p in of_kind if _stage(p) not in nothing_in] for kind, of_kind in taken.items()}
    for obj in evidence.store:
        of_kind = (rest if obj in judged else taken).get(obj.kind, ())
        if nothing_in and obj not in judged:
            of_kind = [p for p in of_kind if obj not in nothing_in.get(_stage(p), ())]
        if of_kind:
            yield from run.object(obj, of_kind)
    if left:
        for ref in evidence.left_out:
            found = evidence.stored.get(ref)
            if found is not None and (of_kind := left.get(ref.kind, ())):
                yield from run.object(found, of_kind)


def judge_early(policies: Sequence[Policy], stage: Stage, target: str, evidence: Evidence) -> FindsNothing:
    """Whether the rules of one stage find nothing in an object that the controller takes in."""
    rules = _by_kind(p for p in policies if p.looks_at != "left-out" and _stage(p) == stage)
    run = _Run(target, evidence, time.monotonic)

    def finds_nothing(obj: K8sObject) -> bool:
        found = next(run.object(obj, rules.get(obj.kind, ())), None)
        return found is None and not run.out_of_time

    return finds_nothing


def _stage(policy: Policy) -> Stage:
    if "predictions" in policy.variables:
        return "predictions"
    return "configuration" if any(RELATIONS[name].of_configuration for name in policy.relations) else "objects"


def _by_kind(policies: Iterable[Policy]) -> Mapping[str, Sequence[Policy]]:
    found: defaultdict[str, list[Policy]] = defaultdict(list)
    for policy in policies:
        for kind in policy.kinds:
            found[kind].append(policy)
    return found


def judge_controller(policies: Iterable[Policy], options: ControllerOptions) -> Iterator[Finding]:
    """What the rules without kinds find in the controller's settings."""
    values = {"object": {}, "relations": {}, "controller": controller_values(options)}
    for policy in policies:
        if not policy.kinds:
            yield from _apply(policy, "", None, values, False)


def controller_values(options: ControllerOptions) -> dict[str, Any]:
    """`controller` as expressions see it."""
    newest = NEWEST_PATCHES.get(options.version[:2], options.version[2])
    return {
        "version": options.version_text,
        "patchesBehind": max(0, newest - options.version[2]),
        "behaviours": dict(options.behaviours),
        "featureGates": dict(options.feature_gates),
        "useLastValidConfigForFallback": options.use_last_valid_config_for_fallback,
        "routerFlavor": options.router_flavor,
        "gatewayVersion": ".".join(map(str, options.gateway_version)),
    }


class _Run:
    def __init__(self, target: str, evidence: Evidence, clock: Callable[[], float]) -> None:
        self.target = target
        self.evidence = evidence
        self.index = Index(evidence)
        self.controller = controller_values(evidence.options)
        self.clock = clock
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.out_of_time = False  # for some rule, which is no more applied
        self._predictions: Mapping[Ref, dict[str, Any]] | None = None

    def object(self, obj: K8sObject, policies: Iterable[Policy]) -> Iterator[Finding]:
        change = self.evidence.changes.get(obj.ref, "added")
        values: dict[str, Any] = {"object": obj.data, "relations": {}, "change": change, "controller": self.controller}
        if obj.kind == "Secret":
            values["object"] = {k: v for k, v in obj.data.items() if k not in _HIDDEN}
        for policy in policies:
            if policy.changes and not (self.evidence.compared and change in policy.changes):
                continue
            if policy.plugins and obj.data.get("plugin") not in policy.plugins:
                continue
            if not self._wanted(policy, obj, values):
                continue
            spent = self.spent[policy.id]
            if spent > BUDGET:
                continue
            start = self.clock()
            yield from self._judge(policy, obj, values, change == "unchanged")
            self.spent[policy.id] = spent + self.clock() - start
            if self.spent[policy.id] > BUDGET:
                self.out_of_time = True
                text = f"rule {policy.id} took more than {BUDGET:.0f} seconds and was not applied to all objects"
                yield Finding(policy.id, "info", text, self.target)

    def _judge(self, policy: Policy, obj: K8sObject, values: dict[str, Any], existing: bool) -> Iterator[Finding]:
        relations = values["relations"]
        for name in policy.relations:
            if name not in relations:
                relations[name] = RELATIONS[name].value(obj, self.index)
        if "predictions" in policy.variables and "predictions" not in values:
            values["predictions"] = self._predicted(obj.ref)
        if "namespaceObject" in policy.variables and "namespaceObject" not in values:
            values["namespaceObject"] = self._namespace(obj.namespace)
        yield from _apply(policy, self.target, obj, values, existing)

    def _wanted(self, policy: Policy, obj: K8sObject, values: dict[str, Any]) -> bool:
        for path in policy.requires:
            if not self._given(path, obj, values):
                return False
        return not any(self._given(path, obj, values) for path in policy.unless)

    def _given(self, path: tuple[str, ...], obj: K8sObject, values: dict[str, Any]) -> bool:
        """Whether what the path leads to is there and not empty."""
        root = path[0]
        if root == "relations":
            name = path[1]
            if name not in values[root]:
                values[root][name] = RELATIONS[name].value(obj, self.index)
        elif root == "namespaceObject" and root not in values:
            values[root] = self._namespace(obj.namespace)
        value: Any = values[root]
        for part in path[1:]:
            if not isinstance(value, dict):
                return False
            value = value.get(part)
        return bool(value)

    def _predicted(self, ref: Ref) -> dict[str, Any]:
        if self._predictions is None:
            self._predictions = predictions_by_object(self.evidence.predictions, self.evidence.scenarios)
        return self._predictions.get(ref, {})

    def _namespace(self, name: str) -> dict[str, Any]:
        found = self.evidence.namespaces.get(name)
        labels, annotations = (found.labels, found.annotations) if found else (EMPTY, EMPTY)
        return {
            "known": found is not None,
            "metadata": {"name": name, "labels": dict(labels), "annotations": dict(annotations)},
        }


def predictions_by_object(predictions: Iterable[Prediction], scenarios: Iterable[str]) -> dict[Ref, dict[str, Any]]:
    """`predictions` as expressions see it: `{scenario: {configuration, status, traffic}}` by object."""
    names = tuple(scenarios)
    texts: dict[Outcome, dict[str, str]] = {}
    found: dict[Ref, dict[str, Any]] = {}
    for prediction in predictions:
        outcome = texts.get(prediction.outcome)
        if outcome is None:
            outcome = texts[prediction.outcome] = dict(prediction.outcome._asdict())
        of_object = found.setdefault(prediction.object.ref, {})
        for scenario in names if prediction.scenario == "*" else (prediction.scenario,):
            of_object[scenario] = outcome
    return found


def _apply(
    policy: Policy, target: str, obj: K8sObject | None, values: Mapping[str, Any], existing: bool
) -> Iterator[Finding]:
    used = {name: values[name] for name in policy.variables if name in values}
    if "relations" in used:
        used["relations"] = {name: values["relations"][name] for name in policy.relations}
    try:
        if compile_expression(policy.expression, VARIABLES)(used) is not True:
            return
        message = str(compile_expression(policy.message, VARIABLES)(used))
    except CelError as e:
        why = str(e).removeprefix(f"{policy.expression}: ").removeprefix(f"{policy.message}: ").splitlines()[0]
        text = f"rule {policy.id} could not be evaluated: {why}"
        yield Finding(policy.id, "info", text, target, obj, existing=existing)
        return
    subject = f"{obj.ref}: {message}" if obj else message
    yield Finding(
        policy.id, policy.severity, subject, target, obj, policy.field, help=policy.remediation, existing=existing
    )
