import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gitops_kong.gateway.formats.lua_code import lua_expression, plugin_function, template
from gitops_kong.gateway.formats.lua_syntax import error

COMPILE = LuaRuntime(encoding="latin-1").eval("function(source) local f, e = loadstring(source) return e end")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("return 1", None),
        ("return function(conf, ...) local a, b = ... return a < b end", None),
        ("local a <const> = 1", "unexpected symbol near '<'"),
        ("#!/usr/bin/lua\nreturn 0x1Fp4, 1LL, 0b1, 'a\\z  b', [==[ ]] ]==] --[[ c ]]", None),
        ("if a then goto done end ; ; ::done::", None),
        ("v1", "'=' expected near '<eof>'"),
        ("syntax error", "'=' expected near 'error'"),
        ("x = 'a", "unfinished string near '<eof>'"),
        ("x = 'a\\q'", "invalid escape sequence near ''a'"),
        ("x = [[a", "unfinished long string near '<eof>'"),
        ("x = 3x", "malformed number near '3x'"),
        ("x = @", "unexpected symbol near '@'"),
        ("x = \x01", "unexpected symbol near 'char(1)'"),
        ("break", "no loop to break"),
        ("goto out", "undefined label 'out'"),
        ("::a:: ::a::", "duplicate label 'a'"),
        ("do goto c; local b; ::c:: b() end", "<goto c> jumps into the scope of local 'b'"),
        ("function f() return ... end", "cannot use '...' outside a vararg function near '...'"),
        ("(f)", "syntax error near '<eof>'"),
        ("x = " + "(" * 250, "chunk has too many syntax levels"),
    ],
)
def test_messages(source, message):
    found = error(source)
    assert found == message or found.endswith(f":1: {message}")


def test_a_block_that_is_not_closed_names_its_line():
    assert (
        error("if a then\n  b()")
        == "[string \"if a then...\"]:2: 'end' expected (to close 'if' at line 1) near '<eof>'"
    )


@pytest.mark.parametrize("source", ["x", "x" * 47 + "=", "x" * 48, "\nx", "é é", "é" * 30, "=x", "@x", "\n\n"])
def test_names_of_chunks(source):
    expected = COMPILE(source.encode().decode("latin-1"))
    if expected is not None:
        expected = expected.encode("latin-1").decode("utf-8", "replace")
    assert error(source) == expected


def test_what_kong_says():
    near = "unexpected symbol near 'return'"
    assert plugin_function("return return", "pre-function") == (
        f'error parsing pre-function: [string "return return"]:1: {near}'
    )
    assert lua_expression("return return") == (
        "Error parsing function: /usr/local/share/lua/5.1/kong/tools/kong-lua-sandbox.lua:144: "
        f'[string "return return"]:1: {near}'
    )
    assert plugin_function("kong.log('x')", "post-function") is None
    assert lua_expression("return 'x'") is None


@pytest.mark.parametrize(
    "value", ["plain $ ( text", "$(headers.host) and $(uri_captures['a'])", "$(unclosed", 'a\n"$(b or 1)']
)
@pytest.mark.parametrize("keeps_lines", [False, True])
def test_templates_that_compile(value, keeps_lines):
    assert template(value, keeps_lines) is None


@pytest.mark.parametrize(
    ("value", "line", "line_until_1_13", "message"),
    [("$(a b)", 1, 4, "')' expected near 'b'"), ("x\n$(a)$()", 2, 7, "unexpected symbol near ')'")],
)
def test_templates_that_do_not(value, line, line_until_1_13, message):
    assert template(value) == f'[string "TMP"]:{line}: {message}'
    assert template(value, keeps_lines=False) == f'[string "TMP"]:{line_until_1_13}: {message}'


# No `;`, `goto` or line before `(`: there OpenResty's LuaJIT follows Lua 5.2, the one of the tests does not.
SYNTAX = """
x y f a.b 1 2 3x 0x1F .5 1LL 'a' "b" '\\n' '\\q' 'a [[l]] [=[m]=] [= --[[c]] ( ( ) ) { } [ ] = == ~= < .. ...
. : + - ^ # , and or not nil true if then else elseif end end while do for in repeat until function function local
return ::l:: l @ é x=1 f() f{}"""
WORDS = SYNTAX.split()


@given(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
@settings(max_examples=400)
def test_agrees_with_luajit(source):
    expected = COMPILE(source.encode().decode("latin-1"))
    if expected is not None:
        expected = expected.encode("latin-1").decode("utf-8", "replace")
    assert error(source) == expected


@given(st.one_of(st.text(max_size=30), st.text("[]=-'\"\\{}()\n\r $xu0", max_size=20)))
def test_never_raises(source):
    for message in (error(source), lua_expression(source), template(source), plugin_function(source, "pre-function")):
        assert message is None or isinstance(message, str)
