"""`gitops-kong explain`: what a rule means, or the chain from cause to effect for one object."""

from __future__ import annotations

from typing import Any

import click

from gitops_kong.cli import completing
from gitops_kong.cli.color import color_option, use_color
from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.pipeline import check
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.errors import UserError
from gitops_kong.policies.selection import listed, nearest, own_rules
from gitops_kong.report import explanation
from gitops_kong.report.rule_texts import RuleText


@click.command(cls=SectionedCommand)
@click.argument("subject", metavar="RULE|KIND/NAMESPACE/NAME", shell_complete=completing.rules)
@click.argument("path", default=".", type=click.Path())
@click.option("--base", metavar="REV", shell_complete=completing.revisions, help="What the cluster runs.")
@controller_flags
@source_flags
@color_option
def command(subject: str, path: str, base: str | None, color: str, **flags: Any) -> None:
    """Say what a rule means, or what becomes of one object in each scenario and why.

    An object of cluster scope is KIND/NAME.
    """
    if "/" not in subject:
        click.echo(explanation.rule(_rule(subject, path)), nl=False)
        return
    parts = subject.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise click.BadParameter(f"{subject!r}: a rule, KIND/NAMESPACE/NAME or KIND/NAME is needed")
    kind, namespace, name = parts if len(parts) == 3 else (parts[0], "", parts[1])
    repository = with_sources(open_repository((path,), base, compare=True), flags)
    settings = CheckSettings(repository.paths, controller=settings_of(flags))
    report = check(repository.head, repository.base, repository.config, settings, Progress())
    text = explanation.of_object(report, kind, namespace, name, use_color(color))
    if not text:
        known = (str(p.object.ref).replace(" ", "/", 1) for target in report.targets for p in target.predictions)
        hint = nearest(subject, dict.fromkeys(known))
        raise UserError(f"{subject}: no target has this object, or the controller does not watch its kind{hint}")
    click.echo(text, nl=False)


def _rule(name: str, path: str) -> RuleText:
    rows = listed(own_rules(open_repository((path,)).head.tree))
    for row in rows:
        if row.id == name:
            severity = row.severity if row.enabled else f"{row.severity}, off unless turned on"
            return RuleText(row.id, severity, row.title, row.meaning, row.remediation)
    raise UserError(f"{name}: no such rule{nearest(name, (r.id for r in rows))}; `gitops-kong rules` lists them")
