"""action.yml: its scripts under bash with the environment that GitHub's runner gives them."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.integrations.shop import ROOT, environment, make

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def run(
    repository: Path, temp: Path, path_folder: Path, **inputs: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, str], str]:
    summary, output = temp / "summary.md", temp / "output"
    summary.touch()
    output.touch()
    script = path_folder / "gitops-kong"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec python -m gitops_kong "$@"\n')
    script.chmod(0o755)
    env = environment(
        GITHUB_ACTIONS="true",
        GITHUB_ACTION_PATH=str(ROOT),
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_OUTPUT=str(output),
        RUNNER_TEMP=str(temp),
        **{"INPUT_" + name.upper(): value for name, value in ({"path": "."} | inputs).items()},
    )
    env["PATH"] = f"{path_folder}:{env['PATH']}"
    done = subprocess.run(
        ["bash", ROOT / "deploy/github/check.sh"], cwd=repository, env=env, capture_output=True, text=True, check=False
    )
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return done, outputs, summary.read_text()


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    temp, scripts = tmp_path / "temp", tmp_path / "scripts"
    temp.mkdir()
    scripts.mkdir()
    return make(tmp_path / "shop"), temp, scripts


def test_a_broken_pull_request_fails_with_annotations(places: tuple[Path, Path, Path]) -> None:
    done, outputs, summary = run(*places, base="main")
    assert done.returncode == 1, done.stderr
    assert "::error title=gitops-kong gateway-rejected,file=apps/checkout/base/rate-limit.yaml,line=7,col=3::" in (
        done.stdout
    )
    assert outputs["result"] == "failed"
    report = json.loads(Path(outputs["report"]).read_text())
    assert int(outputs["errors"]) == report["summary"]["errors"] > 0
    assert summary.startswith("### ❌ gitops-kong")


def test_settings_come_through_the_environment(places: tuple[Path, Path, Path]) -> None:
    done, outputs, _ = run(
        *places,
        base="main",
        controller_version="3.5.13",
        feature_gates="FallbackConfiguration=false\n",
        target="staging\n",
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(Path(outputs["report"]).read_text())
    assert report["controller"]["version"] == "3.5.13"
    assert report["controller"]["featureGates"]["FallbackConfiguration"] is False
    assert report["summary"]["targets"] == 1


def test_further_reports_are_written_where_asked(places: tuple[Path, Path, Path]) -> None:
    run(*places, base="main", sarif="kong.sarif", html="kong.html")
    assert json.loads((places[0] / "kong.sarif").read_text())["version"] == "2.1.0"
    assert (places[0] / "kong.html").read_text().startswith("<!doctype html>")


def test_the_cache_is_named_by_the_lock_file(tmp_path: Path) -> None:
    output = tmp_path / "output"
    env = environment(GITHUB_ACTION_PATH=str(ROOT), GITHUB_OUTPUT=str(output), RUNNER_OS="Linux", RUNNER_ARCH="X64")
    subprocess.run(["bash", ROOT / "deploy/github/cache-key.sh"], env=env, check=True)
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    assert output.read_text().startswith("key=gitops-kong-pip-Linux-X64-3.")
    assert output.read_text().endswith(f"-{digest}\n")


def test_without_a_report_there_is_no_comment(tmp_path: Path) -> None:
    env = environment(RUNNER_TEMP=str(tmp_path))
    done = subprocess.run(
        ["bash", ROOT / "deploy/github/comment.sh"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "no report, so no comment" in done.stderr


def test_only_the_step_that_comments_gets_the_token() -> None:
    assert [s["name"] for s in ACTION["runs"]["steps"] if "token" in str(s.get("env", "")).lower()] == ["Comment"]


def test_a_healthy_commit_passes(places: tuple[Path, Path, Path]) -> None:
    subprocess.run(["git", "checkout", "--quiet", "main"], cwd=places[0], check=True)
    done, outputs, summary = run(*places)
    assert done.returncode == 0, done.stderr
    assert outputs["result"] == "passed"
    assert outputs["errors"] == "0"
    assert "gitops-kong" in summary


def test_wrong_input_is_an_error_without_outputs_that_pretend(places: tuple[Path, Path, Path]) -> None:
    done, outputs, _ = run(*places, base="no-such-revision")
    assert done.returncode == 2
    assert outputs["result"] == "error"
    assert outputs["errors"] == ""
    assert "no-such-revision" in done.stderr


def test_an_input_cannot_become_a_command(places: tuple[Path, Path, Path]) -> None:
    done, _, _ = run(*places, base="$(touch pwned)`touch pwned`; touch pwned")
    assert done.returncode == 2
    assert not (places[0] / "pwned").exists()


def test_no_expression_stands_in_a_script_and_all_inputs_are_used() -> None:
    steps = ACTION["runs"]["steps"]
    assert all("${{" not in step.get("run", "") for step in steps)
    given = " ".join(str(step) for step in steps)
    assert all(f"inputs.{name}" in given for name in ACTION["inputs"])
    assert set(ACTION["outputs"]) == {"result", "errors", "report"}
