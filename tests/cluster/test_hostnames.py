"""Host names of listeners and routes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.cluster.hostnames import covers, intersect


@pytest.mark.parametrize(
    ("mask", "hostname", "expected"),
    [
        ("shop.example", "shop.example", True),
        ("shop.example", "www.shop.example", False),
        ("*.example", "shop.example", True),
        ("*.example", "www.shop.example", True),
        ("*.example", "example", False),
        ("*.shop.example", "www.other.example", False),
        ("shop.example", "*.example", False),
        ("*.example", "*.example", True),
        # The first equal label ends the search for what follows the wildcard.
        ("*.a.b", "z.a.x.a.b", False),
    ],
)
def test_covers(mask: str, hostname: str, expected: bool) -> None:
    assert covers(mask, hostname) is expected


def test_intersect_looks_both_ways() -> None:
    assert intersect("shop.example", "*.example")
    assert not intersect("shop.example", "*.test")


LABELS = st.sampled_from(["a", "b", "*", "example"])
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@given(NAMES, NAMES)
def test_intersect_is_symmetric(one: str, other: str) -> None:
    assert intersect(one, other) == intersect(other, one)


@given(NAMES.filter(lambda name: "*" not in name))
def test_a_precise_name_covers_itself(name: str) -> None:
    assert covers(name, name)
