"""What a change turns off in the settings of its own check, so that it cannot do so without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from gitops_kong.cli.inputs import Revision
from gitops_kong.manifests.lenient import mapping
from gitops_kong.policies.suppression_rules import SUPPRESSION_RULES, TURNED_OFF
from gitops_kong.predict.model import SEVERITIES, Finding, Severity
from gitops_kong.sources.config import FILE, Config

_OFF = (False, "off")


def turned_off(base: Revision | None, config: Config) -> Iterator[Finding]:
    """One finding for all that a change of `.gitops-kong.yaml` takes out of the check.

    What was said of this rule before the change counts, not what the change says of it.
    """
    if base is None or base.config is None:
        return
    told = [*_targets(base.config, config), *_policies(base.config.policies, config.policies)]
    rule = SUPPRESSION_RULES[TURNED_OFF]
    wish = mapping(base.config.policies.get("rules")).get(rule.id)
    if told and wish not in _OFF:
        severity = cast("Severity", wish) if wish in SEVERITIES else rule.severity
        message = f"{config.file or FILE}: this change turns off a part of its own check: {'; '.join(told)}"
        yield Finding(rule.id, severity, message, help=rule.remediation)


def _targets(before: Config, after: Config) -> Iterator[str]:
    yield from (f"{pattern} is excluded" for pattern in after.exclude if pattern not in before.exclude)
    if after.targets and not before.targets:
        yield "only the targets that are listed are checked"
    names = {target.name for target in after.targets}
    if after.targets:
        yield from (f"target {each.name} is not checked" for each in before.targets if each.name not in names)


def _policies(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("groups", "rules"):
        was = mapping(before.get(kind))
        for name, value in mapping(after.get(kind)).items():
            if value != was.get(name) and (value in _OFF or value in ("info", "warning")):
                yield f"{kind.removesuffix('s')} {name} is {'off' if value in _OFF else value}"
