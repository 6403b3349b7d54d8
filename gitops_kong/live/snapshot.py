"""What a cluster has, as one value and as one file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from gitops_kong.live.client import ApiError, Client
from gitops_kong.live.lists import Listed, Resource, list_all
from gitops_kong.live.redaction import Redaction
from gitops_kong.live.resources import NAMESPACES, READ, SELECTORS
from gitops_kong.manifests.lenient import mapping

_AT_ONCE = 8


class NotListed(NamedTuple):
    """A kind that could not be listed, in one namespace or ('') anywhere, and why."""

    api_version: str
    kind: str
    namespace: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """`objects` as the API server gave them (or redacted), sorted; `resource_versions` by kind are those of the lists.

    `namespaces` are those that were read, empty where all were; `not_served` are the kinds that the cluster lacks.
    """

    objects: tuple[dict[str, Any], ...]
    server: str
    kubernetes_version: str
    taken: str
    namespaces: tuple[str, ...] = ()
    not_listed: tuple[NotListed, ...] = ()
    not_served: tuple[str, ...] = ()
    resource_versions: Mapping[str, str] = field(default_factory=dict)


class _Found(NamedTuple):
    listed: list[Listed]
    not_listed: list[NotListed]
    served: bool = True


def take(
    client: Client,
    namespaces: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
    resources: Iterable[Resource] = READ,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Snapshot:
    """Read every kind. What may not be listed is in `not_listed`; raises ApiError, UnreachableError for the rest.

    A kind that may not be listed in all namespaces is listed in each: in `namespaces` where there are some, else in
    those that the user may see, else in the one of the kubeconfig.
    """
    version = str(client.get("/version").get("gitVersion") or "")
    wanted = list(resources)
    places = _places(client, namespaces, say)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read = list(pool.map(lambda each: _read(client, each, places, say), wanted))
    objects = [item for found in read for listed in found.listed for item in listed.items]
    if namespaces:
        objects = [o for o in objects if o["kind"] != "Namespace" or _name(o) in namespaces]
    return Snapshot(
        tuple(sorted(objects, key=_order)),
        client.connection.server,
        version,
        now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        tuple(namespaces),
        tuple(each for found in read for each in found.not_listed),
        tuple(f"{r.kind}.{r.api_version}" for r, found in zip(wanted, read, strict=True) if not found.served),
        {
            f"{r.kind}.{r.api_version}": min((listed.resource_version for listed in found.listed), key=_number)
            for r, found in zip(wanted, read, strict=True)
            if found.listed
        },
    )


def redacted(snapshot: Snapshot, redaction: Redaction | None = None) -> Snapshot:
    """The same without what must not leave the cluster."""
    redact = redaction or Redaction(secrets.token_bytes(32))
    return Snapshot(**{**vars(snapshot), "objects": tuple(map(redact, snapshot.objects))})


def write(snapshot: Snapshot) -> Iterator[str]:
    """A `List` that kubectl reads too: JSON, an object a line. The format is `snapshot` of `gitops-kong schema`."""
    about = {
        "schemaVersion": "1",
        "server": snapshot.server,
        "kubernetesVersion": snapshot.kubernetes_version,
        "taken": snapshot.taken,
        "namespaces": list(snapshot.namespaces),
        "notListed": [
            {"apiVersion": n.api_version, "kind": n.kind, "namespace": n.namespace, "reason": n.reason}
            for n in snapshot.not_listed
        ],
        "notServed": list(snapshot.not_served),
        "resourceVersions": dict(snapshot.resource_versions),
    }
    yield f'{{"apiVersion": "v1", "kind": "List", "gitopsKong": {json.dumps(about, ensure_ascii=False)},\n"items": ['
    comma = "\n"
    for obj in snapshot.objects:
        yield comma + json.dumps(obj, ensure_ascii=False, separators=(",", ":"))
        comma = ",\n"
    yield "\n]}\n"


class Difference(NamedTuple):
    """How many objects are new, changed, gone."""

    added: int
    changed: int
    deleted: int


def difference(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Difference:
    """What changed between two snapshots' objects, by uid and resource version."""
    old, new = ({_identity(o): o["metadata"].get("resourceVersion") for o in objects} for objects in (before, after))
    changed = sum(1 for key in old.keys() & new.keys() if old[key] != new[key])
    return Difference(len(new.keys() - old.keys()), changed, len(old.keys() - new.keys()))


def _identity(obj: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = obj["metadata"]
    return (
        str(obj.get("apiVersion")),
        str(obj.get("kind")),
        str(metadata.get("namespace") or ""),
        str(metadata.get("name")),
        str(metadata.get("uid") or ""),
    )


class _Places(NamedTuple):
    """Namespaces that are read one by one. `asked`: the user named them; `all`: the cluster has no others."""

    names: Sequence[str]
    asked: bool
    all: bool


def _places(client: Client, namespaces: Sequence[str], say: Callable[[str], None]) -> _Places:
    if namespaces:
        return _Places(namespaces, asked=True, all=False)
    try:
        return _Places([_name(o) for o in list_all(client, NAMESPACES, say=say).items], asked=False, all=True)
    except ApiError as e:
        if e.status != 403:
            raise
        return _Places([client.connection.namespace], asked=False, all=False)


def _read(client: Client, resource: Resource, places: _Places, say: Callable[[str], None]) -> _Found:
    parameters = SELECTORS.get(resource.kind)

    def refused(namespace: str, reason: str = "forbidden") -> NotListed:
        return NotListed(resource.api_version, resource.kind, namespace, reason)

    def listed(namespace: str) -> Listed | None:
        """None where it may not be listed."""
        try:
            return list_all(client, resource, namespace, say, parameters)
        except ApiError as e:
            if e.status != 403:
                raise
            return None

    try:
        if not (places.asked and resource.namespaced):
            everywhere = listed("")
            if everywhere is not None:
                return _Found([everywhere], [])
            if not resource.namespaced:
                return _Found([], [refused("")])
        found = {namespace: listed(namespace) for namespace in places.names}
    except ApiError as e:
        if e.status == 404:
            return _Found([], [], served=False)
        raise
    given = [each for each in found.values() if each is not None]
    if not given and not places.asked:
        return _Found([], [refused("")])
    lacking = [refused(namespace) for namespace, each in found.items() if each is None]
    if not (places.asked or places.all):
        lacking.append(refused("", f"forbidden outside of namespace {', '.join(places.names)}"))
    return _Found(given, lacking)


def _name(obj: Mapping[str, Any]) -> str:
    return str(mapping(obj.get("metadata")).get("name") or "")


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0


def _order(obj: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = obj["metadata"]
    place = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    return str(obj["apiVersion"]), str(obj["kind"]), *place
