"""Whether a chunk of Lua compiles, with LuaJIT's own message where it does not.

Source: LuaJIT ``lj_parse.c`` as OpenResty builds it (``LUAJIT_ENABLE_LUA52COMPAT``), ``lj_debug_shortname``.
Limits of the virtual machine that only huge functions reach (registers, constants, upvalues) are not checked.
"""

from __future__ import annotations

from functools import lru_cache

from gitops_kong.gateway.formats.lua_lexer import EOF, NAME, NUMBER, STRING, LuaSyntaxError, shown
from gitops_kong.gateway.formats.lua_scopes import BREAK, Function, Scopes

_MAX_LEVELS = 200
_BLOCK_ENDS = frozenset(("else", "elseif", "end", "until", EOF))
_CONSTANTS = frozenset((NUMBER, STRING, "nil", "true", "false"))
_UNARY = frozenset(("not", "-", "#"))
_UNARY_PRIORITY = 8
_BINARY = {
    **dict.fromkeys(("+", "-"), (6, 6)),
    **dict.fromkeys(("*", "/", "%"), (7, 7)),
    "^": (10, 9),
    "..": (5, 4),
    **dict.fromkeys(("==", "~=", "<", "<=", ">", ">="), (3, 3)),
    "and": (2, 2),
    "or": (1, 1),
}


