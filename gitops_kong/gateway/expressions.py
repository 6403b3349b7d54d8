"""Expressions of the router: whether they parse, and whether their types fit the fields.

Source: Kong/atc-router 1.2.0 (Kong 3.4, 3.5), 1.6.0 (3.6), 1.6.2 (3.7 to 3.9): grammar, parser, semantics;
Kong ``kong/router/fields.lua``, ``kong/router/atc.lua`` (fields), ``entities/routes.lua`` (``validate_route``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple

from gitops_kong.gateway.expression_grammar import report, syntax_error
from gitops_kong.gateway.formats import rust_regex
from gitops_kong.lazy import regex

_SPACE = r"[ \t\r\n]*"
_IDENT = r"[A-Za-z][A-Za-z0-9_.]*"
_LHS = regex(rf"((?:{_IDENT}{_SPACE}\({_SPACE})*)({_IDENT}){_SPACE}((?:\){_SPACE})*)")
_OPERATOR = regex(rf"(==|!=|~|\^=|=\^|>=|>|<=|<|in|not{_SPACE}in|contains){_SPACE}")
_V6 = r"(?::|[0-9A-Fa-f]{1,4}):[0-9A-Fa-f:]*"
_V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_RHS = regex(
    r'"(?P<text>(?:[^"\\]|\\["\\nrt])*)"'
    r'|r#"(?P<raw>(?:(?!"#).)*)"#'
    rf"|(?P<cidr>{_V4}/[0-9]{{1,2}}|{_V6}/[0-9]{{1,3}})"
    rf"|(?P<ip>{_V4}|{_V6})"
    r"|(?P<int>-?(?:0[0-7]+|0x[0-9A-Fa-f]+|[0-9]+))",
    re.DOTALL,
)
_GAP = regex(_SPACE)
_ESCAPE = regex(r'\\(["\\nrt])')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# A comparison as it is mostly written, with the parentheses around it and what joins it to the next.
_STEP = regex(
    rf"(?P<open>[( \t\r\n]*)(?P<left>(?:{_IDENT}\()*{_IDENT}(?![A-Za-z0-9_.])\)*){_SPACE}"
    r"(?P<operator>==|!=|~|\^=|=\^|>=|>|<=|<|contains)"
    rf"{_SPACE}"
    r'(?:"(?P<text>[^"\\]*)"|r#"(?P<raw>(?:(?!"#).)*)"#|(?P<int>[1-9][0-9]{0,17}(?![0-9A-Fa-f.:/])))'
    r"(?P<close>[) \t\r\n]*)(?P<join>&&|\|\||\Z)",
    re.DOTALL,
)
_FUNCTION = regex(_IDENT)
_NET_PORT = regex(r"net\.port(?=\s*[=><!])", re.ASCII)
_SEGMENT = regex(r"(0|[1-9][0-9]*)(?:_([1-9][0-9]*))?")

_STREAM_FIELDS = {
    **dict.fromkeys(("net.protocol", "tls.sni"), "text"),
    **dict.fromkeys(("net.src.port", "net.dst.port"), "int"),
    **dict.fromkeys(("net.src.ip", "net.dst.ip"), "ip"),
}
_HTTP_FIELDS = {
    **_STREAM_FIELDS,
    **dict.fromkeys(("http.method", "http.host", "http.path", "http.path.segments.*"), "text"),
    **dict.fromkeys(("http.headers.*", "http.queries.*"), "text"),
    "http.path.segments.len": "int",
}
# Until 3.5 every protocol has the same fields.
_OLD_FIELDS = {name: kind for name, kind in _HTTP_FIELDS.items() if "segments" not in name} | {"net.port": "int"}

_FIELDS = {"http": _HTTP_FIELDS, "stream": _STREAM_FIELDS, "old": _OLD_FIELDS}

_SEGMENTS = "http.path.segments."
_KNOWN_FUNCTIONS = frozenset(("lower", "any"))
_MISMATCH = "Type mismatch between the LHS and RHS values of predicate"
_ORDERED = frozenset((">", ">=", "<", "<="))


class _Predicate(NamedTuple):
    """One comparison: the functions from the outermost on, the field, the operator, the kind of the right side."""

    functions: tuple[str, ...]
    field: str
    operator: str
    kind: str


class _SyntaxError(Exception):
    """The parser's report."""


