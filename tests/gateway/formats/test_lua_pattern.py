import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa.luajit21 import LuaError, LuaRuntime

from gitops_kong.gateway.formats.lua_pattern import LuaPatternError, matches

LUA = LuaRuntime(encoding="utf-8").eval("function(text, pattern) return text:match(pattern) ~= nil end")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^/", "/a", True),
        ("^/", "a/", False),
        ("//", "/a//b", True),
        ("^[^*]*%*?[^*]*$", "*.example.com", True),
        ("^[^*]*%*?[^*]*$", "*.example.*", False),
        ("%.%*$", "example.*", True),
        ("^%u+$", "GET", True),
        ("^%u+$", "GET\n", False),
        ("^[a-z][a-z%d-]-[a-z%d]+$", "my-vault", True),
        ("^[a-z][a-z%d-]-[a-z%d]+$", "a-", False),
        ("%f[%w]cat%f[%W]", "a cat", True),
        ("%f[%w]cat%f[%W]", "concat", False),
        ("^(.)%1$", "aa", True),
        ("^[^*&%%\\`]+$", "/tmp/log", True),
        ("^é+$", "éé", False),
    ],
)
def test_known_patterns(pattern, text, expected):
    assert matches(pattern, text) is expected
    assert LUA(text, pattern) is expected


PIECES = [
    "a",
    "b",
    "-",
    "*",
    "+",
    "?",
    "^",
    "$",
    ".",
    "%a",
    "%S",
    "%.",
    "%%",
    "[",
    "]",
    "[^",
    "a-c",
    "(",
    ")",
    "%1",
    "%f",
    "]-",
    "é",
    "()",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text("abc-]^.% é(", max_size=8))
@settings(max_examples=500)
def test_agrees_with_luajit(pattern, text):
    try:
        expected = LUA(text, pattern)
        answer = matches(pattern, text)  # unlike LuaJIT it finds a malformed pattern before it gets there
    except (LuaError, UnicodeError, LuaPatternError):
        return
    assert answer is expected


@given(st.text(max_size=12), st.text(max_size=12))
def test_only_pattern_errors(pattern, text):
    try:
        assert matches(pattern, text) in (True, False)
    except LuaPatternError as error:
        assert str(error)  # noqa: PT017


def test_malformed_patterns_are_errors():
    for pattern in ("[a", "%", "(a", "a)", "%f", "%fa", "%1", "%b()"):
        with pytest.raises(LuaPatternError):
            matches(pattern, "a")
