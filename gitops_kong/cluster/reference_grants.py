"""ReferenceGrants: which objects of other namespaces an object may refer to.

Behaviour of KIC `internal/gatewayapi/references.go` (3.5.13; the same in all versions). Absent and empty group both
mean the core group in a grant; the group of the reference is compared as it is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from gitops_kong.cluster.store import ObjectStore

GATEWAY_GROUP = "gateway.networking.k8s.io"


class Referrer(NamedTuple):
    """Who refers: `from` of a grant."""

    group: str
    kind: str
    namespace: str


class Target(NamedTuple):
    """What is referred to: `to` of a grant in `namespace`; there no name means every object of the kind."""

    namespace: str
    group: str
    kind: str
    name: str | None


Permissions = Mapping[Referrer, frozenset[Target]]


def permissions(store: ObjectStore) -> Permissions:
    """All that the grants of `store` allow, by referrer. Ask for it with `store.view(permissions)`."""
    allowed: defaultdict[Referrer, set[Target]] = defaultdict(set)
    for grant in store.list(GATEWAY_GROUP, "ReferenceGrant"):
        targets = [
            Target(grant.namespace, to.get("group") or "", to.get("kind") or "", to.get("name"))
            for to in grant.spec.get("to") or ()
        ]
        for origin in grant.spec.get("from") or ():
            referrer = Referrer(origin.get("group") or "", origin.get("kind") or "", origin.get("namespace") or "")
            allowed[referrer].update(targets)
    return {referrer: frozenset(targets) for referrer, targets in allowed.items()}


def is_granted(store: ObjectStore, referrer: Referrer, target: Target) -> bool:
    """Whether a grant in the target's namespace lets `referrer` refer to it."""
    allowed = store.view(permissions).get(referrer)
    return allowed is not None and (target in allowed or target._replace(name=None) in allowed)
