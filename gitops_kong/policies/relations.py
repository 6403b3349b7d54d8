"""What a rule may ask of an object beyond the object itself: `relations.NAME` in its expression."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject, Ref

KONG = "configuration.konghq.com"
PREFIX = "konghq.com/"
PLUGINS = f"{PREFIX}plugins"

# Annotations that some version of the controller reads (KIC `internal/annotations`).
ANNOTATIONS = frozenset(
    PREFIX + name
    for name in (
        "ca-certificates-configmaps",
        "ca-certificates-secrets",
        "client-cert",
        "connect-timeout",
        "gatewayclass-unmanaged",
        "headers",
        "headers-separator",
        "host-aliases",
        "host-header",
        "https-redirect-status-code",
        "methods",
        "override",
        "path",
        "path-handling",
        "plugins",
        "preserve-host",
        "protocol",
        "protocols",
        "publish-service",
        "read-timeout",
        "regex-prefix",
        "regex-priority",
        "request-buffering",
        "response-buffering",
        "retries",
        "rewrite",
        "snis",
        "strip-path",
        "tags",
        "tls-verify",
        "tls-verify-depth",
        "upstream-policy",
        "write-timeout",
    )
)
_FREE = (f"{PREFIX}headers.",)


class Index:
    """The objects of one target, with the look-ups that relations need, each made once."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @cached_property
    def plugin_users(self) -> Mapping[Ref, list[K8sObject]]:
        """For each plugin the objects that name it."""
        users: defaultdict[Ref, list[K8sObject]] = defaultdict(list)
        for obj in self.store:
            for plugin in self.plugins(obj):
                users[plugin.ref].append(obj)
        return users

    def plugins(self, obj: K8sObject) -> Iterator[K8sObject]:
        """The plugins that the object names and that exist."""
        for namespace, name in plugin_names(obj):
            found = self.store.get(KONG, "KongPlugin", namespace, name)
            if found is None and namespace == obj.namespace:
                found = self.store.get(KONG, "KongClusterPlugin", "", name)
            if found is not None:
                yield found
        if obj.kind == "HTTPRoute":
            for name in _extension_plugins(obj):
                found = self.store.get(KONG, "KongPlugin", obj.namespace, name)
                if found is not None:
                    yield found


def plugin_names(obj: K8sObject) -> Iterator[tuple[str, str]]:
    """Namespace and name of each plugin in `konghq.com/plugins` (`name`, or `namespace:name`)."""
    for part in (obj.annotations.get(PLUGINS) or "").split(","):
        namespace, colon, name = part.strip().partition(":")
        if colon:
            yield namespace.strip(), name.strip()
        elif namespace:
            yield obj.namespace, namespace


def _extension_plugins(obj: K8sObject) -> Iterator[str]:
    for rule in obj.spec.get("rules") or ():
        for route_filter in rule.get("filters") or ():
            extension = route_filter.get("extensionRef") or {}
            if extension.get("kind") == "KongPlugin":
                yield extension.get("name") or ""


def _unknown_annotations(obj: K8sObject, _: Index) -> list[dict[str, str]]:
    found = []
    for name in obj.annotations:
        if name.startswith(PREFIX) and name not in ANNOTATIONS and not name.startswith(_FREE):
            nearest = difflib.get_close_matches(name, ANNOTATIONS, n=1, cutoff=0.6)
            found.append({"name": name, "nearest": nearest[0] if nearest else ""})
    return found


RELATIONS: dict[str, Callable[[K8sObject, Index], Any]] = {
    "plugins": lambda obj, index: [p.data for p in index.plugins(obj)],
    "users": lambda obj, index: [str(u.ref) for u in index.plugin_users.get(obj.ref, ())],
    "unknownAnnotations": _unknown_annotations,
}
