"""Patterns of paths. None of them can be made to take long: a pull request can bring its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise

from gitops_kong.errors import RenderError
from gitops_kong.sources.base import normal

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


Char = Callable[[str], bool]
_ANY = None  # stands for `*` among the characters of a pattern


@lru_cache
def go_path(pattern: str) -> Match:
    """Go's `path.Match` of whole paths: nothing goes over `/`, `[^…]` negates; a broken pattern matches nothing."""
    try:
        parts = [[*_characters(part, "^")] for part in pattern.split("/")]
    except (ValueError, IndexError):
        return _nothing
    return lambda path: (
        path.count("/") == len(parts) - 1
        and all(_wild(part, name) for part, name in zip(parts, path.split("/"), strict=True))
    )


def _nothing(_: str) -> bool:
    return False


@lru_cache
def tree_pattern(pattern: str) -> Match:
    """doublestar: `**` goes over directories, `{a,b}` is either, the rest stays within one name."""
    found = []
    for alternative in _braces(pattern):
        names = [part for part in alternative.split("/") if part not in ("", ".")]
        try:
            found.append([None if part == "**" else [*_characters(part, "^!")] for part in names])
        except (ValueError, IndexError):
            continue
    return lambda path: any(_over(parts, path.split("/")) for parts in found)


def _over(parts: list[list[Char | None] | None], names: list[str]) -> bool:
    reached = [True] + [False] * len(names)
    for part in parts:
        if part is None:
            first = reached.index(True) if True in reached else len(reached)
            reached = [position >= first for position in range(len(reached))]
        else:
            reached = [False] + [before and _wild(part, name) for before, name in zip(reached, names, strict=False)]
    return reached[-1]


@lru_cache
def pathspec(pattern: str) -> Match:
    """A pathspec of git: `*` and `?` take `/` too, and without any of them all below a directory is meant.

    Raises `RenderError` for one that leads out of the repository, as git does.
    """
    path = normal(pattern)
    if not any(char in path for char in "*?[\\"):
        return lambda name: path in (".", name) or name.startswith(path + "/")
    if pattern.endswith("/"):
        path += "/"
    try:
        parts = [*_characters(path, "^!")]
    except (ValueError, IndexError):
        return _nothing
    return lambda name: _wild(parts, name) or name == path


@lru_cache
def wildcard(pattern: str) -> Match | None:
    """A pattern whose `*` and `?` take any character, as Go writes classes; None for a broken one."""
    try:
        parts = [*_characters(pattern, "^")]
    except (ValueError, IndexError):
        return None
    return lambda text: _wild(parts, text)


def _characters(pattern: str, negations: str) -> Iterator[Char | None]:
    """Each character of a pattern as what it matches. Raises `ValueError` for one that is not closed."""
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            yield _ANY
        elif char == "?":
            yield lambda _: True
        elif char == "[":
            test, position = _class(pattern, position, negations)
            yield test
        else:
            if char == "\\":
                if position == len(pattern):
                    raise ValueError(pattern)
                char = pattern[position]
                position += 1
            yield char.__eq__


def _class(pattern: str, position: int, negations: str) -> tuple[Char, int]:
    """A class in brackets, from behind the opening one, and the position behind it."""
    negated = pattern[position : position + 1] in tuple(negations)
    position += negated
    ranges: list[tuple[str, str]] = []
    while pattern[position] != "]" or not ranges:
        low, position = _one(pattern, position)
        high = low
        if pattern[position] == "-" and pattern[position + 1] != "]":
            high, position = _one(pattern, position + 1)
        ranges.append((low, high))
    return lambda char: any(low <= char <= high for low, high in ranges) != negated, position + 1


def _one(pattern: str, position: int) -> tuple[str, int]:
    if pattern[position] == "\\":
        position += 1
    return pattern[position], position + 1


def _wild(parts: list[Char | None], text: str) -> bool:
    """Whether text matches, going back to the last `*` alone, which is enough."""
    part = position = 0
    star = begun = -1
    while position < len(text):
        wanted = parts[part] if part < len(parts) else None
        if part < len(parts) and wanted is None:
            star, begun = part, position
            part += 1
        elif wanted is not None and wanted(text[position]):
            part += 1
            position += 1
        elif star >= 0:
            begun += 1
            part, position = star + 1, begun
        else:
            return False
    return all(each is None for each in parts[part:])
