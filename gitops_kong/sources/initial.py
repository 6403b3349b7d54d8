"""The first `.gitops-kong.yaml` of a repository, from what was found in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitops_kong.manifests.write import to_yaml
from gitops_kong.sources.base import Target
from gitops_kong.sources.controller_found import FoundController

_SECTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "controller": (
        ("version", "version"),
        ("ingressClass", "ingress_class"),
        ("featureGates", "feature_gates"),
        ("watchNamespaces", "watch_namespaces"),
        ("useLastValidConfigForFallback", "use_last_valid_config_for_fallback"),
        ("admissionWebhook", "admission_webhook"),
    ),
    "gateway": (("version", "gateway_version"), ("routerFlavor", "router_flavor")),
}


def initial(targets: Sequence[Target], controllers: Sequence[FoundController]) -> str:
    """The text of the file: every target, and every controller with the place of each of its settings."""
    parts = [
        "# Configuration of gitops-kong, written by `gitops-kong init`. `gitops-kong schema config` explains it.\n"
    ]
    named = [target for target in targets if target.inputs != target.options.get("templates")]
    if named:
        parts.append(to_yaml({"targets": [_target(target) for target in named]}))
    different: dict[tuple[str, tuple[str, ...]], FoundController] = {}
    for found in controllers:  # those of one class that watch the same namespaces are one, found in several places
        different.setdefault((found.ingress_class or "kong", found.watch_namespaces), found)
    if len(different) == 1:
        parts += [_section(name, found) for found in different.values() for name in _SECTIONS]
    elif different:
        parts.append("controllers:\n" + "".join(_entry(found) for found in different.values()))
    else:
        parts.append(
            "# The controller was not found in this repository:\n"
            '# controller:\n#   version: "3.5.13"\n#   ingressClass: kong\n'
        )
    return "\n".join(part for part in parts if part)


def _entry(found: FoundController) -> str:
    """One of several controllers, its gateway with it."""
    name = f"{found.namespace}/{found.name}" if found.namespace else found.name
    lines = [f"name: {name}", *_settings("controller", found)]
    if not found.ingress_class:
        lines.append("ingressClass: kong  # not said; the default")
    if gateway := _settings("gateway", found):
        lines += ["gateway:", *(f"  {line}" for line in gateway)]
    return f"- {lines[0]}\n" + "".join(f"  {line}\n" for line in lines[1:])


def _target(target: Target) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": target.name, "path": target.path, "source": target.source}
    if target.options.get("cluster"):
        entry["cluster"] = target.options["cluster"]
    if target.options.get("valueFiles"):
        entry["helm"] = {"valueFiles": [*target.options["valueFiles"]]}
    return entry


def _section(name: str, found: FoundController) -> str:
    lines = _settings(name, found)
    return f"{name}:\n" + "".join(f"  {line}\n" for line in lines) if lines else ""


def _settings(name: str, found: FoundController) -> list[str]:
    """The lines of a section, each setting with its place."""
    lines = []
    for key, attribute in _SECTIONS[name]:
        value = getattr(found, attribute)
        if value is None or value in ({}, ()):
            continue
        text = to_yaml(
            {key: [*value] if isinstance(value, tuple) else dict(value) if attribute == "feature_gates" else value}
        )
        place = found.places.get(attribute)
        first, _, rest = text.partition("\n")
        lines.append(first + (f"  # {' '.join(place.split())}" if place else ""))
        lines += rest.splitlines()
    return lines