class _Parser(Scopes):
    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.level = 0

    # -- tokens ------------------------------------------------------------------------------------------------------

    def syntax_error(self, message: str) -> LuaSyntaxError:
        return self.lex.error(message, self.lex.kind)

    def accept(self, kind: str) -> bool:
        if self.lex.kind != kind:
            return False
        self.lex.advance()
        return True

    def expect(self, kind: str) -> None:
        if not self.accept(kind):
            raise self.syntax_error(f"'{shown(kind)}' expected")

    def expect_closing(self, kind: str, opening: str, line: int) -> None:
        if self.lex.kind != kind and line != self.lex.line:
            raise self.syntax_error(f"'{kind}' expected (to close '{opening}' at line {line})")
        self.expect(kind)

    def name(self) -> str:
        if self.lex.kind != NAME:
            raise self.syntax_error("'<name>' expected")
        text = self.lex.text
        self.lex.advance()
        return text

    def enter(self) -> None:
        self.level += 1
        if self.level >= _MAX_LEVELS:
            raise self.lex.error("chunk has too many syntax levels")

    # -- expressions -------------------------------------------------------------------------------------------------

    def expression(self, limit: int = 0) -> str | None:
        """An expression; gives the binary operator after it that binds too weakly to belong to it."""
        self.enter()
        if self.lex.kind in _UNARY:
            self.lex.advance()
            self.expression(_UNARY_PRIORITY)
        else:
            self.simple()
        operator: str | None = self.lex.kind
        while operator is not None and operator in _BINARY and _BINARY[operator][0] > limit:
            self.lex.advance()
            operator = self.expression(_BINARY[operator][1])
        self.level -= 1
        return operator if operator in _BINARY else None

    def expressions(self) -> None:
        self.expression()
        while self.accept(","):
            self.expression()

    def simple(self) -> None:
        kind = self.lex.kind
        if kind in _CONSTANTS:
            self.lex.advance()
        elif kind == "...":
            if not self.function.vararg:
                raise self.syntax_error("cannot use '...' outside a vararg function")
            self.lex.advance()
        elif kind == "{":
            self.table()
        elif kind == "function":
            self.lex.advance()
            self.body(self.lex.line)
        else:
            self.primary()

    def primary(self) -> str:
        """A prefix expression: ``call``, ``variable`` (can be assigned to) or ``value``."""
        if self.lex.kind == "(":
            line = self.lex.line
            self.lex.advance()
            self.expression()
            self.expect_closing(")", "(", line)
            what = "value"
        elif self.lex.kind == NAME:
            self.name()
            what = "variable"
        else:
            raise self.syntax_error("unexpected symbol")
        while True:
            kind = self.lex.kind
            if kind == ".":
                self.lex.advance()
                self.name()
                what = "variable"
            elif kind == "[":
                self.brackets()
                what = "variable"
            elif kind == ":":
                self.lex.advance()
                self.name()
                self.arguments()
                what = "call"
            elif kind in ("(", "{", STRING):
                self.arguments()
                what = "call"
            else:
                return what

    def brackets(self) -> None:
        self.lex.advance()
        self.expression()
        self.expect("]")

    def arguments(self) -> None:
        line = self.lex.line
        if self.lex.kind == "(":
            self.lex.advance()
            if self.lex.kind != ")":
                self.expressions()
            self.expect_closing(")", "(", line)
        elif self.lex.kind == "{":
            self.table()
        elif self.lex.kind == STRING:
            self.lex.advance()
        else:
            raise self.syntax_error("function arguments expected")

    def table(self) -> None:
        line = self.lex.line
        self.lex.advance()
        while self.lex.kind != "}":
            if self.lex.kind == "[":
                self.brackets()
                self.expect("=")
            elif self.lex.kind == NAME and self.lex.ahead() == "=":
                self.lex.advance()
                self.lex.advance()
            self.expression()
            if not self.accept(",") and not self.accept(";"):
                break
        self.expect_closing("}", "{", line)

    def body(self, line: int, method: bool = False) -> None:
        self.function = Function(line, self.function)
        self.begin_scope()
        parameters = ["self"] if method else []
        self.expect("(")
        if self.lex.kind != ")":
            while True:
                if self.lex.kind == NAME:
                    self.check_locals(len(parameters))
                    parameters.append(self.name())
                elif self.accept("..."):
                    self.function.vararg = True
                    break
                else:
                    raise self.syntax_error("<name> or '...' expected")
                if not self.accept(","):
                    break
        self.declare(parameters)
        self.expect(")")
        self.chunk()
        if self.lex.kind != "end":
            self.expect_closing("end", "function", line)
        self.lex.last_line = self.lex.line
        self.end_scope()
        assert self.function.outer is not None  # noqa: S101
        self.function = self.function.outer
        self.lex.advance()

    # -- statements --------------------------------------------------------------------------------------------------

    def chunk(self) -> None:
        self.enter()
        last = False
        while not last and self.lex.kind not in _BLOCK_ENDS:
            last = self.statement()
            self.accept(";")
        self.level -= 1

    def block(self) -> None:
        self.begin_scope()
        self.chunk()
        self.end_scope()

    def statement(self) -> bool:
        """One statement; true if it must be the last of its block."""
        line, kind = self.lex.line, self.lex.kind
        parse = _STATEMENTS.get(kind)
        if parse is not None:
            self.lex.advance()
            parse(self, line)
        elif kind == "::":
            self.label()
        elif kind != ";":
            self.call_or_assignment()
        else:
            self.lex.advance()
        return kind == "return"

    def call_or_assignment(self) -> None:
        what, count = self.primary(), 1
        if what == "call":
            return
        while True:
            if what != "variable":
                raise self.syntax_error("syntax error")
            if not self.accept(","):
                break
            what, count = self.primary(), count + 1
            if self.level + count > _MAX_LEVELS:
                raise self.lex.error(f"main function has more than {_MAX_LEVELS} variable names")
        self.expect("=")
        self.expressions()

    def if_statement(self, line: int) -> None:
        self.condition()
        while self.accept("elseif"):
            self.condition()
        if self.accept("else"):
            self.block()
        self.expect_closing("end", "if", line)

    def condition(self) -> None:
        self.expression()
        self.expect("then")
        self.block()

    def while_statement(self, line: int) -> None:
        self.expression()
        self.begin_scope(is_loop=True)
        self.expect("do")
        self.block()
        self.expect_closing("end", "while", line)
        self.end_scope()

    def do_statement(self, line: int) -> None:
        self.block()
        self.expect_closing("end", "do", line)

    def repeat_statement(self, line: int) -> None:
        self.begin_scope(is_loop=True)
        self.begin_scope()
        self.chunk()
        self.expect_closing("until", "repeat", line)
        self.expression()
        self.end_scope()
        self.end_scope()

    def for_statement(self, line: int) -> None:
        self.begin_scope(is_loop=True)
        names = [self.name()]
        if self.lex.kind == "=":
            self.lex.advance()
            self.expression()
            self.expect(",")
            self.expression()
            if self.accept(","):
                self.expression()
        elif self.lex.kind in (",", "in"):
            while self.accept(","):
                self.check_locals(3 + len(names))
                names.append(self.name())
            self.expect("in")
            self.expressions()
        else:
            raise self.syntax_error("'=' or 'in' expected")
        self.declare(["(for)"] * 3)
        self.expect("do")
        self.begin_scope()
        self.declare(names)
        self.block()
        self.end_scope()
        self.expect_closing("end", "for", line)
        self.end_scope()

    def function_statement(self, line: int) -> None:
        self.name()
        method = False
        while self.accept("."):
            self.name()
        if self.accept(":"):
            method = True
            self.name()
        self.body(line, method)

    def local_statement(self, _line: int) -> None:
        if self.accept("function"):
            self.check_locals(0)
            self.declare([self.name()])
            self.body(self.lex.line)
            return
        names: list[str] = []
        while True:
            self.check_locals(len(names))
            names.append(self.name())
            if not self.accept(","):
                break
        if self.accept("="):
            self.expressions()
        self.declare(names)

    def return_statement(self, _line: int) -> None:
        if self.lex.kind not in _BLOCK_ENDS and self.lex.kind != ";":
            self.expressions()

    def break_statement(self, _line: int) -> None:
        self.jump(BREAK)

    def goto_statement(self, _line: int) -> None:
        self.jump(self.name())

    def label(self) -> None:
        self.lex.advance()
        name = self.name()
        if self.has_label(name):
            raise self.lex.error(f"duplicate label '{name}'")
        number = self.add_label(name)
        self.expect("::")
        while True:
            if self.lex.kind == "::":
                self.enter()
                self.label()
                self.level -= 1
            elif not self.accept(";"):
                break
        self.resolve(number, self.lex.kind in _BLOCK_ENDS and self.lex.kind != "until")

    def run(self) -> None:
        self.lex.advance()
        self.chunk()
        if self.lex.kind != EOF:
            raise self.syntax_error("'<eof>' expected")
        self.end_scope()


