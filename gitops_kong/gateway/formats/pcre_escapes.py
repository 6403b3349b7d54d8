"""Escapes and character classes of PCRE's regular expressions, for `pcre`."""

from __future__ import annotations

from gitops_kong.lazy import regex

_POSIX_CLASS = regex(r"\[([:.=])(?:[^\\\]:.=]|\\[^]])*\1\]")
_POSIX = "alpha lower upper alnum ascii blank cntrl digit graph print punct space word xdigit"
_POSIX_NAMES = frozenset(_POSIX.split())
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_PROPERTY = regex(r"[ \t]*\^?[ \t]*[A-Za-z0-9_&= \t:\-]+\}")
_OCTAL = regex(r"[0-7]{1,3}")
_HEX = regex(r"[0-9A-Fa-f]{0,2}")
_HEX_IN_BRACES = regex(r"[ \t]*([0-9A-Fa-f]+)[ \t]*\}")
_OCTAL_IN_BRACES = regex(r"[ \t]*([0-7]+)[ \t]*\}")
_NUMBERED = regex(r"\{?[ \t]*([+-]?)([0-9]+)[ \t]*(\}?)")
CLASSES = frozenset("dDwWsShHvV")
_UNSUPPORTED = frozenset("LlUu")
_LITERAL_LETTERS = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}


class InvalidError(Exception):
    """PCRE rejects the pattern, with this reason."""


class UnknownError(Exception):
    """The pattern holds something that is not judged here."""


