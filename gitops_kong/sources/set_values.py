"""Values at a path, as Helm's `--set` and `--set-string` read them (helm, pkg/strvals), set in given values."""

from __future__ import annotations

from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex

_NUMBER = regex(r"[+-]?\d+")
_MAX_INDEX = 65536
_MOST = 2**63


def set_value(values: dict[str, Any], path: str, value: str, *, as_text: bool = False) -> None:
    """Sets a value at `a.b[0].c` in `values`. Raises `RenderError` where Helm would refuse it."""
    parser = _Parser(f"{path}={value}", as_text)
    while parser.position < len(parser.text):
        parser.key(values)


class _Parser:
    """One argument of `--set`: assignments with commas between them."""

    def __init__(self, text: str, as_text: bool) -> None:
        self.text, self.as_text, self.position = text, as_text, 0

    def until(self, stops: str) -> tuple[str, str]:
        """The text up to one of `stops`, whose escapes are taken away, and the one it was."""
        found: list[str] = []
        while self.position < len(self.text):
            char = self.text[self.position]
            self.position += 1
            if char in stops:
                return "".join(found), char
            if char == "\\":
                char = self.text[self.position : self.position + 1]
                self.position += 1
            found.append(char)
        return "".join(found), ""

    def key(self, values: dict[str, Any]) -> None:
        name, stop = self.until("=[,.")
        if stop in ("", ","):
            if not name:
                return
            raise RenderError(f"{self.text!r}: key {name!r} has no value")
        if stop == "=":
            _put(values, name, self.value())
        elif stop == ".":
            inner = values.get(name, {})
            if not isinstance(inner, dict):
                raise RenderError(f"{self.text!r}: the value of {name!r} is no mapping")
            self.key(inner)
            if not inner:
                raise RenderError(f"{self.text!r}: key map {name!r} has no value")
            _put(values, name, inner)
        else:
            held = values.get(name, [])
            if not isinstance(held, list):
                raise RenderError(f"{self.text!r}: the value of {name!r} is no list")
            _put(values, name, self.item(held))

    def item(self, held: list[Any]) -> list[Any]:
        """A list with one of its items set, from behind the opening bracket."""
        written, closed = self.until("]")
        if not closed or not written.isdigit() or int(written) > _MAX_INDEX:
            raise RenderError(f"{self.text!r}: {written!r} is no index")
        index = int(written)
        found = [*held, *[None] * (index + 1 - len(held))]
        name, stop = self.until("[.=")
        if name:
            raise RenderError(f"{self.text!r}: {name!r} behind an index")
        if stop == "=":
            found[index] = self.value()
        elif stop == ".":
            inner = found[index] if isinstance(found[index], dict) else {}
            self.key(inner)
            found[index] = inner
        elif stop == "[":
            found[index] = self.item(found[index] if isinstance(found[index], list) else [])
        return found

    def value(self) -> Any:
        if self.text[self.position : self.position + 1] == "{":
            self.position += 1
            found = []
            while True:
                text, stop = self.until(",}")
                if not stop:
                    raise RenderError(f"{self.text!r}: a list must end with }}")
                found.append(self.typed(text))
                if stop == "}":
                    self.position += self.text[self.position : self.position + 1] == ","
                    return found
        text, _ = self.until(",")
        return self.typed(text)

    def typed(self, text: str) -> Any:
        words = {"true": True, "false": False, "null": None}
        if self.as_text:
            return text
        if text.lower() in words:
            return words[text.lower()]
        if text == "0" or (_NUMBER.fullmatch(text) and text[0] != "0" and -_MOST <= int(text) < _MOST):
            return int(text)
        return text


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    if name:
        values[name] = value
