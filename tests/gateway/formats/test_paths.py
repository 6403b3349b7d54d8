import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.gateway.formats.paths import normalized, path, router_path

RFC = "(characters outside of the reserved list of RFC 3986 found)"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("/a/b.c;d=1,(x)*", None),
        ("/a%20b", None),
        ("/a b", f"invalid path: '/a b' {RFC}"),
        ("/a?b=c", f"invalid path: '/a?b=c' {RFC}"),
        ("/é", f"invalid path: '/é' {RFC}"),
        ("/%zz", "invalid url-encoded value: '%zz'"),
        ("/%4%41", "invalid url-encoded value: '%4_'"),
        ("/a%", "invalid url-encoded value: '%'"),
    ],
)
def test_a_path(value, message):
    assert path(value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("/x y", None),
        ("/é", None),
        ("/a/b.c", None),
        ("/a%2Fb", None),
        ("/%zz", "invalid url-encoded value: '%zz'"),
        ("/é%zz", None),
        ("/a%2fb", "non-normalized path, consider use '/a%2Fb' instead"),
        ("/a%20b", "non-normalized path, consider use '/a b' instead"),
        ("/%e9", "non-normalized path, consider use '/\ufffd' instead"),
        ("/a/../b/.", "non-normalized path, consider use '/b/' instead"),
        ("/a//b", "non-normalized path, consider use '/a/b' instead"),
        ("~/a//b/../%zz", None),
        ("~/a\\d{2}$", None),
        (
            "~/[z",
            "invalid regex: '/[z' (PCRE returned: pcre2_compile() failed: "
            'missing terminating ] for character class in "/[z")',
        ),
    ],
)
def test_a_path_of_a_route(value, message):
    assert router_path(value, pcre2=True) == message


def test_pcre_8_is_named_by_its_own_name():
    assert router_path("~/a(b", pcre2=False).startswith("invalid regex: '/a(b' (PCRE returned: pcre_compile() failed: ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        ("/", "/"),
        ("/..", "/"),
        ("/a/..", "/"),
        ("../a", "a"),
        ("./a", "a"),
        ("..", ""),
        ("/a/./b", "/a/b"),
        ("/%2e%2E/a", "/a"),
        ("a/../b", "/b"),
    ],
)
def test_normalizes(value, expected):
    assert normalized(value) == expected


@given(st.one_of(st.text(max_size=30), st.text("/.%2eEfF~a[(", max_size=30)))
def test_never_raises(value):
    for message in (path(value), router_path(value, pcre2=True), router_path(value, pcre2=False)):
        assert message is None or isinstance(message, str)
