"""Blocks, locals and jumps of a chunk of Lua that is being read, for `lua_syntax`.

Source: LuaJIT ``lj_parse.c`` (``fscope_begin``, ``fscope_end``, ``gola_resolve``, ``gola_fixup``).
"""

from __future__ import annotations

from gitops_kong.gateway.formats.lua_lexer import Lexer, LuaSyntaxError

_MAX_LOCALS = 200
BREAK = ""  # the name of the jump that `break` is


class Jump:
    """A label, or a ``goto`` or ``break`` that waits for one; ``slot``: how many locals are in scope there."""

    __slots__ = ("is_label", "line", "name", "slot", "valid")

    def __init__(self, name: str, slot: int, line: int, is_label: bool) -> None:
        self.name, self.slot, self.line, self.is_label, self.valid = name, slot, line, is_label, True


class Scope:
    """A block: how many locals and jumps there were before it, and what in it waits for its end."""

    __slots__ = ("has_break", "has_jump", "is_loop", "locals", "outer", "start")

    def __init__(self, count: int, start: int, is_loop: bool, outer: Scope | None) -> None:
        self.locals, self.start, self.is_loop, self.outer = count, start, is_loop, outer
        self.has_break = self.has_jump = False


class Function:
    """A function that is being read; the main chunk has no `outer`."""

    __slots__ = ("line", "locals", "outer", "scope", "vararg")

    def __init__(self, line: int, outer: Function | None) -> None:
        self.line, self.outer, self.vararg = line, outer, outer is None
        self.locals: list[str] = []
        self.scope: Scope | None = None


class Scopes:
    """The functions and blocks around the current token."""

    def __init__(self, source: str) -> None:
        self.lex = Lexer(source)
        self.jumps: list[Jump] = []
        self.function = Function(0, None)
        self.begin_scope()

    def begin_scope(self, is_loop: bool = False) -> None:
        """A block begins."""
        function = self.function
        function.scope = Scope(len(function.locals), len(self.jumps), is_loop, function.scope)

    def end_scope(self) -> None:
        """A block ends: its locals are gone, its jumps are resolved or go on outwards."""
        function, scope = self.function, self.function.scope
        assert scope is not None  # noqa: S101
        function.scope = scope.outer
        del function.locals[scope.locals :]
        if scope.has_break:
            if not scope.is_loop:
                self.close_jumps(scope)
                return
            for jump in self.jumps[scope.start :]:
                if jump.valid and not jump.is_label and jump.name == BREAK:
                    jump.valid = False
        if scope.has_jump:
            self.close_jumps(scope)

    def close_jumps(self, scope: Scope) -> None:
        """At the end of a scope its labels end; what still waits for a label waits for one further out."""
        jumps = self.jumps[scope.start :]
        for at, jump in enumerate(jumps):
            if not jump.valid:
                continue
            if jump.is_label:
                jump.valid = False
                for later in jumps[at + 1 :]:
                    if later.valid and not later.is_label and later.name == jump.name:
                        later.valid = False
            elif scope.outer is not None:
                jump.slot = scope.locals
                if jump.name == BREAK:
                    scope.outer.has_break = True
                else:
                    scope.outer.has_jump = True
            elif jump.name == BREAK:
                raise LuaSyntaxError(jump.line, "no loop to break")
            else:
                raise LuaSyntaxError(jump.line, f"undefined label '{jump.name}'")

    def declare(self, names: list[str]) -> None:
        """Locals come into scope."""
        self.function.locals += names

    def check_locals(self, count: int) -> None:
        """Raises when one more local, beyond `count` that wait to be declared, is too many."""
        if len(self.function.locals) + count >= _MAX_LOCALS:
            where = f"function at line {self.function.line}" if self.function.line else "main function"
            raise self.lex.error(f"{where} has more than {_MAX_LOCALS} local variables")

    def jump(self, name: str) -> None:
        """A ``goto``, or with `BREAK` a ``break``."""
        scope = self.function.scope
        assert scope is not None  # noqa: S101
        self.jumps.append(Jump(name, len(self.function.locals), self.lex.last_line, is_label=False))
        if name == BREAK:
            scope.has_break = True
        else:
            scope.has_jump = True

    def has_label(self, name: str) -> bool:
        """Whether this block has the label."""
        scope = self.function.scope
        assert scope is not None  # noqa: S101
        return any(jump.valid and jump.is_label and jump.name == name for jump in self.jumps[scope.start :])

    def add_label(self, name: str) -> int:
        """A label in this block; gives its number."""
        scope = self.function.scope
        assert scope is not None  # noqa: S101
        scope.has_jump = True
        self.jumps.append(Jump(name, len(self.function.locals), self.lex.line, is_label=True))
        return len(self.jumps) - 1

    def resolve(self, number: int, ends_block: bool) -> None:
        """Jumps that wait for a label arrive; one at the end of a block counts as outside of its locals."""
        function, scope, label = self.function, self.function.scope, self.jumps[number]
        assert scope is not None  # noqa: S101
        if ends_block:
            label.slot = scope.locals
        for jump in self.jumps[scope.start : number]:
            if jump.valid and not jump.is_label and jump.name == label.name:
                if jump.slot < label.slot:
                    local = function.locals[jump.slot]
                    raise LuaSyntaxError(jump.line, f"<goto {label.name}> jumps into the scope of local '{local}'")
                jump.valid = False
