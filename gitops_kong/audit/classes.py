"""Ingress classes that nobody handles."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_kong.audit.evidence import AuditEvidence
from gitops_kong.audit.found import finding
from gitops_kong.audit.statuses import address_of
from gitops_kong.cluster.intake import CLASS_ANNOTATION, DEFAULT_CLASS_ANNOTATION, NETWORKING
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.model import Finding

KONG = "ingress-controllers.konghq.com/kong"  # KIC `store.IngressClassKongController`


def classes(evidence: AuditEvidence) -> Iterator[Finding]:
    """Ingresses of a Kong class without a controller, of a class that is not there, of no class at all."""
    if not evidence.listed("IngressClass"):
        return
    stored = evidence.state.stored.values()
    known = {o.name: o for o in stored if (o.group, o.kind) == (NETWORKING, "IngressClass")}
    default = any(o.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true" for o in known.values())
    for ingress in stored:
        if (ingress.group, ingress.kind) == (NETWORKING, "Ingress"):
            yield from _of(ingress, known, evidence.classes, default=default)


def _of(
    ingress: K8sObject, known: dict[str, K8sObject], handled: frozenset[str], *, default: bool
) -> Iterator[Finding]:
    annotation, field = ingress.annotations.get(CLASS_ANNOTATION), ingress.spec.get("ingressClassName")
    name = annotation or field
    left = address_of(ingress)
    old = f"; its address {', '.join(sorted(left))} is of a controller that is gone" if left else ""
    where = ("metadata", "annotations", CLASS_ANNOTATION) if annotation else ("spec", "ingressClassName")
    if name is None:
        if not default:
            yield finding(
                "class-not-named", f"it names no class, and no IngressClass is the default{old}", ingress, ("spec",)
            )
        return
    if name in handled:
        return
    found = known.get(str(name))
    if found is None:
        yield finding("class-missing", f"there is no IngressClass {name}{old}", ingress, where)
    elif found.spec.get("controller") == KONG:
        running = ", ".join(sorted(handled)) or "none"
        message = f"IngressClass {name} is Kong's, but the controllers here run with {running}{old}"
        yield finding("class-not-handled", message, ingress, where)
