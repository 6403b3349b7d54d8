"""`.gitops-kong.yaml`: what guessing is not enough for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.positions import locate
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Tree, normal

FILE = ".gitops-kong.yaml"


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """One entry of `targets`. An empty `source` is found from what lies at `path`.

    With `sources` the target is what they render to together, in one cluster, and has no path of its own.
    """

    name: str
    path: str = "."
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    sources: tuple[TargetConfig, ...] = ()
    controller: ControllerConfig | None = None


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """One controller and its gateway; None where the file does not say."""

    name: str = ""
    version: str | None = None
    ingress_class: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    watch_namespaces: tuple[str, ...] = ()
    use_last_valid_config_for_fallback: bool | None = None
    admission_webhook: bool | None = None
    cluster_domain: str | None = None
    gateway_controller_name: str | None = None
    secret_label_selector: str | None = None
    config_map_label_selector: str | None = None
    drain_support: bool | None = None
    gateway_version: str | None = None
    gateway_edition: str | None = None
    router_flavor: str | None = None

    def over(self, other: ControllerConfig) -> ControllerConfig:
        """`other` with everything that this one says."""
        said = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) not in (None, "", (), {})}
        gates = {**other.feature_gates, **self.feature_gates}
        return replace(other, **{**said, "feature_gates": gates})


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file; `policies` is handed to the policies as it is written."""

    targets: tuple[TargetConfig, ...] = ()
    controller: ControllerConfig = ControllerConfig()
    controllers: tuple[ControllerConfig, ...] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    repositories: Mapping[str, str] = field(default_factory=dict)
    kubernetes_version: str | None = None
    allow_network: bool = False  # never from the file, which a pull request can change
    file: str = ""


def relocated(config: Config, folder: str) -> Config:
    """`config` of a file in `folder`, with its paths relative to the repository's root."""
    if folder == ".":
        return config

    def targets(entries: tuple[TargetConfig, ...]) -> tuple[TargetConfig, ...]:
        return tuple(
            replace(
                entry, path=normal(entry.path, folder), context=paths(entry.context), sources=targets(entry.sources)
            )
            for entry in entries
        )

    def paths(entries: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normal(path, folder) for path in entries)

    return replace(
        config, targets=targets(config.targets), exclude=paths(config.exclude), context=paths(config.context)
    )


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the file, as `gitops-kong schema config` prints it."""
    text = Path(__file__).with_name("config.schema.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


def read_config(tree: Tree, path: str = FILE) -> Config:
    """The configuration of a repository, the default one where there is no file. Raises `UserError`."""
    return parse_config(tree.read(path), path) if path in tree.files else Config()


def parse_config(text: bytes, file: str) -> Config:
    """The configuration written in `text`. Raises `UserError` with the place of what is not understood."""
    return _config(read_valid(text, file, schema()), file)


def read_valid(text: bytes, file: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """The one document of a file of settings, {} where there is none. Raises `UserError` with the place of what the
    JSON Schema `shape` does not allow.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # heavy, and most repositories have no such file
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    documents = read_documents(text, file)
    if len(documents) > 1:
        raise UserError(f"{file}: one document is expected, there are {len(documents)}")
    value: dict[str, Any] = documents[0] if documents else {}
    error = best_match(Draft202012Validator(shape).iter_errors(value))
    if error is not None:
        place = locate(text, Origin(file), _blamed(error))
        raise UserError(f"{file}:{place.line}:{place.column}: {_message(error)}")
    return value


def _blamed(error: Any) -> list[str | int]:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        path.append(_unknown(error)[0])
    return path


def _unknown(error: Any) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.instance if key not in known]


def _message(error: Any) -> str:
    if error.validator == "additionalProperties":
        known = ", ".join(sorted(error.schema.get("properties", {})))
        return f"unknown key {_unknown(error)[0]!r}; known are {known}"
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


def _config(value: Mapping[str, Any], file: str) -> Config:
    controller = controller_config({"gateway": value.get("gateway", {}), **value.get("controller", {})})
    return Config(
        targets=tuple(_target(entry) for entry in value.get("targets", ())),
        controller=controller,
        controllers=tuple(controller_config(entry).over(controller) for entry in value.get("controllers", ())),
        policies=value.get("policies", {}),
        exclude=tuple(value.get("exclude", ())),
        context=tuple(value.get("context", ())),
        repositories=value.get("repositories", {}),
        kubernetes_version=value.get("kubernetesVersion"),
        file=file,
    )


_CONTROLLER = {
    "name": "name",
    "version": "version",
    "ingressClass": "ingress_class",
    "featureGates": "feature_gates",
    "useLastValidConfigForFallback": "use_last_valid_config_for_fallback",
    "admissionWebhook": "admission_webhook",
    "clusterDomain": "cluster_domain",
    "gatewayControllerName": "gateway_controller_name",
    "secretLabelSelector": "secret_label_selector",
    "configMapLabelSelector": "config_map_label_selector",
    "drainSupport": "drain_support",
}


def controller_config(entry: Mapping[str, Any]) -> ControllerConfig:
    """What an entry `controller` of a valid file says."""
    gateway = entry.get("gateway", {})
    return ControllerConfig(
        **{attribute: entry[key] for key, attribute in _CONTROLLER.items() if key in entry},
        watch_namespaces=tuple(entry.get("watchNamespaces", ())),
        gateway_version=gateway.get("version"),
        gateway_edition=gateway.get("edition"),
        router_flavor=gateway.get("routerFlavor"),
    )


def _target(entry: Mapping[str, Any]) -> TargetConfig:
    return TargetConfig(
        name=entry.get("name") or entry["path"],
        path=entry.get("path", "."),
        source=entry.get("source", ""),
        options={**entry.get("helm", {}), **({"cluster": entry["cluster"]} if "cluster" in entry else {})},
        context=tuple(entry.get("context", ())),
        sources=tuple(_target(part) for part in entry.get("sources", ())),
        controller=controller_config(entry["controller"]) if "controller" in entry else None,
    )
