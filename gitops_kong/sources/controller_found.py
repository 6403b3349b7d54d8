"""Finds Kong Ingress Controller and Kong Gateway in the repository that they are deployed from.

Flags, then environment variables (`CONTROLLER_…`), then values of the charts kong/kong and kong/ingress say how the
controller runs (`internal/cmd/rootcmd/config/cli.go` of KIC: each flag is also a variable, the flag wins).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.objects import EMPTY, K8sObject, Origin, Ref
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.argocd_source import application
from gitops_kong.sources.base import Tree, join, parent
from gitops_kong.sources.chart_versions import chart_versions, kong_chart
from gitops_kong.sources.chart_webhooks import chart_webhooks
from gitops_kong.sources.files import SUFFIXES

_IMAGE = regex(r"(?:.*/)?(?P<name>[^/:@]+)(?::(?P<tag>[^@]+))?(?:@.*)?")
_VERSION = regex(r"v?(\d+\.\d+(?:\.\d+)*)")
_CONTROLLERS = ("kubernetes-ingress-controller", "kong-ingress-controller", "nightly-ingress-controller")
_GATEWAYS = ("kong", "kong-gateway", "kong-gateway-dev")
_WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")
_CHARTS = ("kong", "ingress")
_RELEASES = ("Application", "HelmRelease")
_CHART_HOST = b"charts.konghq.com"


@dataclass(frozen=True, slots=True)
class FoundController:
    """One controller and its gateway, as far as the repository says; None and empty where it does not.

    `places` says for each field that was found where: a file, or `file: what in it`.
    """

    name: str
    namespace: str
    origin: Origin | None
    version: str | None = None
    ingress_class: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    watch_namespaces: tuple[str, ...] = ()
    use_last_valid_config_for_fallback: bool | None = None
    admission_webhook: bool | None = None
    webhooks: tuple[Mapping[str, Any], ...] = ()  # those of its ValidatingWebhookConfiguration
    cluster_domain: str | None = None
    gateway_controller_name: str | None = None
    secret_label_selector: str | None = None
    config_map_label_selector: str | None = None
    drain_support: bool | None = None
    publish_service: str | None = None
    publish_status_address: tuple[str, ...] = ()
    gateway_version: str | None = None
    gateway_edition: str | None = None
    router_flavor: str | None = None
    places: Mapping[str, str] = field(default_factory=dict)


def find_controllers(
    objects: Iterable[K8sObject], tree: Tree | None = None, cluster: str = ""
) -> list[FoundController]:
    """Every controller among rendered objects, then those that charts from elsewhere install, by name.

    With `tree`, Applications, HelmReleases and Chart.yaml files that install Kong's charts are looked for in it, too;
    with `cluster`, Applications that deploy to another one do not count.
    """
    everything = list(objects)
    found = [*_workloads(everything)]
    releases = {(each.kind, each.namespace, each.name): each for each in everything if each.kind in _RELEASES}
    for each in _releases(tree) if tree is not None else ():
        releases.setdefault((each.kind, each.namespace, each.name), each)
    for each in releases.values():
        if each.kind == "Application" and cluster and application(each).cluster != cluster:
            continue
        installed = _from_release(each)
        if installed is not None:
            found.append(installed)
    if tree is not None:
        found += _from_charts(tree)
    return sorted(found, key=lambda each: (each.namespace, each.name))


# Workloads


def _workloads(objects: list[K8sObject]) -> Iterator[FoundController]:
    data = {each.ref: each for each in objects if each.kind in ("ConfigMap", "Secret") and not each.group}
    gateways = [gateway for each in objects if (gateway := _gateway(each, data)) is not None]
    for each in objects:
        if each.kind not in _WORKLOADS:
            continue
        container = next((c for c in _containers(each) if _image(c)[0] in _CONTROLLERS), None)
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


def _image(container: Mapping[str, Any]) -> tuple[str, str | None]:
    """Name and version of a container's image; the version is None where the tag tells none."""
    match = _IMAGE.fullmatch(str(container.get("image") or ""))
    if match is None:
        return "", None
    return match["name"], _version(match["tag"])


