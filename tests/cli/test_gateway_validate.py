import json
from pathlib import Path

from click.testing import CliRunner, Result

from gitops_kong.cli.main import cli
from gitops_kong.errors import UserError

GOOD = "_format_version: '3.0'\nservices:\n- name: s\n  host: s.example\n"
BAD = GOOD + "  port: 70000\n  tags: [k8s-name:s]\n"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["gateway-validate", *arguments], input=stdin)


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_text_says_what_is_wrong_with_which_entity(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "good.yaml", GOOD), write(tmp_path / "bad.yaml", BAD)
    result = run(good, bad)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{good}: accepted",
        f"{bad}: rejected",
        "  service s (k8s-name:s)",
        "    port: value should be between 0 and 65535",
    ]
    assert run(good).exit_code == 0


def test_errors_of_the_file_are_told_too(tmp_path: Path) -> None:
    result = run(write(tmp_path / "a.yaml", GOOD + "nonsense: 1\n"))
    assert result.exit_code == 1
    assert "nonsense: unknown field" in result.stdout


def test_json_is_one_document(tmp_path: Path) -> None:
    result = run("--format", "json", "--gateway-version", "3.4.2", write(tmp_path / "bad.yaml", BAD))
    report = json.loads(result.stdout)
    assert report["gateway"] == {"version": "3.4"}
    assert [r["status"] for r in report["results"]] == [400]
    assert report["results"][0]["errors"][0]["entityType"] == "service"


def test_json_lines_answer_line_by_line() -> None:
    lines = [{"name": "a", "config": {"_format_version": "3.0"}}, {"name": "b", "config": {}}]
    result = run("--format", "jsonl", "-", stdin="\n".join(map(json.dumps, lines)))
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"name": "a", "status": 201, "errors": []},
        {"name": "b", "status": 400, "errors": []},
    ]


def test_files_of_deck_and_of_the_enterprise_edition(tmp_path: Path) -> None:
    text = GOOD + "_info: {select_tags: [a]}\nconsumer_groups:\n- name: g\n"
    file = write(tmp_path / "kong.yaml", text)
    assert run(file).exit_code == 1
    result = run("--edition", "enterprise", file)
    assert result.exit_code == 0
    assert "not verified: consumer_groups" in result.stdout


def test_unusable_input_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    for arguments, stdin in (
        (["-"], "- a\n- b\n"),
        (["-"], "a: [\n"),
        ([str(tmp_path / "gone.yaml")], None),
        (["--format", "jsonl", "-"], "nonsense\n"),
        (["--format", "jsonl", "-"], "{}\n"),
        (["--gateway-version", "2.8", "-"], GOOD),
    ):
        result = run(*arguments, stdin=stdin)
        assert isinstance(result.exception, UserError)
        assert "\n" not in str(result.exception)
