"""The flags that say which controller and gateway run in the cluster, shared by several commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast, get_args

import click

from gitops_kong.cli import completing
from gitops_kong.cli.sections import section
from gitops_kong.cluster.options import ControllerOptions, RouterFlavor
from gitops_kong.controller.settings import controller_options
from gitops_kong.controller.versions import NEWEST_KNOWN
from gitops_kong.errors import UserError
from gitops_kong.gateway.catalogue import VERSIONS as GATEWAYS
from gitops_kong.predict.webhook import WebhookSettings
from gitops_kong.sources.config import Config, ControllerConfig
from gitops_kong.sources.controller_found import FoundController

T = TypeVar("T")
DEFAULT = "default"  # where a controller's version comes from that nothing tells
DEFAULT_GATEWAY = "3.9"
DEFAULT_KUBERNETES = "1.33"
DEFAULT_FLAVOR = "traditional_compatible"


_AS_IT_IS = (
    "cluster_domain",
    "gateway_controller_name",
    "secret_label_selector",
    "config_map_label_selector",
    "drain_support",
)


@dataclass(frozen=True)
class ControllerSettings:
    """What the flags say; None and empty where they say nothing."""

    controller_version: str | None = None
    gateway_version: str | None = None
    router_flavor: str | None = None
    gateway_edition: str | None = None
    ingress_class: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    use_last_valid_config_for_fallback: bool | None = None
    admission_webhook: bool | None = None

    def webhook(
        self, config: Config, found: FoundController | None, file: ControllerConfig | None = None
    ) -> WebhookSettings:
        """Whether the admission webhook is on, in the same order; None where nothing says so."""
        seen = found or FoundController("", "", None)
        said = (self.admission_webhook, (file or config.controller).admission_webhook, seen.admission_webhook)
        on = next((value for value in said if value is not None), None)
        return WebhookSettings(on, seen.webhooks)

    def resolve(
        self, config: Config, found: FoundController | None = None, said: ControllerConfig | None = None
    ) -> tuple[ControllerOptions, str]:
        """The options to check with, and where the controller's version comes from.

        A flag wins over the file, the file over what was found in the repository, that over the defaults. Raises
        UserError for a version or a gate that is not known, with the place where it was found.
        """
        file = said or config.controller
        seen = found or FoundController("", "", None)
        version, source = first(
            (self.controller_version, "--controller-version"),
            (file.version, config.file),
            (seen.version, seen.places.get("version", "")),
            (".".join(map(str, NEWEST_KNOWN)), DEFAULT if found is None else _tells_none(found)),
        )
        known_gateway = seen.gateway_version if seen.gateway_version in GATEWAYS else None
        gateway = self.gateway_version or file.gateway_version or known_gateway or DEFAULT_GATEWAY
        flavor = self.router_flavor or file.router_flavor or seen.router_flavor
        edition = self.gateway_edition or file.gateway_edition or seen.gateway_edition or "oss"
        last_valid = (
            self.use_last_valid_config_for_fallback,
            file.use_last_valid_config_for_fallback,
            seen.use_last_valid_config_for_fallback,
        )
        more = {
            name: value
            for name in _AS_IT_IS
            if (value := first_of(getattr(file, name), getattr(seen, name))) is not None
        }
        try:
            options = controller_options(
                version,
                gateway_version=gateway,
                router_flavor=cast("RouterFlavor", flavor if flavor in get_args(RouterFlavor) else DEFAULT_FLAVOR),
                feature_gates={**seen.feature_gates, **file.feature_gates, **self.feature_gates},
                gateway_edition=edition,
                ingress_class=self.ingress_class or file.ingress_class or seen.ingress_class or "kong",
                use_last_valid_config_for_fallback=next((value for value in last_valid if value is not None), False),
                watch_namespaces=frozenset(file.watch_namespaces or seen.watch_namespaces),
                **more,
            )
        except UserError as e:
            if found is None:
                raise
            place = found.places.get("version") or (found.origin.file if found.origin else "the repository")
            raise UserError(f"{place}: {e}; --controller-version and --feature-gate override what was found") from None
        return options, source

    def at(self, controller: str | None, gateway: str | None) -> ControllerSettings:
        """The same settings with other versions, where one is given."""
        return replace(
            self,
            controller_version=controller or self.controller_version,
            gateway_version=gateway or self.gateway_version,
        )

    def choose(
        self, config: Config, found: Sequence[FoundController], said: ControllerConfig | None = None
    ) -> FoundController | None:
        """Of several controllers the one of the wanted ingress class; without a wish `kong`'s, else the first."""
        wanted = self.ingress_class or (said or config.controller).ingress_class
        for name in (wanted,) if wanted else ("kong", None):
            for controller in found:
                if (controller.ingress_class or "kong") == (name or "kong"):
                    return controller
        return None if wanted or not found else found[0]

    def several(
        self, config: Config, found: Sequence[FoundController], own: ControllerConfig | None = None
    ) -> list[tuple[ControllerConfig, FoundController | None]]:
        """The controllers of one cluster: what the file says of each, and what was found of it.

        `own` is what the file says of this cluster alone. Without a word on the ingress class, every class (and every
        set of watched namespaces) that was found has its controller; the one that `choose` takes comes first.
        """
        if own is not None or not config.controllers:
            said = own.over(config.controller) if own else config.controller
            chosen = self.choose(config, found, said)
            if chosen is None or self.ingress_class or said.ingress_class:
                return [(said, chosen)]
            seen: dict[tuple[str, tuple[str, ...]], FoundController] = {}
            for each in (chosen, *found):
                seen.setdefault((each.ingress_class or "kong", each.watch_namespaces), each)
            return [(said, each) for each in seen.values()]
        listed = [
            each
            for each in config.controllers
            if self.ingress_class is None or (each.ingress_class or "kong") == self.ingress_class
        ]
        return [(said, self.choose(config, found, said)) for said in listed or config.controllers[:1]]


