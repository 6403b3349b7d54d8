"""`explain`: a rule in words, or one object's way from cause to effect as a tree."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator

from gitops_kong.predict.model import SCENARIOS, Cause, Outcome, Prediction, Scenario, SeenCondition, TargetPrediction
from gitops_kong.predict.wording import condition_lines, outcome_text, when
from gitops_kong.report.model import Report
from gitops_kong.report.rule_texts import RuleText
from gitops_kong.report.text import Style, printable

WIDTH = 88


def rule(text: RuleText) -> str:
    """A rule in words."""
    return printable(
        f"{text.id} ({text.severity}): {text.title}\n\n{textwrap.fill(text.meaning, WIDTH)}\n\n"
        f"{textwrap.fill('→ ' + text.remediation, WIDTH, subsequent_indent='  ')}\n"
    )


def of_object(report: Report, kind: str, namespace: str, name: str, color: bool = False) -> str:
    """The object's tree in every target that has it, '' where none has."""
    style = Style(color)
    lines: list[str] = []
    for target in report.targets:
        found = [
            p
            for p in target.predictions
            if (p.object.kind, p.object.namespace, p.object.name) == (kind, namespace, name)
        ]
        if found:
            lines += [*_target(report, target.target, found, style), *_signs(target, found, style), ""]
    return "\n".join(lines[:-1]) + "\n" if lines else ""


def _target(report: Report, target: str, found: list[Prediction], style: Style) -> Iterator[str]:
    obj = found[0].object
    place = report.locate(obj, ())
    where = f"  {place}" if place else ""
    yield f"{style(str(obj.ref), bold=True)}  {style(f'{target}{where}', dim=True)}"
    groups: defaultdict[tuple[Outcome, tuple[Cause, ...], tuple[SeenCondition, ...]], list[Scenario]]
    groups = defaultdict(list)
    for prediction in found:
        held = SCENARIOS if prediction.scenario == "*" else (prediction.scenario,)
        groups[prediction.outcome, prediction.causes, prediction.conditions].extend(held)
    for i, ((outcome, causes, conditions), scenarios) in enumerate(groups.items()):
        last = i == len(groups) - 1
        yield f"{'└─' if last else '├─'} {when(scenarios)}: {outcome_text(obj.kind, outcome)}"
        indent = "   " if last else "│  "
        for line in condition_lines(conditions):
            yield f"{indent}{'│' if causes else ' '}  {style(line, dim=True)}"
        for j, cause in enumerate(causes):
            at = report.locate(cause.object, cause.path)
            place_text = style(f"  {at}", dim=True) if at else ""
            yield f"{indent}{'└─' if j == len(causes) - 1 else '├─'} {cause.object.ref}: {cause.message}{place_text}"


def _signs(target: TargetPrediction, found: list[Prediction], style: Style) -> Iterator[str]:
    """What an operator sees of it: Events of the object and of its causes, and what is not about one object."""
    if all(prediction.plain for prediction in found):
        return
    about = {str(o.ref) for p in found for o in (p.object, *(c.object for c in p.causes))}
    shown = [s for s in target.signs if not s.startswith("Event Warning ") or any(f" on {ref}:" in s for ref in about)]
    if shown:
        yield style("you will see", dim=True)
        yield from (f"  {printable(sign)}" for sign in shown)
