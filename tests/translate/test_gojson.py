"""JSON by Go's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.translate import gojson


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (2**53, 2**53),
        (2**53 + 1, 2**53),
        (9223372036854775807, 9223372036854776000),
        (18446744073709551615, 18446744073709552000),
        (10**21, 1e21),
        (1e20, 100000000000000000000),
        (5.0, 5),
        (0.1, 0.1),
        (True, True),
    ],
)
def test_numbers_become_float64(value: Any, result: Any) -> None:
    assert gojson.float64({"a": [value]}) == {"a": [result]}
    assert type(gojson.float64(value)) is type(result)


def test_what_stays_is_shared() -> None:
    value = {"a": [1, "x", None, {"b": True}]}
    assert gojson.float64(value) is value


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "-Infinity", "01", "[1,]", "{'a': 1}", "1e999", "9" * 400, "[" * 100_000]
)
def test_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        gojson.read(text)


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert gojson.read(b'{"a\xff": "\xe2\x82"}') == {"a\ufffd": "\ufffd\ufffd"}
    assert gojson.read(r'["\ud800x", "\ud83d\ude00"]') == ["\ufffdx", "\U0001f600"]


NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_reading_what_was_written_changes_nothing_more(value: Any) -> None:
    once = gojson.float64(value)
    assert gojson.float64(once) == once
    assert gojson.read(json.dumps(value)) == once
