"""Ranges of versions, as the library that Argo CD, Flux and Helm use decides (Masterminds/semver v3)."""

from __future__ import annotations

import pytest

from gitops_kong.sources.semver import Range, newest, parse

RANGES: dict[str, tuple[str, str]] = {  # a range: what lies in it, and what does not
    "1": ("1.0.0 1.9.9", "0.9.9 2.0.0 1.0.0-rc.1"),
    "1.2": ("1.2.0 v1.2.9", "1.3.0"),
    "1.2.3": ("1.2.3 1.2.3+b", "1.2.4 1.2.3-rc"),
    "1.x.2": ("1.0.0 1.9.1", "2.0.0"),
    "*": ("0.0.0 9.9.9", "1.0.0-rc.1"),
    "!=1.2": ("1.3.0 2.2.0", "1.2.0 1.2.9 1.3.0-a"),
    ">1.2": ("1.3.0 2.0.0", "1.2.9"),
    ">1": ("2.0.0", "1.9.9"),
    ">=1.2": ("1.2.0", "1.1.9"),
    "<=1.2": ("1.2.9 1.0.0", "1.3.0"),
    "<1.2": ("1.1.9", "1.2.0"),
    "~1.2.3": ("1.2.3 1.2.9", "1.3.0 1.2.2"),
    "~1": ("1.0.0 1.9.0", "2.0.0"),
    "^1.2.3": ("1.2.3 1.9.0", "2.0.0 1.2.2"),
    "^0.2.3": ("0.2.3 0.2.9", "0.3.0"),
    "^0.0.3": ("0.0.3", "0.0.4"),
    "^0.0": ("0.0.1 0.0.9", "0.1.0"),
    "^0": ("0.9.0", "1.0.0"),
    "^2.0.0-0": ("2.0.0-rc.1 2.1.0 2.1.0-a", "3.0.0"),
    ">=1.0.0 <1.5, !=1.2.x": ("1.0.0 1.3.0", "1.2.1 1.5.0"),
    "1.0 - 1.5": ("1.0.0 1.5.9", "1.6.0"),
    "<1 || >=2": ("0.1.0 2.0.0", "1.0.0"),
    "  1.2.0   ,  <   3 ": ("1.2.0", "1.2.1"),
}


@pytest.mark.parametrize("text", RANGES)
def test_ranges(text: str) -> None:
    inside, outside = RANGES[text]
    for versions, expected in ((inside, True), (outside, False)):
        for written in versions.split():
            version = parse(written)
            assert version is not None
            assert Range(text).takes(version) is expected, written


@pytest.mark.parametrize("text", ["", "main", "release/1.2", "1.2.3.4", ">", "||", "v", "1.2 latest", "1" * 600])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        Range(text)


@pytest.mark.parametrize("text", ["v1", "1.2", "1.2.3-rc.1+b", "01.2"])
def test_versions(text: str) -> None:
    assert parse(text) is not None


@pytest.mark.parametrize("text", ["", "x", "1.2.3.4", "V1", "1.2.3-01", "1.2.3-", " 1", f"{2**64}"])
def test_what_is_no_version(text: str) -> None:
    assert parse(text) is None


def test_the_newest_tag() -> None:
    order = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    for position, tag in enumerate(order):
        assert newest([*order[: position + 1]][::-1], Range(">=0-0")) == tag
    assert newest(["1.2", "1.1.0", "none"], Range("1.x")) == "1.2"
    assert newest(["1.2", "1.1.0", "none"], Range("1.x"), three=True) == "1.1.0"
    assert newest(["2.0.0"], Range("1.x")) is None


def test_a_range_that_was_made_to_take_long_ends() -> None:
    with pytest.raises(ValueError, match=r"^"):
        Range("1  " * 160 + "!")