def _value_error(kind: str, text: str) -> str | None:
    """Why a literal that has the right form is no value."""
    if kind == "int":
        digits = text.lstrip("-")
        base = 16 if digits[:2] == "0x" else 8 if digits[:1] == "0" and re.fullmatch("0[0-7]+", digits) else 10
        too_large = int(digits.removeprefix("0x"), base) > 2**63 - 1
        return "number too large to fit in target type" if too_large else None
    address, slash, length = text.partition("/")
    is_v6 = ":" in address
    try:
        number = int((IPv6Address if is_v6 else IPv4Address)(address))
    except AddressValueError:
        wrong = f"invalid IPv{'6' if is_v6 else '4'} address syntax"
        return f"couldn't parse address in network: {wrong}" if slash else wrong
    if not slash:
        return None
    bits = 128 if is_v6 else 32
    if int(length) > bits:
        if int(length) > 255:
            return "couldn't parse length in network: number too large to fit in target type"
        family = "Ipv6" if is_v6 else "Ipv4"
        return f"invalid length for network: Network length {int(length)} is too long for {family} (maximum: {bits})"
    return "host part of address was not zero" if number & ((1 << (bits - int(length))) - 1) else None


class _Parser:
    """Reads an expression from left to right; errors that pest finds are left to `expression_grammar`."""

    def __init__(self, text: str, has_not: bool) -> None:
        self.text = text
        self.has_not = has_not
        self.at = 0
        self.wrong: str | None = None  # the first literal, function or pattern that is wrong

    def fail(self) -> _SyntaxError:
        return _SyntaxError(syntax_error(self.text, self.has_not))

    def skip(self) -> None:
        self.at = _GAP.match(self.text, self.at).end()  # type: ignore[union-attr]

    def run(self) -> list[_Predicate]:
        text, depth, found = self.text, 0, []
        self.skip()
        while True:
            while text.startswith(("(", "!"), self.at):
                if text[self.at] == "!":
                    self.at += 1
                    self.skip()
                    if not self.has_not or not text.startswith("(", self.at):
                        raise self.fail()
                self.at += 1
                depth += 1
                self.skip()
            found.append(self.predicate())
            self.skip()
            while depth and text.startswith(")", self.at):
                depth -= 1
                self.at += 1
                self.skip()
            if self.at == len(text) and not depth:
                break
            if not text.startswith(("&&", "||"), self.at):
                raise self.fail()
            self.at += 2
            self.skip()
        if self.wrong:
            raise _SyntaxError(self.wrong)
        return found

    def predicate(self) -> _Predicate:
        left = _LHS.match(self.text, self.at)
        functions = tuple(_FUNCTION.findall(left[1])) if left and left[1] else ()
        if not left or left[3].count(")") != len(functions):
            raise self.fail()
        operator = _OPERATOR.match(self.text, left.end())
        right = _RHS.match(self.text, operator.end()) if operator else None
        if not operator or not right or right.lastgroup is None:
            raise self.fail()
        self.at = right.end()
        kind = {"raw": "text"}.get(right.lastgroup, right.lastgroup)
        if self.wrong is None:
            self.wrong = self.function_error(left, functions) or self.literal_error(kind, operator[1], right)
        return _Predicate(functions, left[2], operator[1], kind)

    def function_error(self, left: re.Match[str], functions: tuple[str, ...]) -> str | None:
        for depth in range(len(functions) - 1, -1, -1):
            if functions[depth] not in _KNOWN_FUNCTIONS:
                starts = [found.start() + left.start() for found in _FUNCTION.finditer(left[1])]
                closing = [at for at, char in enumerate(left[0]) if char == ")"][len(functions) - 1 - depth]
                reason = f"unknown transformation function: {functions[depth]}"
                return report(self.text, starts[depth], left.start() + closing + 1, reason)
        return None

    def literal_error(self, kind: str, operator: str, right: re.Match[str]) -> str | None:
        if kind != "text":
            reason = _value_error(kind, right[0])
            if reason is None and operator == "~":
                reason = "regex operator can only be used with String operands"
        elif operator == "~":
            pattern = right["raw"]
            if pattern is None:
                pattern = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), right["text"])
            reason = rust_regex.error(pattern)
        else:
            return None
        return None if reason is None else report(self.text, right.start(), right.end(), reason)


