"""Whether an HTTPRoute's backendRefs can be resolved: its condition `ResolvedRefs` (KIC `getHTTPRouteRuleReason`)."""

from __future__ import annotations

from typing import NamedTuple

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.reference_grants import Referrer, Target, is_granted
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject


class ResolvedRefs(NamedTuple):
    """Reason and message of the condition; `ResolvedRefs` is the reason where all is well."""

    reason: str
    message: str = ""

    @property
    def holds(self) -> bool:
        """Whether the condition is true."""
        return self.reason == "ResolvedRefs"


def resolved_refs(
    route: K8sObject, store: ObjectStore, options: ControllerOptions, *, assume_missing: bool = False
) -> ResolvedRefs:
    """The first backendRef that cannot be resolved decides. Versions before 3.4 write no message.

    `assume_missing`: a Service that is not in `store` may be in the cluster.
    """
    for rule in route.spec.get("rules") or ():
        for ref in rule.get("backendRefs") or ():
            group, kind, name = ref.get("group") or "", ref.get("kind", "Service"), ref.get("name") or ""
            namespace = ref.get("namespace") or route.namespace
            target, title = f"{namespace}/{name}", f"{group}/{kind}" if group else kind
            reason = message = ""
            if kind != "Service" or group not in ("", "core"):
                reason, message = "InvalidKind", f"target {target} has unsupported type {title}"
            elif not assume_missing and store.get("", "Service", namespace, name) is None:
                reason, message = "BackendNotFound", f"target {target} of type {title} does not exist"
            elif namespace != route.namespace and not is_granted(
                store, Referrer(route.group, route.kind, route.namespace), Target(namespace, group, kind, name)
            ):
                reason, message = (
                    "RefNotPermitted",
                    (
                        f"{target} is in a different namespace than the HTTPRoute (namespace {route.namespace})"
                        " and no ReferenceGrant allowing reference is configured"
                    ),
                )
            if reason:
                return ResolvedRefs(reason, message if options.behaviours["resolved-refs-message"] else "")
    return ResolvedRefs("ResolvedRefs")
