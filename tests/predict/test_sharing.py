"""Scenarios that end alike are judged once; that must not change what is predicted."""

import pytest

from gitops_kong.predict.outcomes import LifeReader
from tests.predict.shop import GUARDED, HEALTHY, NEW, broken, run

BASE = HEALTHY + GUARDED


@pytest.mark.parametrize("head", [HEALTHY + NEW, BASE, HEALTHY + broken(GUARDED) + NEW])
@pytest.mark.parametrize("gate", [True, False])
def test_verdicts_that_scenarios_share_are_those_of_each(
    head: str, gate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[tuple[object, ...]]:
        return [
            (p.scenario, p.object.ref, p.change, p.outcome, [(c.object.ref, c.message, c.path) for c in p.causes])
            for p in run(head, BASE, "3.5.13", gate=gate).predictions
        ]

    shared = told()
    monkeypatch.setattr(LifeReader, "ends_like", lambda _reader, _other: False)
    assert told() == shared
