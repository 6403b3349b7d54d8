from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gitops_kong.gateway.formats import urls


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (urls.url, "http://a.example:80/x?y#z", None),
        (urls.url, "x://a b", None),
        (urls.url, "", "could not parse url. invalid url"),
        (urls.url, "nope", "missing host in url"),
        (urls.url, "http://", "missing host in url"),
        (urls.url, "http://u@:80", "missing host in url"),
        (urls.url, "//a.example", "missing scheme in url"),
        (urls.redirect_uri, "https://a.example/cb", None),
        (urls.redirect_uri, "http://", "cannot parse 'http://'"),
        (urls.redirect_uri, "https://a.example/cb#x", "fragment not allowed in 'https://a.example/cb#x'"),
    ],
)
def test_answers(check, value, message):
    assert check(value) == message


def test_parts():
    assert urls.parse("http://u:p:q@[::1]:80/a;b?c#d") == urls.Url(
        scheme="http",
        authority="u:p:q@[::1]:80",
        userinfo="u:p:q",
        user="u:p",
        password="q",
        host="::1",
        port="80",
        path="/a",
        params="b",
        query="c",
        fragment="d",
    )
    assert urls.parse("localhost:8080/a") == urls.Url(scheme="localhost", path="8080/a")


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("https://a.example/x", ("https", "a.example", 443, "/x")),
        ("http://a.example", ("http", "a.example", 80, None)),
        ("grpc://a.example", ("grpc", "a.example", 80, None)),
        ("//a.example:443", ("https", "a.example", 443, None)),
        ("//a.example:8443", ("http", "a.example", 8443, None)),
        ("http://a.example:nope", ("http", "a.example", "nope", None)),
        ("http://a.example:", ("http", "a.example", "", None)),
        ("/only/path", ("http", None, 80, "/only/path")),
    ],
)
def test_the_url_of_a_service(value, parts):
    assert tuple(urls.service_url(value).values()) == parts


def test_no_url_is_no_service():
    assert urls.service_url("") is None


TO_NUMBER = LuaRuntime().eval("function(s) return tonumber(s) end")


@given(st.text("0123456789abcdefxXpP.+- \tinfINFNa", max_size=9))
def test_numbers_are_those_of_luajit(text):
    expected, found = TO_NUMBER(text), urls.lua_number(text)
    assert found == expected or (isnan(found) and isnan(expected))


@given(st.one_of(st.text(max_size=40), st.text("http:/@?#;[]ab.8", max_size=40)))
def test_never_raises(value):
    urls.service_url(value)
    urls.lua_number(value)
    for check in (urls.url, urls.redirect_uri):
        assert check(value) is None or isinstance(check(value), str)
