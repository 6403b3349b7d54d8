"""A rule's examples, which are its tests.

An example has `objects` (a cluster's objects that the controller takes in), and perhaps `leftOut` (objects that it
does not), `namespaces` (Namespace objects), `controller` (`version`, `gatewayVersion`, `featureGates`,
`routerFlavor`), `change` (of all objects; default `modified`) and `predictions` (`{scenario: {configuration, …}}` of
the first object).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import NEWEST, controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.gateway.entity_validation import ServingSchemas
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.engine import judge, judge_controller
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.model import Policy
from gitops_kong.predict.model import Finding, Outcome, Prediction
from gitops_kong.translate.build import translate


def run_example(policy: Policy, example: Mapping[str, Any]) -> list[Finding]:
    """What the rule finds in one of its examples."""
    controller = example.get("controller") or {}
    gateway = str(controller.get("gatewayVersion") or "3.9")
    options = controller_options(
        str(controller.get("version") or NEWEST),
        gateway_version=gateway,
        feature_gates=controller.get("featureGates") or {},
        router_flavor=controller.get("routerFlavor") or "traditional_compatible",
    )
    store = ObjectStore(map(K8sObject, example.get("objects") or ()))
    left_out = [K8sObject(data) for data in example.get("leftOut") or ()]
    catalogue = load(gateway)
    evidence = Evidence(
        store,
        options,
        left_out={obj.ref: "its class is another controller's" for obj in left_out},
        stored={obj.ref: obj for obj in (*store, *left_out)},
        namespaces={obj.name: obj for obj in map(K8sObject, example.get("namespaces") or ())},
        changes=dict.fromkeys((obj.ref for obj in store), example.get("change") or "modified"),
        predictions=tuple(_predictions(store, example.get("predictions") or {})),
        configuration=lambda: translate(store, options, ServingSchemas(catalogue, options)).config,
        plugin_schema=catalogue.plugin,
    )
    return [*judge_controller([policy], options), *judge([policy], "", evidence)]


def _predictions(store: Iterable[K8sObject], given: Mapping[Any, Mapping[str, Any]]) -> Iterator[Prediction]:
    first = next(iter(store), None)
    for scenario, outcome in given.items():
        if first is not None:
            made = Outcome(**{"configuration": "configured", "status": "written", "traffic": "new", **outcome})
            yield Prediction(scenario, first, "modified", made)


def failures(policies: Iterable[Policy]) -> Iterator[str]:
    """A line for each example that does not come out as it should."""
    for policy in policies:
        for expected in ("fail", "pass"):
            for i, example in enumerate(policy.examples[expected]):
                found = run_example(policy, example)
                wrong = [f for f in found if f.severity != policy.severity]
                if wrong:
                    yield f"{policy.id}: example {i} of {expected!r}: {wrong[0].message}"
                elif bool(found) != (expected == "fail"):
                    told = found[0].message if found else "nothing is found"
                    yield f"{policy.id}: example {i} of {expected!r}: {told}"
