"""`gitops-kong test`: scenario files with expectations, as unit tests of a repository's manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from gitops_kong.cli.color import color_option, use_color
from gitops_kong.controller.expectations import filled, step_differences
from gitops_kong.controller.scenario_file import Scenario, load, looks_like_tests
from gitops_kong.controller.scenario_update import updated
from gitops_kong.controller.scenario_world import simulate
from gitops_kong.controller.settings import NEWEST
from gitops_kong.controller.step_json import step_json
from gitops_kong.errors import UserError
from gitops_kong.predict.scenario_file import prediction_json, step_predictions
from gitops_kong.report.scenario_tests import StepTest, write_junit, write_text


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=click.Path(exists=True))
@click.option("--controller-version", "versions", multiple=True, metavar="VERSION", help="Repeatable; see below.")
@click.option("--junit", metavar="FILE", type=click.Path(dir_okay=False), help="Write JUnit XML to FILE.")
@click.option("--update", is_flag=True, help="Write what the simulation says into the files, for review.")
@color_option
def command(paths: tuple[str, ...], versions: tuple[str, ...], junit: str | None, update: bool, color: str) -> None:
    """Run scenario files whose steps have `expect:` (folders are searched; default: this one).

    A file is run with each --controller-version, else with its own controllerVersion, else with the newest.
    """
    files = list(_files(paths or (".",)))
    if not files:
        raise UserError(f"no scenario file with `expect:` in {', '.join(paths or ('.',))}")
    tests = [test for file in files for test in _run(file, versions, update)]
    if junit:
        Path(junit).write_text(write_junit(tests), encoding="utf-8")
    click.echo(write_text(tests, use_color(color)), nl=False)
    if any(t.error is not None for t in tests):
        raise click.exceptions.Exit(2)
    if not all(t.passed for t in tests):
        raise click.exceptions.Exit(1)


def _files(paths: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_file():
            yield path
            continue
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if not hidden and file.suffix in (".json", ".yaml", ".yml") and looks_like_tests(file):
                yield file


def _run(file: Path, versions: tuple[str, ...], update: bool) -> Iterator[StepTest]:
    try:
        scenario = load(str(file))
    except UserError as e:
        yield StepTest(str(file), "", "", 0, error=str(e))
        return
    for version in versions or (scenario.controller_version or NEWEST,):
        try:
            steps = [step_json(result) for result in simulate(scenario, version)]
            _add_predictions(steps, scenario, version)
        except UserError as e:
            yield StepTest(str(file), scenario.name, version, 0, error=str(e))
            continue
        if update:
            _update(file, scenario, steps)
            scenario = load(str(file))
        for number, (step, actual) in enumerate(zip(scenario.steps, steps, strict=True), 1):
            if step.expect is not None:
                found = tuple(step_differences(step.expect, actual))
                yield StepTest(str(file), scenario.name, version, number, found)


def _add_predictions(steps: list[dict[str, Any]], scenario: Scenario, version: str) -> None:
    """Predictions of the steps that expect some: they take longer than the steps themselves."""
    wanted = [i for i, step in enumerate(scenario.steps) if step.expect is not None and "predictions" in step.expect]
    for number, predictions in (step_predictions(scenario, version, wanted) if wanted else {}).items():
        steps[number]["predictions"] = [prediction_json(p) for p in predictions]


def _update(file: Path, scenario: Scenario, steps: list[dict[str, Any]]) -> None:
    expectations = [
        None if step.expect is None else filled(step.expect, actual)
        for step, actual in zip(scenario.steps, steps, strict=True)
    ]
    file.write_text(updated(file.read_text("utf-8"), file.suffix == ".json", expectations), encoding="utf-8")
