"""docs/console.py: output on pages is written, or held against what a command prints."""

import sys

import pytest

from tests.integrations.shop import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import console


def page(*lines: str) -> str:
    return "\n".join(("Text.", "```console", *lines, "```", "More.", ""))


def test_output_is_written() -> None:
    before = page("$ git branch --show-current", "old", "$ echo a; echo b")
    assert console.filled(before) == page("$ git branch --show-current", "pull-request", "$ echo a; echo b", "a", "b")


def test_output_with_dots_is_held_against_what_is_printed() -> None:
    kept = page("$ printf 'one 1\\ntwo\\nthree\\n'", "one …", "…", "three")
    assert console.filled(kept) == kept
    with pytest.raises(console.Mismatch, match="the page says"):
        console.filled(page("$ printf 'one\\ntwo\\n'", "one", "…", "three"))


def test_status_2_is_a_mismatch_and_1_is_none() -> None:
    assert console.filled(page("$ false")) == page("$ false")
    with pytest.raises(console.Mismatch, match="ended with 2"):
        console.filled(page("$ gitops-kong check --base no-such-revision"))
