"""Controllers that Kong's charts install: values of Applications, HelmReleases, charts and kustomizations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.objects import EMPTY, K8sObject, Origin, Ref
from gitops_kong.manifests.yaml import read_value
from gitops_kong.sources.argocd_source import application
from gitops_kong.sources.base import Tree, join, normal, parent
from gitops_kong.sources.chart_versions import chart_versions, kong_chart
from gitops_kong.sources.chart_webhooks import chart_webhooks
from gitops_kong.sources.controller_settings import (
    FoundController,
    boolean,
    flags,
    gates,
    last,
    names,
    settings_of_flags,
    short,
    version,
)
from gitops_kong.sources.files import SUFFIXES
from gitops_kong.sources.kustomize import NAMES
from gitops_kong.sources.subcharts import merged

KINDS = ("Application", "HelmRelease")
_CHARTS = ("kong", "ingress")
_CHART_HOST = "charts.konghq.com"
_BITNAMI = "bitnami"  # its chart of the same name has other values


def releases(tree: Tree) -> Iterator[K8sObject]:
    """Applications and HelmReleases in the files of the repository."""
    for path in tree.files:
        if not path.endswith(SUFFIXES):
            continue
        try:
            content = tree.read(path)
            if b"argoproj.io/" in content or b"helm.toolkit.fluxcd.io/" in content:
                yield from (each for each in tree.objects(path) if each.kind in KINDS)
        except UserError:
            continue


@dataclass(frozen=True, slots=True)
class Release:
    """A chart of Kong's with its values by the file that they are written in, those that count most last."""

    name: str
    namespace: str
    origin: Origin | None
    chart: str
    version: Any
    layers: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def values(self) -> Mapping[str, Any]:
        """All values together."""
        together: Mapping[str, Any] = EMPTY
        for _, values in self.layers:
            together = merged(together, values)
        return together

    def place(self, path: str) -> str:
        """Where the value at a path of keys is written."""
        for file, values in reversed(self.layers):
            found: Any = values
            for key in path.split("."):
                found = mapping(found).get(key)
            if found is not None:
                return f"{file}: {path}"
        return f"{self.origin.file if self.origin else ''}: {path}"


def artifacts(objects: Iterable[K8sObject], tree: Tree | None) -> Iterator[K8sObject]:
    """The OCIRepositories that charts are taken from."""
    yield from (each for each in objects if each.kind == "OCIRepository")
    if tree is None:
        return
    for path in tree.mentioning(b"OCIRepository"):
        try:
            yield from (each for each in tree.objects(path) if each.kind == "OCIRepository")
        except UserError:
            continue


def from_release(
    found: K8sObject,
    tree: Tree | None,
    data: Mapping[Ref, K8sObject],
    artifacts: Mapping[tuple[str, str], K8sObject],
) -> FoundController | None:
    """The controller that an Application or a HelmRelease installs.

    `tree` has values files, `data` ConfigMaps, `artifacts` are OCIRepositories by namespace and name.
    """
    file = found.origin.file if found.origin else ""
    if found.kind == "Application" and found.group == "argoproj.io":
        namespace = text(mapping(found.spec.get("destination")).get("namespace"))
        for source in application(found).sources:
            if _is_kongs(source.get("chart"), source.get("repoURL")):
                layers = tuple(_layers(source, found, tree))
                name = str(source["chart"]).rpartition("/")[2]
                return controller(
                    Release(found.name, namespace, found.origin, name, source.get("targetRevision"), layers)
                )
        return None
    if found.kind == "HelmRelease" and found.group == "helm.toolkit.fluxcd.io":
        chart = mapping(mapping(found.spec.get("chart")).get("spec"))
        reference = mapping(chart.get("sourceRef"))
        if reference.get("kind") == "HelmRepository" and chart.get("chart") in _CHARTS:
            namespace = str(found.spec.get("targetNamespace") or found.namespace)
            layers = (*_values_from(found, data), (file, mapping(found.spec.get("values"))))
            return controller(
                Release(found.name, namespace, found.origin, str(chart["chart"]), chart.get("version"), tuple(layers))
            )
        reference = mapping(found.spec.get("chartRef"))
        place = (text(reference.get("namespace")) or found.namespace, text(reference.get("name")))
        if reference.get("kind") == "OCIRepository" and place in artifacts:
            return _of_artifact(found, artifacts[place], data)
    return None


