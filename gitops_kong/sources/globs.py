"""Patterns of paths. None of them can be made to take long: a pull request can bring its own."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise

from gitops_kong.errors import RenderError

Match = Callable[[str], bool]

_MAX_ALTERNATIVES = 256


@lru_cache
def path_glob(pattern: str) -> Match:
    """Matches whole paths: `**` goes over directories, `*`, `?` and `[…]` stay within one name."""
    parts = tuple(pattern.removeprefix("./").rstrip("/").split("/"))
    return lambda path: _segments(parts, path.split("/"))


@lru_cache
def tree_glob(pattern: str) -> Match:
    """As `path_glob`; a directory that matches stands for all below it."""
    parts = (*pattern.removeprefix("./").rstrip("/").split("/"), "**")
    return lambda path: _segments(parts, path.split("/"))


def _segments(parts: tuple[str, ...], names: list[str]) -> bool:
    """Dynamic programming over names: `reached[n]` says whether the parts so far can match the first n names."""
    reached = [True] + [False] * len(names)
    for part in parts:
        if part == "**":
            first = reached.index(True) if True in reached else len(reached)
            reached = [position >= first for position in range(len(reached))]
        else:
            reached = [False] + [
                before and fnmatchcase(name, part) for before, name in zip(reached, names, strict=False)
            ]
    return reached[-1]


@lru_cache
def text_glob(pattern: str) -> Match:
    """gobwas/glob without separators, as Argo CD has it: `*` takes anything, `{a,b}` either."""
    alternatives = _braces(pattern)
    return lambda text: any(fnmatchcase(text, alternative) for alternative in alternatives)


def _braces(pattern: str) -> list[str]:
    """The patterns that `{a,b}` stands for, also within one another."""
    start = pattern.find("{")
    depth = 0
    commas = []
    for position in range(start, len(pattern)) if start >= 0 else ():
        char = pattern[position]
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 1:
            commas.append(position)
        if depth == 0:
            cuts = [start, *commas, position]
            choices = [pattern[left + 1 : right] for left, right in pairwise(cuts)]
            rests = _braces(pattern[position + 1 :])
            found = [
                pattern[:start] + inner + rest for choice in choices for inner in _braces(choice) for rest in rests
            ]
            if len(found) > _MAX_ALTERNATIVES:
                raise RenderError(f"a pattern with more than {_MAX_ALTERNATIVES} alternatives: {pattern[:60]}")
            return found
    return [pattern]
