"""Where a reader of Rust's regular expressions stands, and the escapes it reads there, for `rust_regex`."""

from __future__ import annotations

from gitops_kong.lazy import regex

_META = frozenset("\\.+*?()|[]{}^$#&-~")
_LITERAL_ESCAPES = frozenset("aftnrv")
_ASSERTIONS = frozenset("AzBb<>")
_CLASSES = frozenset("dswDSW")
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_HEX = frozenset("0123456789abcdefABCDEF")
_PROPERTY = regex(r"[A-Za-z0-9_ \-=:!]+").fullmatch  # which names there are is not known here
_BOUNDARY = regex(r"\{([A-Za-z\-]+)\}")


class PatternError(Exception):
    """What is wrong, from where to where (0-based, the end not included), and where else it points."""

    def __init__(self, start: int, end: int, reason: str, also: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.spans = sorted([(start, end), *([also] if also else [])])


class Escapes:
    """A place in a pattern."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.code = 0  # the character of the escape that was read last
        self.verbose = False
        self.unknown: PatternError | None = None

    def char(self) -> str:
        """The current character."""
        return self.text[self.at]

    def ended(self) -> bool:
        """Whether the pattern is at its end."""
        return self.at >= len(self.text)

    def bump(self) -> bool:
        """Goes one character on; true if there is another."""
        self.at += not self.ended()
        return not self.ended()

    def bump_space(self) -> bool:
        """The same, and past white space in verbose mode."""
        self.bump()
        self.skip_space()
        return not self.ended()

    def skip_space(self) -> None:
        """Past white space and comments in verbose mode."""
        while self.verbose and not self.ended():
            if self.char().isspace():
                self.at += 1
            elif self.char() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return

    def take(self, text: str) -> bool:
        """Goes past the text if it comes next."""
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def error(self, reason: str, start: int | None = None, end: int | None = None) -> PatternError:
        """An error at the current character, unless a span is given."""
        start = self.at if start is None else start
        return PatternError(start, self.at if end is None else end, reason)

    def here(self, reason: str) -> PatternError:
        """An error at the current character alone."""
        return PatternError(self.at, self.at + 1, reason)

    def escape(self) -> str:
        """An escape: ``literal``, ``class`` or ``assertion``; ``code`` is the character of a literal."""
        start = self.at
        if not self.bump():
            raise self.error("incomplete escape sequence, reached end of pattern prematurely", start)
        char = self.char()
        if "0" <= char <= "9":
            raise PatternError(start, self.at + 1, "backreferences are not supported")
        if char in _HEX_DIGITS:
            self.hexadecimal(char)
            return "literal"
        if char in "pP":
            self.unicode_class(start)
            return "class"
        self.bump()
        self.code = ord(char)
        if char in _CLASSES:
            return "class"
        if char in _META or (char.isascii() and not char.isalnum() and char not in "<>"):
            return "literal"
        if char in _LITERAL_ESCAPES:
            self.code = ord({"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}[char])
            return "literal"
        if char in _ASSERTIONS:
            if char == "b":
                self.word_boundary()
            return "assertion"
        raise self.error("unrecognized escape sequence", start)

    def word_boundary(self) -> None:
        """``\\b{start}`` and its like; other braces are left for what repeats ``\\b``."""
        found = _BOUNDARY.match(self.text, self.at)
        if not found:
            return
        if found[1] not in ("start", "end", "start-half", "end-half"):
            reason = (
                "unrecognized special word boundary assertion, valid choices are: start, end, start-half or end-half"
            )
            raise PatternError(*found.span(1), reason)
        self.at = found.end()

    def hexadecimal(self, kind: str) -> None:
        """``\\x``, ``\\u``, ``\\U`` with digits or braces."""
        if not self.bump_space():
            raise self.error("incomplete escape sequence, reached end of pattern prematurely")
        if self.char() == "{":
            brace, digits = self.at, ""
            start = self.at + 1
            while self.bump_space() and self.char() != "}":
                if self.char() not in _HEX:
                    raise self.here("invalid hexadecimal digit")
                digits += self.char()
            if self.ended():
                raise self.error("incomplete escape sequence, reached end of pattern prematurely", brace)
            end = self.at
            self.bump()
            if not digits:
                raise self.error("hexadecimal literal empty", brace)
        else:
            start, digits = self.at, ""
            for index in range(_HEX_DIGITS[kind]):
                if index and not self.bump_space():
                    raise self.error("incomplete escape sequence, reached end of pattern prematurely")
                if self.char() not in _HEX:
                    raise self.here("invalid hexadecimal digit")
                digits += self.char()
            self.bump_space()
            end = self.at
        self.code = int(digits, 16)
        if self.code > 0x10FFFF or 0xD800 <= self.code <= 0xDFFF:
            raise self.error("hexadecimal literal is not a Unicode scalar value", start, end)

    def unicode_class(self, escape: int) -> None:
        """``\\p`` and ``\\P``; `escape` is where it starts."""
        if not self.bump_space():
            raise self.error("incomplete escape sequence, reached end of pattern prematurely")
        if self.char() == "{":
            start = self.at + 1
            while self.bump_space() and self.char() != "}":
                pass
            if self.ended():
                raise self.error("incomplete escape sequence, reached end of pattern prematurely")
            known = _PROPERTY(self.text[start : self.at]) is not None
        else:
            if self.char() == "\\":
                raise self.here("invalid Unicode character class")
            known = self.char() in "CLMNPSZclmnpsz"
        self.bump()
        if not known and self.unknown is None:  # found out only once all is parsed
            self.unknown = self.error("Unicode property not found", escape)
