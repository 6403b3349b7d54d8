"""The rules on suppressions themselves: what each means and how to mend it. Findings are made in `suppressions`."""

from __future__ import annotations

from gitops_kong.predict.rules import Rule

TURNED_OFF = "checks-turned-off"

_RULES = (
    Rule(
        TURNED_OFF,
        "warning",
        "A change turns off a part of its own check",
        "The change that is checked also changes .gitops-kong.yaml: it excludes paths, leaves out targets, or turns"
        " rules off. What it breaks there is not told. What the file said of this rule before the change counts.",
        "Change the settings in a pull request of their own.",
    ),
    Rule(
        "suppression-expired",
        "warning",
        "A suppression has expired",
        "The day that its until=YYYY-MM-DD names is over (or is no date), so the finding is reported again.",
        "Mend what the finding says, or give the suppression a later day and a reason for it.",
    ),
    Rule(
        "suppression-unused",
        "warning",
        "A suppression suppresses nothing",
        "No finding matches it any more: what it was for is mended, its rule is turned off or does not exist. Left in"
        " place it would hide the same problem when it comes back. Judged only where all targets and scenarios are"
        " checked.",
        "Remove the annotation or comment; run `gitops-kong baseline` again for an entry of the baseline.",
    ),
)

SUPPRESSION_RULES: dict[str, Rule] = {rule.id: rule for rule in _RULES}
