"""`simulate --format text`: what a person reads of a step."""

from __future__ import annotations

from pathlib import Path

from gitops_kong.controller.scenario_file import load
from gitops_kong.controller.scenario_world import simulate
from gitops_kong.controller.settings import scenario_options
from gitops_kong.report.simulation import write

CASES = Path(__file__).parents[1] / "conformance" / "controller" / "fallback"


def text(case: str, version: str) -> str:
    scenario = load(str(CASES / case / "case.json"))
    return write(scenario, scenario_options(version, scenario.options), simulate(scenario, version))


def test_a_fallback_is_told_push_by_push() -> None:
    lines = text("plugin-on-route-once", "3.4.3").splitlines()
    start = lines.index("  ✗ push 0: rejected with 400; 2 services, 2 routes, 1 plugin, 2 upstreams")
    assert lines[start + 1 : start + 7] == [
        "      plugin rate-limiting of KongPlugin canal/slow",
        "        config.minute: expected a number",
        "  ~ fallback configuration, broken: KongPlugin canal/slow",
        "      excluded  KongPlugin canal/slow",
        "      excluded  Ingress canal/gate  because of KongPlugin canal/slow",
        "  ✓ push 1 (fallback): accepted; 1 service, 1 route, 1 upstream",
    ]
    assert "  ! Ingress canal/sound: status.loadBalancer is empty" in lines
    assert "  Konnect is told ApplyFailed" in lines


def test_the_reporting_gap_is_closed_in_3_4_4() -> None:
    assert "Ingress canal/sound: status.loadBalancer" not in text("plugin-on-route-once", "3.4.4")


def test_restarts_and_backfill_are_said() -> None:
    said = text("restart-loses-backfill", "3.5.13")
    assert "the controller restarts" in said
    assert "filled back" in text("gateway-restart-backfill", "3.5.13")


def test_what_a_terminal_would_obey_is_taken_out(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text('name: "a\\e[31mb"\nsteps: [{manifests: []}]\n')
    scenario = load(str(tmp_path / "case.yaml"))
    said = write(scenario, scenario_options("3.5.13", {}), simulate(scenario, "3.5.13"))
    assert "\x1b" not in said
    assert "the gateway runs push 0" in said


def test_a_rollback_that_takes_authentication_away() -> None:
    path = str(Path(__file__).parents[2] / "examples" / "scenarios" / "rollback.yaml")
    scenario = load(path)
    said = write(scenario, scenario_options("3.5.13", scenario.options), simulate(scenario, "3.5.13"))
    assert said.count("the gateway loses what it ran for") == 1
    assert "the gateway loses what it ran for KongClusterPlugin keys-for-all" in said
