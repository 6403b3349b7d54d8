"""What the commands print keeps to the schemas that `gitops-kong schema` prints."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from gitops_kong.cli.schema import SCHEMAS
from tests.integrations.shop import ROOT, gitops_kong, make

CASES = ROOT / "tests/conformance"


def schema(name: str) -> Draft202012Validator:
    done = gitops_kong("schema", name, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded)


def test_check(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    done = gitops_kong("check", "--base", "main", "--format", "json", "--all", cwd=shop)
    schema("check").validate(json.loads(done.stdout))
    lines = gitops_kong("check", "--base", "main", "--format", "jsonl", "--all", cwd=shop).stdout.splitlines()
    of_line = schema("check-lines")
    for line in lines:
        of_line.validate(json.loads(line))
    assert {json.loads(line)["type"] for line in lines} >= {"run", "prediction", "finding"}
    schema("config").validate(yaml.safe_load((shop / ".gitops-kong.yaml").read_text()))


def test_scenarios_and_what_they_give() -> None:
    files = sorted((CASES / "controller").glob("fallback/*/case.json"))[:12]
    for file in files:
        schema_of_file = json.loads(file.read_text())
        if file == files[0]:
            scenario = schema("scenario")
        scenario.validate(schema_of_file)
    done = gitops_kong("simulate", "--format", "jsonl", *map(str, files), cwd=ROOT)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(files)
    line_schema = schema("simulate")
    for line in lines:
        line_schema.validate(line)


@pytest.mark.parametrize(
    ("name", "file", "arguments"),
    [
        ("gateway-validate", "gateway/3.9.1.jsonl.gz", ["--gateway-version", "3.9"]),
        (
            "api-validate",
            "apiserver/3.5.13.jsonl.gz",
            ["--controller-version", "3.5.13", "--kubernetes-version", "1.33"],
        ),
    ],
)
def test_answers(tmp_path: Path, name: str, file: str, arguments: list[str]) -> None:
    some = tmp_path / "some.jsonl"
    with gzip.open(CASES / file, "rt") as lines:
        some.write_text("".join(islice(lines, 0, 1500, 15)))
    done = gitops_kong(name, *arguments, "--format", "jsonl", str(some), cwd=ROOT)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 100
    validator = schema(name)
    for answer in answers:
        validator.validate(answer)


def test_every_schema_is_there() -> None:
    assert set(SCHEMAS) == {
        "config",
        "check",
        "check-lines",
        "fleet",
        "fleet-lines",
        "fleet-file",
        "scenario",
        "simulate",
        "gateway-validate",
        "api-validate",
        "logs",
        "snapshot",
        "audit",
    }
