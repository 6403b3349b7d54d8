"""Upstreams and targets: the endpoints behind each Kong service (KIC `Translator.getUpstreams`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context, ControllerPanic
from gitops_kong.translate.services import facade_of, facade_target
from gitops_kong.translate.state import Backend, Entity, PortDefinition, Service, Upstream

_DEFAULT_WEIGHT = 100  # Kong's, for the sum of targets that meet


class Endpoint(NamedTuple):
    """One address and port that receives traffic."""

    address: str
    port: str
    terminating: bool = False


class PortError(Exception):
    """A Service has no port such as a backend asks for."""


def upstreams(services: Iterable[Service], context: Context) -> list[Upstream]:
    """One upstream for each host of `services`. Sets each Kong service's `port` to that of its last backend."""
    found: dict[str, Upstream] = {}
    for service in services:
        host = service.entity["host"]
        if host in found:
            continue
        targets: dict[str, Entity] = {}
        for backend in service.backends:
            for target in _backend_targets(backend, service, context):
                _add(targets, target)
        entity: Entity = {"name": host}
        if tags := service.entity.get("tags"):
            entity["tags"] = tags
        found[host] = Upstream(entity, service, list(targets.values()))
    return list(found.values())


def _backend_targets(backend: Backend, service: Service, context: Context) -> list[Entity]:
    name = backend.name
    if backend.kind == "KongServiceFacade":
        facade = facade_of(backend, context)
        if facade is None:
            context.fail(
                f"couldn't get KongServiceFacade {name}: KongServiceFacade {backend.namespace}/{name} not found",
                service.parent,
            )
            return []
        name = facade_target(facade)[0]
    kubernetes_service = service.kubernetes_services.get(f"{backend.namespace}/{name}")
    if kubernetes_service is None:
        context.fail(f"can't add target for backend {name}: no kubernetes service found", service.parent)
        return []
    try:
        port = find_port(kubernetes_service, backend.port)
    except PortError as e:
        context.fail(f"can't find port for backend kubernetes service: {e}", kubernetes_service, service.parent)
        return []
    service.entity["port"] = port.get("port", 0)
    targets = [_target(e) for e in endpoints(kubernetes_service, port, context)]
    if backend.weight is not None:
        _share(backend.weight, targets)
    return targets


def _share(weight: int, targets: list[Entity]) -> None:
    """Split a backend's weight among its targets; those that terminate keep 0, the others get at least 1."""
    serving = [t for t in targets if t.get("weight") != 0]
    share = max(weight // len(serving), 1) if weight and serving else weight
    for target in serving:
        target["weight"] = share


def _add(targets: dict[str, Entity], target: Entity) -> None:
    """Targets that meet are one, of the sum of their weights (`updateTargetMap`)."""
    present = targets.setdefault(target["target"], target)
    if present is not target:
        present["weight"] = present.get("weight", _DEFAULT_WEIGHT) + target.get("weight", _DEFAULT_WEIGHT)


def find_port(service: K8sObject, wanted: PortDefinition) -> Mapping[str, Any]:
    """The port of a Service that a backend means (`findPort`); an ExternalName Service has any number."""
    ports: Sequence[Mapping[str, Any]] = service.spec.get("ports") or ()
    external = service.spec.get("type") == "ExternalName"
    if wanted.number is not None:
        if external:
            return {"port": wanted.number, "targetPort": wanted.number}
        for port in ports:
            if port.get("port") == wanted.number:
                return port
    elif external:
        raise PortError("rules with an ExternalName service must specify numeric ports")
    elif wanted.name is not None:
        for port in ports:
            if wanted.name in (port.get("name") or "", port.get("targetPort")):
                return port
    elif len(ports) == 1:
        return ports[0]
    else:
        raise PortError(f"in implicit mode, service must have exactly 1 port, has {len(ports)}")
    raise PortError("no suitable port found")


def endpoints(service: K8sObject, port: Mapping[str, Any], context: Context) -> list[Endpoint]:
    """The endpoints of a Service's port (`getServiceEndpoints`).

    They are looked up once for TCP and for each further protocol of any of the Service's ports, so that an address
    that does not depend on the protocol comes as often.
    """
    protocols = dict.fromkeys(["TCP", *(p.get("protocol") or "TCP" for p in service.spec.get("ports") or ())])
    fixed = _fixed_endpoint(service, port, context)
    if fixed is not None:
        return [fixed] * len(protocols)
    slices = context.endpoint_slices(service.namespace, service.name)
    drain = context.options.drain_support and context.behaves("drain-support")
    name = port.get("name") or ""
    return [e for protocol in protocols for e in _slice_endpoints(slices, name, protocol, drain=drain)]


def _fixed_endpoint(service: K8sObject, port: Mapping[str, Any], context: Context) -> Endpoint | None:
    """The address of a Service that stands for itself: an upstream service or an ExternalName."""
    if (
        context.class_parameters.get("serviceUpstream")
        or service.annotations.get("ingress.kubernetes.io/service-upstream") == "true"
    ):
        address = f"{service.name}.{service.namespace}.svc"
        domain = context.options.cluster_domain
        if domain and context.behaves("cluster-domain-in-service-address"):
            address += f".{domain}"
        return Endpoint(address, str(port["port"]))
    if service.spec.get("type") == "ExternalName":
        return Endpoint(service.spec.get("externalName") or "", str(port.get("targetPort", 0)))
    return None


def _slice_endpoints(slices: Iterable[K8sObject], name: str, protocol: str, *, drain: bool) -> list[Endpoint]:
    found: dict[Endpoint, None] = {}
    for endpoint_slice in slices:
        listed = endpoint_slice.data.get("endpoints") or ()
        for port in endpoint_slice.data.get("ports") or ():
            number = port.get("port")
            if (
                number is None
                or number < 0
                or (port.get("protocol") or "TCP") != protocol
                or (port.get("name") or "") != name
            ):
                continue
            for endpoint in listed:
                conditions = endpoint.get("conditions") or {}
                terminating = drain and conditions.get("terminating") is True
                if conditions.get("ready") is not False or terminating:
                    addresses = endpoint.get("addresses")
                    if not addresses:
                        raise ControllerPanic((endpoint_slice,), "an endpoint without addresses (getEndpoints)")
                    found[Endpoint(addresses[0], str(number), terminating)] = None
    return list(found)


def _target(endpoint: Endpoint) -> Entity:
    address = f"[{endpoint.address}]" if _is_ipv6(endpoint.address) else endpoint.address
    target: Entity = {"target": f"{address}:{endpoint.port}"}
    if endpoint.terminating:
        target["weight"] = 0
    return target


def _is_ipv6(address: str) -> bool:
    """Whether Go takes the text for an IPv6 address that is no mapped IPv4 address (`net.ParseIP`, `IP.To4`)."""
    if ":" not in address or "%" in address:
        return False
    try:
        return ipaddress.IPv6Address(address).ipv4_mapped is None
    except ValueError:
        return False
