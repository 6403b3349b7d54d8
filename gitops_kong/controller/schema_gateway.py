"""A gateway that judges with Kong's own schemas."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.gateway_state import Answer, Config
from gitops_kong.gateway.catalogue import Catalogue
from gitops_kong.gateway.stored import stored
from gitops_kong.gateway.validate import validate
from gitops_kong.translate.state import GatewaySchemas


@dataclass(frozen=True)
class SchemaGateway:
    """Kong Gateway of the options' version, router flavor and edition."""

    catalogue: Catalogue
    options: ControllerOptions
    schemas: GatewaySchemas

    def judge(self, config: Config, push: int) -> Answer:  # noqa: ARG002 - each push is judged alike
        """What `POST /config` answers."""
        verdict = validate(config, self.catalogue, self.options.router_flavor, self.options.gateway_edition)
        return Answer(verdict.status, verdict.errors, verdict.general, verdict.unverified, verdict.blamed)

    def stored(self, config: Config) -> Config:
        """`config` as the gateway holds it."""
        return stored(config, self.catalogue, self.options.router_flavor, self.options.gateway_edition)