def _read_quickly(text: str) -> list[_Predicate] | None:
    """The comparisons of an expression in the plainest form; ``None`` is for the parser to decide."""
    found, at, depth, joined = [], 0, 0, True
    while joined:
        step = _STEP.match(text, at)
        if step is None:
            return None
        opening, left, operator, plain, raw, number, closing, join = step.groups()
        *functions, field = left.rstrip(")").split("(")
        if len(left) - len(left.rstrip(")")) != len(functions) or not _KNOWN_FUNCTIONS.issuperset(functions):
            return None
        depth += opening.count("(") - closing.count(")")
        if depth < 0 or (operator == "~" and (number or rust_regex.error(plain if raw is None else raw))):
            return None
        found.append(_Predicate(tuple(functions), field, operator, "text" if number is None else "int"))
        at, joined = step.end(), bool(join)
    return found if depth == 0 else None


@lru_cache(maxsize=4096)
def _type_error_of(predicate: _Predicate, fields: str) -> str | None:
    return _type_error(predicate, _FIELDS[fields])


def _type_error(predicate: _Predicate, fields: dict[str, str]) -> str | None:
    functions, field, operator, kind = predicate
    left = fields.get(field) or fields.get(field[: field.rfind(".")] + ".*" if "." in field else field)
    if left is None:
        return "Unknown LHS field"
    is_in = operator.endswith("in") and operator != "contains"
    if operator != "~" and not is_in and left != kind:
        return _MISMATCH
    if "lower" in functions and left != "text":
        return "lower-case transformation function only supported with String type fields"
    if operator == "~":
        return None if left == "text" else "Regex operators only supports string operands"
    if operator in ("^=", "=^"):
        return None if kind == "text" else "Regex/Prefix/Postfix operators only supports string operands"
    if operator in _ORDERED:
        wrong = "Greater/GreaterOrEqual/Lesser/LesserOrEqual operators only supports integer operands"
        return None if kind == "int" else wrong
    if is_in:
        return None if (left, kind) == ("ip", "cidr") else "In/NotIn operators only supports IP in CIDR"
    if operator == "contains":
        return None if kind == "text" else "Contains operator only supports string operands"
    return None


@lru_cache(maxsize=16384)
def expression_error(expression: str, is_stream: bool, has_segments: bool) -> str | None:
    """Why a route's expression fails, as Kong words it; ``None`` if it does not.

    ``is_stream``: the route's first protocol is ``tcp``, ``udp``, ``tls`` or ``tls_passthrough``. ``has_segments``:
    Kong since 3.6, whose router knows ``!(…)`` and ``http.path.segments``, and other fields for each subsystem.
    """
    if has_segments and "net.port" in expression:
        expression = _NET_PORT.sub("net.dst.port", expression)
    fields = ("stream" if is_stream else "http") if has_segments else "old"
    text = expression.split("\0", 1)[0]
    try:
        predicates = _read_quickly(text) or _Parser(text, has_segments).run()
    except _SyntaxError as wrong:
        return f"Router Expression failed validation: {wrong}"
    for predicate in predicates:
        reason = _type_error_of(predicate, fields)
        if reason:
            return f"Router Expression failed validation: {reason}"
    for predicate in predicates:
        if has_segments and predicate.field.startswith(_SEGMENTS):
            suffix = predicate.field[len(_SEGMENTS) :]
            part = _SEGMENT.fullmatch(suffix)
            if suffix != "len" and (not part or (part[2] and int(part[1]) >= int(part[2]))):
                return "Router Expression failed validation: illformed http.path.segments.* field"
    return None
