import json
from pathlib import Path

from click.testing import CliRunner

from gitops_kong.cli.api_validate import command

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n"
BAD = GOOD + "data: {a: [1]}\n"


def test_manifests_are_judged_for_people(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(GOOD)
    result = CliRunner().invoke(command, [str(file)])
    assert (result.exit_code, result.stdout) == (0, "1 objects, 0 refused\n")
    file.write_text(f"{GOOD}---\n{BAD}")
    result = CliRunner().invoke(command, [str(file)])
    assert result.exit_code == 1
    assert "ConfigMap shop/a: BadRequest" in result.stdout


def test_manifests_are_judged_for_machines() -> None:
    result = CliRunner().invoke(command, ["--format", "json", "-"], input=BAD)
    (row,) = json.loads(result.stdout)
    assert row["object"] == {"kind": "ConfigMap", "namespace": "shop", "name": "a"}
    assert (row["accepted"], row["reason"], row["fields"]) == (False, "BadRequest", [])


def test_wrong_usage_is_one_line() -> None:
    for arguments in (["--controller-version", "new", "-"], ["/no/such/file"], ["--format", "jsonl", "-"]):
        result = CliRunner().invoke(command, arguments, input="not JSON")
        assert result.exit_code != 0
        assert result.exception is not None
        assert "\n" not in str(result.exception)
