"""Findings of an audit."""

from __future__ import annotations

from gitops_kong.audit.rules import RULES
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.model import Cause, Finding, Severity


def finding(
    rule: str,
    message: str,
    obj: K8sObject | Ref | None = None,
    path: tuple[str | int, ...] = (),
    severity: Severity | None = None,
    causes: tuple[Cause, ...] = (),
) -> Finding:
    """A finding of `rule` on an object, or on what a Ref names where the object is not there."""
    about = RULES[rule]
    if isinstance(obj, Ref):
        obj = K8sObject(
            {
                "apiVersion": f"{obj.group}/v1" if obj.group else "v1",
                "kind": obj.kind,
                "metadata": {"name": obj.name, **({"namespace": obj.namespace} if obj.namespace else {})},
            }
        )
    return Finding(
        rule, severity or about.severity, message, object=obj, path=path, causes=causes, help=about.remediation
    )
