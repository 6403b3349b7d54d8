"""Kinds that no API server with this controller serves: a version that is not there, or a misspelt kind.

Only what is certain is refused. Definitions of the Gateway API may be newer in a cluster than those that are known
here, and other operators have kinds in the controller's group, in versions of their own.
"""

from __future__ import annotations

import difflib

from gitops_kong.apiserver import catalogue, lifecycle
from gitops_kong.apiserver.catalogue import Version
from gitops_kong.lazy import regex

CONFIGURATION = "configuration.konghq.com"
GATEWAY_API = "gateway.networking.k8s.io"
_ONLY_THE_CONTROLLERS = ("v1", "v1beta1")  # versions of its group in which nobody else has kinds
_VERSION = regex(r"v([0-9]+)(?:(alpha|beta)([0-9]+))?")
_STAGES = {"alpha": 0, "beta": 1, None: 2}


def unserved(api_version: str, kind: str, controller: Version) -> str | None:
    """What `kubectl` says of a kind that is surely not served in this version, None where it may be."""
    group, slash, version = api_version.rpartition("/")
    served = catalogue.served_versions(controller, group if slash else "", kind)
    if version in served or lifecycle.listed(api_version, kind):
        return None
    why = f'no matches for kind "{kind}" in version "{api_version}"'
    if served:
        is_sure = group != GATEWAY_API or _rank(version) < min(map(_rank, served))
        versions = ", ".join(f"{group}/{each}" if group else each for each in served)
        return f"{why} (served in {versions})" if is_sure else None
    if group == CONFIGURATION and version in _ONLY_THE_CONTROLLERS:
        near = difflib.get_close_matches(kind, catalogue.kinds_of(group), n=1)
        return why + (f" (did you mean {near[0]}?)" if near else "")
    return None


def _rank(version: str) -> tuple[int, ...]:
    found = _VERSION.fullmatch(version)
    return (int(found[1]), _STAGES[found[2]], int(found[3] or 0)) if found else (0,)