def _version(tag: Any) -> str | None:
    match = _VERSION.match(str(tag or ""))
    return match[1] if match else None


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
    words = [str(word) for name in ("command", "args") for word in items(container.get(name))]
    found: dict[str, list[str]] = {}
    for position, word in enumerate(words):
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        following = words[position + 1] if position + 1 < len(words) else "--"
        found.setdefault(name, []).append(value if equals else "true" if following.startswith("-") else following)
    return found


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

    version = _image(container)[1]
    if version:
        places["version"] = f"{file}: image {container.get('image')}"
    return FoundController(
        workload.name,
        workload.namespace,
        workload.origin,
        version=version,
        ingress_class=_last(setting("ingress-class", "ingress_class")),
        feature_gates=_gates(setting("feature-gates", "feature_gates")),
        watch_namespaces=_names(setting("watch-namespace", "watch_namespaces")),
        use_last_valid_config_for_fallback=_boolean(
            _last(setting("use-last-valid-config-for-fallback", "use_last_valid_config_for_fallback"))
        ),
        admission_webhook=_listens(_last(setting("admission-webhook-listen", "admission_webhook"))),
        cluster_domain=_last(setting("cluster-domain", "cluster_domain")),
        gateway_controller_name=_last(setting("gateway-api-controller-name", "gateway_controller_name")),
        secret_label_selector=_last(setting("secret-label-selector", "secret_label_selector")),
        config_map_label_selector=_last(setting("configmap-label-selector", "config_map_label_selector")),
        drain_support=_boolean(_last(setting("enable-drain-support", "drain_support"))),
        publish_service=_last(setting("publish-service", "publish_service")),
        publish_status_address=_names(setting("publish-status-address", "publish_status_address")),
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
        name, version = _image(container)
        if name not in _GATEWAYS:
            continue
        file = workload.origin.file if workload.origin else ""
        places = {"gateway_version": f"{file}: image {container.get('image')}"} if version else {}
        flavor = _environment(container, workload.namespace, data).get("KONG_ROUTER_FLAVOR")
        if flavor:
            places["router_flavor"] = f"{file}: KONG_ROUTER_FLAVOR"
        edition = "oss" if name == "kong" else "enterprise"
        fields = {"gateway_version": _short(version), "gateway_edition": edition, "router_flavor": flavor}
        return workload, {**fields, "places": places}
    return None


def _short(version: str | None) -> str | None:
    """A gateway's version as `3.9`."""
    return ".".join(version.split(".")[:2]) if version else None


# Charts from elsewhere


def _releases(tree: Tree) -> Iterator[K8sObject]:
    """Applications and HelmReleases in the files of the repository."""
    for path in tree.files:
        if not path.endswith(SUFFIXES):
            continue
        try:
            text = tree.read(path)
            if b"argoproj.io/" in text or b"helm.toolkit.fluxcd.io/" in text:
                yield from (each for each in tree.objects(path) if each.kind in _RELEASES)
        except UserError:
            continue


def _from_release(found: K8sObject) -> FoundController | None:
    if found.kind == "Application" and found.group == "argoproj.io":
        return _from_application(found)
    if found.kind == "HelmRelease" and found.group == "helm.toolkit.fluxcd.io":
        chart = mapping(mapping(found.spec.get("chart")).get("spec"))
        if chart.get("chart") in _CHARTS and mapping(chart.get("sourceRef")).get("kind") == "HelmRepository":
            namespace = str(found.spec.get("targetNamespace") or found.namespace)
            return _from_values(
                found, str(chart["chart"]), mapping(found.spec.get("values")), namespace, chart.get("version")
            )
    return None


def _from_application(found: K8sObject) -> FoundController | None:
    sources = [*mappings(found.spec.get("sources")), mapping(found.spec.get("source"))]
    for source in sources:
        if source.get("chart") not in _CHARTS or _CHART_HOST.decode() not in str(source.get("repoURL")):
            continue
        options = mapping(source.get("helm"))
        values = mapping(options.get("valuesObject"))
        if not values and isinstance(options.get("values"), str):
            values = _parsed(options["values"])
        namespace = str(mapping(found.spec.get("destination")).get("namespace") or "")
        return _from_values(found, str(source["chart"]), values, namespace, source.get("targetRevision"))
    return None


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        documents = read_documents(text.encode(), "values")
    except UserError:
        return EMPTY
    return mapping(documents[0]) if documents else EMPTY


def _from_charts(tree: Tree) -> Iterator[FoundController]:
    """Charts of the repository that depend on Kong's, which are not vendored; a vendored one is rendered."""
    for path in tree.files:
        if path.rpartition("/")[2] != "Chart.yaml":
            continue
        try:
            text = tree.read(path)
            if _CHART_HOST not in text:
                continue
            metadata = _parsed(text.decode("utf-8", "replace"))
            values_file = join(parent(path), "values.yaml")
            values = _parsed(tree.read(values_file).decode("utf-8", "replace")) if values_file in tree.files else EMPTY
        except UserError:
            continue
        held = {file.rpartition("/charts/")[2].split("/")[0] for file in tree.under(join(parent(path), "charts"))}
        for entry in mappings(metadata.get("dependencies")):
            name = str(entry.get("name"))
            if name in _CHARTS and not any(file == name or file.startswith(f"{name}-") for file in held):
                own = mapping(values.get(str(entry.get("alias") or name)))
                holder = K8sObject({"metadata": {"name": str(metadata.get("name"))}}, Origin(values_file))
                yield _from_values(holder, name, own, "", entry.get("version"))


def _from_values(
    found: K8sObject, chart: str, values: Mapping[str, Any], namespace: str, chart_version: Any
) -> FoundController:
    """Values of kong/kong, or of kong/ingress, which has them for the controller and the gateway apart.

    Where they name no image tags, the version of the chart tells them.
    """
    file = found.origin.file if found.origin else ""
    prefix = (
        {"controller": "controller.", "gateway": "gateway."}
        if chart == "ingress"
        else {"controller": "", "gateway": ""}
    )
    controller_values = mapping(values.get("controller")) if chart == "ingress" else values
    gateway_values = mapping(values.get("gateway")) if chart == "ingress" else values
    controller = mapping(controller_values.get("ingressController"))
    environment = {str(key).lower(): value for key, value in mapping(controller.get("env")).items()}
    places: dict[str, str] = {}

    def note(attribute: str, value: Any, path: str) -> Any:
        if value is not None and value != ():
            places[attribute] = f"{file}: {path}"
        return value

    base = f"{prefix['controller']}ingressController"
    webhook = mapping(controller.get("admissionWebhook"))
    image = mapping(gateway_values.get("image"))
    gates = environment.get("feature_gates")
    namespaces = tuple(str(each) for each in items(controller.get("watchNamespaces")))
    last_valid = environment.get("use_last_valid_config_for_fallback")
    tag = _version(mapping(controller.get("image")).get("tag"))
    repository = str(image.get("repository") or "")
    gateway = _short(_version(image.get("tag")))
    shipped = chart_versions(chart, text(chart_version))
    by_chart = f"chart {chart} {chart_version}"
    return FoundController(
        found.name,
        namespace,
        found.origin,
        version=note("version", tag, f"{base}.image.tag")
        or note("version", shipped.controller if shipped else None, by_chart),
        ingress_class=note("ingress_class", (text(controller.get("ingressClass")) or None), f"{base}.ingressClass"),
        feature_gates=note("feature_gates", _gates([str(gates)]), f"{base}.env.feature_gates") if gates else {},
        watch_namespaces=note("watch_namespaces", namespaces, f"{base}.watchNamespaces"),
        use_last_valid_config_for_fallback=note(
            "use_last_valid_config_for_fallback",
            _boolean(None if last_valid is None else str(last_valid)),
            f"{base}.env.use_last_valid_config_for_fallback",
        ),
        admission_webhook=note("admission_webhook", webhook.get("enabled"), f"{base}.admissionWebhook.enabled")
        if "enabled" in webhook
        else note("admission_webhook", True, f"default of the chart {chart}"),
        webhooks=tuple(chart_webhooks(webhook, kong_chart(chart, text(chart_version)))),
        gateway_version=note("gateway_version", gateway, f"{prefix['gateway']}image.tag")
        or note("gateway_version", shipped.gateway if shipped and not repository else None, by_chart),
        gateway_edition="enterprise" if "gateway" in repository else None,
        router_flavor=note(
            "router_flavor",
            (text(mapping(gateway_values.get("env")).get("router_flavor")) or None),
            f"{prefix['gateway']}env.router_flavor",
        ),
        places=places,
    )


# Plain values


def _last(values: list[str]) -> str | None:
    return values[-1] if values else None


def _names(values: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def _gates(values: list[str]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name in _names(values):
        gate, _, value = name.partition("=")
        on = _boolean(value.strip())
        if on is not None:
            found[gate.strip()] = on
    return found


def _boolean(value: str | None) -> bool | None:
    """Go's `strconv.ParseBool`; None for anything else."""
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    return None


def _listens(value: str | None) -> bool | None:
    return None if value is None else value.strip() not in ("", "off")
