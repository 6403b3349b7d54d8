"""`gitops-kong completion`: its script in a real bash, and the words for each shell."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_kong.cli.completion import SHELLS
from tests.integrations.shop import ROOT, environment, make
from tests.integrations.shop import gitops_kong as run

PRESS_TAB = """
set -e
source "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
_gitops_kong_completion "$2"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


def words(shop: Path, *typed: str) -> list[str]:
    """What bash offers for a line; the last of `typed` is the word that is begun."""
    (shop.parent / "bin").mkdir(exist_ok=True)
    program = shop.parent / "bin/gitops-kong"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec python -m gitops_kong "$@"\n')
    program.chmod(0o755)
    script = shop.parent / "completion.bash"
    script.write_text(run("completion", "bash", cwd=shop).stdout)
    env = environment()
    env["PATH"] = f"{program.parent}:{env['PATH']}"
    command = ["bash", "-c", PRESS_TAB, "bash", str(script), str(program), *typed]
    done = subprocess.run(command, cwd=shop, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_commands_options_and_choices(shop: Path) -> None:
    assert words(shop, "upg") == ["upgrade-check"]
    assert words(shop, "check", "--fail-on-") == ["--fail-on-existing"]
    assert words(shop, "check", "--scenario", "co") == ["controller-restart", "cold-start"]


def test_targets_rules_revisions_and_versions(shop: Path) -> None:
    assert set(words(shop, "check", "--target", "")) == {"production", "staging"}
    assert words(shop, "explain", "gateway-re") == ["gateway-rejected"]
    assert set(words(shop, "check", "--base", "")) >= {"main", "pull-request"}
    assert words(shop, "check", "--controller-version", "3.5") == ["3.5.13"]
    assert words(shop, "check", "--gateway-version", "") == ["3.9", "3.8", "3.7", "3.6", "3.5", "3.4"]
    assert words(shop, "check", "--feature-gate", "Fallback") == [
        "FallbackConfiguration=true",
        "FallbackConfiguration=false",
    ]


def test_what_is_wrong_with_the_files_is_not_told_to_the_shell(shop: Path) -> None:
    (shop / ".gitops-kong.yaml").write_text("targets: 3\n")
    assert words(shop, "check", "--target", "") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(shell: str) -> None:
    done = run("completion", shell, cwd=ROOT)
    assert done.returncode == 0
    assert "_GITOPS_KONG_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout
    program = shutil.which(shell)
    if program:  # bash is on every machine that runs these tests, the others where somebody uses them
        parsed = subprocess.run([program, "-n"], input=done.stdout, text=True, capture_output=True, check=False)
        assert parsed.returncode == 0, parsed.stderr


def test_a_command_is_completed_with_its_line_of_help() -> None:
    env = {"_GITOPS_KONG_COMPLETE": "zsh_complete", "COMP_WORDS": "gitops-kong tes", "COMP_CWORD": "1"}
    assert run(cwd=ROOT, **env).stdout == "plain\ntest\nrun scenario files with expectations\n"
