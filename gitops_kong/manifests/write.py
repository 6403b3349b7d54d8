"""Plain values to YAML: as Kubernetes reads them back (`to_yaml`), and as YAML 1.1 does (`entries`).

libyaml writes both. What it would surely write in one way (short words, numbers, mappings and lists of
such) is put together here, which takes a fifth of the time; `tests/manifests/test_write.py` holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from gitops_kong import lazy
from gitops_kong.lazy import regex
from gitops_kong.manifests.scalars import resolve

if TYPE_CHECKING:
    import yaml
else:
    yaml = lazy.module("yaml")

_FOLD = 120  # columns, where lines are folded
# Text that is a plain scalar wherever it stands, unless it reads as another type; with blanks, where no line is folded.
_WORD = r"[A-Za-z0-9_/~^$(][A-Za-z0-9_/~^$()*+=|;<>.,:@%!?\\-]{0,99}(?<!:)"
_PLAIN = regex(_WORD)
_WORDS = regex(rf"{_WORD}(?: {_WORD}){{1,9}}")
_MOST_KNOWN = 50_000  # scalars whose text is kept


def to_yaml(value: Any) -> str:
    """A value as one YAML document, keys in their own order, one line for each scalar."""
    try:
        return "".join(_kubernetes().lines(value))
    except _NotSimpleError:
        return _dump(value, _dumper(), 2**31 - 1)


def entries(name: str, value: Any) -> Iterator[str]:
    """`name: value` as a part of a mapping in YAML, a piece for each item where `value` is a list (it may be lazy).

    Long lines are folded; what YAML 1.1 reads as another type than text is quoted.
    """
    whole = isinstance(value, str | int | float | dict) or value is None
    if whole or not _PLAIN.fullmatch(name):
        yield _piece({name: value if whole else [*value]})
        return
    empty = True
    for item in value:
        if empty:
            yield _piece({name: [0]}).removesuffix("- 0\n")
            empty = False
        yield _piece([item])
    if empty:
        yield _piece({name: []})


def _piece(value: Any) -> str:
    try:
        return "".join(_yaml11().lines(value))
    except _NotSimpleError:
        return _dump(value, _plain_dumper(), _FOLD)


def _dump(value: Any, dumper: Any, width: int) -> str:
    return yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=width)


@cache
def _plain_dumper() -> Any:
    """Writes no anchors. libyaml's emitter where PyYAML has it: it is many times faster."""

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    return Dumper


@cache
def _dumper() -> Any:
    """Quotes text that `sigs.k8s.io/yaml` would read as something else, and no other; folds no line of this width."""

    class Dumper(_plain_dumper()):  # type: ignore[misc]
        pass

    Dumper.add_representer(str, _text)
    return Dumper


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if _is_text(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_text(text: str) -> bool:
    """Whether Kubernetes reads a plain scalar as text."""
    return isinstance(resolve(text), str) and text != "<<"


class _NotSimpleError(Exception):
    """A value that libyaml must write."""


class _Simple:
    """Writes what is simple in block style, with libyaml's indentation."""

    def __init__(self, quoted: Callable[[str], str]) -> None:
        self._quoted = quoted
        self._known: dict[str, str] = {}

    def lines(self, value: Any) -> list[str]:
        """The lines of a mapping or a list. Raises `_NotSimpleError`."""
        found: list[str] = []
        try:
            if isinstance(value, dict) and value:
                self._mapping(value, "", "", found)
            elif isinstance(value, list) and value:
                self._sequence(value, "", "", found)
            else:
                raise _NotSimpleError
        except RecursionError:
            raise _NotSimpleError from None
        return found

    def _mapping(self, value: dict[Any, Any], first: str, rest: str, found: list[str]) -> None:
        for key, item in value.items():
            start = f"{first}{self._known.get(key) or self._scalar(key)}:"
            first = rest
            if type(item) is str:
                found.append(f"{start} {self._known.get(item) or self._scalar(item, len(start))}\n")
            elif type(item) is dict and item:
                found.append(start + "\n")
                self._mapping(item, rest + "  ", rest + "  ", found)
            elif type(item) is list and item:
                found.append(start + "\n")
                self._sequence(item, rest, rest, found)
            else:
                found.append(f"{start} {self._other(item)}\n")

    def _sequence(self, value: list[Any], first: str, rest: str, found: list[str]) -> None:
        for item in value:
            start = first + "- "
            first = rest
            if type(item) is str:
                found.append(f"{start}{self._known.get(item) or self._scalar(item, len(start))}\n")
            elif type(item) is dict and item:
                self._mapping(item, start, rest + "  ", found)
            elif type(item) is list and item:
                self._sequence(item, start, rest + "  ", found)
            else:
                found.append(f"{start}{self._other(item)}\n")

    def _scalar(self, text: Any, column: int = _FOLD) -> str:
        if type(text) is not str:
            raise _NotSimpleError
        if text and not _PLAIN.fullmatch(text):
            if column + len(text) < _FOLD and _WORDS.fullmatch(text):
                return self._quoted(text)
            raise _NotSimpleError
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        written = self._known[text] = self._quoted(text)
        return written

    @staticmethod
    def _other(item: Any) -> str:
        if item is None:
            return "null"
        kind = type(item)
        if kind is bool:
            return "true" if item else "false"
        if kind is int:
            return str(item)
        if kind is dict:
            return "{}"
        if kind is list:
            return "[]"
        raise _NotSimpleError


def _yaml11_quoted(text: str) -> str:
    resolvers = _plain_dumper().yaml_implicit_resolvers
    candidates = (*resolvers.get(text[:1], ()), *resolvers.get(None, ()))
    return f"'{text}'" if not text or any(pattern.match(text) for _, pattern in candidates) else text


@cache
def _yaml11() -> _Simple:
    return _Simple(_yaml11_quoted)


@cache
def _kubernetes() -> _Simple:
    return _Simple(lambda text: _yaml11_quoted(text) if _is_text(text) else f'"{text}"')
