"""Tokens of Lua as LuaJIT 2.1 reads them, with its error messages.

Source: LuaJIT ``lj_lex.c``, ``lj_strscan.c``. Text is a ``str`` of bytes (Latin-1), because LuaJIT reads bytes.
"""

from __future__ import annotations

import re

from gitops_kong.lazy import regex

_KEYWORDS = """
and break do else elseif end false for function goto if in local nil not or repeat return then true until while
"""
KEYWORDS = frozenset(_KEYWORDS.split())
NAME, NUMBER, STRING, EOF = "<name>", "<number>", "<string>", "<eof>"
_WITH_TEXT = frozenset((NAME, NUMBER, STRING))

_SKIP = regex(r"[ \t\v\f]+")
_WORD = regex(r"[A-Za-z_\x80-\xff][0-9A-Za-z_\x80-\xff]*")
_DIGITS = regex(r"\.?[0-9]")
_SYMBOL = regex(r"\.\.\.|\.\.|==|<=|>=|~=|::|.", re.DOTALL)
_LONG = regex(r"\[(=*)\[")
_NUMBER = regex(
    r"0[xX](?:[0-9A-Fa-f]+\.?[0-9A-Fa-f]*|\.[0-9A-Fa-f]+)(?:[pP][+-]?[0-9]+)?[iI]?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[iI]?"
    r"|0[bB][01]+[iI]?"
    r"|(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|[0-9]+)[uU]?[lL][lL]"
)
_HEX_EXTENT = regex(r"(?:[pP][+-]|[0-9A-Za-z_.\x80-\xff])*")
_EXTENT = regex(r"(?:[eE][+-]|[0-9A-Za-z_.\x80-\xff])*")
_PLAIN = regex(r"[^\\'\"\n\r]+")
_HEX_ESCAPE = regex(r"[0-9A-Fa-f]{2}")
_UNICODE_ESCAPE = regex(r"\{([0-9A-Fa-f]+)\}")
_DECIMAL_ESCAPE = regex(r"[0-9]{1,3}")
_SPACE = regex(r"[ \t\v\f]")
_SIMPLE_ESCAPES = dict(zip("abfnrtv\\\"'", "\a\b\f\n\r\t\v\\\"'", strict=True))


