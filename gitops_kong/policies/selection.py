"""Which rules are applied and how grave they are: the project's own, those of the repository, and its settings.

The section `policies` of `.gitops-kong.yaml`:

    policies:
      groups: {upgrade: off, security: error}
      rules: {wildcard-host: on, plugin-unused: warning}

A rule's own line wins over its group's. `on` turns a rule on at its own severity, a severity turns it on at that one,
`off` turns it off. The group `prediction` are the rules that judge predictions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_kong import lazy
from gitops_kong.cel import CelError, compile_expression
from gitops_kong.errors import UserError
from gitops_kong.policies.engine import VARIABLES
from gitops_kong.policies.model import GROUPS, Policy, built_in, read_policy
from gitops_kong.policies.suppression_rules import SUPPRESSION_RULES
from gitops_kong.predict.model import SEVERITIES, Finding, Severity
from gitops_kong.predict.rules import RULES
from gitops_kong.sources.base import Tree

if TYPE_CHECKING:
    import difflib
else:
    difflib = lazy.module("difflib")

FOLDER = ".gitops-kong/policies"
MAX_OWN = 200
MAX_BYTES = 256 * 1024  # of one file
PREDICTION = "prediction"
SUPPRESSION = "suppression"


class ListedRule(NamedTuple):
    """What is told of a rule of any kind."""

    group: str
    id: str
    severity: Severity
    enabled: bool
    title: str
    meaning: str
    remediation: str


@dataclass(frozen=True)
class Selection:
    """The rules of one run. `policies` are those that are applied, with their severities.

    `severities` are those of the rules that judge predictions, where they are not their own; None turns a rule off.
    """

    policies: tuple[Policy, ...]
    severities: Mapping[str, Severity | None] = field(default_factory=dict)

    def judged(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Findings of predictions and suppressions as the settings want them."""
        for finding in findings:
            severity = self.severities.get(finding.rule, finding.severity)
            if severity is not None:
                yield finding if severity == finding.severity else finding.at(severity)


def own_rules(tree: Tree) -> dict[str, Policy]:
    """The rules that the repository brings along, by id. They are CEL and nothing else.

    Raises UserError with the file for a rule that cannot be read or compiled, or has the id of another one.
    """
    found: dict[str, Policy] = {}
    files = [file for file in tree.under(FOLDER) if file.endswith((".yaml", ".yml"))]
    if len(files) > MAX_OWN:
        raise UserError(f"{FOLDER}: {len(files)} rules; at most {MAX_OWN} are read")
    known = built_in() if files else {}
    for file in files:
        text = tree.read(file)
        if len(text) > MAX_BYTES:
            raise UserError(f"{file}: {len(text)} bytes; a rule has at most {MAX_BYTES}")
        policy = read_policy(text, file)
        if policy.id in found or policy.id in known or policy.id in RULES or policy.id in SUPPRESSION_RULES:
            raise UserError(f"{file}: there is another rule {policy.id!r}")
        for name, expression in (("expression", policy.expression), ("message", policy.message)):
            try:
                compile_expression(expression, VARIABLES)
            except CelError as e:
                why = str(e).removeprefix(f"{expression}: ").splitlines()[0]
                raise UserError(f"{file}: {name}: {why}") from e
        found[policy.id] = policy
    return found


def select(settings: Mapping[str, Any], own: Mapping[str, Policy], file: str = ".gitops-kong.yaml") -> Selection:
    """The rules that `settings` (the section `policies`) turn on. Raises UserError for a rule or group unknown."""
    policies = {**built_in(), **own}
    groups = _wishes(settings, "groups", (PREDICTION, SUPPRESSION, *GROUPS), file)
    fixed = {**RULES, **SUPPRESSION_RULES}
    rules = _wishes(settings, "rules", (*fixed, *policies), file)
    chosen = []
    for policy in policies.values():
        severity = _severity(
            rules.get(policy.id, groups.get(policy.group)), policy.severity, policy.severity if policy.enabled else None
        )
        if severity is not None:
            chosen.append(policy if severity == policy.severity else replace(policy, severity=severity))
    severities: dict[str, Severity | None] = {}
    for rule in fixed.values():
        wish = rules.get(rule.id, groups.get(SUPPRESSION if rule.id in SUPPRESSION_RULES else PREDICTION))
        if wish is not None:
            severities[rule.id] = _severity(wish, rule.severity, rule.severity)
    return Selection(tuple(chosen), severities)


def listed(own: Mapping[str, Policy] | None = None) -> list[ListedRule]:
    """Every rule: those that judge predictions, those on suppressions, then the policies by group."""
    rows = [ListedRule(PREDICTION, r.id, r.severity, True, r.title, r.meaning, r.remediation) for r in RULES.values()]
    rows += [
        ListedRule(SUPPRESSION, r.id, r.severity, True, r.title, r.meaning, r.remediation)
        for r in SUPPRESSION_RULES.values()
    ]
    policies = sorted({**built_in(), **(own or {})}.values(), key=lambda p: (p.group, p.id))
    rows += [ListedRule(p.group, p.id, p.severity, p.enabled, p.title, p.meaning, p.remediation) for p in policies]
    return rows


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean NAME?)`, or '' where nothing is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {found[0]}?)" if found else ""


def _wishes(settings: Mapping[str, Any], section: str, known: Iterable[str], file: str) -> dict[str, str]:
    wishes = {}
    names = tuple(known)
    for name, wish in (settings.get(section) or {}).items():
        if name not in names:
            word = "rule" if section == "rules" else "group"
            hint = nearest(name, names) or f"; known are {', '.join(names)}" * (section == "groups")
            raise UserError(f"{file}: policies.{section}: {name!r} is no {word}{hint}")
        wishes[name] = {True: "on", False: "off"}.get(wish, wish)
    return wishes


def _severity(wish: str | None, own: Severity, default: Severity | None) -> Severity | None:
    if wish is None:
        return default
    if wish in SEVERITIES:
        return wish
    return own if wish == "on" else None
