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


class Permission(NamedTuple):
    """What may be referred to: `to` of a grant in `namespace`; no name allows every object of the kind."""

    namespace: str
    group: str
    kind: str
    name: str | None


Permissions = Mapping[Referrer, frozenset[Permission]]


def permissions(store: ObjectStore) -> Permissions:
    """All that the grants of `store` allow, by referrer. Ask for it with `store.view(permissions)`."""
    allowed: defaultdict[Referrer, set[Permission]] = defaultdict(set)
    for grant in store.list(GATEWAY_GROUP, "ReferenceGrant"):
        targets = [
            Permission(grant.namespace, to.get("group") or "", to.get("kind") or "", to.get("name"))
            for to in grant.spec.get("to") or ()
        ]
        for origin in grant.spec.get("from") or ():
            referrer = Referrer(
                origin.get("group") or "", origin.get("kind") or "", origin.get("namespace") or ""
            )
            allowed[referrer].update(targets)
    return {referrer: frozenset(targets) for referrer, targets in allowed.items()}


def is_granted(store: ObjectStore, referrer: Referrer, namespace: str, group: str, kind: str, name: str) -> bool:
    """Whether a grant in `namespace` lets `referrer` refer to the object."""
    allowed = store.view(permissions).get(referrer)
    return allowed is not None and (
        Permission(namespace, group, kind, None) in allowed or Permission(namespace, group, kind, name) in allowed
    )
