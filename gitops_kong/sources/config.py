"""`.gitops-kong.yaml`: what guessing is not enough for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
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


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """The `controller` section; None where the file does not say."""

    version: str | None = None
    ingress_class: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    watch_namespaces: tuple[str, ...] = ()
    use_last_valid_config_for_fallback: bool | None = None
    admission_webhook: bool | None = None


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """The `gateway` section; None where the file does not say."""

    version: str | None = None
    router_flavor: str | None = None
    edition: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file; `policies` is handed to the policies as it is written."""

    targets: tuple[TargetConfig, ...] = ()
    controller: ControllerConfig = ControllerConfig()
    gateway: GatewayConfig = GatewayConfig()
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
    text = files("gitops_kong.sources").joinpath("config.schema.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


def read_config(tree: Tree, path: str = FILE) -> Config:
    """The configuration of a repository, the default one where there is no file. Raises `UserError`."""
    return parse_config(tree.read(path), path) if path in tree.files else Config()


def parse_config(text: bytes, file: str) -> Config:
    """The configuration written in `text`. Raises `UserError` with the place of what is not understood."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # heavy, and most repositories have no such file
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    documents = read_documents(text, file)
    if len(documents) > 1:
        raise UserError(f"{file}: one document is expected, there are {len(documents)}")
    value = documents[0] if documents else {}
    error = best_match(Draft202012Validator(schema()).iter_errors(value))
    if error is not None:
        place = locate(text, Origin(file), _blamed(error))
        raise UserError(f"{file}:{place.line}:{place.column}: {_message(error)}")
    return _config(value, file)


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
    controller = value.get("controller", {})
    gateway = value.get("gateway", {})
    return Config(
        targets=tuple(_target(entry) for entry in value.get("targets", ())),
        controller=ControllerConfig(
            version=controller.get("version"),
            ingress_class=controller.get("ingressClass"),
            feature_gates=controller.get("featureGates", {}),
            watch_namespaces=tuple(controller.get("watchNamespaces", ())),
            use_last_valid_config_for_fallback=controller.get("useLastValidConfigForFallback"),
            admission_webhook=controller.get("admissionWebhook"),
        ),
        gateway=GatewayConfig(gateway.get("version"), gateway.get("routerFlavor"), gateway.get("edition")),
        policies=value.get("policies", {}),
        exclude=tuple(value.get("exclude", ())),
        context=tuple(value.get("context", ())),
        repositories=value.get("repositories", {}),
        kubernetes_version=value.get("kubernetesVersion"),
        file=file,
    )


def _target(entry: Mapping[str, Any]) -> TargetConfig:
    return TargetConfig(
        name=entry.get("name") or entry["path"],
        path=entry.get("path", "."),
        source=entry.get("source", ""),
        options={**entry.get("helm", {}), **({"cluster": entry["cluster"]} if "cluster" in entry else {})},
        context=tuple(entry.get("context", ())),
        sources=tuple(_target(part) for part in entry.get("sources", ())),
    )
