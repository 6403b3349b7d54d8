"""Every object of tests/conformance/apiserver against what a real kube-apiserver 1.33 answered."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gitops_kong.cli.api_validate import command

CASES = Path(__file__).parents[1] / "conformance" / "apiserver"


def numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [numbers(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def cases(version: str) -> list[dict[str, Any]]:
    with gzip.open(CASES / f"{version}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("file", sorted(CASES.glob("*.jsonl.gz")), ids=lambda f: f.name.removesuffix(".jsonl.gz"))
def test_answers_agree_with_a_real_api_server(file: Path, tmp_path: Path) -> None:
    version = file.name.removesuffix(".jsonl.gz")
    all_cases = cases(version)
    asked = tmp_path / "cases.jsonl"
    asked.write_text("".join(json.dumps({"name": c["name"], "object": c["object"]}) + "\n" for c in all_cases))
    result = CliRunner().invoke(command, ["--controller-version", version, "--format", "jsonl", str(asked)])
    assert result.exit_code == 0, result.output
    answers = {row["name"]: row for row in map(json.loads, result.stdout.splitlines())}
    wrong = []
    for case in all_cases:
        want, got = case["expect"], answers[case["name"]]
        parts = ("accepted", "object") if want["accepted"] else ("accepted", "reason", "fields")
        if any(numbers(want[part]) != numbers(got.get(part)) for part in parts):
            wrong.append(case["name"])
    assert not wrong
