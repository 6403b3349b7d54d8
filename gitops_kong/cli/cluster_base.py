"""A snapshot of the cluster as the base: what it has, and what it has once a target is applied to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gitops_kong.cluster.references import referred_secrets
from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import CONTENT_UNKNOWN, K8sObject, Ref
from gitops_kong.predict.applied import Prepare, applied
from gitops_kong.sources.base import Assumption, NotSeen, Rendered
from gitops_kong.sources.namespaces import as_stored
from gitops_kong.sources.snapshot import ReadSnapshot, is_snapshot, read_snapshot


def snapshot_in(path: str) -> ReadSnapshot | None:
    """The snapshot that a file holds, None where `path` is no file or none of a snapshot. Raises UserError."""
    file = Path(path)
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            if not is_snapshot(opened.read(256)):
                return None
        text = file.read_bytes()
    except OSError as e:
        raise UserError(f"{path}: {e.strerror}") from e
    return read_snapshot(text, path)


def on_cluster(target: Rendered, cluster: ReadSnapshot, prepare: Prepare) -> tuple[Rendered, Rendered]:
    """What the cluster has before and after `target` is applied to it.

    What the target does not have stays as it is: nothing is pruned. Secrets that others make are those of the
    cluster where it has them.
    """
    live = {obj.ref: obj for obj in cluster.objects}
    manifests = as_stored(target.objects)
    made = [applied(manifest, live.get(manifest.ref), prepare) for manifest in manifests]
    refs = {obj.ref for obj in made}
    after = [*(obj for ref, obj in live.items() if ref not in refs), *made]
    assumed = [a for a in target.assumptions if a.ref not in live]
    not_seen = list(unseen(cluster))
    before = Rendered(
        list(cluster.objects), not_seen=not_seen, assumptions=list(unseen_secrets(cluster, live.values()))
    )
    there = {a.ref for a in assumed}
    assumed += [a for a in unseen_secrets(cluster, after) if a.ref not in there]
    return before, Rendered(after, target.problems, assumed, [*target.not_seen, *not_seen], target.releases)


def unseen(cluster: ReadSnapshot) -> Iterator[NotSeen]:
    """What could not be listed when the snapshot was taken."""
    for each in cluster.about.get("notListed") or ():
        where = f"of namespace {each['namespace']}" if each.get("namespace") else "of the cluster"
        yield NotSeen(f"{each.get('kind')} {where}", f"the snapshot could not list it: {each.get('reason')}")


def unseen_secrets(cluster: ReadSnapshot, objects: Iterable[K8sObject]) -> Iterator[Assumption]:
    """The Secrets that `objects` refer to, where those could not be listed: assumed, with unknown content."""
    closed = [e for e in cluster.about.get("notListed") or () if e.get("kind") == "Secret"]
    if not closed:
        return
    everything = list(objects)
    known = {obj.ref for obj in everything}
    namespaces = {e.get("namespace") or "" for e in closed}
    for ref in sorted(referred_secrets(everything) - known):
        if ref.name and ("" in namespaces or ref.namespace in namespaces):
            yield _assumed(ref)


def _assumed(ref: Ref) -> Assumption:
    metadata = {"name": ref.name, "namespace": ref.namespace, "annotations": {CONTENT_UNKNOWN: "true"}}
    stand_in = K8sObject({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata})
    return Assumption(ref, f"{ref} is assumed to exist: the snapshot could not list Secrets there", None, stand_in)
