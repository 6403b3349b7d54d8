"""Finds Kong Ingress Controller and Kong Gateway in the repository that they are deployed from.

Flags, then environment variables (`CONTROLLER_…`), then values of the charts kong/kong and kong/ingress say how the
controller runs (`internal/cmd/rootcmd/config/cli.go` of KIC: each flag is also a variable, the flag wins).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import items, mapping, mappings
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.sources import controller_releases
from gitops_kong.sources.argocd_source import application
from gitops_kong.sources.base import Tree
from gitops_kong.sources.controller_releases import KINDS
from gitops_kong.sources.controller_settings import (
    FoundController,
    boolean,
    flags,
    gates,
    last,
    listens,
    names,
    settings_of_flags,
    short,
    version,
)

__all__ = ["FoundController", "find_controllers"]

_IMAGE = regex(r"(?:.*/)?(?P<name>[^/:@]+)(?::(?P<tag>[^@]+))?(?:@.*)?")
_CONTROLLERS = ("kubernetes-ingress-controller", "kong-ingress-controller", "nightly-ingress-controller")
_GATEWAYS = ("kong", "kong-gateway", "kong-gateway-dev")
_WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")


def find_controllers(
    objects: Iterable[K8sObject], tree: Tree | None = None, cluster: str = "", values: Tree | None = None
) -> list[FoundController]:
    """Every controller among rendered objects, then those that charts from elsewhere install, by name.

    With `tree`, Applications, HelmReleases, charts and kustomizations that install Kong's charts are looked for in it,
    too; `values` has values files that they name, where that is another. With `cluster`, Applications that deploy to
    another one do not count.
    """
    everything = list(objects)
    found = [*_workloads(everything)]
    data = {each.ref: each for each in everything if each.kind == "ConfigMap" and not each.group}
    releases = {(each.kind, each.namespace, each.name): each for each in everything if each.kind in KINDS}
    for each in controller_releases.releases(tree) if tree is not None else ():
        releases.setdefault((each.kind, each.namespace, each.name), each)
    artifacts = {(each.namespace, each.name): each for each in controller_releases.artifacts(everything, tree)}
    for each in releases.values():
        if each.kind == "Application" and cluster and application(each).cluster != cluster:
            continue
        installed = controller_releases.from_release(each, values or tree, data, artifacts)
        if installed is not None:
            found.append(installed)
    if tree is not None:
        found += controller_releases.from_files(tree)
    return sorted(found, key=lambda each: (each.namespace, each.name))


# Workloads


def _workloads(objects: list[K8sObject]) -> Iterator[FoundController]:
    data = {each.ref: each for each in objects if each.kind in ("ConfigMap", "Secret") and not each.group}
    gateways = [gateway for each in objects if (gateway := _gateway(each, data)) is not None]
    for each in objects:
        if each.kind not in _WORKLOADS:
            continue
        container = next((c for c in _containers(each) if _is_controller(c)), None)
        if container is None:
            continue
        found = _controller(each, container, data)
        found = _with_webhook(found, objects)
        own = [fields for workload, fields in gateways if workload is each]
        near = [fields for workload, fields in gateways if workload.namespace == each.namespace]
        for fields in (own or near or [fields for _, fields in gateways])[:1]:
            found = replace(found, **{**fields, "places": {**found.places, **fields["places"]}})
        yield found


def _containers(workload: K8sObject) -> Iterator[Mapping[str, Any]]:
    template = mapping(mapping(workload.spec.get("template")).get("spec"))
    for name in ("containers", "initContainers"):
        yield from mappings(template.get(name))


def _is_controller(container: Mapping[str, Any]) -> bool:
    """Whether a container runs Kong's controller; a mirror may put something before the image's name."""
    name = _image(container)[0]
    return name in _CONTROLLERS or (name.endswith(_CONTROLLERS) and "kong" in str(container.get("image")))


def _image(container: Mapping[str, Any]) -> tuple[str, str | None]:
    """Name and version of a container's image; the version is None where the tag tells none."""
    match = _IMAGE.fullmatch(str(container.get("image") or ""))
    if match is None:
        return "", None
    return match["name"], version(match["tag"])


