"""How tools that keep findings from run to run know one again: a stable fingerprint, and a place for each finding."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator

from gitops_kong.lazy import regex
from gitops_kong.predict.model import Finding
from gitops_kong.report.model import Place, Report

CONFIG_FILE = ".gitops-kong.yaml"
_SOURCE = regex(r"(?P<file>[^:]+):(?P<line>\d+)(?::(?P<column>\d+))?")


def fingerprints(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with 64 hexadecimal digits that are unique in this run.

    They depend on rule, target, object and field, so that they outlive moved lines, renamed files and reworded
    messages; findings alike in all of these are numbered.
    """
    seen: Counter[str] = Counter()
    for finding in findings:
        ref = finding.object.ref if finding.object else ()
        key = json.dumps([finding.rule, finding.target, *ref, *finding.path])
        seen[key] += 1
        yield finding, hashlib.sha256(f"{key} {seen[key]}".encode()).hexdigest()


def place_of(report: Report, finding: Finding) -> Place:
    """Where the finding is shown.

    One without an object or a known place goes to the file that sets the controller's settings, and where none is
    known to the first line of `.gitops-kong.yaml`, which is where they can be set: code hosts refuse a report that has
    a finding without a file.
    """
    place = report.locate(finding.object, finding.path) if finding.object else None
    if place:
        return place
    found = _SOURCE.fullmatch(report.controller_source)
    if found:
        return Place(found["file"], int(found["line"]), int(found["column"] or 1))
    return Place(CONFIG_FILE, 1, 1)
