"""The quick answer of `fits` against the exact one of `structural`."""

import copy
import random
from typing import Any

import pytest

from gitops_kong.apiserver.catalogue import custom_kind
from gitops_kong.apiserver.fits import compile_fits
from gitops_kong.apiserver.schema import from_openapi
from gitops_kong.apiserver.structural import compile_lists, compile_schema
from tests.apiserver.test_conformance import cases

STRANGE: tuple[Any, ...] = (
    None,
    "",
    "a",
    "x" * 300,
    0,
    -1,
    70_000,
    1.0,
    1.5,
    True,
    [],
    {},
    [None],
    ["a", "a"],
    {"a": None},
)


def changed(value: Any, randomness: random.Random) -> Any:
    """`value` with something strange somewhere."""
    if randomness.random() < 0.2 or not isinstance(value, dict | list) or not value:
        return randomness.choice(STRANGE)
    value = copy.copy(value)
    key = randomness.choice(list(value)) if isinstance(value, dict) else randomness.randrange(len(value))
    if isinstance(value, list) and randomness.random() < 0.2:
        value.append(value[key])
    else:
        value[key] = changed(value[key], randomness)
    return value


@pytest.mark.parametrize("kind", ["HTTPRoute", "Gateway", "GRPCRoute", "KongUpstreamPolicy", "TCPIngress", "KongVault"])
def test_what_fits_has_no_problem(kind: str) -> None:
    randomness, seen = random.Random(kind), {True: 0, False: 0}
    for obj in [c["object"] for c in cases("3.5.13") if c["object"].get("kind") == kind][:120]:
        group, _, version = obj["apiVersion"].partition("/")
        found = custom_kind((3, 5, 13), group, kind, version)
        assert found is not None
        fits, exact, lists = compile_fits(found.schema), compile_schema(found.schema), compile_lists(found.schema)
        for value in (obj, *({**obj, "spec": changed(obj.get("spec"), randomness)} for _ in range(20))):
            problems: list[Any] = []
            exact(value, "", problems)
            if lists is not None:
                lists(value, "", problems)
            answer = fits(value)
            seen[answer] += 1
            assert not (answer and problems), (value, problems)
    assert seen[True] > 10
    assert seen[False] > 10


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string", "nullable": True}, None, True),
        ({"type": "string", "nullable": True, "enum": ["a"]}, None, False),
        ({"type": "integer", "minimum": 1, "maximum": 3}, 3, True),
        ({"type": "integer", "maximum": 3}, True, False),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {"b": 1}, False),
        ({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}, ["a", "b"], True),
        ({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}, ["a", "a"], False),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}, "80", True),
        ({"type": "string", "pattern": "^[a-z]+$"}, "ab\n", False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"x": 1}, False),
    ],
)
def test_answers(schema: dict[str, Any], value: Any, expected: bool) -> None:
    assert compile_fits(from_openapi(schema))(value) is expected
