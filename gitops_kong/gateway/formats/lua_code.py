"""Lua code in configurations of plugins: functions, custom log fields, templates.

Source: Kong ``plugins/pre-function/_schema.lua``, ``typedefs.lua_code`` with ``kong/tools/sandbox.lua`` (whose sandbox
is on unless ``untrusted_lua`` says otherwise), ``plugins/request-transformer/schema.lua``, Penlight's ``pl.template``.
"""

from __future__ import annotations

from gitops_kong.gateway.formats.lua_syntax import error

# Where `assert` of Kong's sandbox stands, which is part of the message in every version from 3.4 to 3.9.
_SANDBOX = "/usr/local/share/lua/5.1/kong/tools/kong-lua-sandbox.lua:144: "
_APPEND = "__R_size = __R_size + 1; __R_table[__R_size] = "


def plugin_function(value: str, plugin: str) -> str | None:
    """A function of ``pre-function`` or ``post-function``."""
    message = error(value)
    return None if message is None else f"error parsing {plugin}: {message}"


def lua_expression(value: str) -> str | None:
    """A value of ``custom_fields_by_lua`` (``typedefs.lua_code``)."""
    message = error(value)
    return None if message is None else f"Error parsing function: {_SANDBOX}{message}"


def template(value: str, keeps_lines: bool = True) -> str | None:
    """LuaJIT's message for a value with ``$(…)`` that does not compile, as ``request-transformer`` tries it.

    ``keeps_lines``: Penlight 1.14 (Kong since 3.7) adds no lines of its own; 1.13 puts each piece on a line.
    """
    if "$(" not in value:
        return None
    return error(_template_code(value, keeps_lines), '[string "TMP"]')


def _template_code(value: str, keeps_lines: bool) -> str:
    before, after = (" ", ";") if keeps_lines else ("\n", "")
    pieces = [f"return function(){before}local __R_size, __R_table, __tostring = 0, {{}}, __tostring{after} "]
    start = at = 0
    while (at := value.find("$(", at)) >= 0:
        end = _closing(value, at + 1)
        if end < 0:
            at += 1
            continue
        pieces.append(f"{before}{_APPEND}{_quoted(value[start:at])}{after}")
        pieces.append(f"{before}{_APPEND}__tostring(({value[at + 2 : end]}) or ''){after}")
        start = at = end + 1
    if start < len(value):
        pieces.append(f"{before}{_APPEND}{_quoted(value[start:])}{after}")
    pieces.append(f"{before}return __R_table{after or before} end")
    return "".join(pieces)


def _closing(value: str, opening: int) -> int:
    """Where the parenthesis that opens at ``opening`` closes, or -1."""
    depth = 0
    for at in range(opening, len(value)):
        depth += (value[at] == "(") - (value[at] == ")")
        if depth == 0:
            return at
    return -1


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n")
    return '"' + "".join(char if char >= " " or char == "\n" else f"\\{ord(char):03d}" for char in text) + '"'
