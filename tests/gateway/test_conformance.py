import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.gateway import catalogue
from gitops_kong.gateway.validate import validate
from tests.conformance.compare import canonical, first_difference

CASES = Path(__file__).parents[1] / "conformance" / "gateway"


@pytest.mark.parametrize("version", sorted(p.name.removesuffix(".jsonl.gz") for p in CASES.glob("*.jsonl.gz")))
def test_answers_of_the_real_gateway(version: str) -> None:
    schemas = catalogue.load(version)
    wrong: list[str] = []
    with gzip.open(CASES / f"{version}.jsonl.gz", "rt", encoding="utf-8") as lines:
        cases: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for case in cases:
        before = json.dumps(case["config"])
        verdict = validate(case["config"], schemas)
        want = canonical(case["expect"])
        have = canonical({"status": verdict.status, "errors": verdict.errors})
        if want != have:
            wrong.append(f"{case['name']}: {first_difference(want, have)}")
        assert json.dumps(case["config"]) == before, f"{case['name']}: the configuration was changed"
    assert not wrong, f"{len(wrong)} of {len(cases)}: " + "; ".join(wrong[:3])
    assert cases
