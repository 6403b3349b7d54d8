"""The variables in a text as Flux fills them in: `${name}` and its forms (fluxcd/pkg/envsubst).

Each form that is not one of them makes Flux give up on the whole text: `BadSubstitution`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitops_kong.sources.globs import wildcard

Value = Callable[[str, bool], str]  # of a variable; whether its form has a default

_MAX_DEPTH = 50


class BadSubstitution(ValueError):  # noqa: N818
    """A form that is none, with its beginning."""


@dataclass(slots=True)
class _Scanner:
    """A text being read; `find` is where its next variable may begin."""

    text: str
    value: Value
    position: int = 0
    depth: int = 0

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def bad(self, start: int) -> BadSubstitution:
        return BadSubstitution(" ".join(self.text[start : start + 40].split()))

    def take(self, accepted: Callable[[str], bool]) -> str:
        """The characters from here on that are accepted."""
        start = self.position
        while (char := self.peek()) and accepted(char):
            self.position += 1
        return self.text[start : self.position]

    def words(self, stop: str, start: int, *, escapes: str = "") -> str:
        """An argument: one variable, or text up to `stop` or a variable. Raises `BadSubstitution` for none at all."""
        if self.text.startswith("${", self.position):
            return self.variable()
        found: list[str] = []
        while (char := self.peek()) and not self.text.startswith("${", self.position):
            after = self.text[self.position + 1 : self.position + 2]
            if (char == "$" == after and "$" in escapes) or (char == "\\" in escapes and after in ("/", "\\")):
                self.position += 1
                char = after
            elif char in stop:
                break
            found.append(char)
            self.position += 1
        if not found:
            raise self.bad(start)
        return "".join(found)

    def variable(self) -> str:
        """What a variable becomes; the position is at its `$`."""
        start = self.position
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.bad(start)
        self.position += 2
        found = self.form(start)
        if self.peek() != "}":
            raise self.bad(start)
        self.position += 1
        self.depth -= 1
        return found

    def form(self, start: int) -> str:
        """What stands between the braces of a variable that begins at `start`, filled in."""
        length = self.peek() == "#"
        self.position += length
        name = self.take(_in_name)
        if not name:
            raise self.bad(start)
        if length:
            return str(len(self.value(name, False).encode()))
        first = self.peek()
        if first == "=" or (first == ":" and self.text[self.position + 1 : self.position + 2] in tuple("=-?+")):
            return self.default(name, start)
        if first == ":":
            if not self.text[self.position + 1 : self.position + 2].isascii():
                raise self.bad(start)  # Flux steps back by too much there
            return self.slice(name, start)
        if first and first in ",^":
            operator = self.operator(",^", 2)
            return _CASES.get(operator, str)(self.value(name, False))
        if first == "/":
            return self.replaced(name, start)
        if first and first in "#%":
            operator = self.operator(first, 2)
            pattern = self.words("}", start)
            return _trimmed(self.value(name, False), pattern, operator)
        return self.value(name, False)

    def operator(self, chars: str, most: int) -> str:
        start = self.position
        while self.position < start + most and (char := self.peek()) and char in chars:
            self.position += 1
        return self.text[start : self.position]

    def default(self, name: str, start: int) -> str:
        self.position += 1 if self.peek() == "=" else 2
        given = []
        while self.peek() != "}":
            given.append(self.words("}", start))
        return self.value(name, True) or "".join(given)

    def slice(self, name: str, start: int) -> str:
        self.position += 1
        first = self.words(":}", start)
        length = None
        if self.peek() == ":":
            self.take(lambda char: char == ":")
            length = self.words("}", start)
        return _slice(self.value(name, False), first, length)

    def replaced(self, name: str, start: int) -> str:
        self.position += 1
        how = self.operator("/#%", 1)
        old = self.words("/", start, escapes="$\\")
        if not self.take(lambda char: char == "/"):
            raise self.bad(start)
        new = None if self.peek() == "}" else self.words("}", start, escapes="$\\")
        return _replaced(self.value(name, False), old, new, how)


def evaluate(text: str, value: Value) -> str:
    """The text with all variables replaced; `$$` stands for `$`. Raises `BadSubstitution`."""
    scanner = _Scanner(text, value)
    found: list[str] = []
    while True:
        dollar = text.find("$", scanner.position)
        if dollar < 0:
            return "".join(found) + text[scanner.position :]
        found.append(text[scanner.position : dollar])
        after = text[dollar + 1 : dollar + 2]
        scanner.position = dollar
        if after == "{":
            found.append(scanner.variable())
        else:
            scanner.position += 2 if after == "$" else 1
            found.append("$")


def _in_name(char: str) -> bool:
    return char.isalpha() or char.isdecimal() or char == "_"


_CASES: dict[str, Callable[[str], str]] = {
    ",": lambda value: value[:1].lower() + value[1:],
    ",,": str.lower,
    "^": lambda value: value[:1].upper() + value[1:],
    "^^": str.upper,
}


def _slice(value: str, first: str, length: str | None) -> str:
    """A part of the value, by bytes; all of it where a position is no number."""
    start, count = _number(first), _number(length) if length is not None else 0
    if start is None or count is None:
        return value
    held = value.encode("utf-8", "surrogateescape")
    start = max(len(held) + start, 0) if start < 0 else start
    end = len(held) if length is None else len(held) + count if count < 0 else start + count
    return held[start:end].decode("utf-8", "replace") if end >= start else ""


def _number(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits.isascii() and digits.isdigit() else None


def _replaced(value: str, old: str, new: str | None, how: str) -> str:
    if how == "#":
        return new + value[len(old) :] if new is not None and value.startswith(old) else value
    if how == "%":
        return value[: len(value) - len(old)] + new if new is not None and value.endswith(old) else value
    return value.replace(old, new or "", -1 if how == "/" else 1)


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """The value without the beginning (`#`) or the end (`%`) that matches, the longest where it is doubled."""
    backwards = operator[0] == "%"
    text, pattern = (value[::-1], pattern[::-1]) if backwards else (value, pattern)
    match = wildcard(pattern)
    lengths = [length for length in range(len(text), 0, -1) if match is not None and match(text[:length])]
    if not lengths:
        return value
    rest = text[lengths[0 if len(operator) == 2 else -1] :]
    return rest[::-1] if backwards else rest
