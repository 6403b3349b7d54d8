"""`--format codequality`: GitLab's Code Quality report (a subset of the Code Climate format), shown in merge requests.

A target that could not be checked is an issue of severity `blocker`, so that an empty report never looks healthy.
"""

from __future__ import annotations

import hashlib
import json

from gitops_kong.report.identity import CONFIG_FILE, fingerprints, place_of
from gitops_kong.report.model import Report, chain, worst_first

SEVERITIES = {"error": "critical", "warning": "minor", "info": "info"}


def write(report: Report) -> str:
    """One list of issues."""
    issues = [
        {
            "check_name": "not-checked",
            "description": f"{p.target} could not be checked: {p.message}",
            "fingerprint": hashlib.sha256(f"not-checked {p.target} {i}".encode()).hexdigest(),
            "severity": "blocker",
            "location": {"path": CONFIG_FILE, "lines": {"begin": 1}},
        }
        for i, p in enumerate(report.problems)
    ]
    for finding, fingerprint in fingerprints(worst_first(report.findings())):
        place = place_of(report, finding)
        because = f" ({chain(finding.object, finding.causes)})" if finding.object and finding.causes else ""
        issues.append(
            {
                "check_name": finding.rule,
                "description": finding.message + because,
                "fingerprint": fingerprint,
                "severity": SEVERITIES[finding.severity],
                "location": {"path": place.file, "lines": {"begin": place.line}},
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"
