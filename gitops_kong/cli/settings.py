"""The flags that say which controller and gateway run in the cluster, shared by several commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast, get_args

import click

from gitops_kong.cluster.options import ControllerOptions, RouterFlavor
from gitops_kong.controller.settings import controller_options
from gitops_kong.controller.versions import NEWEST_KNOWN
from gitops_kong.sources.config import Config

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_GATEWAY = "3.9"


@dataclass(frozen=True)
class ControllerSettings:
    """What the flags say; None and empty where they say nothing."""

    controller_version: str | None = None
    gateway_version: str | None = None
    router_flavor: str | None = None
    ingress_class: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    use_last_valid_config_for_fallback: bool | None = None

    def resolve(self, config: Config) -> tuple[ControllerOptions, str]:
        """The options to check with, and where the controller's version comes from: a flag wins over the file."""
        file = config.controller
        newest = ".".join(map(str, NEWEST_KNOWN))
        version = self.controller_version or file.version
        source = "--controller-version" if self.controller_version else config.file if file.version else "default"
        last_valid = self.use_last_valid_config_for_fallback
        options = controller_options(
            version or newest,
            gateway_version=self.gateway_version or config.gateway.version or DEFAULT_GATEWAY,
            router_flavor=cast(
                "RouterFlavor", self.router_flavor or config.gateway.router_flavor or "traditional_compatible"
            ),
            feature_gates={**file.feature_gates, **self.feature_gates},
            ingress_class=self.ingress_class or file.ingress_class or "kong",
            use_last_valid_config_for_fallback=bool(
                file.use_last_valid_config_for_fallback if last_valid is None else last_valid
            ),
            watch_namespaces=frozenset(file.watch_namespaces),
        )
        return options, source


def controller_flags(command: Command) -> Command:
    """Adds the flags; the command gets them as keyword arguments of `settings_of`."""
    for option in reversed(
        (
            click.option("--controller-version", metavar="VERSION", help="Kong Ingress Controller, such as 3.4.3."),
            click.option("--gateway-version", metavar="VERSION", help="Kong Gateway, such as 3.9."),
            click.option("--router-flavor", type=click.Choice(get_args(RouterFlavor)), help="Router of the gateway."),
            click.option("--ingress-class", metavar="NAME", help="Ingress class of the controller."),
            click.option(
                "--feature-gate",
                "feature_gates",
                multiple=True,
                metavar="NAME=BOOL",
                callback=_gates,
                help="Feature gate of the controller (repeatable).",
            ),
            click.option(
                "--use-last-valid-config-for-fallback/--no-use-last-valid-config-for-fallback",
                "use_last_valid_config_for_fallback",
                default=None,
                help="As the controller's flag.",
            ),
        )
    ):
        command = option(command)
    return command


def settings_of(flags: dict[str, Any]) -> ControllerSettings:
    """The settings in a command's keyword arguments, which are taken out of `flags`."""
    return ControllerSettings(**{name: flags.pop(name) for name in ControllerSettings.__dataclass_fields__})


def _gates(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, bool]:
    gates = {}
    for text in value:
        for part in text.split(","):
            name, equals, switch = part.strip().partition("=")
            if not equals or switch.lower() not in ("true", "false"):
                raise click.BadParameter(f"{part!r}: NAME=true or NAME=false is needed", ctx, param)
            gates[name] = switch.lower() == "true"
    return gates
