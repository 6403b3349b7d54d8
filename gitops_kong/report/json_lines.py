"""`--format jsonl`: the JSON report line by line, for streams and log stores.

Every line is an object with `type`: first one `run` (settings and summary), then `prediction`, `finding`, `problem`,
`sign` and `assumption` with the fields that they have in the JSON report.
"""

from __future__ import annotations

import json

from gitops_kong.report.json_format import document
from gitops_kong.report.model import Report

LISTS = {
    "predictions": "prediction",
    "findings": "finding",
    "problems": "problem",
    "signs": "sign",
    "assumptions": "assumption",
}


def write(report: Report) -> str:
    """One line an entry."""
    whole = document(report)
    lines = [{"type": "run", **{name: value for name, value in whole.items() if name not in LISTS}}]
    lines += [{"type": one, **entry} for many, one in LISTS.items() for entry in whole[many]]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
