"""Lines that say the same of many things, short enough to read: the first few, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitops_kong.lazy import regex

ALIKE = 3  # lines of one kind that are told one by one
NAMED = 5  # things that one line lists

_NAME = regex(r"\S*[/:.`\d]\S*")  # what a thing is called, as far as it does not look like a word
_NAMES = regex(r"(?:.*?[^,]: )(?P<first>[^ ,;]+)(?P<more>(?:, [^ ,;]+)+)$")


def shortened(texts: Iterable[str]) -> Iterator[str]:
    """The lines, of many that only differ in names the first ones and how many more; long lists cut."""
    by_kind: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        by_kind.setdefault(kind(text), []).append(text)
    for alike in by_kind.values():
        shown = alike if len(alike) <= ALIKE else alike[: ALIKE - 1]
        yield from map(_cut, shown)
        if len(shown) < len(alike):
            yield f"and {len(alike) - len(shown)} more like these"


def kind(text: str) -> str:
    """What a line has in common with others that differ in names: how it begins, what there is to do."""
    first, _, way = text.rpartition("; ")
    begins = "*" if " is not seen: " in text else first.partition(" ")[0]  # what is not seen begins with its name
    return f"{_NAME.sub('*', begins)} {_NAME.sub('*', way)}"


def _cut(text: str) -> str:
    found = _NAMES.match(text)
    names = [found["first"], *found["more"].removeprefix(", ").split(", ")] if found else []
    if found is None or len(names) <= NAMED:
        return text
    return f"{text[: found.start('first')]}{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
