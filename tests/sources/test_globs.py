from __future__ import annotations

import time

import pytest

from gitops_kong.errors import RenderError
from gitops_kong.sources.globs import path_glob, text_glob, tree_glob

PATHS = [
    ("a/*.yaml", "a/b.yaml", True),
    ("a/*.yaml", "a/b/c.yaml", False),
    ("a/**/*.yaml", "a/c.yaml", True),
    ("a/**/*.yaml", "a/b/b/c.yaml", True),
    ("**/x", "x", True),
    ("**/x", "a/b/x", True),
    ("**", "a/b", True),
    ("./a/", "a", True),
    ("a?c/[bd]", "abc/d", True),
    ("a", "a/b", False),
    ("a/**", "b/a/c", False),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), PATHS)
def test_paths(pattern: str, path: str, expected: bool) -> None:
    assert path_glob(pattern)(path) is expected


def test_directories_stand_for_all_below() -> None:
    assert tree_glob("**/skip")("a/skip/b/c")
    assert tree_glob("a/*.yaml")("a/b.yaml")
    assert not tree_glob("skip")("a/skip")


TEXTS = [
    ("*a.yaml", "sub/a.yaml", True),
    ("{sub/*,[bc].*}", "b.yml", True),
    ("{sub/*,[bc].*}", "a.yml", False),
    ("x{a,{b,c}d}{1,2}", "xcd2", True),
    ("x{a,{b,c}d}{1,2}", "xc2", False),
    ("{a", "{a", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), TEXTS)
def test_texts(pattern: str, text: str, expected: bool) -> None:
    assert text_glob(pattern)(text) is expected


def test_no_pattern_takes_long() -> None:
    started = time.monotonic()
    assert not text_glob("*a" * 30 + "b")("a" * 200)
    assert not path_glob("/".join(["**", "*a*a*a*a*b"] * 12))("/".join(["a" * 60] * 40))
    with pytest.raises(RenderError, match="more than 256 alternatives"):
        text_glob("{a,b}" * 20)
    assert time.monotonic() - started < 5
