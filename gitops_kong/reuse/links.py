"""Through what objects have to do with each other, for the kinds of which it is known in full.

An object is told of by names: those that it defines, those that it uses, and what it shares with others on equal terms
(a host). The verdict on an object can depend on what it uses, on what uses it, and on what shares something with it,
and on nothing else, as long as nothing is refused. `tests/reuse` holds that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import mapping, mappings, text
from gitops_kong.manifests.objects import K8sObject

_PLUGINS = "konghq.com/plugins"
_REFERENCES = ("konghq.com/override", "konghq.com/client-cert", "konghq.com/upstream-policy")
_OTHERS = ("ca-certificates", "tls-verify", "gateway-operator", "konghq.com/validate", "gitops-kong")
_INERT_GROUPS = frozenset(("apps", "batch", "autoscaling", "policy", "rbac.authorization.k8s.io"))
_INERT_KINDS = frozenset(("ServiceAccount", "PersistentVolumeClaim", "PersistentVolume", "LimitRange", "ResourceQuota"))
_WORD = regex(r"[^\s,;:/=\"'{}\[\]()]+")


class Links(NamedTuple):
    """Names that objects define, use and share: a letter for the kind, then `namespace/name` or a host."""

    defines: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()


def links(obj: K8sObject) -> Links | None:
    """The object's links; None for one that can have to do with anything."""
    group, kind, _, name = obj.ref
    namespace = _namespace(obj)
    if not name or "." in name or not isinstance(obj.data.get("metadata"), dict):
        return None
    if any(part in key for key in obj.annotations for part in _OTHERS):
        return None
    if (group, kind) == ("networking.k8s.io", "Ingress"):
        return _ingress(obj)
    if (group, kind) == ("", "Service"):
        spec = obj.spec
        if spec.get("type") == "ExternalName" or obj.labels.get("app.kubernetes.io/name") in ("kong", "gateway"):
            return None
        return Links((f"s {namespace}/{name}",), (*_plugins(obj), *_named(obj)), ())
    if (group, kind) == ("configuration.konghq.com", "KongPlugin"):
        secrets = tuple(f"x {namespace}/{each}" for each in _secrets(obj.data))
        instance = text(obj.data.get("instance_name"))
        return Links((f"p {namespace}/{name}",), (*secrets, *_named(obj)), (f"i {instance}",) if instance else ())
    if (group in _INERT_GROUPS or (group == "" and kind in _INERT_KINDS)) and "kong" not in repr(obj.data).lower():
        return Links((f"k {group} {kind} {namespace}/{name}",))  # nobody looks at it, but its name must be its own
    return None


def together(found: Iterable[Links]) -> Links:
    """The links of several objects."""
    return Links(*(tuple(dict.fromkeys(name for names in each for name in names)) for each in zip(*found, strict=True)))


def words(value: Any) -> Iterator[str]:
    """All words in a value: every name that it could mean."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from words(key)
            yield from words(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from words(item)
    elif isinstance(value, str):
        yield from _WORD.findall(value)


def words_of(names: Iterable[str]) -> Iterator[str]:
    """What an object that means one of these names has in it: the name, or the host."""
    for name in names:
        yield name.rpartition(" ")[2].rpartition("/")[2]


def _namespace(obj: K8sObject) -> str:
    return obj.namespace or "default"


def _ingress(obj: K8sObject) -> Links | None:
    namespace = _namespace(obj)
    uses = [*_plugins(obj), *_named(obj)]
    shares: dict[str, None] = {}
    backends = [obj.spec.get("defaultBackend")] if obj.spec.get("defaultBackend") else []
    hosts = [""] if backends else []
    for rule in mappings(obj.spec.get("rules")):
        hosts.append(text(rule.get("host")))
        backends += [path.get("backend") for path in mappings(mapping(rule.get("http")).get("paths"))]
    for backend in backends:
        service = mapping(mapping(backend).get("service"))
        if not service.get("name") or mapping(backend).get("resource"):
            return None
        uses.append(f"s {namespace}/{service['name']}")
    shares |= dict.fromkeys(f"h {host}" for host in hosts)
    tls = [*mappings(obj.spec.get("tls"))]
    for entry in tls:
        uses.append(f"x {namespace}/{text(entry.get('secretName'))}")
        found = entry.get("hosts")
        shares |= dict.fromkeys(f"h {host}" for host in (found if isinstance(found, list) else ()))
    if tls:
        shares |= dict.fromkeys(f"h *.{host.partition('.')[2]}" for host in hosts if "." in host)
    return Links((f"r {namespace}/{obj.name}",), tuple(dict.fromkeys(uses)), tuple(shares))


def _plugins(obj: K8sObject) -> Iterator[str]:
    """A name in `konghq.com/plugins` means a KongPlugin there, or a KongClusterPlugin."""
    for part in text(obj.annotations.get(_PLUGINS)).split(","):
        first, colon, second = (each.strip() for each in part.partition(":"))
        namespace, name = (first, second) if colon else (_namespace(obj), first)
        if name:
            yield f"p {namespace}/{name}"
            yield f"p /{name}"


def _named(obj: K8sObject) -> Iterator[str]:
    for annotation in _REFERENCES:
        if annotation in obj.annotations:
            yield from (f"o {_namespace(obj)}/{word}" for word in words(obj.annotations[annotation]))


def _secrets(value: Any) -> Iterator[str]:
    """Names of the Secrets in `configFrom` and `configPatches`, wherever they stand."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("secretKeyRef", "secretValue"):
                yield text(mapping(item).get("name"))
            yield from _secrets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item)
