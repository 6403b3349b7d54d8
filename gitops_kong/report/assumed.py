"""What is assumed, short enough to read: much of one kind is counted, with the first few of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitops_kong.lazy import regex

ALIKE = 3  # lines of one kind that are told one by one
NAMED = 5  # things that one line lists

_NAMES = regex(r"(?:.*?[^,]: )(?P<first>[^ ,;]+)(?P<more>(?:, [^ ,;]+)+)$")


def shortened(assumptions: Iterable[str]) -> Iterator[str]:
    """The lines, of many that only differ in names the first ones and how many more; long lists cut."""
    alike: dict[str, list[str]] = {}
    for text in assumptions:
        alike.setdefault(_kind(text), []).append(text)
    for texts in alike.values():
        shown = texts if len(texts) <= ALIKE else texts[: ALIKE - 1]
        yield from map(_cut, shown)
        if len(shown) < len(texts):
            yield f"and {len(texts) - len(shown)} more like these"


def _kind(text: str) -> str:
    """What a line has in common with others of its kind: how it begins, what there is to do."""
    begins, _, way = text.partition(" is not seen: ")
    if not way:
        return text
    return f"{begins.split(' ', 1)[0] if begins.startswith(('chart ', 'what ')) else ''} {way.rpartition('; ')[2]}"


def _cut(text: str) -> str:
    found = _NAMES.match(text)
    names = [found["first"], *found["more"].removeprefix(", ").split(", ")] if found else []
    if found is None or len(names) <= NAMED:
        return text
    return f"{text[: found.start('first')]}{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
