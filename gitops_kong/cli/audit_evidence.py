"""The evidence of an audit: the cluster is read, others are asked, the controller is run on what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.audit.evidence import AuditEvidence, Publish
from gitops_kong.audit.statuses import publish_addresses, service_ref
from gitops_kong.cli.cluster_base import snapshot_in, unseen_secrets
from gitops_kong.cli.places import locator
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.say import say
from gitops_kong.cli.settings import ControllerSettings, kubernetes_version
from gitops_kong.cli.target_run import schemas_of
from gitops_kong.cli.targets import render_targets
from gitops_kong.cluster.intake import take_in
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.schema_gateway import SchemaGateway
from gitops_kong.errors import UserError
from gitops_kong.gateway.catalogue import VERSIONS as GATEWAYS
from gitops_kong.gateway.catalogue import Catalogue
from gitops_kong.gateway.entity_validation import ServingSchemas
from gitops_kong.live.admin_api import Running, read_gateway
from gitops_kong.live.client import Client, Patience
from gitops_kong.live.credentials import Credentials, Secrets
from gitops_kong.live.diagnostics import Diagnostics, read_diagnostics
from gitops_kong.live.events import Event, read_events
from gitops_kong.live.kubeconfig import Connection
from gitops_kong.live.resources import READ, WORKLOADS
from gitops_kong.live.snapshot import NotListed, take
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.cluster_state import Admission, cluster_state
from gitops_kong.predict.life import World, lives
from gitops_kong.predict.outcomes import LifeReader
from gitops_kong.report.model import Locate
from gitops_kong.sources.config import Config
from gitops_kong.sources.controller_found import FoundController, find_controllers
from gitops_kong.sources.namespaces import as_stored
from gitops_kong.sources.snapshot import ReadSnapshot
from gitops_kong.sources.tree import MemoryTree
from gitops_kong.translate.build import translate

_WORKLOAD_GROUP = "apps"


@dataclass(frozen=True)
class Asked:
    """What the command's flags say."""

    client: Client | None
    settings: ControllerSettings
    path: str | None = None
    namespaces: Sequence[str] = ()
    snapshot: str | None = None
    targets: Sequence[str] = ()
    admin_url: str | None = None
    admin_token: str | None = None
    diagnostics_url: str | None = None
    ca_file: str | None = None
    insecure_skip_tls_verify: bool = False
    publish_service: str | None = None
    grace: float = 120.0
    events_within: float = 3600.0
    repositories: Mapping[str, str] = field(default_factory=dict)
    allow_network: bool = False
    kubernetes_version: str | None = None


class Gathered(NamedTuple):
    """The evidence, that of the cluster's further controllers, and what the report tells of it."""

    evidence: AuditEvidence
    others: tuple[AuditEvidence, ...]
    server: str
    source: str
    compared: tuple[str, ...]
    locate: Locate


class _Cluster(NamedTuple):
    """What was read of the cluster."""

    objects: list[K8sObject]
    workloads: list[K8sObject]
    not_listed: tuple[NotListed, ...]
    events: tuple[Event, ...] | None
    server: str
    version: str


def gather(asked: Asked) -> Gathered:
    """Read everything. Raises UserError where the cluster, or what was asked for beside it, cannot be read."""
    cluster = _snapshot(asked.snapshot) if asked.snapshot else _read(asked)
    config, compared = Config(), []
    manifests: dict[Ref, K8sObject] | None = None
    locate: Locate = lambda obj, path: None  # noqa: ARG005, E731
    running = read_gateway(_other(asked.admin_url, asked), say) if asked.admin_url else None
    diagnostics = read_diagnostics(_other(asked.diagnostics_url, asked)) if asked.diagnostics_url else None
    if asked.path is not None:
        repository = open_repository((asked.path,))
        config = replace(
            repository.config,
            repositories={**repository.config.repositories, **asked.repositories},
            allow_network=asked.allow_network,
            kubernetes_version=asked.kubernetes_version or repository.config.kubernetes_version,
        )
        locate = locator(repository.head.tree)
        manifests = {}
        for target, rendered in render_targets(repository.head.tree, config, repository.paths, asked.targets):
            if rendered.problems:
                raise UserError(f"{target.name}: {rendered.problems[0].message}")
            manifests |= {obj.ref: obj for obj in as_stored(rendered.objects)}
        compared.append(f"Git ({asked.path})")
    elif asked.targets:
        raise UserError("--target: give the PATH of the repository")
    controllers = find_controllers(cluster.workloads)
    wanted = asked.settings.several(config, controllers)
    classes = {each.ingress_class or "kong" for each in controllers}
    tree = open_repository((asked.path,)).head.tree if asked.path is not None else MemoryTree({})
    made = []
    for position, (said, found) in enumerate(wanted):
        # the gateway and the diagnostics that were asked are those of the first one
        settings = _settings(asked.settings, running) if position == 0 else asked.settings
        options, source = settings.resolve(config, found, said)
        if found is not None and source and not asked.settings.controller_version:
            source = f"{found.namespace}/{found.name}"
        server = ApiServer(options.version, _kubernetes(cluster.version, config))
        told = (running, diagnostics) if position == 0 else (None, None)
        evidence = _judged(cluster, asked, options, server, schemas_of(tree, options), *told)
        evidence = replace(
            evidence,
            classes=frozenset({*classes, options.ingress_class}),
            publish=_publish(asked, found, evidence),
            manifests=_stored(manifests, server, asked.namespaces),
        )
        made.append((evidence, source))
    compared += [f"the gateway ({asked.admin_url})"] if running else []
    compared += [f"the controller's diagnostics ({asked.diagnostics_url})"] if diagnostics else []
    first, source = made[0]
    others = tuple(evidence for evidence, _ in made[1:])
    source += f" and {len(others)} more" if others else ""
    return Gathered(first, others, cluster.server, source, tuple(compared), locate)


