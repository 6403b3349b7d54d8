"""Service (Kubernetes 1.33 `ValidateService`, `pkg/apis/core/validation`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.apiserver import metadata, names
from gitops_kong.apiserver.core import addresses
from gitops_kong.apiserver.problems import Problem, duplicate, forbidden, invalid, not_supported, required

Data = Mapping[str, Any]

PROTOCOLS = ["SCTP", "TCP", "UDP"]
_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"]
_DAY = 86400


def check_service(obj: Data) -> Iterator[Problem]:
    """What is wrong with a Service that is created, besides its metadata.

    Nothing is said about what its cluster decides: the ranges of cluster addresses and node ports.
    """
    spec = obj.get("spec") or {}
    kind, ports = spec.get("type"), spec.get("ports") or []
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        yield required("spec.ports")
    if kind in ("LoadBalancer", "NodePort") and headless:
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        yield from _external_name(spec)
    yield from _ports(ports, kind)
    yield from metadata.labels("spec.selector", spec.get("selector") or {})
    yield from _affinity(spec)
    for i, address in enumerate(spec.get("externalIPs") or ()):
        yield from addresses.check_reachable(address, f"spec.externalIPs[{i}]")
    if kind not in _TYPES:
        yield not_supported("spec.type", kind, _TYPES)
    yield from _load_balancer(spec, kind)
    yield from _traffic(spec, kind)


def _external_name(spec: Data) -> Iterator[Problem]:
    for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        given = spec.get(key) or (key == "clusterIPs" and spec.get("clusterIP"))
        if given:
            yield forbidden(f"spec.{key}", "may not be set for ExternalName services")
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        yield required("spec.externalName")
    for detail in names.subdomain(name) if name else ():
        yield invalid("spec.externalName", name, detail)


def check_addresses(obj: Data) -> Iterator[Problem]:
    """What is wrong with the addresses that a Service asks for, which is all that is said where there is anything.

    They are allocated before anything else is validated (`Allocators.initIPFamilyFields`).
    """
    spec = obj.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return
    field = "spec.clusterIPs"
    one, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if one and not several:
        several = [one]
    if several and not one:
        yield invalid(field, several, "must be empty when `clusterIP` is not specified")
    elif several and several[0] != one:
        yield invalid(field, several, "first value must match `clusterIP`")
    yield from _families(spec, several)
    for i, address in enumerate(several):
        if address == "None" and i == 0:
            if len(several) > 1:
                yield invalid(field, several, "'None' must be the first and only value")
        elif not addresses.is_ip_sloppy(address):
            yield invalid(f"{field}[{i}]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
    if len(several) > 2:
        yield invalid(field, several, "may only hold up to 2 values")


def _families(spec: Data, several: list[str]) -> Iterator[Problem]:
    families, policy = spec.get("ipFamilies") or [], spec.get("ipFamilyPolicy")
    wrong = False
    for i, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            wrong = True
            yield not_supported(f"spec.ipFamilies[{i}]", family, ["IPv4", "IPv6"])
        if family in families[:i]:
            wrong = True
            yield duplicate(f"spec.ipFamilies[{i}]", family)
    if policy is not None and policy not in _FAMILY_POLICIES:
        yield not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)
    headless_alone = spec.get("clusterIP") == "None" and not spec.get("selector")
    single = policy == "SingleStack" or (policy is None and not headless_alone)
    for what, given in (("cluster IPs", several), ("IP families", families)):
        if single and not wrong and len(given) == 2:
            yield invalid(
                "spec.ipFamilyPolicy",
                policy or "SingleStack",
                f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified",
            )


def _ports(ports: list[Data], kind: Any) -> Iterator[Problem]:
    seen_names: set[str] = set()
    seen_ports: set[tuple[Any, Any]] = set()
    seen_node_ports: set[tuple[Any, Any]] = set()
    for i, port in enumerate(ports):
        field = f"spec.ports[{i}]"
        yield from _port(port, len(ports) > 1, field)
        name, node_port = port.get("name") or "", port.get("nodePort") or 0
        if name and name in seen_names:
            yield duplicate(f"{field}.name", name)
        seen_names.add(name)
        key = port.get("protocol"), port.get("port") or 0
        if key in seen_ports:
            yield duplicate(field, {"protocol": key[0], "port": key[1]})
        seen_ports.add(key)
        if not node_port:
            continue
        if kind == "ClusterIP":
            yield forbidden(f"{field}.nodePort", "may not be used when `type` is 'ClusterIP'")
        elif (key[0], node_port) in seen_node_ports:
            yield duplicate(f"{field}.nodePort", node_port)
        seen_node_ports.add((key[0], node_port))


def _port(port: Data, named: bool, field: str) -> Iterator[Problem]:
    name, number, target = port.get("name") or "", port.get("port") or 0, port.get("targetPort")
    if named and not name:
        yield required(f"{field}.name")
    for detail in names.label(name) if name else ():
        yield invalid(f"{field}.name", name, detail)
    if not 1 <= number <= 65535:
        yield invalid(f"{field}.port", number, names.PORT_RANGE)
    if port.get("protocol") not in PROTOCOLS:
        yield not_supported(f"{field}.protocol", port.get("protocol"), PROTOCOLS)
    if isinstance(target, str):
        for detail in names.port_name(target):
            yield invalid(f"{field}.targetPort", target, detail)
    elif not 1 <= (target or 0) <= 65535:
        yield invalid(f"{field}.targetPort", target, names.PORT_RANGE)
    if (protocol := port.get("appProtocol")) is not None:
        for detail in names.qualified_name(protocol):
            yield invalid(f"{field}.appProtocol", protocol, detail)


def _affinity(spec: Data) -> Iterator[Problem]:
    affinity = spec.get("sessionAffinity")
    if affinity not in ("ClientIP", "None"):
        yield not_supported("spec.sessionAffinity", affinity, ["ClientIP", "None"])
    if affinity == "ClientIP":
        client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        seconds = client.get("timeoutSeconds") or 0
        if not 0 < seconds <= _DAY:
            yield invalid(
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                seconds,
                f"must be greater than 0 and less than {_DAY}",
            )


def _load_balancer(spec: Data, kind: Any) -> Iterator[Problem]:
    ranges = spec.get("loadBalancerSourceRanges") or []
    if ranges and kind != "LoadBalancer":
        yield forbidden("spec.LoadBalancerSourceRanges", _ONLY_LOAD_BALANCER)
    for i, text in enumerate(ranges):
        if not addresses.is_cidr_sloppy(text.strip()):
            yield invalid(
                f"spec.LoadBalancerSourceRanges[{i}]",
                text.strip(),
                "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            )
    class_name = spec.get("loadBalancerClass")
    if kind == "LoadBalancer":
        for detail in names.qualified_name(class_name) if class_name is not None else ():
            yield invalid("spec.loadBalancerClass", class_name, detail)
        return
    for key in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if spec.get(key) is not None:
            yield forbidden(f"spec.{key}", _ONLY_LOAD_BALANCER)


def _traffic(spec: Data, kind: Any) -> Iterator[Problem]:
    external, internal = spec.get("externalTrafficPolicy") or "", spec.get("internalTrafficPolicy")
    accessible = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if not accessible and external:
        yield invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services")
    elif accessible and external not in ("Cluster", "Local"):
        yield not_supported("spec.externalTrafficPolicy", external, ["Cluster", "Local"])
    health = spec.get("healthCheckNodePort") or 0
    if health and not (kind == "LoadBalancer" and external == "Local"):
        yield invalid(
            "spec.healthCheckNodePort",
            health,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )
    if internal is not None and internal not in ("Cluster", "Local"):
        yield not_supported("spec.internalTrafficPolicy", internal, ["Cluster", "Local"])
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution != "PreferClose":
        yield not_supported("spec.trafficDistribution", distribution, ["PreferClose"])


def changed_service(obj: Data, old: Data) -> Iterator[Problem]:
    """What an update of a Service may not change: an address that both name."""
    new, before = (obj.get("spec") or {}), (old.get("spec") or {})
    if new.get("type") != "ExternalName" and before.get("type") != "ExternalName":
        address, earlier = new.get("clusterIP"), before.get("clusterIP")
        if address and earlier and address != earlier:
            yield invalid("spec.clusterIPs[0]", [address], "may not change once set")
