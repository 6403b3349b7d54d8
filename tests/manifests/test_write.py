from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.manifests.write import to_yaml
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
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_as_the_same(value: object) -> None:
    (found,) = read_documents(to_yaml({"value": value}).encode(), "f")
    assert found == {"value": value}


def test_plain_text_is_not_quoted() -> None:
    assert to_yaml({"a": "b", "c": "80", "d": ["x: y"]}) == "a: b\nc: \"80\"\nd:\n- 'x: y'\n"