def _read(asked: Asked) -> _Cluster:
    assert asked.client is not None  # noqa: S101 - the command gives a client or a snapshot
    client = asked.client
    snapshot = take(client, asked.namespaces, say, (*READ, *WORKLOADS))
    if not snapshot.resource_versions:
        raise UserError("this user may list nothing of what the controller reads; see deploy/audit for the role")
    events = read_events(client, tuple(asked.namespaces), say)
    objects = [K8sObject(each) for each in snapshot.objects]
    return _Cluster(
        [obj for obj in objects if obj.group != _WORKLOAD_GROUP],
        [obj for obj in objects if obj.group == _WORKLOAD_GROUP],
        snapshot.not_listed,
        tuple(events) if events is not None else None,
        snapshot.server,
        snapshot.kubernetes_version,
    )


def _snapshot(file: str) -> _Cluster:
    read: ReadSnapshot | None = snapshot_in(file)
    if read is None:
        raise UserError(f"--from {file}: no snapshot; `gitops-kong snapshot` writes one")
    about = read.about
    refused = tuple(
        NotListed(n["apiVersion"], n["kind"], n["namespace"], n["reason"]) for n in about.get("notListed") or ()
    )
    told = f"{about.get('server')} ({file}, taken {about.get('taken')})"
    objects = [K8sObject(obj.data) for obj in read.objects]
    return _Cluster(objects, [], refused, (), told, str(about.get("kubernetesVersion") or ""))


def _judged(
    cluster: _Cluster,
    asked: Asked,
    options: ControllerOptions,
    server: ApiServer,
    catalogue: Catalogue,
    running: Running | None,
    diagnostics: Diagnostics | None,
) -> AuditEvidence:
    """The controller and its gateway, started on what the cluster has."""
    read = ReadSnapshot(cluster.objects, {"notListed": [n._asdict() for n in cluster.not_listed]})
    assumed = [a.stand_in for a in unseen_secrets(read, cluster.objects) if a.stand_in]
    state = cluster_state([*cluster.objects, *assumed], options, lambda obj, _: Admission(server.prepare(obj)), take_in)
    schemas = ServingSchemas(catalogue, options)
    world = World(options, SchemaGateway(catalogue, options, schemas), translate)
    life = lives(None, state.store, world, ("cold-start",))["cold-start"]
    return AuditEvidence(
        options,
        state,
        LifeReader(life, world),
        world,
        frozenset(),
        datetime.now(timezone.utc),
        gateway=running,
        diagnostics=diagnostics,
        events=cluster.events,
        not_listed=cluster.not_listed,
        grace=timedelta(seconds=asked.grace),
        events_within=timedelta(seconds=asked.events_within),
        live={obj.ref: obj for obj in [*cluster.objects, *cluster.workloads]},
        prepare=server.prepare,
    )


def _settings(settings: ControllerSettings, running: Running | None) -> ControllerSettings:
    """What the gateway itself tells of its version and router wins over what was found, not over a flag."""
    version = ".".join((running.version if running else "").split(".")[:2])
    if running is None or version not in GATEWAYS:
        return settings
    return replace(
        settings,
        gateway_version=settings.gateway_version or version,
        router_flavor=settings.router_flavor or running.router_flavor or None,
        gateway_edition=settings.gateway_edition or ("enterprise" if "enterprise" in running.version else None),
    )


def _kubernetes(version: str, config: Config) -> tuple[int, int]:
    return kubernetes_version(replace(config, kubernetes_version=version or config.kubernetes_version))


def _publish(asked: Asked, found: FoundController | None, evidence: AuditEvidence) -> Publish | None:
    if asked.publish_service is None and found is not None and found.publish_status_address:
        return Publish(frozenset(found.publish_status_address))
    name = asked.publish_service or (found.publish_service if found else None)
    if not name:
        return None
    ref = service_ref(name, found.namespace if found else "default")
    service = evidence.live.get(ref)
    if service is None:
        if evidence.listed("Service", ref.namespace) and not asked.namespaces:
            return Publish(service=ref)
        return Publish(service=ref, known=False)
    return Publish(publish_addresses(service), ref)


def _stored(
    manifests: dict[Ref, K8sObject] | None, server: ApiServer, namespaces: Sequence[str]
) -> dict[Ref, K8sObject] | None:
    """Manifests of kinds that were read, as the API server stores them."""
    if manifests is None:
        return None
    kinds = {(r.kind, r.api_version) for r in (*READ, *WORKLOADS)}
    return {
        ref: server.prepare(obj)
        for ref, obj in manifests.items()
        if (obj.kind, obj.api_version) in kinds and (not namespaces or ref.namespace in namespaces)
    }


def _other(url: str, asked: Asked) -> Client:
    """A client of a server that is no API server."""
    authority = None
    if asked.ca_file:
        try:
            authority = Path(asked.ca_file).read_text(encoding="utf-8")
        except OSError as e:
            raise UserError(f"--ca-file {asked.ca_file}: {e.strerror}") from e
    if not url.startswith(("http://", "https://")):
        raise UserError(f"{url!r} is no http(s) URL")
    headers = (("Kong-Admin-Token", asked.admin_token),) if asked.admin_token and url == asked.admin_url else ()
    connection = Connection(
        url.rstrip("/"),
        Credentials(Secrets()),
        authority=authority,
        insecure=asked.insecure_skip_tls_verify,
        headers=headers,
    )
    return Client(connection, Patience(20.0, say=say))
