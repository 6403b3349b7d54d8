"""Writes docs/rules/: a page for each rule and an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.examples import run_example
from gitops_kong.policies.model import Policy, built_in
from gitops_kong.policies.selection import ListedRule, listed

GROUPS = {
    "prediction": ("Predictions", "What the controller and the gateway will do, and where an object would be refused."),
    "suppression": ("Suppressions", "Findings that people have decided to live with, and that need another look."),
    "availability": ("Availability", "What can take down more than the object that it stands in."),
    "correctness": ("Correctness", "What Kong takes without a word and that does not do what it says."),
    "security": ("Security", "What opens a door."),
    "upgrade": ("Upgrade", "What stands in the way of the next version of the controller or the gateway."),
}
CIRCUMSTANCES = {
    "version": "controller",
    "gatewayVersion": "gateway",
    "featureGates": "feature gates",
    "routerFlavor": "router flavour",
}


def pages() -> Iterator[tuple[str, str]]:
    """The file name and the text of every page."""
    policies = built_in()
    rows = listed()
    yield "index.md", _index(rows)
    for row in rows:
        yield f"{row.id}.md", _page(row, policies.get(row.id))


def _index(rows: list[ListedRule]) -> str:
    lines = ["# Rules", "", "`gitops-kong rules` lists them, `gitops-kong explain RULE` shows one of them."]
    lines += ["[How to turn them on and off, suppress findings and write your own](../policies.md)", ""]
    for group, (title, text) in GROUPS.items():
        lines += [f"## {title}", "", text, "", "| rule | severity | finds |", "| --- | --- | --- |"]
        lines += [f"| [{row.id}]({row.id}.md) | {_severity(row)} | {row.title} |" for row in rows if row.group == group]
        lines.append("")
    return "\n".join(lines)


def _page(row: ListedRule, policy: Policy | None) -> str:
    about = [f"[{GROUPS[row.group][0]}](index.md#{GROUPS[row.group][0].lower()})", _severity(row)]
    if policy is not None:
        about.append(f"looks at {_looks_at(policy)}")
    lines = [f"# {row.id}", "", f"**{row.title}**", "", " · ".join(about), ""]
    lines += ["## What it means", "", row.meaning, "", "## How to mend it", "", row.remediation, ""]
    if policy is not None:
        lines += ["## Found", "", *_example(policy, "fail"), "## Not found", "", *_example(policy, "pass")]
    lines += ["## Another severity, or none", "", *_settings(row, policy)]
    if policy is not None:
        lines += ["## Expression", "", "```cel", policy.expression, "```", ""]
    return "\n".join(lines)


def _severity(row: ListedRule) -> str:
    return row.severity if row.enabled else f"{row.severity}, off unless turned on"


def _looks_at(policy: Policy) -> str:
    kinds = ", ".join(sorted(policy.kinds)) or "the controller's settings"
    if policy.looks_at == "left-out":
        kinds += " that the controller leaves out"
    if policy.changes:
        kinds += f" that the change {' or '.join(sorted(policy.changes))}"
    if policy.plugins:
        kinds += f" of the plugin{'s' * (len(policy.plugins) > 1)} {', '.join(sorted(policy.plugins))}"
    return kinds


def _settings(row: ListedRule, policy: Policy | None) -> list[str]:
    lines = ["`.gitops-kong.yaml`:", "", "```yaml", "policies:"]
    other = "off" if row.enabled else "on"
    lines += [f"  rules: {{{row.id}: {other}}}      # or error, warning, info", "```", ""]
    if row.group != "suppression" and (policy is None or policy.kinds):
        lines += ["At one object:", "", "```yaml", "metadata:", "  annotations:"]
        lines += [f'    gitops-kong.dev/ignore: "{row.id} # why until=2027-01-31"', "```", ""]
    return lines


def _example(policy: Policy, expected: str) -> list[str]:
    """The rule's first example, and what is said of it."""
    example = policy.examples[expected][0]
    lines = [f"- {text}" for text in _circumstances(example)]
    parts = [list(example.get(part) or ()) for part in ("namespaces", "objects", "leftOut")]
    documents = _plain([document for part in parts for document in part])
    if documents:
        text = yaml.safe_dump_all(documents, sort_keys=False, width=110)
        lines += [*([""] if lines else []), "```yaml", text.rstrip(), "```"]
    said = dict.fromkeys(finding.message for finding in run_example(policy, example))
    if said:
        lines += ["", "is told as", "", "```", *said, "```"]
    return [*lines, ""]


def _circumstances(example: Mapping[str, Any]) -> Iterator[str]:
    for name, value in (example.get("controller") or {}).items():
        text = ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, Mapping) else value
        yield f"{CIRCUMSTANCES[name]}: {text}"
    if example.get("change"):
        yield f"the change: {example['change']}"
    if example.get("leftOut"):
        yield "the controller leaves out: " + ", ".join(str(K8sObject(data).ref) for data in example["leftOut"])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
