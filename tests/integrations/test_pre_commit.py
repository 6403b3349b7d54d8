"""`.pre-commit-hooks.yaml`, run by pre-commit itself in a repository of its own."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.integrations.shop import ROOT, environment, make

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The healthy shop with the hook configured; the hook's entry runs from this checkout."""
    shop = make(tmp_path / "shop")
    subprocess.run(["git", "checkout", "--quiet", "main"], cwd=shop, check=True)
    local = [
        hook | {"language": "system", "entry": f"env PYTHONPATH={ROOT} python -m " + hook["entry"].replace("-", "_", 1)}
        for hook in HOOKS
    ]
    (shop / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]}))
    git(shop, "add", "--all")
    git(
        shop, "-c", "user.name=Shop", "-c", "user.email=shop@example.com", "commit", "--quiet", "--message", "Add hooks"
    )
    return shop


def git(shop: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=shop, check=True, capture_output=True)


def pre_commit(shop: Path, tmp_path: Path, *hook: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pre-commit", "run", *(hook or ("gitops-kong",))],
        cwd=shop,
        env=environment(PRE_COMMIT_HOME=str(tmp_path / "home"), PRE_COMMIT_COLOR="never"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_broken_change_is_stopped(repository: Path, tmp_path: Path) -> None:
    plugin = repository / "apps/checkout/base/rate-limit.yaml"
    plugin.write_text(plugin.read_text().replace("minute:", "minutes:"))
    git(repository, "add", "--all")
    done = pre_commit(repository, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "did you mean config.minute?" in done.stdout


def test_a_healthy_change_passes(repository: Path, tmp_path: Path) -> None:
    plugin = repository / "apps/checkout/base/rate-limit.yaml"
    plugin.write_text(plugin.read_text().replace("minute: 60", "minute: 61"))
    git(repository, "add", "--all")
    done = pre_commit(repository, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_it_does_not_run_when_no_yaml_changed(repository: Path, tmp_path: Path) -> None:
    (repository / "notes.txt").write_text("hello\n")
    git(repository, "add", "--all")
    done = pre_commit(repository, tmp_path)
    assert done.returncode == 0
    assert "no files to check" in done.stdout


def test_the_full_hook_checks_all_whatever_changed(repository: Path, tmp_path: Path) -> None:
    full = ("gitops-kong-full", "--hook-stage", "pre-push")
    assert "Passed" in pre_commit(repository, tmp_path, *full).stdout
    plugin = repository / "apps/checkout/base/rate-limit.yaml"
    plugin.write_text(plugin.read_text().replace("minute:", "minutes:"))
    git(repository, "-c", "user.name=S", "-c", "user.email=s@example.com", "commit", "--quiet", "--all", "-nm", "Break")
    done = pre_commit(repository, tmp_path, *full)
    assert done.returncode == 1
    assert "did you mean config.minute?" in done.stdout


def test_the_manifest_is_valid() -> None:
    done = subprocess.run(
        ["pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout
    assert all(hook["require_serial"] and not hook["pass_filenames"] for hook in HOOKS)
