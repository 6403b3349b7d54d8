"""Why an expression of the router does not parse, in the words of its parser.

Source: Kong/atc-router (grammar), pest 2.7 (``ParserState``: which rules an error names; ``error``: how it is shown).
Slow, so it only runs on what `expressions` could not parse; it decides nothing but the wording.
"""

from __future__ import annotations

from collections.abc import Callable

_RULES = (
    "EOI ident rhs transform_func lhs int_literal hex_digits oct_digits dec_digits str_literal str_char str_esc "
    "rawstr_literal rawstr_char ipv4_literal ipv6_literal ipv4_cidr_literal ipv6_cidr_literal binary_operator and_op "
    "or_op not_op predicate parenthesised_expression term expression matcher"
)
_ORDER = {name: index for index, name in enumerate(_RULES.split())}
_OPERATORS = ("==", "!=", "~", "^=", "=^", ">=", ">", "<=", "<", "in", ("not", "in"), "contains")
_PLAIN, _COMPOUND, _ATOMIC = range(3)
_HEX = "0123456789abcdefABCDEF"
_ALPHA = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"

_Match = Callable[[], bool]


class _State:
    """pest's state: the position, and the rules that were tried at the furthest position."""

    def __init__(self, text: str, has_not: bool) -> None:
        self.text = text
        self.at = 0
        self.has_not = has_not
        self.attempt_at = 0
        self.wanted: list[str] = []
        self.unwanted: list[str] = []
        self.mode = _PLAIN
        self.negative = False

    # -- what pest does ----------------------------------------------------------------------------------------------

    def attempts(self, at: int) -> int:
        return len(self.wanted) + len(self.unwanted) if self.attempt_at == at else 0

    def track(self, rule: str, at: int, kept: tuple[int, int], before: int) -> None:
        if self.mode == _ATOMIC or self.attempts(at) - before == 1:
            return
        if at == self.attempt_at:
            del self.wanted[kept[0] :]
            del self.unwanted[kept[1] :]
        if at > self.attempt_at:
            self.wanted.clear()
            self.unwanted.clear()
            self.attempt_at = at
        if at == self.attempt_at:
            (self.unwanted if self.negative else self.wanted).append(rule)

    def rule(self, name: str, match: _Match) -> bool:
        at = self.at
        kept = (len(self.wanted), len(self.unwanted)) if at == self.attempt_at else (0, 0)
        before = self.attempts(at)
        found = match()
        if found == self.negative:
            self.track(name, at, kept, before)
        return found

    def within(self, mode: int, match: _Match) -> bool:
        outer, self.mode = self.mode, mode
        found = match()
        self.mode = outer
        return found

    def sequence(self, *steps: _Match) -> bool:
        start = self.at
        for index, step in enumerate(steps):
            if index:
                self.skip()
            if not step():
                self.at = start
                return False
        return True

    def many(self, step: _Match) -> bool:
        """``step*`` after something else: white space before each, kept even where no step follows."""
        if step():
            while self.sequence(lambda: True, step):
                pass
        return True

    def skip(self) -> None:
        while self.mode == _PLAIN and self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1

    def literal(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def chars(self, allowed: str, least: int, most: float = float("inf")) -> bool:
        start = self.at
        while self.at < len(self.text) and self.at - start < most and self.text[self.at] in allowed:
            self.at += 1
        if self.at - start >= least:
            return True
        self.at = start
        return False

    # -- the grammar -------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        return self.rule("matcher", lambda: self.sequence(lambda: True, self.expression, self.end))

    def end(self) -> bool:
        return self.rule("EOI", lambda: self.at == len(self.text))

    def expression(self) -> bool:
        def more() -> bool:
            return self.sequence(self.logical_operator, self.term)

        return self.rule("expression", lambda: self.sequence(self.term, lambda: self.many(more)))

    def logical_operator(self) -> bool:
        return self.rule("and_op", lambda: self.literal("&&")) or self.rule("or_op", lambda: self.literal("||"))

    def term(self) -> bool:
        return self.rule("term", lambda: self.predicate() or self.parenthesised())

    def parenthesised(self) -> bool:
        def negation() -> bool:
            return self.rule("not_op", lambda: self.literal("!")) or True

        inner = (lambda: self.literal("("), self.expression, lambda: self.literal(")"))
        steps = (negation, *inner) if self.has_not else inner
        return self.rule("parenthesised_expression", lambda: self.sequence(*steps))

    def predicate(self) -> bool:
        return self.rule("predicate", lambda: self.sequence(self.lhs, self.operator, self.rhs))

    def lhs(self) -> bool:
        return self.rule("lhs", lambda: self.transform() or self.ident())

    def transform(self) -> bool:
        steps = (self.ident, lambda: self.literal("("), self.lhs, lambda: self.literal(")"))
        return self.rule("transform_func", lambda: self.sequence(*steps))

    def ident(self) -> bool:
        def match() -> bool:
            return self.chars(_ALPHA, 1, 1) and self.chars(_ALPHA + _DIGITS + "_.", 0)

        return self.rule("ident", lambda: self.within(_ATOMIC, match))

    def operator(self) -> bool:
        def one(operator: str | tuple[str, str]) -> bool:
            if isinstance(operator, str):
                return self.literal(operator)
            return self.sequence(lambda: self.literal(operator[0]), lambda: self.literal(operator[1]))

        return self.rule("binary_operator", lambda: any(one(operator) for operator in _OPERATORS))

    def rhs(self) -> bool:
        choices = (self.string, self.raw_string, self.ipv4_cidr, self.ipv6_cidr, self.ipv4, self.ipv6, self.integer)
        return self.rule("rhs", lambda: any(choice() for choice in choices))

    def compound(self, name: str, *steps: _Match) -> bool:
        return self.within(_COMPOUND, lambda: self.rule(name, lambda: self.sequence(*steps)))

    def string(self) -> bool:
        def escape() -> bool:
            return self.sequence(lambda: self.literal("\\"), lambda: self.chars('"\\nrt', 1, 1))

        def char() -> bool:
            return self.any_but('"', "\\")

        def inner() -> bool:
            while self.rule("str_esc", escape) or self.rule("str_char", char):
                pass
            return True

        return self.compound("str_literal", lambda: self.literal('"'), inner, lambda: self.literal('"'))

    def raw_string(self) -> bool:
        def inner() -> bool:
            while self.rule("rawstr_char", lambda: self.any_but('"#')):
                pass
            return True

        return self.compound("rawstr_literal", lambda: self.literal('r#"'), inner, lambda: self.literal('"#'))

    def any_but(self, *texts: str) -> bool:
        if self.at >= len(self.text) or any(self.text.startswith(text, self.at) for text in texts):
            return False
        self.at += 1
        return True

    def atomic(self, name: str, match: _Match) -> bool:
        def whole() -> bool:
            start = self.at
            if match():
                return True
            self.at = start
            return False

        return self.rule(name, lambda: self.within(_ATOMIC, whole))

    def ipv4_text(self) -> bool:
        return self.chars(_DIGITS, 1, 3) and all(self.literal(".") and self.chars(_DIGITS, 1, 3) for _ in range(3))

    def ipv6_text(self) -> bool:
        if not ((self.literal(":") or self.chars(_HEX, 1, 4)) and self.literal(":")):
            return False
        return self.chars(_HEX + ":", 0)

    def ipv4(self) -> bool:
        return self.atomic("ipv4_literal", self.ipv4_text)

    def ipv6(self) -> bool:
        return self.atomic("ipv6_literal", self.ipv6_text)

    def ipv4_cidr(self) -> bool:
        steps = (self.ipv4_text, lambda: self.literal("/"), lambda: self.chars(_DIGITS, 1, 2))
        return self.atomic("ipv4_cidr_literal", lambda: all(step() for step in steps))

    def ipv6_cidr(self) -> bool:
        steps = (self.ipv6_text, lambda: self.literal("/"), lambda: self.chars(_DIGITS, 1, 3))
        return self.atomic("ipv6_cidr_literal", lambda: all(step() for step in steps))

    def integer(self) -> bool:
        def digits() -> bool:
            return (
                self.rule(
                    "oct_digits", lambda: self.sequence(lambda: self.literal("0"), lambda: self.chars(_DIGITS[:8], 1))
                )
                or self.sequence(
                    lambda: self.literal("0x"), lambda: self.rule("hex_digits", lambda: self.chars(_HEX, 1))
                )
                or self.rule("dec_digits", lambda: self.chars(_DIGITS, 1))
            )

        return self.compound("int_literal", lambda: self.literal("-") or True, digits)


def _listed(rules: list[str]) -> str:
    names = sorted(set(rules), key=_ORDER.__getitem__)
    if len(names) <= 2:
        return " or ".join(names)
    return f"{', '.join(names[:-1])}, or {names[-1]}"


def syntax_error(expression: str, has_not: bool) -> str:
    """The parser's report on an expression that does not parse; ``has_not``: ``!(…)`` is known (Kong since 3.6)."""
    state = _State(expression, has_not)
    state.run()
    if state.wanted and state.unwanted:
        reason = f"unexpected {_listed(state.unwanted)}; expected {_listed(state.wanted)}"
    elif state.wanted or state.unwanted:
        reason = f"expected {_listed(state.wanted)}" if state.wanted else f"unexpected {_listed(state.unwanted)}"
    else:
        reason = "unknown parsing error"
    return report(expression, state.attempt_at, None, reason)


def report(text: str, start: int, end: int | None, reason: str) -> str:
    """How pest shows an error at a position, or from ``start`` to ``end`` (not included)."""
    line_start = text.rfind("\n", 0, start) + 1
    number, column = text.count("\n", 0, start) + 1, start - line_start + 1
    line_end = text.find("\n", start)
    line = text[line_start : len(text) if line_end < 0 else line_end + 1]
    shows_ends = text[start : start + 1] in ("\n", "\r") if end is None else text[start:end][:1] in ("\n", "\r")
    feed, back = ("␊", "␍") if shows_ends else ("", "")
    line = line.replace("\n", feed).replace("\r", back)
    marks = "".join("\t" if char == "\t" else " " for char in line[: column - 1])
    if end is None:
        marks += "^---"
    else:
        marks += "^" + ("-" * (end - start - 2) + "^" if end - start > 1 else "")
    gap = " " * len(str(number))
    return f"{gap}--> {number}:{column}\n{gap} |\n{number} | {line}\n{gap} | {marks}\n{gap} |\n{gap} = {reason}"
