"""Whether PCRE compiles a regular expression, as far as that is certain without PCRE.

Kong 3.4 to 3.6 hold PCRE 8.45, Kong since 3.7 PCRE2 10.43 or 10.44, both without UTF mode: a pattern is bytes.
Source: the documents pcrepattern(3) and pcre2pattern(3). What a reader would call exotic (conditions, recursion,
verbs, callouts, duplicate names …) is not judged: such a pattern passes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import inf
from typing import NamedTuple

from gitops_kong.gateway.formats.plain_regex import is_plain

_MAX_DEPTH = 100
_QUANTIFIER = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_QUANTIFIER_2 = re.compile(r"\{[ \t]*(?:([0-9]+)[ \t]*(?:(,)[ \t]*([0-9]*)[ \t]*)?|(),[ \t]*([0-9]+)[ \t]*)\}")
_POSIX_CLASS = re.compile(r"\[([:.=])(?:[^\\\]:.=]|\\[^]])*\1\]")
_POSIX_NAMES = frozenset(
    "alpha lower upper alnum ascii blank cntrl digit graph print punct space word xdigit".split()  # noqa: SIM905
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROPERTY = re.compile(r"[ \t]*\^?[ \t]*[A-Za-z0-9_&= \t:\-]+\}")
_ASSERTIONS = frozenset("bBAZzGK")
_CLASS_ESCAPES = frozenset("dDwWsShHvV")
_OTHER_ITEMS = frozenset("RXCN")
_UNSUPPORTED = frozenset("LlUu")
_LITERAL_LETTERS = frozenset("aefnrt")
_OPTIONS = frozenset("imsxU")


class _InvalidError(Exception):
    """PCRE rejects the pattern, with this reason."""


class _UnknownError(Exception):
    """The pattern holds something that is not judged here."""


class _Length(NamedTuple):
    """How many bytes an item matches; ``known`` is false where that depends on what is not followed up."""

    least: float
    most: float
    known: bool = True


_NOTHING = _Length(0, 0)
_BYTE = _Length(1, 1)
_UNSURE = _Length(0, inf, known=False)


class _Scanner:
    def __init__(self, pattern: str, pcre2: bool) -> None:
        self.text = pattern
        self.at = 0
        self.pcre2 = pcre2
        self.quantified = _QUANTIFIER_2 if pcre2 else _QUANTIFIER
        self.groups = 0
        self.names: set[str] = set()
        self.references: list[int | str] = []
        self.depth = 0
        self.around = 0  # how many lookarounds are open
        self.extended = False

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def take(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    # -- the whole ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        self.alternatives()
        if self.at < len(self.text):
            raise _InvalidError("unmatched closing parenthesis" if self.pcre2 else "unmatched parentheses")
        for reference in self.references:
            if reference not in self.names if isinstance(reference, str) else reference > self.groups:
                raise _InvalidError("reference to non-existent subpattern")

    def alternatives(self) -> list[_Length]:
        """Reads up to a closing parenthesis or the end; gives the length of each branch."""
        extended = self.extended
        branches = [self.branch()]
        while self.take("|"):
            branches.append(self.branch())
        self.extended = extended
        return branches

    def branch(self) -> _Length:
        least: float = 0
        most: float = 0
        known = True
        previous: _Length | None = None  # what a quantifier would repeat
        repeated = False  # whether a quantifier has just been read
        while self.at < len(self.text) and self.peek() not in "|)":
            repeat = self.quantifier()
            if repeat:
                if previous is None:
                    raise _InvalidError(
                        "quantifier does not follow a repeatable item" if self.pcre2 else "nothing to repeat"
                    )
                least += previous.least * (repeat.least - 1)
                if previous.most:
                    most += previous.most * (repeat.most - 1)
                previous, repeated = None, True
                continue
            item = self.item()
            if item is None:  # a comment, an empty quote: a quantifier still sees what stands before
                if repeated and self.pcre2 and self.peek() and self.peek() in "+?":
                    self.at += 1  # PCRE2 takes it for the end of the quantifier
                continue
            repeated = False
            length, previous = item
            least, most, known = least + length.least, most + length.most, known and length.known
        return _Length(least, most, known)

    def quantifier(self) -> _Length | None:
        char = self.peek()
        if char in "*+?":
            self.at += 1
            repeat = {"*": _Length(0, inf), "+": _Length(1, inf), "?": _Length(0, 1)}[char]
        elif char == "{":
            found = self.quantified.match(self.text, self.at)
            if not found:
                return None
            self.at = found.end()
            if found.lastindex is not None and found.lastindex > 3:
                low, high = "0", found[5]
            else:
                low, high = found[1], found[1] if not found[2] else found[3]
            if int(low[:6]) > 65535 or (high and int(high[:6]) > 65535):
                raise _InvalidError("number too big in {} quantifier")
            if high and int(high) < int(low):
                raise _InvalidError("numbers out of order in {} quantifier")
            repeat = _Length(int(low), int(high) if high else inf)
        else:
            return None
        if self.peek() and self.peek() in "+?":
            self.at += 1
        return repeat

    # -- single items ------------------------------------------------------------------------------------------------

    def item(self) -> tuple[_Length, _Length | None] | None:
        """One item: its length, and the same again if it may be repeated; ``None`` for what is no item."""
        char = self.peek()
        self.at += 1
        if char == "\\":
            return self.escape()
        if char == "[":
            if found := _POSIX_CLASS.match(self.text, self.at - 1):
                raise _InvalidError(f"POSIX {'named classes' if found[1] == ':' else 'collating elements'}")
            self.char_class()
        elif char == "(":
            return self.group()
        elif char in "^$":
            return _NOTHING, None
        elif self.extended and char in " \t\n\v\f\r":
            return None
        elif self.extended and char == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
            return None
        return _BYTE, _BYTE

    def escape(self) -> tuple[_Length, _Length | None] | None:
        char = self.peek()
        self.at += 1
        if char == "":
            raise _InvalidError("\\ at end of pattern")
        if char == "Q":
            return self.quoted()
        if char == "E":
            return None
        if char in _ASSERTIONS:
            if char == "K" and self.pcre2 and self.around:
                raise _InvalidError("\\K is not allowed in lookarounds")
            return _NOTHING, None
        if char in "123456789" or char in "gk":
            return self.reference(char)
        if char in "RX":
            length = _Length(1, 2 if char == "R" and self.pcre2 else inf)
            return length, length
        if char == "N" and self.peek() == "{" and not self.quantified.match(self.text, self.at):
            raise _InvalidError("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u")
        if char in _CLASS_ESCAPES or char in _OTHER_ITEMS:
            return _BYTE, _BYTE
        self.character(char)
        return _BYTE, _BYTE

    def quoted(self) -> tuple[_Length, _Length | None] | None:
        end = self.text.find("\\E", self.at)
        length = (len(self.text) if end < 0 else end) - self.at
        self.at = len(self.text) if end < 0 else end + 2
        return (_Length(length, length), _BYTE) if length else None

    def character(self, char: str) -> int | None:
        """The code of the character that ``\\char`` stands for, if it is one; the position is after ``char``."""
        if char in "pP":
            self.unicode_property()
            return None
        if char in "xo":
            return self.coded(char)
        if char in "01234567":
            digits = re.compile(r"[0-7]{1,3}").match(self.text, self.at - 1)
            assert digits is not None  # noqa: S101
            self.at = digits.end()
            if int(digits[0], 8) > 255:
                raise _InvalidError("octal value is greater than \\377 in 8-bit non-UTF-8 mode")
            return int(digits[0], 8)
        if char == "c":
            return self.control()
        if char in _UNSUPPORTED or (char == "F" and self.pcre2):
            raise _InvalidError("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u")
        if char.isascii() and char.isalpha():
            if char in _LITERAL_LETTERS:
                return {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}[char]
            if self.pcre2:
                raise _InvalidError("unrecognized character follows \\")
        return ord(char)

    def control(self) -> int:
        char = self.peek()
        self.at += 1
        if char == "":
            raise _InvalidError("\\c at end of pattern")
        if ord(char) > 127 or (self.pcre2 and not 32 <= ord(char) <= 126):
            raise _InvalidError("\\c must be followed by a printable ASCII character")
        return ord(char.upper()) ^ 64

    def coded(self, char: str) -> int | None:
        if char == "x" and self.peek() != "{":
            found = re.compile(r"[0-9A-Fa-f]{0,2}").match(self.text, self.at)
            assert found is not None  # noqa: S101
            self.at = found.end()
            return int(found[0] or "0", 16)
        if not self.take("{"):
            raise _InvalidError("missing opening brace after \\o")
        found = re.compile(r"[ \t]*([0-9A-Fa-f]+)[ \t]*\}" if char == "x" else r"[ \t]*([0-7]+)[ \t]*\}").match(
            self.text, self.at
        )
        if not found:
            raise _InvalidError("non-hex character in \\x{} (closing brace missing?)")
        self.at = found.end()
        code = int(found[1][-9:], 16 if char == "x" else 8)
        if code > 255 or len(found[1].lstrip("0")) > 8:
            raise _InvalidError("character code point value in \\x{} or \\o{} is too large")
        return code

    def unicode_property(self) -> None:
        char = self.peek()
        self.at += 1
        if char != "{":
            if char == "" or not (char.isascii() and char.isalpha()):
                raise _InvalidError("malformed \\P or \\p sequence")
            if char.upper() not in "CLMNPSZ" or (not self.pcre2 and char.islower()):
                raise _InvalidError("unknown property after \\P or \\p")
            return
        found = _PROPERTY.match(self.text, self.at)
        if not found:
            if "}" in self.text[self.at :]:
                raise _UnknownError
            raise _InvalidError("malformed \\P or \\p sequence")
        self.at = found.end()

    def reference(self, char: str) -> tuple[_Length, _Length | None]:
        length = _UNSURE if self.pcre2 else _Length(0, inf)
        if char in "gk":
            self.written_reference(char)
            return length, length
        digits = re.compile(r"[0-9]+").match(self.text, self.at - 1)
        assert digits is not None  # noqa: S101
        number = int(digits[0][:9])
        known = number < 10 or digits[0][0] in "89" or number <= self.groups
        if not self.pcre2:
            known = number < 8 or number <= self.groups
        if known:
            self.at = digits.end()
            self.references.append(number)
            return length, length
        if digits[0][0] not in "89":
            self.character(digits[0][0])
        return _BYTE, _BYTE

    def written_reference(self, char: str) -> None:
        opening = self.peek()
        if char == "g" and (opening in ("<", "'")):
            raise _UnknownError  # calls a group
        closing = {"{": "}", "<": ">", "'": "'"}.get(opening, "") if opening else ""
        number = re.compile(r"\{?[ \t]*([+-]?)([0-9]+)[ \t]*(\}?)").match(self.text, self.at) if char == "g" else None
        if number and (number[3] or opening != "{"):
            if number[1] == "+" or (opening != "{" and number[3]):
                raise _UnknownError
            self.at = number.end()
            value = int(number[2][:9])
            if value == 0 or (number[1] and value > self.groups):
                raise _InvalidError("reference to non-existent subpattern")
            if not number[1]:
                self.references.append(value)
            return
        if not closing:
            raise _InvalidError(f"\\{char} is not followed by a braced, angle-bracketed, or quoted name")
        self.at += 1
        self.references.append(self.name(closing))

    def name(self, closing: str) -> str:
        """A name up to its terminator, which is taken too."""
        found = _NAME.match(self.text, self.at)
        if not found:
            if self.pcre2 and self.peek() in (" ", "\t"):
                raise _UnknownError
            raise _InvalidError("subpattern name expected")
        self.at = found.end()
        if self.pcre2 and closing == "}" and self.peek() in (" ", "\t"):
            raise _UnknownError
        if not self.take(closing):
            raise _InvalidError("syntax error in subpattern name (missing terminator?)")
        if len(found[0]) > (128 if self.pcre2 else 32):
            raise _InvalidError("subpattern name is too long")
        return found[0]

    # -- classes -----------------------------------------------------------------------------------------------------

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
                raise _InvalidError("missing terminating ] for character class")
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
            raise _UnknownError
        if closed:  # "\d-" : a literal hyphen in PCRE 8, an error in PCRE2 unless the class ends
            if self.pcre2 and self.peek():
                raise _InvalidError("invalid range in character class")
            return False
        if not self.peek():
            raise _InvalidError("missing terminating ] for character class")
        high = self.class_member()
        if high is None:
            raise _InvalidError("invalid range in character class")
        if low is not None and high < low:
            raise _InvalidError("range out of order in character class")
        return False

    def class_member(self) -> int | None:
        """One member of a class: its code, or ``None`` for a class within the class."""
        if found := _POSIX_CLASS.match(self.text, self.at):
            if found[1] != ":":
                raise _InvalidError("POSIX collating elements are not supported")
            if found[0][2:-2].removeprefix("^") not in _POSIX_NAMES:
                raise _InvalidError("unknown POSIX class name")
            self.at = found.end()
            return None
        char = self.peek()
        self.at += 1
        if char != "\\":
            return ord(char)
        char = self.peek()
        self.at += 1
        if char == "":
            raise _InvalidError("\\ at end of pattern")
        if char == "Q":
            raise _UnknownError
        if char in _CLASS_ESCAPES:
            return None
        if char == "b":
            return 8
        if char == "N":
            raise _InvalidError("\\N is not supported in a class")
        if char in "BRXAZzGKCk" and self.pcre2:
            raise _InvalidError("escape sequence is invalid in character class")
        if char in "89gBRXAZzGKCk":
            return ord(char)
        return self.character(char)

    # -- groups ------------------------------------------------------------------------------------------------------

    def group(self) -> tuple[_Length, _Length | None] | None:
        """A group, with the position after its ``(``."""
        if self.peek() == "*":
            if self.peek(2)[1:].isalpha() or self.peek(2)[1:] in (":", "_"):
                raise _UnknownError
            return None  # the asterisk then has nothing to repeat
        if not self.take("?"):
            self.groups += 1
            return self.inside()
        if self.take("#"):
            end = self.text.find(")", self.at)
            if end < 0:
                raise _InvalidError("missing ) after (?# comment")
            self.at = end + 1
            return None
        if self.take(":") or self.take(">"):
            return self.inside()
        if self.take("=") or self.take("!"):
            return self.lookaround(behind=False)
        if self.peek(2) in ("<=", "<!"):
            self.at += 2
            return self.lookaround(behind=True)
        if self.take("P="):
            self.references.append(self.name(")"))
            length = _UNSURE if self.pcre2 else _Length(0, inf)
            return length, length
        if self.take("P<") or self.take("<"):
            return self.named(">")
        if self.take("'"):
            return self.named("'")
        return self.options()

    def named(self, closing: str) -> tuple[_Length, _Length | None]:
        name = self.name(closing)
        if name in self.names:
            raise _InvalidError("two named subpatterns have the same name")
        self.names.add(name)
        self.groups += 1
        return self.inside()

    def options(self) -> tuple[_Length, _Length | None] | None:
        """``(?i)``, ``(?i-s:…)``; everything else that may follow ``(?`` is not judged or wrong."""
        found = re.compile(r"([imsxU]*)(?:-([imsxU]*))?([):])").match(self.text, self.at)
        if not found or "xx" in found[1]:
            start = self.peek()
            if start and (start in "^|(RC&+-0123456789JnaX" or start in _OPTIONS or self.peek(2) == "P>"):
                raise _UnknownError
            raise _InvalidError("unrecognized character after (? or (?-")
        self.at = found.end()
        extended = self.extended
        if "x" in (found[2] or ""):
            self.extended = False
        elif "x" in found[1]:
            self.extended = True
        if found[3] == ")":
            return _NOTHING, None
        result = self.inside()
        self.extended = extended
        return result

    def branches(self) -> list[_Length]:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _UnknownError
        branches = self.alternatives()
        self.depth -= 1
        if not self.take(")"):
            raise _InvalidError("missing closing parenthesis" if self.pcre2 else "missing )")
        return branches

    def inside(self) -> tuple[_Length, _Length]:
        branches = self.branches()
        known = all(branch.known for branch in branches)
        length = _Length(min(b.least for b in branches), max(b.most for b in branches), known)
        return length, length

    def lookaround(self, behind: bool) -> tuple[_Length, _Length]:
        self.around += 1
        branches = self.branches()
        self.around -= 1
        for branch in branches if behind else ():
            if not branch.known:
                continue
            if not self.pcre2 and branch.least != branch.most:
                raise _InvalidError("lookbehind assertion is not fixed length")
            if branch.most == inf:
                raise _InvalidError("length of lookbehind assertion is not limited")
            if branch.least != branch.most and branch.most > 255:
                raise _InvalidError("branch too long in variable-length lookbehind assertion")
        return _NOTHING, _NOTHING


@lru_cache(maxsize=4096)
def error(pattern: str, pcre2: bool = True) -> str | None:
    """Why PCRE (8.45, or with ``pcre2`` PCRE2 10.44) does not compile the pattern; ``None`` if it does or may."""
    if is_plain(pattern):
        return None
    scanner = _Scanner(pattern.encode("utf-8", "surrogatepass").decode("latin-1"), pcre2)
    try:
        scanner.run()
    except _InvalidError as reason:
        return f'{reason} in "{pattern}"'
    except _UnknownError:
        return None
    return None