class Escapes:
    """A place in a pattern; reads one escape or class there, or raises one of the errors above."""

    def __init__(self, pattern: str, pcre2: bool) -> None:
        self.text = pattern
        self.at = 0
        self.pcre2 = pcre2
        self.groups = 0
        self.names: set[str] = set()
        self.references: list[int | str] = []

    def peek(self, length: int = 1) -> str:
        """The next characters, fewer at the end."""
        return self.text[self.at : self.at + length]

    def take(self, text: str) -> bool:
        """Goes past the text if it comes next."""
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def character(self, char: str) -> int | None:
        """The code of the character that ``\\char`` stands for, if it is one; the position is after ``char``."""
        if char in "pP":
            self.unicode_property()
            return None
        if char in "xo":
            return self.coded(char)
        if char in "01234567":
            digits = _OCTAL.match(self.text, self.at - 1)
            assert digits is not None  # noqa: S101
            self.at = digits.end()
            if int(digits[0], 8) > 255:
                raise InvalidError("octal value is greater than \\377 in 8-bit non-UTF-8 mode")
            return int(digits[0], 8)
        if char == "c":
            return self.control()
        if char in _UNSUPPORTED or (char == "F" and self.pcre2):
            raise InvalidError("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u")
        if char.isascii() and char.isalpha():
            if char in _LITERAL_LETTERS:
                return _LITERAL_LETTERS[char]
            if self.pcre2:
                raise InvalidError("unrecognized character follows \\")
        return ord(char)

    def control(self) -> int:
        """``\\c`` and what it controls."""
        char = self.peek()
        self.at += 1
        if char == "":
            raise InvalidError("\\c at end of pattern")
        if ord(char) > 127 or (self.pcre2 and not 32 <= ord(char) <= 126):
            raise InvalidError("\\c must be followed by a printable ASCII character")
        return ord(char.upper()) ^ 64

    def coded(self, char: str) -> int | None:
        """``\\x`` and ``\\o`` with digits or braces."""
        if char == "x" and self.peek() != "{":
            found = _HEX.match(self.text, self.at)
            assert found is not None  # noqa: S101
            self.at = found.end()
            return int(found[0] or "0", 16)
        if not self.take("{"):
            raise InvalidError("missing opening brace after \\o")
        found = (_HEX_IN_BRACES if char == "x" else _OCTAL_IN_BRACES).match(self.text, self.at)
        if not found:
            raise InvalidError("non-hex character in \\x{} (closing brace missing?)")
        self.at = found.end()
        code = int(found[1][-9:], 16 if char == "x" else 8)
        if code > 255 or len(found[1].lstrip("0")) > 8:
            raise InvalidError("character code point value in \\x{} or \\o{} is too large")
        return code

    def unicode_property(self) -> None:
        """``\\p`` and ``\\P``."""
        char = self.peek()
        self.at += 1
        if char != "{":
            if char == "" or not (char.isascii() and char.isalpha()):
                raise InvalidError("malformed \\P or \\p sequence")
            if char.upper() not in "CLMNPSZ" or (not self.pcre2 and char.islower()):
                raise InvalidError("unknown property after \\P or \\p")
            return
        found = _PROPERTY.match(self.text, self.at)
        if not found:
            if "}" in self.text[self.at :]:
                raise UnknownError
            raise InvalidError("malformed \\P or \\p sequence")
        self.at = found.end()

    def written_reference(self, char: str) -> None:
        """``\\g`` and ``\\k``."""
        opening = self.peek()
        if char == "g" and (opening in ("<", "'")):
            raise UnknownError  # calls a group
        closing = {"{": "}", "<": ">", "'": "'"}.get(opening, "") if opening else ""
        number = _NUMBERED.match(self.text, self.at) if char == "g" else None
        if number and (number[3] or opening != "{"):
            if number[1] == "+" or (opening != "{" and number[3]):
                raise UnknownError
            self.at = number.end()
            value = int(number[2][:9])
            if value == 0 or (number[1] and value > self.groups):
                raise InvalidError("reference to non-existent subpattern")
            if not number[1]:
                self.references.append(value)
            return
        if not closing:
            raise InvalidError(f"\\{char} is not followed by a braced, angle-bracketed, or quoted name")
        self.at += 1
        self.references.append(self.name(closing))

    def name(self, closing: str) -> str:
        """A name up to its terminator, which is taken too."""
        found = _NAME.match(self.text, self.at)
        if not found:
            if self.pcre2 and self.peek() in (" ", "\t"):
                raise UnknownError
            raise InvalidError("subpattern name expected")
        self.at = found.end()
        if self.pcre2 and closing == "}" and self.peek() in (" ", "\t"):
            raise UnknownError
        if not self.take(closing):
            raise InvalidError("syntax error in subpattern name (missing terminator?)")
        if len(found[0]) > (128 if self.pcre2 else 32):
            raise InvalidError("subpattern name is too long")
        return found[0]

    # -- classes -------------------------------------------------------------------------------------------------------

    def posix_class(self) -> None:
        """Raises for ``[:alpha:]`` and its like outside of a class."""
        if found := _POSIX_CLASS.match(self.text, self.at - 1):
            raise InvalidError(f"POSIX {'named classes' if found[1] == ':' else 'collating elements'}")

    def char_class(self) -> None:
        """A class, with the position after its ``[``."""
        self.take("^")
        first = True
        low: int | None = None  # the character that a following hyphen would make a range of
        closed = False  # whether a class such as \d stands just before
        while True:
            if self.take("\\E"):
                continue
            if self.at >= len(self.text):
                raise InvalidError("missing terminating ] for character class")
            if not first and self.take("]"):
                return
            if self.peek() == "-" and not first and (low is not None or closed) and self.peek(2) != "-]":
                ranged = self.hyphen(low, closed)
                low, closed = None, ranged
                continue
            first = False
            code = self.class_member()
            low, closed = code, code is None

    def hyphen(self, low: int | None, closed: bool) -> bool:
        """A hyphen after a member; gives whether what comes next counts as a class such as ``\\d``."""
        self.at += 1
        if "\\E" in (self.peek(2),) or self.peek(2) == "\\Q":
            raise UnknownError
        if closed:  # "\d-" : a literal hyphen in PCRE 8, an error in PCRE2 unless the class ends
            if self.pcre2 and self.peek():
                raise InvalidError("invalid range in character class")
            return False
        if not self.peek():
            raise InvalidError("missing terminating ] for character class")
        high = self.class_member()
        if high is None:
            raise InvalidError("invalid range in character class")
        if low is not None and high < low:
            raise InvalidError("range out of order in character class")
        return False

    def class_member(self) -> int | None:
        """One member of a class: its code, or ``None`` for a class within the class."""
        if found := _POSIX_CLASS.match(self.text, self.at):
            if found[1] != ":":
                raise InvalidError("POSIX collating elements are not supported")
            if found[0][2:-2].removeprefix("^") not in _POSIX_NAMES:
                raise InvalidError("unknown POSIX class name")
            self.at = found.end()
            return None
        char = self.peek()
        self.at += 1
        if char != "\\":
            return ord(char)
        char = self.peek()
        self.at += 1
        if char == "":
            raise InvalidError("\\ at end of pattern")
        if char == "Q":
            raise UnknownError
        if char in CLASSES:
            return None
        if char == "b":
            return 8
        if char == "N":
            raise InvalidError("\\N is not supported in a class")
        if char in "BRXAZzGKCk" and self.pcre2:
            raise InvalidError("escape sequence is invalid in character class")
        if char in "89gBRXAZzGKCk":
            return ord(char)
        return self.character(char)
