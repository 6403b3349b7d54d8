"""What may not be said of a cluster of which a part was not seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitops_kong.predict.model import Finding

# How the controller says that something is missing (its translation failures), and the rule that says it of plugins.
_MISSING = ("not found", "does not exist", "nonexistent")
_RULES = frozenset({"translation-failed", "plugin-missing"})
HELP = (
    "A part of this cluster was not seen and may have what is missing: give it with --context or --repo. Otherwise mend"
    " what the message names."
)


def doubted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """`findings`, those that something is missing as warnings: what was not seen may bring it."""
    return tuple(
        replace(f, severity="warning", help=HELP)
        if f.severity == "error" and f.rule in _RULES and any(words in f.message for words in _MISSING)
        else f
        for f in findings
    )
