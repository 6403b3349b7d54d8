"""Whether Rust's ``regex`` crate compiles a pattern, with its own report where it does not.

Kong's router compiles regular expressions with it (flavors ``traditional_compatible`` and ``expressions``).
Source: ``regex-syntax`` 0.7 and 0.8 (grammar and errors of the parser). What only shows when the pattern is
translated (names of Unicode properties, the size of the program) is not judged: such a pattern passes.
"""

from __future__ import annotations

from functools import lru_cache

from gitops_kong.gateway.formats.plain_regex import is_plain
from gitops_kong.gateway.formats.rust_escapes import Escapes, PatternError

_FLAGS = frozenset("imsUuRx")
_POSIX_NAMES = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit"
_POSIX = frozenset(_POSIX_NAMES.split())
_LOOKAROUND = ("?=", "?!", "?<=", "?<!")


class _Parser(Escapes):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.was_verbose = False
        self.names: dict[str, tuple[int, int]] = {}

    # -- the whole ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        groups: list[tuple[int, bool]] = []  # where each opens, and whether verbose mode was on before it
        repeatable = False
        while True:
            self.skip_space()
            if self.ended():
                break
            char = self.char()
            if char == "(":
                opened = self.group()
                if opened is not None:
                    groups.append((opened, self.was_verbose))
                repeatable = False
            elif char == ")":
                if not groups:
                    raise self.here("unopened group")
                self.verbose = groups.pop()[1]
                self.at += 1
                repeatable = True
            elif char == "|":
                self.at += 1
                repeatable = False
            elif char in "*+?":
                if not repeatable:
                    raise self.error("repetition operator missing expression")
                self.bump()
                self.take("?")
            elif char == "{":
                if not repeatable:
                    raise self.error("repetition operator missing expression")
                self.counted()
            else:
                self.primitive(char)
                repeatable = True
        if groups:
            start = groups[-1][0]
            raise PatternError(start, start + 1, "unclosed group")
        if self.unknown is not None:
            raise self.unknown

    def primitive(self, char: str) -> None:
        if char == "[":
            self.char_class()
        elif char == "\\":
            self.escape()
        else:
            self.at += 1

    def counted(self) -> None:
        start = self.at
        unclosed = "unclosed counted repetition"
        if not self.bump_space():
            raise self.error(unclosed, start)
        low = high = self.decimal()
        if self.ended():
            raise self.error(unclosed, start)
        if self.char() == ",":
            if not self.bump_space():
                raise self.error(unclosed, start)
            high = self.decimal() if self.char() != "}" else None
        if self.ended() or self.char() != "}":
            raise self.error(unclosed, start)
        self.bump()
        self.take("?")
        if high is not None and low is not None and low > high:
            raise self.error("invalid repetition count range, the start must be <= the end", start)

    def decimal(self) -> int | None:
        while not self.ended() and self.char().isspace():
            self.at += 1
        start = self.at
        while not self.ended() and "0" <= self.char() <= "9":
            self.bump_space()
        end, digits = self.at, "".join(self.text[start : self.at].split())
        while not self.ended() and self.char().isspace():
            self.at += 1
        if not digits:
            raise self.error("repetition quantifier expects a valid decimal", start, end)
        if len(digits.lstrip("0")) > 10 or int(digits) > 0xFFFFFFFF:
            raise self.error("decimal literal invalid", start, end)
        return int(digits)

    # -- groups ------------------------------------------------------------------------------------------------------

    def group(self) -> int | None:
        """Reads what opens a group; gives where, or ``None`` for flags without a group."""
        start = self.at
        self.was_verbose = self.verbose
        self.bump_space()
        if any(self.take(prefix) for prefix in _LOOKAROUND):
            raise self.error("look-around, including look-ahead and look-behind, is not supported", start)
        inner = self.at
        if self.take("?P<") or self.take("?<"):
            self.capture_name()
            return start
        if not self.take("?"):
            return start
        if self.ended():
            raise PatternError(start, start + 1, "unclosed group")
        on, count = self.flags()
        closing = self.char()
        self.bump()
        if closing == ")" and not count:
            raise self.error("repetition operator missing expression", inner, inner)
        if on is not None:
            self.verbose = on
        return None if closing == ")" else start

    def capture_name(self) -> None:
        if self.ended():
            raise self.error("unclosed capture group name")
        start = self.at
        while self.char() != ">":
            char = self.char()
            first = self.at == start
            if not (char == "_" or (char.isalpha() if first else char.isalnum() or char in ".[]")):
                raise self.here("invalid capture group character")
            if not self.bump():
                break
        if self.ended():
            raise self.error("unclosed capture group name")
        name, span = self.text[start : self.at], (start, self.at)
        self.bump()
        if not name:
            raise self.error("empty capture group name", start, start)
        if name in self.names:
            raise PatternError(*span, "duplicate capture group name", self.names[name])
        self.names[name] = span

    def flags(self) -> tuple[bool | None, int]:
        """Flags up to ``:`` or ``)``: what they make of verbose mode, and how many there are."""
        seen: dict[str, int] = {}
        negated, verbose = False, None
        dangling: int | None = None
        while self.char() not in ":)":
            char = self.char()
            if char == "-":
                dangling = self.at
                if negated:
                    raise PatternError(
                        self.at, self.at + 1, "flag negation operator repeated", (seen["-"], seen["-"] + 1)
                    )
                negated = True
            else:
                dangling = None
                if char not in _FLAGS:
                    raise self.here("unrecognized flag")
                if char in seen:
                    raise PatternError(self.at, self.at + 1, "duplicate flag", (seen[char], seen[char] + 1))
                if char == "x":
                    verbose = not negated
            seen[char] = self.at
            if not self.bump():
                raise self.error("expected flag but got end of regex")
        if dangling is not None:
            raise PatternError(dangling, dangling + 1, "dangling flag negation operator")
        return verbose, len(seen)

    # -- classes -----------------------------------------------------------------------------------------------------

    def char_class(self) -> None:
        open_classes = [self.class_open()]
        while True:
            self.skip_space()
            if self.ended():
                raise PatternError(*open_classes[-1], "unclosed character class")
            char = self.char()
            if char == "[":
                if not self.posix_class():
                    open_classes.append(self.class_open())
            elif char == "]":
                self.bump()
                open_classes.pop()
                if not open_classes:
                    return
            elif char in "&-~" and self.text.startswith(char * 2, self.at):
                self.at += 2
            else:
                self.class_range(open_classes[-1])

    def class_open(self) -> tuple[int, int]:
        """Reads what opens a class, with a ``]`` or hyphens that stand for themselves; gives its span."""
        start = self.at
        unclosed = "unclosed character class"
        if not self.bump_space():
            raise self.error(unclosed, start)
        if self.char() == "^" and not self.bump_space():
            raise self.error(unclosed, start)
        hyphen = False
        while self.char() == "-":
            hyphen = True
            if not self.bump_space():
                raise self.error(unclosed, start, start)
        if not hyphen and self.char() == "]" and not self.bump_space():
            raise self.error(unclosed, start)
        return start, self.at

    def posix_class(self) -> bool:
        """``[:name:]``; anything else opens a class within the class."""
        end = self.text.find(":]", self.at)
        if end < 0 or not self.text.startswith("[:", self.at):
            return False
        if self.text[self.at + 2 : end].removeprefix("^") not in _POSIX:
            return False
        self.at = end + 2
        return True

    def class_range(self, opened: tuple[int, int]) -> None:
        start = self.at
        first, low = self.class_item()
        first_end = self.at
        self.skip_space()
        if self.ended():
            raise PatternError(*opened, "unclosed character class")
        if self.char() != "-" or self.after_space() in ("]", "-"):
            if first == "assertion":
                raise PatternError(start, first_end, "invalid escape sequence found in character class")
            return
        if not self.bump_space():
            raise PatternError(*opened, "unclosed character class")
        second_start = self.at
        second, high = self.class_item()
        if first != "literal":
            raise PatternError(start, first_end, "invalid range boundary, must be a literal")
        if second != "literal":
            raise PatternError(second_start, self.at, "invalid range boundary, must be a literal")
        if low > high:
            raise self.error("invalid character class range, the start must be <= the end", start)

    def after_space(self) -> str:
        at = self.at
        self.bump_space()
        char = "" if self.ended() else self.char()
        self.at = at
        return char

    def class_item(self) -> tuple[str, int]:
        if self.char() == "\\":
            kind = self.escape()
            return kind, self.code
        code = ord(self.char())
        self.bump()
        return "literal", code


def _report(pattern: str, wrong: PatternError) -> str:
    marks = ""
    for start, end in wrong.spans:
        marks += " " * (start - len(marks)) + "^" * max(1, end - start)
    return f"regex parse error:\n    {pattern}\n    {marks}\nerror: {wrong}"


@lru_cache(maxsize=4096)
def error(pattern: str) -> str | None:
    """The crate's report on a pattern that it does not compile; ``None`` if it does or may."""
    if is_plain(pattern):
        return None
    try:
        _Parser(pattern).run()
    except PatternError as wrong:
        return _report(pattern, wrong)
    return None
