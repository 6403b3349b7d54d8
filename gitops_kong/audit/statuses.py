"""Statuses: addresses of Ingresses, conditions of everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.audit.evidence import AuditEvidence
from gitops_kong.audit.found import finding
from gitops_kong.cluster.intake import NETWORKING
from gitops_kong.controller.known_kinds import GATEWAY_API
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.kinds import ROUTE_KINDS, STATUS_KINDS
from gitops_kong.predict.model import Finding

# Kinds whose status is an address, written once the configuration is in force
_ADDRESSED = (
    (NETWORKING, "Ingress"),
    ("configuration.konghq.com", "TCPIngress"),
    ("configuration.konghq.com", "UDPIngress"),
)
_JUDGED = ("Programmed", "Accepted", "ResolvedRefs")


def addresses(evidence: AuditEvidence) -> Iterator[Finding]:
    """Ingresses without an address that are served, with one that are not, with another one than the gateway's."""
    publish = evidence.publish
    waiting = publish is not None and publish.known and not publish.addresses
    if waiting and publish is not None and publish.service is not None:
        service = evidence.live.get(publish.service)
        yield finding("publish-service-without-address", f"{publish.service} has no address", service)
    for group, kind in _ADDRESSED:
        for ingress in evidence.state.store.list(group, kind):
            yield from _of_ingress(ingress, evidence, waiting=waiting)


def _of_ingress(ingress: K8sObject, evidence: AuditEvidence, *, waiting: bool) -> Iterator[Finding]:
    has = address_of(ingress)
    if evidence.young(ingress):
        return
    if not evidence.runs(ingress.ref):
        if evidence.running is not None and evidence.reader.intended[ingress.ref]:
            told = f"has the address {', '.join(sorted(has))}" if has else "has no address"
            yield finding("not-served", f"{evidence.seen_by} runs nothing of it; its status {told}", ingress)
        return
    if not has:
        if not waiting:
            yield finding("ingress-status-missing", _missing(ingress, evidence), ingress, ("status", "loadBalancer"))
        return
    publish = evidence.publish
    if (
        publish is not None
        and publish.known
        and publish.addresses
        and has != publish.addresses
        and ingress.kind == "Ingress"
    ):
        source = str(publish.service) if publish.service else "--publish-status-address"
        message = f"its address is {', '.join(sorted(has))}, that of {source} is {', '.join(sorted(publish.addresses))}"
        yield finding("ingress-address-differs", message, ingress, ("status", "loadBalancer"))


def _missing(ingress: K8sObject, evidence: AuditEvidence) -> str:
    served = evidence.running if evidence.running is not None else evidence.reader.served
    entities = f"{served[ingress.ref]} {'entity' if served[ingress.ref] == 1 else 'entities'}"
    told = f"status.loadBalancer is empty, while {evidence.seen_by} has {entities} of it"
    verdict = evidence.reader.verdict(ingress)
    if verdict.outcome.configuration == "translation-failed":
        return f"{told}; the controller writes none where it cannot translate all of it: {verdict.causes[0].message}"
    if not evidence.options.behaviours["fallback-reports-objects"]:
        told += f"; KIC {evidence.options.version_text} writes no status while a fallback configuration is in use"
    return told


def address_of(ingress: K8sObject) -> frozenset[str]:
    """The addresses in an Ingress's status."""
    status = mapping(mapping(ingress.data.get("status")).get("loadBalancer"))
    entries = status.get("ingress")
    found = (mapping(each) for each in entries if isinstance(each, Mapping)) if isinstance(entries, list) else ()
    return frozenset(
        str(each.get("ip") or each.get("hostname")) for each in found if each.get("ip") or each.get("hostname")
    )


def conditions(evidence: AuditEvidence) -> Iterator[Finding]:
    """Conditions that are older than their object, or say that something is wrong; routes without any."""
    for obj in evidence.state.store:
        if evidence.young(obj):
            continue
        if obj.group == GATEWAY_API and obj.kind in ROUTE_KINDS:
            yield from _of_route(obj, evidence)
        elif obj.kind in STATUS_KINDS and (obj.group, obj.kind) not in _ADDRESSED:
            yield from _of_conditions(
                obj, mapping(obj.data.get("status")).get("conditions"), ("status", "conditions"), ""
            )


def _of_route(route: K8sObject, evidence: AuditEvidence) -> Iterator[Finding]:
    parents = mapping(route.data.get("status")).get("parents")
    own = [
        (i, parent)
        for i, parent in enumerate(parents if isinstance(parents, list) else ())
        if isinstance(parent, Mapping) and parent.get("controllerName") == evidence.options.gateway_controller_name
    ]
    if not own:
        yield finding(
            "route-without-status", f"status.parents has no entry of {evidence.options.gateway_controller_name}", route
        )
    for i, parent in own:
        name = str(mapping(parent.get("parentRef")).get("name") or "")
        where = ("status", "parents", i, "conditions")
        yield from _of_conditions(route, parent.get("conditions"), where, f"for Gateway {name}: " if name else "")


def _of_conditions(obj: K8sObject, found: Any, path: tuple[str | int, ...], start: str) -> Iterator[Finding]:
    generation = obj.metadata.get("generation")
    judged = (
        [c for c in found if isinstance(c, Mapping) and c.get("type") in _JUDGED] if isinstance(found, list) else []
    )
    old = [c for c in judged if _older(c.get("observedGeneration"), generation)]
    if old:
        each = ", ".join(f"{c['type']} is of generation {c.get('observedGeneration')}" for c in old)
        yield finding("status-outdated", f"{start}{each}, the object is of generation {generation}", obj, path)
        return
    for condition in judged:
        if condition.get("status") == "False":
            message = " ".join(str(condition.get("message") or "").split()) or "no message"
            told = f"{start}{condition['type']} is False: {condition.get('reason')}: {message}"
            yield finding("not-programmed", told, obj, path)


def _older(observed: Any, generation: Any) -> bool:
    return isinstance(observed, int) and isinstance(generation, int) and observed < generation


def publish_addresses(service: K8sObject) -> frozenset[str]:
    """The addresses that the controller takes from its publish Service (KIC `generateAddressFinderGetter`)."""
    if service.spec.get("type") == "LoadBalancer":
        return address_of(service)
    ips = service.spec.get("clusterIPs")
    return frozenset(str(ip) for ip in (ips if isinstance(ips, list) else [service.spec.get("clusterIP")]) if ip)


def service_ref(name: str, namespace: str) -> Ref:
    """The Service that `--publish-service` names: `namespace/name`."""
    before, slash, after = name.partition("/")
    return Ref("", "Service", before if slash else namespace, after if slash else before)
