"""The wheel and the source distribution: built without a network, with all that the program reads."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from gitops_kong import __version__
from tests.integrations.shop import ROOT, environment


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def wanted() -> set[str]:
    """Every file of the package and every rule, by its name in the wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "gitops_kong", "policies"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {
        name.replace("policies/", "gitops_kong/policies/rules/") if name.startswith("policies/") else name
        for name in listed.stdout.split()
    }


def test_the_wheel_has_every_file_of_the_package(built: Path) -> None:
    with zipfile.ZipFile(built / f"gitops_kong-{__version__}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
    assert wanted() - names == set()
    assert "gitops_kong/py.typed" in names
    assert f"gitops_kong-{__version__}.data/data/share/man/man1/gitops-kong.1" in names
    assert f"gitops_kong-{__version__}.dist-info/licenses/LICENSE" in names
    assert not [n for n in names if n.startswith(("tests/", "docs/", "benchmarks/"))]


def test_a_wheel_can_be_made_of_the_source_distribution(built: Path, tmp_path: Path) -> None:
    with tarfile.open(built / f"gitops_kong-{__version__}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "again")]
    done = subprocess.run(command, cwd=source, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wheel = f"gitops_kong-{__version__}-py3-none-any.whl"
    names = [set(zipfile.ZipFile(folder / wheel).namelist()) for folder in (built, tmp_path / "again")]
    assert names[0] == names[1]
