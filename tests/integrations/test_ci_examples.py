"""action.yml and the examples of docs/ci: linters and published schemas pass, and the commands in them exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gitops_kong.cli.main import cli
from tests.integrations.shop import ROOT, environment, make

PAGES = sorted((ROOT / "docs/ci").glob("*.md"))
SCHEMAS = {
    "github": "--builtin-schema vendor.github-workflows",
    "gitlab": "--builtin-schema vendor.gitlab-ci --data-transform gitlab-ci",
    "azure": "--builtin-schema vendor.azure-pipelines --data-transform azure-pipelines --regex-variant nonunicode",
}
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?<![\w./-])(?:\.gitops-kong/bin/)?gitops-kong ((?:check|comment)\b[^\n;]*)")


def example(page: str) -> str:
    ((_, block),) = _BLOCK.findall((ROOT / f"docs/ci/{page}.md").read_text())
    return str(block)


def tool(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A repository with the example as its workflow."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "gitops-kong.yml").write_text(example("github"))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def test_actionlint_passes(workflows: Path) -> None:
    tool("actionlint", "-no-color", cwd=workflows)


def test_zizmor_passes(workflows: Path) -> None:
    done = tool("zizmor", "--offline", "--no-progress", "--persona", "regular", ".", ROOT / "action.yml", cwd=workflows)
    assert "No findings to report" in done


@pytest.mark.parametrize("page", SCHEMAS)
def test_published_schemas_hold(tmp_path: Path, page: str) -> None:
    file = tmp_path / f"{page}.yml"
    file.write_text(example(page))
    tool(sys.executable, "-m", "check_jsonschema", *SCHEMAS[page].split(), file, cwd=tmp_path)


def test_the_action_keeps_to_its_schema() -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    tool(*command, cwd=ROOT)


@pytest.mark.parametrize("page", [p.stem for p in PAGES])
def test_commands_exist(page: str) -> None:
    text = re.sub(r"\n\s+(?=--)", " ", example(page))
    commands = [shlex.split(c) for c in _COMMAND.findall(text)]
    assert commands or page == "github"
    for name, *arguments in commands:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command
        assert command.make_context(name, arguments).params


def test_the_workflow_asks_for_what_it_needs_and_no_more() -> None:
    workflow = yaml.safe_load(example("github"))
    assert workflow[True] == "pull_request"  # YAML 1.1 reads `on` as true
    assert workflow["permissions"] == {}
    permissions = workflow["jobs"]["check"]["permissions"]
    assert permissions == {"contents": "read", "pull-requests": "write", "security-events": "write"}
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    (step,) = (s for s in workflow["jobs"]["check"]["steps"] if s["uses"].startswith("gitops-kong/"))
    assert set(step["with"]) <= set(inputs)


def test_the_inputs_of_the_action_are_documented() -> None:
    page = (ROOT / "docs/ci/github.md").read_text()
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert [name for name in (*action["inputs"], *action["outputs"]) if f"`{name}`" not in page] == []


def test_the_gitlab_script_runs(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    (script,) = yaml.safe_load(example("gitlab"))["gitops-kong"]["script"]
    runner = tmp_path / "gitops-kong"
    runner.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gitops_kong "$@"\n')
    runner.chmod(0o755)
    env = environment(CI_MERGE_REQUEST_DIFF_BASE_SHA="main")
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    done = subprocess.run(["sh", "-c", script], cwd=shop, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    written = {"gitops-kong.json", "gitops-kong.xml", "gitops-kong.md", "gitops-kong.html"}
    assert written <= {file.name for file in shop.iterdir()}


def test_the_tekton_step_is_restricted_and_passes_parameters_through_the_environment() -> None:
    (step,) = yaml.safe_load(example("tekton"))["spec"]["steps"]
    context = step["securityContext"]
    assert (context["runAsNonRoot"], context["allowPrivilegeEscalation"]) == (True, False)
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert "$(" not in step["script"]
    assert all(isinstance(entry["value"], str) for entry in step["env"])
