"""`gitops-kong baseline`: what is found now is not reported again."""

from __future__ import annotations

from typing import Any

import click

from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.pipeline import check
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.sections import SectionedCommand
from gitops_kong.cli.settings import controller_flags, settings_of
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.errors import UserError
from gitops_kong.policies.suppression_rules import SUPPRESSION_RULES
from gitops_kong.policies.suppressions import BASELINE, write_baseline


@click.command(cls=SectionedCommand)
@click.argument("path", default=".", type=click.Path())
@controller_flags
@source_flags
@click.option("--context", multiple=True, metavar="PATH", help="Manifests that the cluster has beyond the repository.")
@click.option("--reason", default="", help="Why the new entries are accepted.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which the new entries hold.")
def command(path: str, context: tuple[str, ...], reason: str, until: Any, **flags: Any) -> None:
    """Write .gitops-kong/baseline.json: the findings of today, which `check` then counts and does not report.

    An entry that is there keeps its reason and its day; one that is found no more is dropped. What annotations and
    comments suppress does not enter it.
    """
    repository = with_sources(open_repository((path,)), flags)
    settings = CheckSettings(repository.paths, controller=settings_of(flags), context=context)
    report = check(repository.head, None, repository.config, settings, Progress())
    if report.problems:
        problem = report.problems[0]
        raise UserError(f"{problem.target} could not be checked: {problem.message}")
    baselined = (s.finding for s in report.all_suppressed() if s.how == "baseline")
    findings = [*(f for f in report.findings() if f.rule not in SUPPRESSION_RULES), *baselined]
    tree = repository.head.tree
    old = tree.read(BASELINE) if BASELINE in tree.files else None
    file = repository.root / BASELINE
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            write_baseline(findings, old, reason, until.date().isoformat() if until else ""), encoding="utf-8"
        )
    except OSError as e:
        raise UserError(f"{BASELINE}: {e.strerror}") from e
    click.echo(f"{len(findings)} findings written to {BASELINE}", err=True)