def _of_artifact(found: K8sObject, source: K8sObject, data: Mapping[Ref, K8sObject]) -> FoundController | None:
    url = text(source.spec.get("url"))
    name = url.rpartition("/")[2]
    if not _is_kongs(name, url):
        return None
    wanted = mapping(source.spec.get("ref"))
    file = found.origin.file if found.origin else ""
    namespace = str(found.spec.get("targetNamespace") or found.namespace)
    layers = (*_values_from(found, data), (file, mapping(found.spec.get("values"))))
    version_of = wanted.get("tag") or wanted.get("semver")
    return controller(Release(found.name, namespace, found.origin, name, version_of, tuple(layers)))


def _is_kongs(chart: Any, url: Any) -> bool:
    """Whether a chart is one of Kong's, from there or from a mirror; `ingress` is a name that others have too."""
    name = str(chart or "").rpartition("/")[2]
    if _CHART_HOST in str(url):
        return name in _CHARTS
    return name == "kong" and _BITNAMI not in f"{url}{chart}"


def _layers(source: Mapping[str, Any], found: K8sObject, tree: Tree | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What `source.helm` says, by file: values files of this repository, then its own values, then parameters."""
    options = mapping(source.get("helm"))
    file = found.origin.file if found.origin else ""
    for entry in items(options.get("valueFiles")):
        if tree is not None and isinstance(entry, str) and entry.startswith("$"):
            try:
                path = normal(entry.partition("/")[2])
                yield path, _parsed(tree.read(path))
            except UserError:
                continue
    values = mapping(options.get("valuesObject"))
    yield file, values or _parsed(text(options.get("values")).encode())
    for entry in mappings(options.get("parameters")):
        value: Any = text(entry.get("value"))
        for key in reversed(text(entry.get("name")).split(".")):
            value = {key: value}
        yield file, value


def _values_from(found: K8sObject, data: Mapping[Ref, K8sObject]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in mappings(found.spec.get("valuesFrom")):
        held = data.get(Ref("", "ConfigMap", found.namespace, text(entry.get("name"))))
        if entry.get("kind") == "ConfigMap" and held is not None and not entry.get("targetPath"):
            content = mapping(held.data.get("data")).get(text(entry.get("valuesKey")) or "values.yaml")
            yield held.origin.file if held.origin else "", _parsed(text(content).encode())


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        return mapping(read_value(content, "values"))
    except UserError:
        return EMPTY


def from_files(tree: Tree) -> Iterator[FoundController]:
    """Charts and kustomizations of the repository that take Kong's charts from elsewhere; a copy of one is rendered."""
    for path in tree.files:
        name = path.rpartition("/")[2]
        if name != "Chart.yaml" and name not in NAMES:
            continue
        try:
            content = tree.read(path)
            if _CHART_HOST.encode() not in content:
                continue
            found = _of_chart if name == "Chart.yaml" else _of_kustomization
            yield from filter(None, map(controller, found(_parsed(content), path, tree)))
        except UserError:
            continue


def _of_chart(metadata: Mapping[str, Any], path: str, tree: Tree) -> Iterator[Release]:
    """Kong's charts among the sub-charts of a chart."""
    file = join(parent(path), "values.yaml")
    values = _parsed(tree.read(file)) if file in tree.files else EMPTY
    held = {each.rpartition("/charts/")[2].split("/")[0] for each in tree.under(join(parent(path), "charts"))}
    for entry in mappings(metadata.get("dependencies")):
        name = str(entry.get("name"))
        if name in _CHARTS and not any(each == name or each.startswith(f"{name}-") for each in held):
            key = str(entry.get("alias") or name)
            layers = ((file, mapping(values.get(key))),)
            yield Release(str(metadata.get("name")), "", Origin(file), name, entry.get("version"), layers)


def _of_kustomization(value: Mapping[str, Any], path: str, tree: Tree) -> Iterator[Release]:
    """Kong's charts among the `helmCharts` of a kustomization."""
    for entry in mappings(value.get("helmCharts")):
        name, space = text(entry.get("name")), text(entry.get("namespace")) or text(value.get("namespace"))
        if not _is_kongs(name, entry.get("repo")):
            continue
        layers: list[tuple[str, Mapping[str, Any]]] = []
        for file in (entry.get("valuesFile"), *items(entry.get("additionalValuesFiles"))):
            if isinstance(file, str):
                place = normal(file, parent(path))
                layers.append((place, _parsed(tree.read(place))))
        layers.append((path, mapping(entry.get("valuesInline"))))
        release = text(entry.get("releaseName")) or name
        yield Release(release, space, Origin(path), name, entry.get("version"), tuple(layers))


def controller(release: Release) -> FoundController | None:
    """What values of kong/kong say, or those of kong/ingress, which has the controller and the gateway apart.

    Where they name no image tags, the version of the chart tells them. None where they switch the controller off.
    """
    prefix = ("controller.", "gateway.") if release.chart == "ingress" else ("", "")
    values = release.values
    controller_values = mapping(values.get("controller")) if release.chart == "ingress" else values
    gateway_values = mapping(values.get("gateway")) if release.chart == "ingress" else values
    own = mapping(controller_values.get("ingressController"))
    off = (own.get("enabled"), controller_values.get("enabled") if release.chart == "ingress" else None)
    if any(str(value).lower() == "false" for value in off):
        return None
    environment = {str(key).lower(): value for key, value in mapping(own.get("env")).items()}
    places: dict[str, str] = {}

    def note(attribute: str, value: Any, path: str) -> Any:
        if value not in (None, (), {}, []):
            places[attribute] = release.place(path)
        return value

    def by_chart(attribute: str, value: Any) -> Any:
        if value is not None:
            file = release.origin.file if release.origin else ""
            places[attribute] = f"{file}: chart {release.chart} {release.version}"
        return value

    base = f"{prefix[0]}ingressController"
    given = flags(items(own.get("args")))

    def setting(flag: str, attribute: str, values: Iterable[str] = (), path: str = "") -> list[str]:
        """All values of a flag: of `args`, else of `env` (which the chart makes variables of), else its own value."""
        variable = flag.replace("-", "_")
        if flag in given:
            return note(attribute, given[flag], f"{base}.args") or []
        if isinstance(environment.get(variable), str | int | float):
            return note(attribute, [str(environment[variable])], f"{base}.env.{variable}") or []
        return note(attribute, [*values], path) or []

    webhook = mapping(own.get("admissionWebhook"))
    image = mapping(gateway_values.get("image"))
    repository = str(image.get("repository") or "")
    shipped = chart_versions(release.chart, text(release.version))
    asked = webhook.get("enabled")
    class_given = [name] if (name := text(own.get("ingressClass"))) else []
    return FoundController(
        release.name,
        release.namespace,
        release.origin,
        version=note("version", *_tagged(mapping(own.get("image")), f"{base}.image"))
        or by_chart("version", shipped.controller if shipped else None),
        ingress_class=last(setting("ingress-class", "ingress_class", class_given, f"{base}.ingressClass")),
        feature_gates=gates(setting("feature-gates", "feature_gates")),
        watch_namespaces=names(
            setting(
                "watch-namespace", "watch_namespaces", _texts(own.get("watchNamespaces")), f"{base}.watchNamespaces"
            )
        ),
        use_last_valid_config_for_fallback=boolean(
            last(setting("use-last-valid-config-for-fallback", "use_last_valid_config_for_fallback"))
        ),
        admission_webhook=by_chart("admission_webhook", True)
        if asked is None
        else note("admission_webhook", boolean(str(asked)), f"{base}.admissionWebhook.enabled"),
        webhooks=tuple(chart_webhooks(webhook, kong_chart(release.chart, text(release.version)))),
        **settings_of_flags(setting),
        gateway_version=short(note("gateway_version", *_tagged(image, f"{prefix[1]}image")))
        or by_chart("gateway_version", shipped.gateway if shipped and not repository else None),
        gateway_edition="enterprise" if "gateway" in repository else None,
        router_flavor=note(
            "router_flavor",
            text(mapping(gateway_values.get("env")).get("router_flavor")) or None,
            f"{prefix[1]}env.router_flavor",
        ),
        places=places,
    )


def _tagged(image: Mapping[str, Any], path: str) -> tuple[str | None, str]:
    """The version of an image, and where it is said: `effectiveSemver` is for tags that tell none."""
    for key in ("effectiveSemver", "tag"):
        if (found := version(image.get(key))) is not None:
            return found, f"{path}.{key}"
    return None, path


def _texts(values: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(str(each) for each in items(values))
