"""Patches of plugin configurations: results and messages of the real library, seen by running it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.translate.json_patch import PatchError, apply

MISSING = 'add operation does not apply: doc is missing path: "{}": missing value'


@pytest.mark.parametrize(
    ("document", "path", "value", "result"),
    [
        ({}, "/a", "1", {"a": 1}),
        ({"a": {"b": 1}}, "/a/c", '"x"', {"a": {"b": 1, "c": "x"}}),
        ({}, "/add/headers", '[{"h1":"v1"}]', {"add": {"headers": [{"h1": "v1"}]}}),
        ({}, "/a/0/b", "true", {"a": [{"b": True}]}),
        ({}, "/a/2", "true", {"a": [None, None, True]}),
        ({}, "/a/-", "true", {"a": [True]}),
        ({"a": [1, 2]}, "/a/1", "3", {"a": [1, 3, 2]}),
        ({"a": [1, 2]}, "/a/-1", "3", {"a": [1, 2, 3]}),
        ({"a": None}, "/a/b", "1", {"a": {"b": 1}}),
        ({"a": [None]}, "/a/0/b", "1", {"a": [{"b": 1}, None]}),
        ({}, "/a~1b", "1", {"a/b": 1}),
        ({}, "/", "1", {"": 1}),
        ({"a": 1}, "", '{"b": 2}', {"b": 2}),
        ({"a": 1}, "", "null", None),
        ([1], "/0", "2", [2, 1]),
        ({}, "/a", "12345678901234567890", {"a": 12345678901234567000}),
        ({}, "/\\u0061", "1", {"a": 1}),
    ],
)
def test_patched(document: Any, path: str, value: str, result: Any) -> None:
    assert apply(document, path, value.encode(), refuses_root_scalar=True) == result


@pytest.mark.parametrize(
    ("document", "path", "value", "message"),
    [
        ({}, "/a", "twelve", "invalid state detected"),
        ({}, "/a", "NaN", "invalid state detected"),
        ({}, '/a"b', "1", "invalid state detected"),
        ({"a": 1}, "/a/b", "1", "invalid state detected"),
        ({}, "a", "1", MISSING.format("a")),
        ({}, "/a~1b/c", "1", MISSING.format("/a~1b/c")),
        ({"a": []}, "/a/x/y", "1", MISSING.format("/a/x/y")),
        (None, "/a", "1", "error in add for path: '/a': invalid value, expected object"),
        (
            {"a": []},
            "/a/x",
            "1",
            "error in add for path: '/a/x': value was not a proper array index: 'x':"
            ' strconv.Atoi: parsing "x": invalid syntax',
        ),
        (
            {"a": []},
            "/a/1",
            "1",
            "error in add for path: '/a/1': Unable to access invalid index: 1: invalid index referenced",
        ),
        ({}, "/a/-2", "1", "Unable to ensure path for negative index other than -1: -2: invalid index referenced"),
        ({}, "", "1", "replace operation value must be object or array: %!w(<nil>)"),
        ("x", "/a", "1", "json: cannot unmarshal string into Go value of type map[string]*jsonpatch.lazyNode"),
    ],
)
def test_refused(document: Any, path: str, value: str, message: str) -> None:
    with pytest.raises(PatchError) as e:
        apply(document, path, value.encode(), refuses_root_scalar=True)
    assert str(e.value) == message


def test_a_scalar_for_the_whole_did_nothing_before() -> None:
    assert apply({"a": 1}, "", b"1", refuses_root_scalar=False) == {"a": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab0", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
)


@given(JSON, st.lists(st.sampled_from(["a", "b", "0", "1", "-", "-1"]), max_size=4), st.binary(max_size=5))
def test_no_document_changes_and_nothing_else_is_raised(document: Any, parts: list[str], value: bytes) -> None:
    before = repr(document)
    with suppress(PatchError):
        apply(document, "".join(f"/{part}" for part in parts), value, refuses_root_scalar=True)
    assert repr(document) == before