def _environment(container: Mapping[str, Any], namespace: str, data: Mapping[Ref, K8sObject]) -> dict[str, str]:
    """A container's variables, those of ConfigMaps in the repository included; Secrets are not opened."""
    found: dict[str, str] = {}
    for entry in mappings(container.get("envFrom")):
        name = str(mapping(entry.get("configMapRef")).get("name") or "")
        held = data.get(Ref("", "ConfigMap", namespace, name))
        prefix = str(entry.get("prefix") or "")
        if held is not None:
            found.update({prefix + key: str(value) for key, value in mapping(held.data.get("data")).items()})
    for entry in mappings(container.get("env")):
        name = str(entry.get("name") or "")
        if isinstance(entry.get("value"), str):
            found[name] = entry["value"]
            continue
        source = mapping(mapping(entry.get("valueFrom")).get("configMapKeyRef"))
        held = data.get(Ref("", "ConfigMap", namespace, str(source.get("name") or "")))
        if held is not None and source.get("key") in mapping(held.data.get("data")):
            found[name] = str(held.data["data"][source["key"]])
    return found


def _flags(container: Mapping[str, Any]) -> dict[str, list[str]]:
    """Flags of a container's command line, each with all its values; a switch without a value is `true`."""
    return flags(word for name in ("command", "args") for word in items(container.get(name)))


def _controller(workload: K8sObject, container: Mapping[str, Any], data: Mapping[Ref, K8sObject]) -> FoundController:
    file = workload.origin.file if workload.origin else ""
    environment = _environment(container, workload.namespace, data)
    flags = _flags(container)
    places: dict[str, str] = {}

    def setting(name: str, attribute: str) -> list[str]:
        variable = "CONTROLLER_" + name.upper().replace("-", "_")
        if name in flags:
            places[attribute] = f"{file}: --{name}"
            return flags[name]
        if variable in environment:
            places[attribute] = f"{file}: {variable}"
            return [environment[variable]]
        return []

    tagged = _image(container)[1]
    if tagged:
        places["version"] = f"{file}: image {container.get('image')}"
    return FoundController(
        workload.name,
        workload.namespace,
        workload.origin,
        version=tagged,
        ingress_class=last(setting("ingress-class", "ingress_class")),
        feature_gates=gates(setting("feature-gates", "feature_gates")),
        watch_namespaces=names(setting("watch-namespace", "watch_namespaces")),
        use_last_valid_config_for_fallback=boolean(
            last(setting("use-last-valid-config-for-fallback", "use_last_valid_config_for_fallback"))
        ),
        admission_webhook=listens(last(setting("admission-webhook-listen", "admission_webhook"))),
        **settings_of_flags(setting),
        places=places,
    )


def _with_webhook(found: FoundController, objects: list[K8sObject]) -> FoundController:
    """What the API server asks the controller about; of several configurations that of its namespace."""
    near: list[tuple[bool, K8sObject, tuple[dict[str, Any], ...]]] = []
    for each in objects:
        if each.kind != "ValidatingWebhookConfiguration":
            continue
        own = tuple(w for w in mappings(each.data.get("webhooks")) if "konghq.com" in str(w.get("name")))
        places = {str(mapping(mapping(w.get("clientConfig")).get("service")).get("namespace") or "") for w in own}
        if own:
            near.append((found.namespace not in places, each, own))
    if not near:
        return found
    _, each, own = min(near, key=lambda one: one[0])
    place = {"admission_webhook": each.origin.file if each.origin else str(each.ref)}
    on = found.admission_webhook is not False
    return replace(found, admission_webhook=on, webhooks=own, places={**place, **found.places})


def _gateway(workload: K8sObject, data: Mapping[Ref, K8sObject]) -> tuple[K8sObject, dict[str, Any]] | None:
    """The gateway that a workload runs, as fields of `FoundController`."""
    if workload.kind not in _WORKLOADS:
        return None
    for container in _containers(workload):
        name, tagged = _image(container)
        if name not in _GATEWAYS:
            continue
        file = workload.origin.file if workload.origin else ""
        places = {"gateway_version": f"{file}: image {container.get('image')}"} if tagged else {}
        flavor = _environment(container, workload.namespace, data).get("KONG_ROUTER_FLAVOR")
        if flavor:
            places["router_flavor"] = f"{file}: KONG_ROUTER_FLAVOR"
        edition = "oss" if name == "kong" else "enterprise"
        fields = {"gateway_version": short(tagged), "gateway_edition": edition, "router_flavor": flavor}
        return workload, {**fields, "places": places}
    return None