_STATEMENTS = {
    "if": _Parser.if_statement,
    "while": _Parser.while_statement,
    "do": _Parser.do_statement,
    "for": _Parser.for_statement,
    "repeat": _Parser.repeat_statement,
    "function": _Parser.function_statement,
    "local": _Parser.local_statement,
    "return": _Parser.return_statement,
    "break": _Parser.break_statement,
    "goto": _Parser.goto_statement,
}


def _chunk_name(source: str) -> str:
    """How messages name a chunk: its first line, cut to what fits into 60 bytes."""
    if source[:1] in ("=", "@"):
        rest = source[1:]
        if source[0] == "=" or len(rest) < 60:
            return rest[:59]
        return "..." + rest[-56:]
    length = next((at for at, char in enumerate(source[:48]) if char < " "), min(len(source), 48))
    if length < len(source):
        return f'[string "{source[: min(length, 45)]}..."]'
    return f'[string "{source}"]'


@lru_cache(maxsize=1024)
def error(source: str, chunk_name: str | None = None) -> str | None:
    """LuaJIT's message for a chunk that does not compile, ``None`` for one that does.

    The chunk is named by its own text unless ``chunk_name`` is given. Bytes that are no UTF-8 are shown as U+FFFD.
    """
    text = source.encode("utf-8", "surrogatepass").decode("latin-1")
    try:
        _Parser(text).run()
    except LuaSyntaxError as wrong:
        message = f"{chunk_name or _chunk_name(text)}:{wrong.line}: {wrong}"
    except RecursionError:
        return None
    else:
        return None
    shown_text = message.encode("latin-1").decode("utf-8", "surrogateescape")
    return "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in shown_text)
