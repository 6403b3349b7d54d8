"""Whether PCRE compiles a regular expression, as far as that is certain without PCRE.

Kong 3.4 to 3.6 hold PCRE 8.45, Kong since 3.7 PCRE2 10.43 or 10.44, both without UTF mode: a pattern is bytes.
Source: the documents pcrepattern(3) and pcre2pattern(3). What a reader would call exotic (conditions, recursion,
verbs, callouts, duplicate names …) is not judged: such a pattern passes.
"""

from __future__ import annotations

from functools import lru_cache
from math import inf
from typing import NamedTuple

from gitops_kong.gateway.formats.pcre_escapes import CLASSES, Escapes, InvalidError, UnknownError
from gitops_kong.gateway.formats.plain_regex import is_plain
from gitops_kong.lazy import regex

_MAX_DEPTH = 100
_QUANTIFIER = regex(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_QUANTIFIER_2 = regex(r"\{[ \t]*(?:([0-9]+)[ \t]*(?:(,)[ \t]*([0-9]*)[ \t]*)?|(),[ \t]*([0-9]+)[ \t]*)\}")
_ASSERTIONS = frozenset("bBAZzGK")
_OTHER_ITEMS = frozenset("RXCN")
_OPTIONS = frozenset("imsxU")
_FLAGS = regex(r"([imsxU]*)(?:-([imsxU]*))?([):])")
_DIGITS = regex(r"[0-9]+")


class _Length(NamedTuple):
    """How many bytes an item matches; ``known`` is false where that depends on what is not followed up."""

    least: float
    most: float
    known: bool = True


_NOTHING = _Length(0, 0)
_BYTE = _Length(1, 1)
_UNSURE = _Length(0, inf, known=False)


class _Scanner(Escapes):
    def __init__(self, pattern: str, pcre2: bool) -> None:
        super().__init__(pattern, pcre2)
        self.quantified = _QUANTIFIER_2 if pcre2 else _QUANTIFIER
        self.depth = 0
        self.around = 0  # how many lookarounds are open
        self.extended = False

    # -- the whole ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        self.alternatives()
        if self.at < len(self.text):
            raise InvalidError("unmatched closing parenthesis" if self.pcre2 else "unmatched parentheses")
        for reference in self.references:
            if reference not in self.names if isinstance(reference, str) else reference > self.groups:
                raise InvalidError("reference to non-existent subpattern")

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
                    raise InvalidError(
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
                raise InvalidError("number too big in {} quantifier")
            if high and int(high) < int(low):
                raise InvalidError("numbers out of order in {} quantifier")
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
            self.posix_class()
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
            raise InvalidError("\\ at end of pattern")
        if char == "Q":
            return self.quoted()
        if char == "E":
            return None
        if char in _ASSERTIONS:
            if char == "K" and self.pcre2 and self.around:
                raise InvalidError("\\K is not allowed in lookarounds")
            return _NOTHING, None
        if char in "123456789" or char in "gk":
            return self.reference(char)
        if char in "RX":
            length = _Length(1, 2 if char == "R" and self.pcre2 else inf)
            return length, length
        if char == "N" and self.peek() == "{" and not self.quantified.match(self.text, self.at):
            raise InvalidError("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u")
        if char in CLASSES or char in _OTHER_ITEMS:
            return _BYTE, _BYTE
        self.character(char)
        return _BYTE, _BYTE

    def quoted(self) -> tuple[_Length, _Length | None] | None:
        end = self.text.find("\\E", self.at)
        length = (len(self.text) if end < 0 else end) - self.at
        self.at = len(self.text) if end < 0 else end + 2
        return (_Length(length, length), _BYTE) if length else None

    def reference(self, char: str) -> tuple[_Length, _Length | None]:
        length = _UNSURE if self.pcre2 else _Length(0, inf)
        if char in "gk":
            self.written_reference(char)
            return length, length
        digits = _DIGITS.match(self.text, self.at - 1)
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

    # -- groups ------------------------------------------------------------------------------------------------------

    def group(self) -> tuple[_Length, _Length | None] | None:
        """A group, with the position after its ``(``."""
        if self.peek() == "*":
            if self.peek(2)[1:].isalpha() or self.peek(2)[1:] in (":", "_"):
                raise UnknownError
            return None  # the asterisk then has nothing to repeat
        if not self.take("?"):
            self.groups += 1
            return self.inside()
        if self.take("#"):
            end = self.text.find(")", self.at)
            if end < 0:
                raise InvalidError("missing ) after (?# comment")
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
            raise InvalidError("two named subpatterns have the same name")
        self.names.add(name)
        self.groups += 1
        return self.inside()

    def options(self) -> tuple[_Length, _Length | None] | None:
        """``(?i)``, ``(?i-s:…)``; everything else that may follow ``(?`` is not judged or wrong."""
        found = _FLAGS.match(self.text, self.at)
        if not found or "xx" in found[1]:
            start = self.peek()
            if start and (start in "^|(RC&+-0123456789JnaX" or start in _OPTIONS or self.peek(2) == "P>"):
                raise UnknownError
            raise InvalidError("unrecognized character after (? or (?-")
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
            raise UnknownError
        branches = self.alternatives()
        self.depth -= 1
        if not self.take(")"):
            raise InvalidError("missing closing parenthesis" if self.pcre2 else "missing )")
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
                raise InvalidError("lookbehind assertion is not fixed length")
            if branch.most == inf:
                raise InvalidError("length of lookbehind assertion is not limited")
            if branch.least != branch.most and branch.most > 255:
                raise InvalidError("branch too long in variable-length lookbehind assertion")
        return _NOTHING, _NOTHING


@lru_cache(maxsize=4096)
def error(pattern: str, pcre2: bool = True) -> str | None:
    """Why PCRE (8.45, or with ``pcre2`` PCRE2 10.44) does not compile the pattern; ``None`` if it does or may."""
    if is_plain(pattern):
        return None
    scanner = _Scanner(pattern.encode("utf-8", "surrogatepass").decode("latin-1"), pcre2)
    try:
        scanner.run()
    except InvalidError as reason:
        return f'{reason} in "{pattern}"'
    except UnknownError:
        return None
    return None
