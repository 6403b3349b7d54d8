"""What the real controllers did (tests/conformance/controller), held against the simulation, every part of every step.

One test for each area and controller version.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.controller.scenario_file import load
from gitops_kong.controller.scenario_world import simulate
from gitops_kong.controller.step_json import step_json
from tests.conformance.compare import PARTS, canonical, first_difference

ROOT = Path(__file__).parent / "conformance" / "controller"
VERSIONS = ("3.2.4", "3.3.1", "3.4.3", "3.4.20", "3.5.13")
AREAS = sorted(path.name for path in ROOT.iterdir() if path.is_dir())
# Cases in which the controller goes through a Go map, so that its answer is a matter of luck: which of two Ingresses
# that share a Kong service is its parent (subtranslator.TranslateIngresses).
RANDOM = {("press-migration-faults", "3.4.20")}


@cache
def expected(case: Path) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((case / "expected.json").read_text())
    return {version: answers[same] if isinstance(same, str) else same for version, same in answers.items()}


def difference(case: Path, version: str) -> str | None:
    """The first difference of a case, readable; None where there is none."""
    wanted = expected(case)[version]["steps"]
    got = [step_json(result) for result in simulate(load(str(case / "case.json")), version)]
    for number, (want, have) in enumerate(zip(wanted, got, strict=True)):
        for part in PARTS:
            w, g = canonical(want.get(part), part), canonical(have.get(part), part)
            if w != g:
                return f"{case.name}: step {number} {part} {first_difference(w, g)}"
    return None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("area", AREAS)
def test_the_simulation_does_what_the_controller_did(area: str, version: str) -> None:
    cases = [case for case in sorted((ROOT / area).iterdir()) if version in expected(case)]
    cases = [case for case in cases if (case.name, version) not in RANDOM]
    assert cases
    assert [found for case in cases if (found := difference(case, version))] == []
