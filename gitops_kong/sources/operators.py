"""Kong Operator (Gateway Operator before 2.0), which runs controllers and gateways of its own: named, not predicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitops_kong.manifests.lenient import mapping, mappings, text
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.argocd_source import application
from gitops_kong.sources.base import Assumption

_GROUP = "gateway-operator.konghq.com"
_CONTROLLER = "konghq.com/gateway-operator"  # spec.controllerName of its GatewayClasses
_NAMES = ("gateway-operator", "gateway-operator-oss", "kong-operator", "kong-operator-oss")  # charts and images
NOT_PREDICTED = (
    "Kong Operator runs the controllers and gateways of its {} itself: what it makes of them is not predicted, and what"
    " is said here is said of a Kong Ingress Controller"
)


def operated(objects: Iterable[K8sObject], releases: Iterable[K8sObject]) -> list[Assumption]:
    """One line where these objects are Kong Operator's or install it."""
    found: dict[str, K8sObject] = {}
    for each in objects:
        if each.group == _GROUP or (each.kind == "GatewayClass" and each.spec.get("controllerName") == _CONTROLLER):
            found.setdefault(each.kind, each)
        elif each.kind == "Deployment" and any(_name(image) in _NAMES for image in _images(each)):
            found.setdefault("", each)
    for each in releases:
        if any(_name(chart) in _NAMES for chart in _charts(each)):
            found.setdefault("", each)
    if not found:
        return []
    kinds = ", ".join(sorted(kind for kind in found if kind)) or "Gateways"
    first = next(iter(found.values()))
    return [Assumption(first.ref, NOT_PREDICTED.format(kinds))]


def _name(reference: str) -> str:
    """`kong-operator` of `docker.io/kong/kong-operator:2.0@sha256:…`, of the name of a chart itself."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _images(workload: K8sObject) -> Iterator[str]:
    template = mapping(mapping(workload.spec.get("template")).get("spec"))
    return (text(container.get("image")) for container in mappings(template.get("containers")))


def _charts(release: K8sObject) -> Iterator[str]:
    if release.kind == "Application":
        yield from (text(source.get("chart")) for source in application(release).sources)
    elif release.kind == "HelmRelease":
        yield text(mapping(mapping(release.spec.get("chart")).get("spec")).get("chart"))
        yield text(mapping(release.spec.get("chartRef")).get("name"))
