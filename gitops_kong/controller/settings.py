"""`ControllerOptions` from the words that users and scenario files write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops_kong.cluster.options import ControllerOptions, RouterFlavor
from gitops_kong.controller import versions
from gitops_kong.errors import UserError

# A flag of the translator that KIC derives from both versions, and that scenario files may set.
REDIRECT_PLUGIN = "SupportRedirectPlugin"
# Further flags of the translator: the router flavor says the first, the others change nothing that is looked at here.
EXPRESSION_ROUTES = "ExpressionRoutes"
WITHOUT_EFFECT = ("EnterpriseEdition", "ReportConfiguredKubernetesObjects")


def parse_version(text: str) -> versions.Version:
    """`3.4.3` (or `v3.4.3`, or `3.4`: its newest known patch release) as numbers."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not match:
        raise UserError(f"controller version {text!r}: a version such as 3.4.3 is needed")
    major, minor, patch = match.groups()
    newest = versions.NEWEST_PATCHES.get((int(major), int(minor)), 0)
    version = (int(major), int(minor), newest if patch is None else int(patch))
    if version < versions.OLDEST:
        raise UserError(f"controller version {text}: versions from {'.'.join(map(str, versions.OLDEST))} on are known")
    return version


def controller_options(
    version: str,
    *,
    gateway_version: str = "3.9",
    router_flavor: RouterFlavor = "traditional_compatible",
    feature_gates: Mapping[str, bool] | None = None,
    **settings: Any,
) -> ControllerOptions:
    """The options of a controller `version` with its defaults, and `settings` as fields of `ControllerOptions`."""
    number = parse_version(version)
    gates = versions.feature_gates(number)
    unknown = sorted(set(feature_gates or ()) - set(gates) - {REDIRECT_PLUGIN})
    if unknown:
        raise UserError(f"feature gate {unknown[0]!r} is not known; known are {', '.join(sorted(gates))}")
    return ControllerOptions(
        number,
        versions.behaviours(number),
        gates | dict(feature_gates or {}),
        gateway_version=parse_gateway_version(gateway_version),
        router_flavor=router_flavor,
        **settings,
    )


def parse_gateway_version(text: str) -> tuple[int, int]:
    """`3.9` or `3.9.1` as (3, 9)."""
    match = re.fullmatch(r"(\d+)\.(\d+)(?:\.\d+)*", text)
    if not match:
        raise UserError(f"gateway version {text!r}: a version such as 3.9 is needed")
    return int(match[1]), int(match[2])


NEWEST = ".".join(map(str, versions.NEWEST_KNOWN))


def scenario_options(version: str, options: Mapping[str, Any]) -> ControllerOptions:
    """The options of a scenario file (CONTRACT.md) for a controller `version`."""
    gates = {k: bool(v) for k, v in (options.get("featureFlags") or {}).items() if k not in WITHOUT_EFFECT}
    expressions = gates.pop(EXPRESSION_ROUTES, False)
    if not versions.behaviours(parse_version(version))["scenario-redirect-plugin"]:
        gates.setdefault(REDIRECT_PLUGIN, False)
    if "fallbackConfiguration" in options:
        gates["FallbackConfiguration"] = bool(options["fallbackConfiguration"])
    return controller_options(
        version,
        gateway_version=str(options.get("kongVersion") or "3.9"),
        router_flavor=options.get("routerFlavor") or ("expressions" if expressions else "traditional_compatible"),
        feature_gates=gates,
        ingress_class=options.get("ingressClass") or "kong",
        use_last_valid_config_for_fallback=bool(options.get("useLastValidConfigForFallback")),
    )
