"""The Dockerfile: linted, its copies held against .dockerignore, and the steps of its Python stage run in a folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from gitops_kong import __version__
from tests.integrations.shop import ROOT, environment, make

TEXT = (ROOT / "Dockerfile").read_text()
LINES = [line for line in re.sub(r"\\\n", " ", TEXT).splitlines() if line and not line.startswith("#")]
STEPS = [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in LINES]


def stage(name: str) -> list[tuple[str, str]]:
    """The steps of the stage `name`, of the last one for ''."""
    starts = [i for i, (word, _) in enumerate(STEPS) if word == "FROM"] + [len(STEPS)]
    for start, end in pairwise(starts):
        if STEPS[start][1].partition(" AS ")[2] == name:
            return STEPS[start + 1 : end]
    raise AssertionError(name)


def copies() -> list[str]:
    found = [text.split()[:-1] for word, text in STEPS if word == "COPY" and not text.startswith("--from")]
    return [source for sources in found for source in sources]


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run(
        ["hadolint", ROOT / "Dockerfile"], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copies()) == kept
    assert all((ROOT / source).exists() for source in kept)


def test_the_renderers_are_those_that_are_tested() -> None:
    versions = dict(re.findall(r"^(helm|kustomize)_version=(\S+)$", (ROOT / ".ci/environment.sh").read_text(), re.M))
    assert f"helm.sh/helm/v3/cmd/helm@{versions['helm']}" in TEXT
    assert f"sigs.k8s.io/kustomize/kustomize/v5@{versions['kustomize']}" in TEXT


def test_it_does_not_run_as_root_and_pins_what_it_installs() -> None:
    last = [word for word, _ in stage("")]
    assert [text for word, text in stage("") if word == "USER"] == ["10001:10001"]
    assert last.index("USER") > len(last) - last[::-1].index("COPY") - 1
    installs = re.findall(r"pip install [^&\n]*", "\n".join(LINES))
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)$", TEXT, re.M)
    assert len(images) == 2
    assert not any(image.endswith(":latest") or ":" not in image for image in images)


def test_labels_name_this_version() -> None:
    assert f'org.opencontainers.image.version="{__version__}"' in TEXT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stage `package` makes, with /opt in a folder: copied and installed as the Dockerfile says."""
    folder = tmp_path_factory.mktemp("image")
    source, opt = folder / "source", folder / "opt"
    source.mkdir()
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    programs = folder / "programs"
    programs.mkdir()
    (programs / "python").symlink_to(python if python.exists() else sys.executable)
    for word, text in stage("package"):
        if word == "COPY":
            *sources, target = text.split()
            for each in sources:
                place = source / target if target != "./" else source / Path(each).name
                place.parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / each).is_dir():
                    shutil.copytree(ROOT / each, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / each, place)
        elif word == "RUN":
            command = text.replace("/opt/", f"{opt}/").replace("--no-cache-dir", "--disable-pip-version-check --quiet")
            env = environment()
            env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
            done = subprocess.run(
                ["sh", "-ec", command], cwd=source, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return opt / "gitops-kong"


@pytest.mark.image
def test_what_is_installed_works_by_itself(installed: Path, tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    renderers = Path(shutil.which("kustomize", path=environment()["PATH"]) or "").parent
    env = {"PATH": f"{installed}/bin:{renderers}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=shop, env=env, capture_output=True, text=True, check=False)

    assert run("gitops-kong", "--version").stdout == f"gitops-kong, version {__version__}\n"
    done = run("gitops-kong", "check", "apps/search", "--base", "main", "--report", "html=report.html")
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert (shop / "report.html").read_text().startswith("<!doctype html>")
    done = run("python", "-m", "gitops_kong", "rules")
    assert "wildcard-host" in done.stdout
    for command in (("schema", "check"), ("explain", "wildcard-host"), ("completion", "bash")):
        assert run("gitops-kong", *command).returncode == 0, command
    assert (installed / "share/man/man1/gitops-kong.1").is_file()


@pytest.mark.image
def test_the_bill_of_materials_names_what_was_installed(installed: Path) -> None:
    bill = json.loads((installed / "sbom.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "gitops-kong"
    named = {c["name"].lower().replace("_", "-"): c["version"] for c in bill["components"]}
    locked = dict(re.findall(r"^([\w.-]+)==([^ \\;]+)", (ROOT / "requirements.lock").read_text(), re.M))
    found = {name: named[name] for name in locked if name in named}
    assert {"click", "pyyaml", "jsonschema", "gitpython", "kubernetes-validate"} <= set(found)
    assert all(locked[name] == version for name, version in found.items())
