"""Where the cluster is not as Git says."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_kong.audit.evidence import AuditEvidence
from gitops_kong.audit.found import finding
from gitops_kong.predict.applied import Path, differences
from gitops_kong.predict.model import Finding

_NAMED = 5


def drift(evidence: AuditEvidence) -> Iterator[Finding]:
    """Manifests whose object is missing or has other values; content of Secrets is not compared."""
    for ref, manifest in (evidence.manifests or {}).items():
        live = evidence.live.get(ref)
        if live is None:
            if evidence.listed(ref.kind, ref.namespace):
                yield finding("not-in-cluster", "the cluster does not have it", manifest)
            continue
        if ref.kind == "Secret":
            continue
        fields = differences(manifest, evidence.prepare(live))
        if fields:
            yield finding("drift", f"differs in {_told(fields)}", manifest, fields[0])


def _told(fields: list[Path]) -> str:
    texts = [_field(path) for path in fields]
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _field(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
