"""How one controller and its gateway are set up: plain data that every later stage takes as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RouterFlavor = Literal["traditional", "traditional_compatible", "expressions"]

# Feature gates of the controller by their own names; defaults by version are rows of controller/versions.py.
FEATURE_GATES = (
    "FillIDs",
    "KongCustomEntity",
    "FallbackConfiguration",
    "RewriteURIs",
    "KongServiceFacade",
    "GatewayAlpha",
    "SanitizeKonnectConfigDumps",
    "CombinedServicesFromDifferentHTTPRoutes",
)


@dataclass(frozen=True)
class ControllerOptions:
    """One controller's settings.

    `behaviours` says for every row of controller/versions.py whether this version has it; a stage asks
    `options.behaviours["name"]` and never compares versions.
    """

    version: tuple[int, int, int]
    behaviours: Mapping[str, bool]
    feature_gates: Mapping[str, bool]
    ingress_class: str = "kong"
    gateway_controller_name: str = "konghq.com/kic-gateway-controller"
    cluster_domain: str = ""
    router_flavor: RouterFlavor = "traditional_compatible"
    gateway_version: tuple[int, int] = (3, 9)
    gateway_edition: Literal["oss", "enterprise"] = "oss"
    use_last_valid_config_for_fallback: bool = False
    drain_support: bool = False
    watch_namespaces: frozenset[str] = field(default_factory=frozenset)
    secret_label_selector: str = ""
    config_map_label_selector: str = "konghq.com/configmap"

    def gate(self, name: str) -> bool:
        """Whether the feature gate `name` is on."""
        return self.feature_gates[name]

    @property
    def version_text(self) -> str:
        """The version as `3.4.3`."""
        return ".".join(map(str, self.version))

    @property
    def expression_routes(self) -> bool:
        """Whether routes are written as router expressions."""
        return self.router_flavor == "expressions"
