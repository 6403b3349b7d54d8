"""Lua patterns, which Kong's schemas use in ``match``, ``not_match``, ``match_all``, ``match_none``, ``match_any``.

Source: Lua 5.1 reference manual, 5.4.1, and LuaJIT's ``lib_string.c``. A pattern works on bytes: text and pattern are
taken as UTF-8. It becomes a regular expression of Python's, which backtracks the same way.
"""

from __future__ import annotations

import re
from functools import lru_cache


class LuaPatternError(ValueError):
    """The pattern is malformed, or holds ``%b``, for which there is no regular expression."""


_PUNCTUATION = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").encode()
_CLASSES: dict[int, bytes] = {
    ord("a"): rb"A-Za-z",
    ord("c"): rb"\x00-\x1f\x7f",
    ord("d"): rb"0-9",
    ord("g"): rb"\x21-\x7e",
    ord("l"): rb"a-z",
    ord("p"): _PUNCTUATION,
    ord("s"): rb"\x09-\x0d\x20",
    ord("u"): rb"A-Z",
    ord("w"): rb"0-9A-Za-z",
    ord("x"): rb"0-9A-Fa-f",
    ord("z"): rb"\x00",
}
_REPEATS = {ord("*"): b"*", ord("+"): b"+", ord("-"): b"*?", ord("?"): b"?"}


def _members(inside: bytes) -> frozenset[int]:
    single = re.compile(b"[" + inside + b"]")
    return frozenset(code for code in range(256) if single.match(bytes((code,))))


_MEMBERS = {letter: _members(inside) for letter, inside in _CLASSES.items()}
_ALL = frozenset(range(256))


def _class(letter: int) -> frozenset[int]:
    """The bytes that ``%letter`` stands for; an upper-case letter is the complement, any other byte itself."""
    lower = letter | 0x20 if 65 <= letter <= 90 else letter
    members = _MEMBERS.get(lower)
    if members is None:
        return frozenset((letter,))
    return members if lower == letter else _ALL - members


def _as_set(members: frozenset[int]) -> bytes:
    if not members:
        return rb"(?!)"
    if len(members) == 256:
        return rb"[\x00-\xff]"
    return b"[" + b"".join(b"\\x%02x" % code for code in sorted(members)) + b"]"


class _Translator:
    def __init__(self, pattern: bytes) -> None:
        self.pattern = pattern
        self.at = 0
        self.open: list[int] = []
        self.closed: set[int] = set()
        self.positions: set[int] = set()  # captures "()", to which no back reference matches
        self.captures = 0

    def byte(self) -> int:
        if self.at >= len(self.pattern):
            raise LuaPatternError("malformed pattern")
        self.at += 1
        return self.pattern[self.at - 1]

    def set(self) -> frozenset[int]:
        """A set, with the position just after its ``[``; the first ``]`` stands for itself, as in LuaJIT."""
        pattern = self.pattern
        negated = pattern[self.at : self.at + 1] == b"^"
        self.at += negated
        members: set[int] = set()
        first = True
        while True:
            code = self.byte()
            if code == ord("]") and not first:
                break
            first = False
            if code == ord("%"):
                members |= _class(self.byte())
            elif pattern[self.at : self.at + 1] == b"-" and pattern[self.at + 1 : self.at + 2] not in (b"]", b""):
                members.update(range(code, pattern[self.at + 1] + 1))
                self.at += 2
            else:
                members.add(code)
        return _ALL - members if negated else frozenset(members)

    def frontier(self) -> bytes:
        if self.byte() != ord("["):
            raise LuaPatternError("missing '[' after '%f' in pattern")
        members = self.set()
        inside = _as_set(members)
        if 0 in members:  # both ends of the text count as \0
            return rb"(?!\A)(?<!" + inside + rb")(?:(?=" + inside + rb")|\Z)"
        return rb"(?<!" + inside + rb")(?=" + inside + rb")"

    def escape(self) -> bytes:
        code = self.byte()
        if code == ord("b"):
            raise LuaPatternError("%b cannot be written as a regular expression")
        if code == ord("f"):
            return self.frontier()
        if ord("0") <= code <= ord("9"):
            number = code - ord("0")
            if number not in self.closed:
                raise LuaPatternError("invalid capture index")
            if number in self.positions:
                return rb"(?!)"
            return b"(?:\\%d)" % number
        return self.repeated(_as_set(_class(code)))

    def repeated(self, single: bytes) -> bytes:
        repeat = _REPEATS.get(self.pattern[self.at]) if self.at < len(self.pattern) else None
        if repeat is None:
            return single
        self.at += 1
        return single + repeat

    def translate(self) -> bytes:
        pattern, out = self.pattern, []
        if pattern[:1] == b"^":
            self.at = 1
            out.append(rb"\A")
        while self.at < len(pattern):
            code = self.byte()
            if code == ord("("):
                self.captures += 1
                self.open.append(self.captures)
                if pattern[self.at : self.at + 1] == b")":
                    self.positions.add(self.captures)
                out.append(b"(")
            elif code == ord(")"):
                if not self.open:
                    raise LuaPatternError("invalid pattern capture")
                self.closed.add(self.open.pop())
                out.append(b")")
            elif code == ord("$") and self.at == len(pattern):
                out.append(rb"\Z")
            elif code == ord("%"):
                out.append(self.escape())
            else:
                members = self.set() if code == ord("[") else _ALL if code == ord(".") else frozenset((code,))
                out.append(self.repeated(_as_set(members)))
        if self.open:
            raise LuaPatternError("unfinished capture")
        return b"".join(out)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[bytes]:
    """The regular expression for a Lua pattern, to be used with ``search``; raises ``LuaPatternError``."""
    return re.compile(_Translator(pattern.encode("utf-8", "surrogatepass")).translate(), re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """What ``text:match(pattern)`` gives, as a truth value; raises ``LuaPatternError``."""
    return compiled(pattern).search(text.encode("utf-8", "surrogatepass")) is not None
