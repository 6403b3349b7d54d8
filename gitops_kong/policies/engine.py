"""Applies rules to the objects of a target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.cel import CelError, compile_expression
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.model import Policy
from gitops_kong.policies.relations import RELATIONS, Index
from gitops_kong.predict.model import Change, Finding

VARIABLES = ("object", "relations", "controller")


def judge(
    policies: Iterable[Policy],
    target: str,
    store: ObjectStore,
    changes: Mapping[Any, Change],
    options: ControllerOptions,
) -> Iterator[Finding]:
    """What the rules find in the objects of a target. A finding on an object that did not change is an existing one.

    A rule that cannot be evaluated on an object gives an info finding, never an error.
    """
    controller = controller_values(options)
    index = Index(store)
    by_kind: defaultdict[str, list[Policy]] = defaultdict(list)
    for policy in policies:
        for kind in policy.kinds:
            by_kind[kind].append(policy)
    for obj in store:
        for policy in by_kind.get(obj.kind, ()):
            relations = {name: RELATIONS[name](obj, index) for name in policy.relations}
            values = {"object": obj.data, "relations": relations, "controller": controller}
            yield from _apply(policy, target, obj, values, changes.get(obj.ref) == "unchanged")


def judge_controller(policies: Iterable[Policy], options: ControllerOptions) -> Iterator[Finding]:
    """What the rules without kinds find in the controller's settings."""
    values = {"object": {}, "relations": {}, "controller": controller_values(options)}
    for policy in policies:
        if not policy.kinds:
            yield from _apply(policy, "", None, values, False)


def controller_values(options: ControllerOptions) -> dict[str, Any]:
    """`controller` as expressions see it."""
    return {
        "version": options.version_text,
        "behaviours": dict(options.behaviours),
        "featureGates": dict(options.feature_gates),
        "useLastValidConfigForFallback": options.use_last_valid_config_for_fallback,
        "routerFlavor": options.router_flavor,
        "gatewayVersion": ".".join(map(str, options.gateway_version)),
    }


def _apply(
    policy: Policy, target: str, obj: K8sObject | None, values: Mapping[str, Any], existing: bool
) -> Iterator[Finding]:
    try:
        if compile_expression(policy.expression, VARIABLES)(values) is not True:
            return
        message = str(compile_expression(policy.message, VARIABLES)(values))
    except CelError as e:
        text = f"rule {policy.id} could not be evaluated: {str(e).splitlines()[0]}"
        yield Finding(policy.id, "info", text, target, obj, existing=existing)
        return
    subject = f"{obj.ref}: {message}" if obj else message
    yield Finding(policy.id, policy.severity, subject, target, obj, help=policy.remediation, existing=existing)
