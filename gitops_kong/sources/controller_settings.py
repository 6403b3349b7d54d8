"""A controller that was found, and how the values of its settings are read."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import Origin

_VERSION = regex(r"v?(\d+\.\d+(?:\.\d+)*)")


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


def version(tag: Any) -> str | None:
    """The version that an image tag tells, None where it tells none."""
    match = _VERSION.match(str(tag or ""))
    return match[1] if match else None


def short(full: str | None) -> str | None:
    """A gateway's version as `3.9`."""
    return ".".join(full.split(".")[:2]) if full else None


def flags(words: Iterable[Any]) -> dict[str, list[str]]:
    """Flags of a command line, each with all its values; a switch without a value is `true`.

    A word with several in it is a command of a shell, and is taken apart as by one.
    """
    written: list[str] = []
    for word in map(str, words):
        try:
            written += shlex.split(word, comments=True) if " --" in word or "\n" in word else [word]
        except ValueError:  # a quotation that does not end
            written.append(word)
    found: dict[str, list[str]] = {}
    for position, word in enumerate(written):
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        following = written[position + 1] if position + 1 < len(written) else "--"
        found.setdefault(name, []).append(value if equals else "true" if following.startswith("-") else following)
    return found


def last(values: list[str]) -> str | None:
    """The last value of a flag, which counts."""
    return values[-1] if values else None


def names(values: list[str]) -> tuple[str, ...]:
    """Names with commas between them, of all values of a flag."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def gates(values: list[str]) -> dict[str, bool]:
    """Feature gates as `NAME=BOOL` with commas between them."""
    found: dict[str, bool] = {}
    for name in names(values):
        gate, _, value = name.partition("=")
        on = boolean(value.strip())
        if on is not None:
            found[gate.strip()] = on
    return found


def boolean(value: str | None) -> bool | None:
    """Go's `strconv.ParseBool`; None for anything else."""
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    return None


def listens(value: str | None) -> bool | None:
    """Whether an address to listen on is one."""
    return None if value is None else value.strip() not in ("", "off")


def settings_of_flags(setting: Callable[[str, str], list[str]]) -> dict[str, Any]:
    """Fields of a `FoundController` that nothing but a flag or its variable gives.

    `setting` gives all values of a flag, and notes where those of a field were found.
    """
    return {
        "cluster_domain": last(setting("cluster-domain", "cluster_domain")),
        "gateway_controller_name": last(setting("gateway-api-controller-name", "gateway_controller_name")),
        "secret_label_selector": last(setting("secret-label-selector", "secret_label_selector")),
        "config_map_label_selector": last(setting("configmap-label-selector", "config_map_label_selector")),
        "drain_support": boolean(last(setting("enable-drain-support", "drain_support"))),
        "publish_service": last(setting("publish-service", "publish_service")),
        "publish_status_address": names(setting("publish-status-address", "publish_status_address")),
    }