def _tells_none(found: FoundController) -> str:
    """Where a version comes from that neither the image nor the chart of a controller tells."""
    return f"{DEFAULT}; {found.origin.file} tells no version that is known" if found.origin else DEFAULT


def first_of(*choices: T | None) -> T | None:
    """The first that is said."""
    return next((value for value in choices if value is not None), None)


def kubernetes_version(config: Config) -> tuple[int, int]:
    """The API server's version, 1.33 where nothing says so. Raises UserError for what is no version."""
    return minor_version(config.kubernetes_version or DEFAULT_KUBERNETES)


def minor_version(text: str) -> tuple[int, int]:
    """`1.33.4` as (1, 33). Raises UserError for what is no version of Kubernetes."""
    found = re.fullmatch(r"v?(\d+)\.(\d+)([.+-].*)?", text)
    if found is None:
        raise UserError(f"{text!r} is no Kubernetes version such as 1.33")
    return int(found[1]), int(found[2])


def first(*choices: tuple[str | None, str]) -> tuple[str, str]:
    """The first value that is there, and where it comes from."""
    return next((value, source) for value, source in choices if value)


def _gates(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, bool]:
    gates = {}
    for text in value:
        for part in text.split(","):
            name, equals, switch = part.strip().partition("=")
            if not equals or switch.lower() not in ("true", "false"):
                raise click.BadParameter(f"{part!r}: NAME=true or NAME=false is needed", ctx, param)
            gates[name] = switch.lower() == "true"
    return gates


# Adds the flags to a command, which gets them as keyword arguments of `settings_of`.
controller_flags = section(
    "Controller and gateway (default: as the repository says)",
    click.option(
        "--controller-version",
        metavar="VERSION",
        shell_complete=completing.controller_versions,
        help="Kong Ingress Controller, such as 3.4.3.",
    ),
    click.option(
        "--gateway-version",
        metavar="VERSION",
        shell_complete=completing.gateway_versions,
        help="Kong Gateway, such as 3.9.",
    ),
    click.option(
        "--router-flavor",
        metavar="FLAVOR",
        type=click.Choice(get_args(RouterFlavor)),
        help="traditional, traditional_compatible or expressions.",
    ),
    click.option(
        "--gateway-edition", metavar="EDITION", type=click.Choice(["oss", "enterprise"]), help="oss or enterprise."
    ),
    click.option("--ingress-class", metavar="NAME", help="Ingress class of the controller."),
    click.option(
        "--feature-gate",
        "feature_gates",
        multiple=True,
        metavar="NAME=BOOL",
        callback=_gates,
        shell_complete=completing.feature_gates,
        help="Feature gate of the controller (repeatable).",
    ),
    click.option(
        "--use-last-valid-config-for-fallback/--no-use-last-valid-config-for-fallback",
        "use_last_valid_config_for_fallback",
        default=None,
        help="As the controller's flag of this name.",
    ),
    click.option(
        "--admission-webhook",
        metavar="on|off",
        type=click.Choice(["on", "off"]),
        callback=lambda _, __, value: None if value is None else value == "on",
        help="Whether the API server asks the controller's webhook.",
    ),
)


def settings_of(flags: dict[str, Any]) -> ControllerSettings:
    """The settings in a command's keyword arguments, which are taken out of `flags`."""
    return ControllerSettings(**{name: flags.pop(name) for name in ControllerSettings.__dataclass_fields__})
