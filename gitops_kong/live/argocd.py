"""What a sync of an Argo CD Application is about to apply, as far as the Application tells it.

A hook gets no manifests. While it runs, `status.operationState` says what is synced: `syncResult` with the sources and
the commits that Argo CD resolved (controller/sync.go, SyncAppState), before that `operation.sync` with what was asked
for, sources of their own in a rollback, manifests in `argocd app sync --local`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.manifests.lenient import mapping, text

GROUP = "argoproj.io/v1alpha1"


@dataclass(frozen=True)
class Source:
    """One source, with the revision that is synced: a commit, a branch or a chart's version; '' is the default."""

    content: Mapping[str, Any]
    revision: str

    @property
    def url(self) -> str:
        """The repository."""
        return text(self.content.get("repoURL"))

    @property
    def is_chart(self) -> bool:
        """Whether it comes from a Helm repository or a registry instead of Git."""
        return bool(self.content.get("chart")) or self.url.startswith("oci://")


@dataclass(frozen=True)
class Sync:
    """What is applied: `manifests` where they were given by hand, else what `sources` render to.

    `running` says whether an operation is under way; without one this is what the Application asks for.
    """

    application: Mapping[str, Any]
    sources: tuple[Source, ...]
    manifests: tuple[str, ...] = ()
    prune: bool = False
    running: bool = True

    @property
    def name(self) -> str:
        """`namespace/name` of the Application."""
        metadata = mapping(self.application.get("metadata"))
        return f"{text(metadata.get('namespace'))}/{text(metadata.get('name'))}"

    @property
    def in_cluster(self) -> bool:
        """Whether it deploys to Argo CD's own cluster."""
        destination = mapping(mapping(self.application.get("spec")).get("destination"))
        name, server = text(destination.get("name")), text(destination.get("server"))
        return name == "in-cluster" or (not name and server in ("", "https://kubernetes.default.svc"))


def path(namespace: str, name: str) -> str:
    """Where the API server has an Application."""
    return f"/apis/{GROUP}/namespaces/{namespace}/applications/{name}"


def sync_of(application: Mapping[str, Any]) -> Sync:
    """What the sync that is under way applies. Raises UserError for an Application without sources."""
    state = mapping(mapping(application.get("status")).get("operationState"))
    running = text(state.get("phase")) == "Running"
    asked = mapping(mapping(state.get("operation")).get("sync")) if running else {}
    result = mapping(state.get("syncResult")) if running else {}
    manifests = tuple(text(each) for each in asked.get("manifests") or ())
    sources, revisions = _sources(application, asked, result)
    if not sources and not manifests:
        raise UserError("the Application has no source")
    return Sync(
        application,
        tuple(Source(source, _revision(source, revisions, i)) for i, source in enumerate(sources)),
        manifests,
        asked.get("prune") is True,
        running,
    )


def _sources(
    application: Mapping[str, Any], asked: Mapping[str, Any], result: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The sources and what was resolved of them: the result's, else those of the operation, else those of the spec."""
    for said in (result, asked, mapping(application.get("spec"))):
        listed = [mapping(each) for each in said.get("sources") or ()]
        single = mapping(said.get("source"))
        if listed or single.get("repoURL"):
            break
    else:
        return [], []
    for said in (result, asked):
        revisions = [text(each) for each in said.get("revisions") or ()] if listed else [text(said.get("revision"))]
        if any(revisions):
            return listed or [single], revisions
    return listed or [single], []


def _revision(source: Mapping[str, Any], revisions: list[str], index: int) -> str:
    return (revisions[index] if index < len(revisions) else "") or text(source.get("targetRevision"))


def pinned(sync: Sync) -> tuple[dict[str, Any], dict[str, Source]]:
    """The Application with a repository of its own for each (URL, revision), and what each of them is."""
    found: dict[str, Source] = {}
    contents = []
    for source in sync.sources:
        content = dict(source.content)
        if not source.is_chart:
            url = f"{source.url.removesuffix('/').removesuffix('.git')}@{source.revision or 'HEAD'}"
            content["repoURL"] = url
            found.setdefault(url, source)
        contents.append(content)
    spec = {k: v for k, v in mapping(sync.application.get("spec")).items() if k not in ("source", "sources")}
    spec |= {"sources": contents} if len(contents) > 1 else {"source": contents[0]}
    metadata = mapping(sync.application.get("metadata"))
    kept = {k: metadata[k] for k in ("name", "namespace", "labels", "annotations") if metadata.get(k)}
    return {"apiVersion": GROUP, "kind": "Application", "metadata": kept, "spec": spec}, found
