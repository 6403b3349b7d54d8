"""The scripts in the examples of docs/ci and in the GitLab component, run as the CI would, in a clone of the shop."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integrations.shop import ROOT, environment, make
from tests.integrations.test_ci_examples import example

COMPONENT = ROOT / "templates/gitops-kong.yml"
_INPUT = re.compile(r"\$\[\[ inputs\.([\w-]+) \]\]")
PYTHON = f"""#!/bin/sh
# `python -m venv DIRECTORY` with this checkout in it, and a pip that installs nothing
[ "$1 $2" = "-m venv" ] || exec "{sys.executable}" "$@"
mkdir -p "$3/bin"
cp "$(dirname "$0")/gitops-kong" "$(dirname "$0")/pip" "$3/bin"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of the shop, as a CI makes it of the pull request: the branch checked out, `origin` with its target."""
    shop = make(tmp_path / "shop")
    place = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", shop, place], check=True)
    return place


def run(script: str, clone: Path, shell: str = "sh", **env: str) -> subprocess.CompletedProcess[str]:
    programs = clone.parent / "programs"
    programs.mkdir(exist_ok=True)
    scripts = {
        "gitops-kong": f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gitops_kong "$@"\n',
        "pip": '#!/bin/sh\necho "$@" >> "$PIP_LOG"\n',
        "python": PYTHON,
    }
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    given = environment(PIP_LOG=str(clone.parent / "pip.log"), **env)
    given["PATH"] = f"{programs}:{given['PATH']}"
    return subprocess.run([shell, "-ec", script], cwd=clone, env=given, capture_output=True, text=True, check=False)


def component(**inputs: str) -> dict[str, Any]:
    """The component's job with inputs in their places, as GitLab puts them."""
    header, text = COMPONENT.read_text().split("\n---\n")
    declared = yaml.safe_load(header)["spec"]["inputs"]
    values = {name: inputs.get(name, each["default"]) for name, each in declared.items()}
    assert set(inputs) <= set(values)
    filled = _INPUT.sub(lambda m: str(values[m[1]]).lower() if values[m[1]] is False else str(values[m[1]]), text)
    job: dict[str, Any] = yaml.safe_load(filled)[values["job-name"]]
    return job


def test_the_inputs_of_the_component_are_used_and_described() -> None:
    header, text = COMPONENT.read_text().split("\n---\n")
    declared = yaml.safe_load(header)["spec"]["inputs"]
    assert set(_INPUT.findall(text)) == set(declared)
    assert all(each["description"] and "default" in each for each in declared.values())
    page = (ROOT / "docs/ci/gitlab.md").read_text()
    assert [name for name in declared if f"`{name}`" not in page] == []
    job = component()
    scripts = "".join(part for name in ("before_script", "script", "after_script") for part in job[name])
    assert not _INPUT.search(text[text.index("before_script") : text.index("artifacts")])
    assert "gitops-kong check" in scripts


def test_the_component_keeps_to_gitlabs_schema(tmp_path: Path) -> None:
    file = tmp_path / "gitlab.yml"
    file.write_text(yaml.safe_dump({"job": component()}))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_component_runs(clone: Path) -> None:
    job = component(**{"controller-version": "3.5.13", "path": "apps/checkout"})
    script = "\n".join((*job["before_script"], *job["script"]))
    base = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "origin/main", "CI_PROJECT_DIR": str(clone)}
    variables = {name: str(value) for name, value in job["variables"].items() if name.startswith("GITOPS")}
    done = run(script, clone, **base, **variables)
    assert done.returncode == 1, done.stderr
    assert "controller 3.5.13 (--controller-version)" in done.stdout
    reports = {"gitops-kong.json", "gitops-kong.xml", "gitops-kong.md", "gitops-kong.html"}
    assert reports <= {file.name for file in clone.iterdir()}
    assert "gitops-kong==0.1.0" in (clone.parent / "pip.log").read_text()


def test_an_input_of_the_component_cannot_become_a_command(clone: Path) -> None:
    job = component()
    variables = {name: "$(touch pwned)`touch pwned`; touch pwned" for name in job["variables"] if "GITOPS" in name}
    done = run("\n".join((*job["before_script"], *job["script"])), clone, CI_PROJECT_DIR=str(clone), **variables)
    assert done.returncode != 0
    assert not (clone / "pwned").exists()


def test_the_azure_steps_run(clone: Path) -> None:
    steps = [step["bash"] for step in yaml.safe_load(example("azure"))["steps"] if "bash" in step]
    done = run("\n".join(steps), clone, "bash", TARGET="refs/heads/main")
    assert done.returncode == 1, done.stderr
    assert "did you mean config.minute?" in done.stdout
    assert (clone / "gitops-kong.xml").exists()


def test_the_jenkins_script_runs(clone: Path) -> None:
    (script,) = re.findall(r"sh '''\n(.*?)'''", example("jenkins"), re.DOTALL)
    done = run(script, clone, CHANGE_TARGET="main")
    assert done.returncode == 1, done.stderr
    assert (clone / "gitops-kong.xml").exists()


def test_the_tekton_script_runs(clone: Path) -> None:
    (step,) = yaml.safe_load(example("tekton"))["spec"]["steps"]
    env = {each["name"]: each["value"].replace("$(workspaces.source.path)", str(clone)) for each in step["env"]}
    done = run(step["script"], clone, **{**env, "BASE": "origin/main"})
    assert done.returncode == 1, done.stderr
    assert (clone / "gitops-kong.xml").exists()