class LuaSyntaxError(Exception):
    """Lua does not compile: the line and LuaJIT's message, the name of the chunk not yet before it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Lexer:
    """Reads tokens one by one: ``kind`` is the current one, ``text`` what was read last, ``line`` where."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.line = 1
        self.last_line = 1
        self.kind = ""
        self.text = ""
        self._ahead: str | None = None
        if source.startswith("\xef\xbb\xbf"):
            self.at = 3
        if source.startswith("#", self.at):
            end = re.compile(r"[\n\r]|\Z").search(source, self.at)
            self.at = end.start() if end else len(source)

    def error(self, message: str, near: str | None = None) -> LuaSyntaxError:
        """An error at the current line; ``near`` is the kind of token it names."""
        if near is not None:
            message += f" near '{self.text if near in _WITH_TEXT else shown(near)}'"
        return LuaSyntaxError(self.line, message)

    def advance(self) -> None:
        """Goes to the next token."""
        self.last_line = self.line
        if self._ahead is None:
            self.kind = self._scan()
        else:
            self.kind, self._ahead = self._ahead, None

    def ahead(self) -> str:
        """The kind of the token after the current one."""
        self._ahead = self._scan()
        return self._ahead

    def _newline(self) -> None:
        pair = self.source[self.at : self.at + 2]
        self.at += 2 if pair in ("\n\r", "\r\n") else 1
        self.line += 1

    def _scan(self) -> str:
        source = self.source
        while self.at < len(source):
            char = source[self.at]
            if char in "\n\r":
                self._newline()
            elif char in " \t\v\f":
                self.at = _SKIP.match(source, self.at).end()  # type: ignore[union-attr]
            elif source.startswith("--", self.at):
                self.at += 2
                self._comment()
            else:
                return self._token(char)
        return EOF

    def _comment(self) -> None:
        long = _LONG.match(self.source, self.at)
        if long:
            self._long(long, "unfinished long comment")
            return
        while self.at < len(self.source) and self.source[self.at] not in "\n\r":
            self.at += 1

    def _token(self, char: str) -> str:
        source = self.source
        word = _WORD.match(source, self.at)
        if word:
            self.at = word.end()
            self.text = word[0]
            return word[0] if word[0] in KEYWORDS else NAME
        if _DIGITS.match(source, self.at):
            return self._number()
        if char in "\"'":
            return self._string(char)
        if char == "[":
            long = _LONG.match(source, self.at)
            if long:
                self._long(long, "unfinished long string")
                return STRING
            if source.startswith("[=", self.at):
                self.text = re.compile(r"\[=*").match(source, self.at)[0]  # type: ignore[index]
                raise self.error("invalid long string delimiter", STRING)
        symbol = _SYMBOL.match(source, self.at)
        self.at = symbol.end()  # type: ignore[union-attr]
        return symbol[0]  # type: ignore[index]

    def _number(self) -> str:
        hexadecimal = self.source[self.at : self.at + 2] in ("0x", "0X")
        extent = (_HEX_EXTENT if hexadecimal else _EXTENT).match(self.source, self.at)
        self.at = extent.end()  # type: ignore[union-attr]
        self.text = extent[0]  # type: ignore[index]
        if not _NUMBER.fullmatch(self.text):
            raise self.error("malformed number", NUMBER)
        return NUMBER

    def _long(self, opening: re.Match[str], unfinished: str) -> None:
        closing = "]" + opening[1] + "]"
        end = self.source.find(closing, opening.end())
        stop = len(self.source) if end < 0 else end
        start = self.at
        while self.at < stop:
            if self.source[self.at] in "\n\r":
                self._newline()
            else:
                self.at += 1
        if end < 0:
            raise self.error(unfinished, EOF)
        self.at = end + len(closing)
        self.text = self.source[start : self.at]

    def _string(self, quote: str) -> str:
        source, out = self.source, [quote]
        self.at += 1
        while True:
            plain = _PLAIN.match(source, self.at)
            if plain:
                out.append(plain[0])
                self.at = plain.end()
            char = source[self.at : self.at + 1]
            if char == "":
                raise self.error("unfinished string", EOF)
            if char in "\n\r":
                self.text = "".join(out)
                raise self.error("unfinished string", STRING)
            if char == "\\":
                self.at += 1
                self._escape(out)
                continue
            out.append(char)
            self.at += 1
            if char == quote:
                self.text = "".join(out)
                return STRING

    def _escape(self, out: list[str]) -> None:
        source = self.source
        char = source[self.at : self.at + 1]
        if char == "":
            return
        if char in "\n\r":
            out.append("\n")
            self._newline()
            return
        if char in _SIMPLE_ESCAPES:
            out.append(_SIMPLE_ESCAPES[char])
            self.at += 1
            return
        if char == "z":
            self.at += 1
            while self.at < len(source) and source[self.at] in " \t\v\f\n\r":
                if source[self.at] in "\n\r":
                    self._newline()
                else:
                    self.at += 1
            return
        found = None
        if char == "x" and (found := _HEX_ESCAPE.match(source, self.at + 1)):
            out.append(chr(int(found[0], 16)))
        elif char == "u" and (found := _UNICODE_ESCAPE.match(source, self.at + 1)):
            code = int(found[1], 16)
            if code >= 0x110000 or 0xD800 <= code < 0xE000:
                found = None
            else:
                out.append(chr(code).encode().decode("latin-1"))
        elif (found := _DECIMAL_ESCAPE.match(source, self.at)) and int(found[0]) <= 255:
            out.append(chr(int(found[0])))
        else:
            found = None
        if found is None:
            self.text = "".join(out)
            raise self.error("invalid escape sequence", STRING)
        self.at = found.end()


def shown(kind: str) -> str:
    """How a message names a kind of token."""
    return f"char({ord(kind)})" if len(kind) == 1 and (ord(kind) < 32 or ord(kind) == 127) else kind
