"""What surrounds the controller of a scenario file: its manifests, the API server, the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.gateway_state import Gateway, RememberedSchemas
from gitops_kong.controller.gateways import RulesGateway
from gitops_kong.controller.scenario_file import Scenario, Step
from gitops_kong.controller.schema_gateway import SchemaGateway
from gitops_kong.controller.settings import scenario_options
from gitops_kong.controller.simulate import StepResult, Surroundings, run
from gitops_kong.controller.typed_manifests import typed, without_raw_json
from gitops_kong.errors import ManifestError
from gitops_kong.gateway.catalogue import Catalogue, Schema, load
from gitops_kong.gateway.custom_schemas import FOLDER, load_custom
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_objects
from gitops_kong.translate.build import translate


def simulate(scenario: Scenario, version: str, kubernetes: tuple[int, int] = (1, 33)) -> list[StepResult]:
    """Run a scenario file with a controller `version` and the plugins' schemas of the repository that it lies in.

    `kubernetes` is the version of the API server that the manifests are sent to.
    """
    options = scenario_options(version, scenario.options)
    return run(scenario, options, surroundings(scenario, options, kubernetes))


def surroundings(scenario: Scenario, options: ControllerOptions, kubernetes: tuple[int, int] = (1, 33)) -> Surroundings:
    """What the scenario needs from outside, with a state of its own: the schemas that a gateway has handed out."""
    return _World(options, kubernetes, scenario.reconcilers_take_in, Path(scenario.path)).surroundings()


@dataclass
class _World:
    options: ControllerOptions
    kubernetes: tuple[int, int]
    reconcilers_take_in: bool
    path: Path
    catalogue: Catalogue = field(init=False)
    schemas: RememberedSchemas = field(init=False)
    api_server: ApiServer = field(init=False)

    def __post_init__(self) -> None:
        catalogue = load(".".join(map(str, self.options.gateway_version)))
        custom = _custom_schemas(self.path)
        self.catalogue = catalogue.with_plugins(custom) if custom else catalogue
        self.api_server = ApiServer(self.options.version, self.kubernetes)
        self.schemas = RememberedSchemas(self.catalogue.schemas_for(self.options))

    def surroundings(self) -> Surroundings:
        return Surroundings(self._read, self._decodes, self.api_server.prepare, self._gateway, translate)

    def _read(self, step: Step) -> Sequence[K8sObject]:
        as_text = not self.reconcilers_take_in
        return [
            typed(obj, self.options.version, as_text=as_text) for path in step.manifests for obj in _read_file(path)
        ]

    def _decodes(self, obj: K8sObject) -> str | None:
        return self.api_server.decodes(obj if self.reconcilers_take_in else without_raw_json(obj))

    def _gateway(self, step: Step) -> Gateway:
        if step.restart or step.gateway_restart:
            self.schemas.fetched.clear()
        self.schemas.available = step.gateway == "schema"
        if step.gateway == "rules":
            return RulesGateway(step.reject, self.schemas)
        return SchemaGateway(self.catalogue, self.options, self.schemas)


def _custom_schemas(path: Path) -> dict[str, Schema]:
    """Those of the nearest folder above `path` that has any, within its repository."""
    for folder in path.resolve().parents:
        if (folder / FOLDER).is_dir():
            return load_custom(folder)
        if (folder / ".git").exists():
            break
    return {}


def _read_file(path: Path) -> list[K8sObject]:
    try:
        text = path.read_bytes()
    except OSError as e:
        raise ManifestError(f"{path}: cannot be read: {e.strerror}") from e
    return read_objects(text, str(path))
