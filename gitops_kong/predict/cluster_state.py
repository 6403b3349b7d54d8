"""From the manifests of one cluster to what its controller holds: API server, identity, intake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gitops_kong.apiserver import lifecycle
from gitops_kong.cluster.gateway_api import LOOKED_UP
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.served_versions import as_watched
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.identity import assign
from gitops_kong.controller.known_kinds import CONFIGURATION, KNOWN_KINDS, known_kind, read_versions
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.webhook import Asked, Webhook


class Admission(NamedTuple):
    """The API server's answer: the object as stored, or why it is refused (message and field of each problem).

    `by_webhook` tells that the controller's admission webhook refuses it, and not the API server itself; `ignorable`
    that the API server stores it all the same while the webhook is not reached. `warnings` are those that `kubectl`
    prints, `unknown` says which of the API server's rules could not be evaluated here. `unread` are the API versions in
    which the controller reads the kind, where it does not read this one.
    """

    object: K8sObject
    refusals: tuple[tuple[str, tuple[str | int, ...]], ...] = ()
    by_webhook: bool = False
    ignorable: bool = False
    warnings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


Admit = Callable[[K8sObject, "K8sObject | None"], Admission]
TakeIn = Callable[[Iterable[K8sObject], ControllerOptions], tuple[ObjectStore, Mapping[Ref, str]]]


@dataclass(frozen=True)
class ClusterState:
    """What a cluster has after these manifests were applied.

    `stored` are its objects of kinds that the controller watches; `store` is what the controller takes in of them and
    `left_out` says why it does not take in the rest; `refused` are the manifests that the API server refuses.
    `looked_up` are the Namespaces and GatewayClasses that it only decides by.
    `remarks` are what else the API server says of objects that it takes, and `elsewhere` what it says of kinds that the
    controller does not watch: only their API versions are judged. `webhook` answers for the objects of the change.
    """

    stored: Mapping[Ref, K8sObject]
    store: ObjectStore
    left_out: Mapping[Ref, str]
    refused: Mapping[Ref, Admission] = field(default_factory=dict)
    looked_up: tuple[K8sObject, ...] = ()
    webhook: Asked | None = None
    remarks: Mapping[Ref, Admission] = field(default_factory=dict)
    elsewhere: Mapping[tuple[str, Ref], Admission] = field(default_factory=dict)


_KINDS = frozenset(kind.kind for kind in KNOWN_KINDS)


def cluster_state(
    manifests: Iterable[K8sObject],
    options: ControllerOptions,
    admit: Admit,
    take_in: TakeIn,
    before: ClusterState | None = None,
    webhook: Webhook | None = None,
) -> ClusterState:
    """The state after `manifests` were applied to a cluster in the state `before`.

    An object that the API server or the admission webhook refuses keeps the version that it has in `before`, as in a
    cluster. Without `webhook` nobody is asked: for a cluster that is as it is.
    """
    previous = before.stored if before else {}
    accepted: dict[Ref, K8sObject] = {}
    refused: dict[Ref, Admission] = {}
    remarks: dict[Ref, Admission] = {}
    elsewhere: dict[tuple[str, Ref], Admission] = {}
    looked_up: list[K8sObject] = []
    for manifest in manifests:
        if (manifest.group, manifest.kind) in LOOKED_UP:
            looked_up.append(as_watched(admit(manifest, None).object))
            continue
        known = known_kind(as_watched(manifest), options.behaviours)
        if not known and manifest.kind not in _KINDS:
            if manifest.group == CONFIGURATION or lifecycle.listed(manifest.api_version, manifest.kind):
                elsewhere[manifest.api_version, manifest.ref] = admit(manifest, None)
            continue
        old = previous.get(manifest.ref)
        answer = admit(manifest, old)  # also of versions that the controller does not read: they may be removed
        if not answer.refusals:
            unread = () if known else read_versions(as_watched(manifest))
            if unread and not answer.warnings:
                elsewhere[manifest.api_version, manifest.ref] = answer._replace(unread=unread)
            elif answer.warnings or answer.unknown:
                remarks[manifest.ref] = answer
            if known:
                accepted[manifest.ref] = as_watched(answer.object)
            continue
        refused[manifest.ref] = answer
        if old is not None:
            accepted[manifest.ref] = old
    stored = {obj.ref: obj for obj in assign(accepted.values(), previous)}
    asked = webhook.asked(previous, stored.values(), looked_up) if webhook else None
    if asked is not None and asked.settings.installed:
        for ref, objection in asked.refusals().items():
            ignorable = objection.hook.failure_policy == "Ignore"
            problem = objection.message, objection.path
            refused[ref] = Admission(accepted[ref], (problem,), by_webhook=True, ignorable=ignorable)
            if ref in previous:
                stored[ref] = previous[ref]
            else:
                del stored[ref]
    store, left_out = take_in([*stored.values(), *looked_up], options)
    left_out = {ref: why for ref, why in left_out.items() if ref in stored}
    return ClusterState(stored, store, left_out, refused, tuple(looked_up), asked, remarks, elsewhere)
