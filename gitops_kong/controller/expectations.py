"""What a scenario file expects of a step, held against what the simulation says.

An expectation is any part of a step (CONTRACT.md, STEP): fields that it does not name are not looked at; each item of
a list must be found once, in any order, and an empty list means that there is nothing; all else must be equal.
`predictions` are more lenient: one that holds in every scenario is found under each, and an empty list means that none
of them says anything but that all is well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

# What `test --update` writes for a step that names nothing.
PREDICTION_FIELDS = ("object", "scenario", "configuration", "status", "traffic")
LIFE_SCENARIOS = ("rollout", "controller-restart", "gateway-restart", "cold-start")
DEFAULT_PARTS = ("gatewayConfig", "updateFailed", "statuses", "events")


class Difference(NamedTuple):
    """One thing that is not as expected: where, what was expected and what there is (None: nothing)."""

    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        if self.actual is None:
            return f"{self.path}: expected {_short(self.expected)}"
        return f"{self.path}: expected {_short(self.expected)}, but it is {_short(self.actual)}"


def step_differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Difference]:
    """All differences of a step."""
    predictions = actual.get("predictions") or ()
    given = expected.get("predictions")
    if given is not None:
        found = [p for p in predictions if not _plain(p)] if given == [] else list(_by_scenario(predictions))
        actual = {**actual, "predictions": found}
    yield from differences(expected, actual)


def _by_scenario(predictions: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Each prediction, and those of every scenario once more under each."""
    for prediction in predictions:
        yield prediction
        if prediction["scenario"] == "*":
            yield from ({**prediction, "scenario": scenario} for scenario in LIFE_SCENARIOS)


def _plain(prediction: Mapping[str, Any]) -> bool:
    told = (prediction["status"], prediction["traffic"])
    return prediction["configuration"] == "configured" and not {"stale", "empty", "last-valid", "none"} & set(told)


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Difference]:
    """All differences, in the order of `expected`."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            yield from differences(value, actual.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _list_differences(expected, actual, path)
    elif expected != actual:
        yield Difference(path, expected, actual)


def _list_differences(expected: Sequence[Any], actual: Sequence[Any], path: str) -> Iterator[Difference]:
    if not expected and actual:
        yield Difference(path, [], actual)
    left = list(actual)
    for i, item in enumerate(expected):
        found = next((a for a in left if not any(differences(item, a))), None)
        if found is not None:
            left.remove(found)
        elif len(expected) == len(actual) == 1:
            yield from differences(item, actual[0], f"{path}[{i}]")
        else:
            yield Difference(f"{path}[{i}]", item, _nearest(item, left))


def _nearest(item: Any, candidates: Sequence[Any]) -> Any:
    """The candidate about the same object (and in the same scenario), for the message: the fields that are expected."""
    if not isinstance(item, Mapping) or "object" not in item:
        return None
    same = {key: item[key] for key in ("object", "scenario") if key in item}
    found = next((c for c in candidates if isinstance(c, Mapping) and not any(differences(same, c))), None)
    return None if found is None else {key: found.get(key) for key in item}


def filled(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
    """The expectation that the simulation fulfils: the parts that `expected` names, or the usual ones."""
    parts = {part: actual[part] for part in expected or DEFAULT_PARTS if part in actual}
    if "predictions" in parts:
        parts["predictions"] = [
            {field: p[field] for field in PREDICTION_FIELDS} for p in parts["predictions"] if not _plain(p)
        ]
    return parts


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"
