"""API versions that Kubernetes deprecated and removed (`schemas/removed.json`, from Kubernetes' deprecation guide)."""

from __future__ import annotations

from gitops_kong.apiserver import catalogue


def listed(api_version: str, kind: str) -> bool:
    """Whether Kubernetes has deprecated a kind in this version at any time."""
    return kind in catalogue.document("removed.json").get(api_version, ())


def removed(api_version: str, kind: str, kubernetes: tuple[int, int]) -> str | None:
    """What `kubectl` says of a kind that this Kubernetes no longer serves in this version, None where it does."""
    entry = catalogue.document("removed.json").get(api_version, {}).get(kind)
    if entry is None or not entry["removed"] or kubernetes < _version(entry["removed"]):
        return None
    use = f"; use {entry['use']}" if entry["use"] else ""
    message = f'no matches for kind "{kind}" in version "{api_version}"'
    return f"{message} (removed in Kubernetes {entry['removed']}{use})"


def deprecated(api_version: str, kind: str, kubernetes: tuple[int, int]) -> str | None:
    """The warning that the API server sends with a kind in a deprecated version, None where it sends none."""
    entry = catalogue.document("removed.json").get(api_version, {}).get(kind)
    if entry is None or kubernetes < _version(entry["deprecated"]):
        return None
    end = f", unavailable in v{entry['removed']}+" if entry["removed"] else ""
    use = f"; use {entry['use']} {kind if '/' in entry['use'] and ' ' not in entry['use'] else ''}".rstrip()
    return f"{api_version} {kind} is deprecated in v{entry['deprecated']}+{end}{use if entry['use'] else ''}"


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
