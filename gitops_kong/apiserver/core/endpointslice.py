"""EndpointSlice (Kubernetes 1.33 `pkg/apis/discovery/validation`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.apiserver import metadata, names
from gitops_kong.apiserver.core import addresses
from gitops_kong.apiserver.core.service import PROTOCOLS
from gitops_kong.apiserver.problems import Problem, duplicate, invalid, not_supported, required, too_many

Data = Mapping[str, Any]

_ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"]
_VERSIONS = {"IPv4": 4, "IPv6": 6}


def check_endpoint_slice(obj: Data) -> Iterator[Problem]:
    """What is wrong with an EndpointSlice, besides its metadata."""
    kind = obj.get("addressType") or ""
    if not kind:
        yield required("addressType")
    elif kind not in _ADDRESS_TYPES:
        yield not_supported("addressType", kind, _ADDRESS_TYPES)
    yield from _ports(obj.get("ports") or [])
    endpoints = obj.get("endpoints") or []
    if len(endpoints) > 1000:
        yield too_many("endpoints", len(endpoints), 1000)
        return
    for i, endpoint in enumerate(endpoints):
        yield from _endpoint(endpoint, kind, f"endpoints[{i}]")


def _ports(ports: list[Data]) -> Iterator[Problem]:
    if len(ports) > 20000:
        yield too_many("ports", len(ports), 20000)
        return
    seen: set[str] = set()
    for i, port in enumerate(ports):
        field, name = f"ports[{i}]", port.get("name") or ""
        for detail in names.label(name) if name else ():
            yield invalid(f"{field}.name", name, detail)
        if name in seen:
            yield duplicate(f"{field}.name", name)
        seen.add(name)
        if port.get("protocol") not in PROTOCOLS:
            yield not_supported(f"{field}.protocol", port.get("protocol"), PROTOCOLS)
        if (protocol := port.get("appProtocol")) is not None:
            for detail in names.qualified_name(protocol):
                yield invalid(f"{field}.appProtocol", protocol, detail)


def _endpoint(endpoint: Data, kind: str, field: str) -> Iterator[Problem]:
    given = endpoint.get("addresses") or []
    if not given:
        yield required(f"{field}.addresses", "must contain at least 1 address")
    elif len(given) > 100:
        yield too_many(f"{field}.addresses", len(given), 100)
    for i, address in enumerate(given):
        yield from _address(address, kind, f"{field}.addresses", i)
    if (node := endpoint.get("nodeName")) is not None:
        for detail in names.subdomain(node):
            yield invalid(f"{field}.nodeName", node, detail)
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > 16:
        yield too_many(f"{field}.deprecatedTopology", len(topology), 16)
    yield from metadata.labels(f"{field}.deprecatedTopology", topology)
    if (hostname := endpoint.get("hostname")) is not None:
        for detail in names.label(hostname):
            yield invalid(f"{field}.hostname", hostname, detail)
    yield from _hints(endpoint.get("hints") or {}, f"{field}.hints")


def _address(address: str, kind: str, field: str, i: int) -> Iterator[Problem]:
    if kind in _VERSIONS:
        parsed = addresses.parse(address)
        if parsed is not None and parsed.version != _VERSIONS[kind]:
            yield invalid(field, address, f"must be an {kind} address")
        yield from addresses.check_reachable(address, f"{field}[{i}]")
    elif kind == "FQDN":
        yield from _domain(address, f"{field}[{i}]")


def _domain(address: str, field: str) -> Iterator[Problem]:
    name = address.removesuffix(".")
    if not name:
        yield required(field)
        return
    problems = names.subdomain(name)
    for detail in problems:
        yield invalid(field, name, detail)
    if not problems and "." not in name:
        yield invalid(field, address, "should be a domain with at least two segments separated by dots")


def _hints(hints: Data, field: str) -> Iterator[Problem]:
    for key, rule in (("forZones", names.label_value), ("forNodes", names.subdomain)):
        given = hints.get(key) or []
        if len(given) > 8:
            yield too_many(f"{field}.{key}", len(given), 8)
            continue
        seen: set[str] = set()
        for i, hint in enumerate(given):
            name = hint.get("name") or ""
            if name in seen:
                yield duplicate(f"{field}.{key}[{i}].name", name)
            seen.add(name)
            for detail in rule(name):
                yield invalid(f"{field}.{key}[{i}].name", name, detail)


def changed_endpoint_slice(obj: Data, old: Data) -> Iterator[Problem]:
    """What an update of an EndpointSlice may not change."""
    if obj.get("addressType") != old.get("addressType"):
        yield invalid("addressType", obj.get("addressType"), "field is immutable")
