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
    """The text of the file: every target, and the first controller with the place of each of its settings."""
    parts = [
        "# Configuration of gitops-kong, written by `gitops-kong init`. `gitops-kong schema config` explains it.\n"
    ]
    if targets:
        parts.append(to_yaml({"targets": [_target(target) for target in targets]}))
    for found in controllers[:1]:
        parts += [_section(name, found) for name in _SECTIONS]
    for other in controllers[1:]:
        kind = f"ingress class {other.ingress_class}" if other.ingress_class else "its ingress class is not known"
        parts.append(f"# Another controller: {other.namespace}/{other.name}, {kind}.\n")
    if not controllers:
        parts.append(
            "# The controller was not found in this repository:\n"
            '# controller:\n#   version: "3.5.13"\n#   ingressClass: kong\n'
        )
    return "\n".join(part for part in parts if part)


def _target(target: Target) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": target.name, "path": target.path, "source": target.source}
    if target.options.get("cluster"):
        entry["cluster"] = target.options["cluster"]
    if target.options.get("valueFiles"):
        entry["helm"] = {"valueFiles": [*target.options["valueFiles"]]}
    return entry


def _section(name: str, found: FoundController) -> str:
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
        lines.append(f"  {first}" + (f"  # {place}" if place else ""))
        lines += [f"  {line}" for line in rest.splitlines()]
    return f"{name}:\n" + "\n".join(lines) + "\n" if lines else ""
