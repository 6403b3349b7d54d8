"""BackendTLSPolicies as their controller judges them (KIC `validateBackendTLSPolicy`, from 3.4 on)."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gitops_kong.cluster.reference_grants import GATEWAY_GROUP
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import EMPTY, K8sObject


class Refusal(NamedTuple):
    """Reason and message of a condition `Accepted` that is false; both empty where the policy is accepted."""

    reason: str = ""
    message: str = ""


def policy_targets(policy: K8sObject) -> frozenset[str]:
    """The names of the Services that a policy targets, in its own namespace."""
    return frozenset(
        ref.get("name") or ""
        for ref in policy.spec.get("targetRefs") or ()
        if (ref.get("group") or "") in ("", "core") and ref.get("kind") == "Service"
    )


def _policies_by_service(store: ObjectStore) -> Counter[tuple[str, str]]:
    """How many policies target each Service, by its namespace and name."""
    policies = store.list(GATEWAY_GROUP, "BackendTLSPolicy")
    return Counter((policy.namespace, name) for policy in policies for name in policy_targets(policy))


def refusal(policy: K8sObject, store: ObjectStore, *, assume_missing: bool = False) -> Refusal:
    """Why a policy is not accepted; `assume_missing`: certificates that are not in `store` may be in the cluster."""
    targeted = store.view(_policies_by_service)
    if any(targeted[policy.namespace, name] > 1 for name in policy_targets(policy)):
        return Refusal("Conflicted", "Multiple BackendTLSPolicies target the same service")
    validation = policy.spec.get("validation") or EMPTY
    messages = []
    for ref in validation.get("caCertificateRefs") or ():
        kind, name = ref.get("kind") or "", ref.get("name") or ""
        if (ref.get("group") or "") not in ("", "core") or kind not in ("ConfigMap", "Secret"):
            messages.append("CACertificateRefs must reference ConfigMaps or Secrets in the core group")
            break
        if not assume_missing and store.get("", kind, policy.namespace, name) is None:
            messages.append(
                f"failed getting *v1.{kind} {policy.namespace}/{name} set as CACertificateRef:"
                f' {kind} "{name}" not found'
            )
            break
    if validation.get("subjectAltNames"):
        messages.append("SubjectAltNames feature is not currently supported")
    if validation.get("wellKnownCACertificates") is not None:
        messages.append("WellKnownCACertificates feature is not currently supported")
    return Refusal("Invalid", " - ".join(messages)) if messages else Refusal()
