import subprocess
import sys

import pytest

from gitops_kong.cli import main as entry
from gitops_kong.cli.main import COMMANDS, SECTIONS, cli


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gitops_kong", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)


def test_every_command_can_be_loaded_and_has_help() -> None:
    import click

    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help


def test_wrong_usage_is_status_2_without_a_traceback() -> None:
    for arguments in (["nonsense"], ["check", "--nonsense"], ["check", "no/such/path"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()


def test_findings_are_status_1() -> None:
    plugin = (
        "{apiVersion: configuration.konghq.com/v1, kind: KongPlugin, metadata: {name: a, namespace: b}, plugin: cors,"
    )
    done = run("check", "-", stdin=plugin + " config: {credentials: true}}")
    assert done.returncode == 1, done.stderr
    assert "cors-any-origin-with-credentials" in done.stdout


def test_a_defect_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(**_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(entry, "cli", broken)
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 2
    assert "this is a defect" in capsys.readouterr().err


def test_every_command_stands_under_one_heading() -> None:
    named = [name for names in SECTIONS.values() for name in names]
    assert len(named) == len(set(named))
    assert set(COMMANDS) <= set(named)
    printed = run("--help").stdout
    assert all(f"\n{heading}:\n" in printed for heading in SECTIONS)
    assert "\nMore:" not in printed


def test_help_is_grouped_and_as_wide_as_a_terminal() -> None:
    lines = run("check", "--help").stdout.splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        "What is compared:",
        "Controller and gateway (default: as the repository says):",
        "Rendering:",
        "Findings:",
        "Output:",
        "Other options:",
    ]
    assert max(map(len, lines)) <= 80
