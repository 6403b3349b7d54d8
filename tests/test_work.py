"""A change that makes a check need over 15 % more work, or load more modules, is seen here."""

import json

from benchmarks.work import RECORDED, measure, worse


def test_a_check_needs_no_more_work_than_recorded() -> None:
    assert worse(measure(), json.loads(RECORDED.read_text(encoding="utf-8"))) == []


def test_what_is_worse_is_told() -> None:
    recorded = {"calls": 100.0, "modules": 10.0}
    assert worse({"calls": 114.0, "modules": 11.0}, recorded) == []
    assert worse({"calls": 116.0, "modules": 11.0}, recorded) == ["calls: 116, recorded are 100"]
