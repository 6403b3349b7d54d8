"""The checks of each core kind by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.apiserver import names
from gitops_kong.apiserver.core import endpointslice, ingress, secret, service
from gitops_kong.apiserver.problems import Problem

Data = Mapping[str, Any]


def _nothing(_: Data) -> Iterator[Problem]:
    return iter(())


def _may_change(_: Data, __: Data) -> Iterator[Problem]:
    return iter(())


@dataclass(frozen=True)
class Checks:
    """What is checked of a kind: its content, what an update changes, its name.

    Where `first` finds anything, nothing else is looked at.
    """

    content: Callable[[Data], Iterator[Problem]] = _nothing
    change: Callable[[Data, Data], Iterator[Problem]] = _may_change
    name: Callable[[str], tuple[str, ...]] = names.subdomain
    first: Callable[[Data], Iterator[Problem]] = _nothing


CHECKS: Mapping[str, Checks] = {
    "Ingress": Checks(ingress.check_ingress),
    "IngressClass": Checks(ingress.check_ingress_class, ingress.changed_ingress_class),
    "Service": Checks(service.check_service, service.changed_service, names.dns_1035_label, service.check_addresses),
    "Secret": Checks(secret.check_secret, secret.changed_secret),
    "ConfigMap": Checks(secret.check_config_map, secret.changed_config_map),
    "EndpointSlice": Checks(endpointslice.check_endpoint_slice, endpointslice.changed_endpoint_slice),
    "Namespace": Checks(name=names.label),
}
