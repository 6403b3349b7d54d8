from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.manifests import write
from gitops_kong.manifests.write import entries, to_yaml
from gitops_kong.manifests.yaml import read_documents

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12) | st.sampled_from(
    [
        "yes",
        "y",
        "0777",
        "1_0",
        "12:30",
        "<<",
        "~",
        "",
        "a\nb\n",
        " x\n",
        "# c",
        "- a",
        "2026-03-04",
        ".5",
        "1e3",
        "=",
        "null",
    ]
)
VALUES = st.recursive(
    TEXT | st.booleans() | st.none() | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@settings(max_examples=300)
def test_what_is_written_is_read_as_the_same(value: object) -> None:
    (found,) = read_documents(to_yaml({"value": value}).encode(), "f")
    assert found == {"value": value}


def test_plain_text_is_not_quoted() -> None:
    assert to_yaml({"a": "b", "c": "80", "d": ["x: y"]}) == "a: b\nc: \"80\"\nd:\n- 'x: y'\n"


# Most of it simple, so that what is not comes at any depth of what is put together here.
WORDS = (
    TEXT
    | st.text("aZ09_/~^$()*+=|;<>.,:@%!?\\- #'\"&[]{}`\t\n", max_size=8)
    | st.from_regex(r"[a-z/~]{1,30}( [a-zA-Z0-9]{1,20}){0,9}", fullmatch=True)
    | st.sampled_from(
        ["a" * 90, "a" * 140, "a" * 70 + " " + "b" * 70, "---", "...", "on", "Off", "N", "0x1", "1.", "?"]
    )
)
SCALARS = WORDS | st.booleans() | st.none() | st.integers() | st.floats(allow_nan=False)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:
        return True


def by_libyaml(value: object) -> str:
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)  # type: ignore[no-any-return]


@given(st.dictionaries(WORDS, TREES, max_size=4))
@settings(max_examples=1000, deadline=None)
def test_what_is_put_together_here_is_what_libyaml_writes(value: dict[str, object]) -> None:
    assert to_yaml(value) == write._dump(value, write._dumper(), 2**31 - 1)
    assert "".join(piece for name, each in value.items() for piece in entries(name, each)) == (
        by_libyaml(value) if value else ""
    )


@given(st.lists(TREES, max_size=4))
def test_a_list_that_is_made_while_it_is_written_is_written_the_same(value: list[object]) -> None:
    assert "".join(entries("list", iter(value))) == by_libyaml({"list": value})


@pytest.mark.parametrize("value", [{"a": ["b", {"c": 1, "d": "e f"}], "": ""}, ["1:30", "x:y"], {"on": [[[]], {}]}])
def test_what_is_simple_is_put_together_here(value: object) -> None:
    assert "".join(write._yaml11().lines(value)) == by_libyaml(value)


def test_json_of_a_configuration_is_written_piece_by_piece() -> None:
    from gitops_kong.report.json_pieces import indented, pieces

    value = {"_format_version": "3.0", "services": [{"a": {}, "b": [1, "x\ny"]}, {}], "none": [], "m": {"k": [2]}}
    lazily = ((name, iter(each) if isinstance(each, list) else each) for name, each in value.items())
    assert "".join(pieces(lazily, indented)) == json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    assert "".join(pieces((), indented)) == "{}\n"
