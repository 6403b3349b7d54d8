"""`--format jsonl`: the JSON report line by line, for streams and log stores.

Every line is an object with `type`: first one `run` (settings and summary), then `prediction`, `finding`, `problem`,
`sign` and `assumption` with the fields that they have in the JSON report.
"""

from __future__ import annotations

from gitops_kong.report.json_format import document, lines
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
    line_of = lines()
    first = line_of({"type": "run", **{name: value for name, value in whole.items() if name not in LISTS}})
    rest = (line_of({"type": one, **entry}) for many, one in LISTS.items() for entry in whole[many])
    return "".join(f"{line}\n" for line in (first, *rest))
