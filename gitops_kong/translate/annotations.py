"""Annotations that Services, Ingresses and routes share."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_kong.cluster.options import ControllerOptions

PREFIX = "konghq.com"
HEADERS = f"{PREFIX}/headers."  # and the name of a header
_HEADERS_SEPARATOR = f"{PREFIX}/headers-separator"
INGRESS_CLASS = "kubernetes.io/ingress.class"


def comma_list(value: str, options: ControllerOptions) -> list[str]:
    """The items of a comma separated annotation (KIC `annotations.extractCommaDelimitedStrings`)."""
    if not options.behaviours["annotation-lists-trimmed"]:
        return value.split(",") if value else []
    return [item for part in value.split(",") if (item := part.strip())]


def headers(annotations: Mapping[str, str]) -> dict[str, list[str]]:
    """Header values by name from `konghq.com/headers.NAME` annotations (KIC `annotations.ExtractHeaders`)."""
    separator = annotations.get(_HEADERS_SEPARATOR, ",")
    return {
        key[len(HEADERS) :]: [part.strip() for part in (value.split(separator) if separator else list(value))]
        for key, value in annotations.items()
        if key.startswith(HEADERS) and len(key) > len(HEADERS) and value
    }
