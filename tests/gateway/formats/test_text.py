import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.gateway.formats import headers, text

ASCII = "invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
TAG = "expected printable ascii (except `,` and `/`) or valid utf-8 sequences"


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (text.utf8_name, "a.b-c_d~é", None),
        (text.utf8_name, "a b", ASCII),
        (text.utf8_name, "é\ud800", "invalid utf-8 character sequence detected at position 3"),
        (text.name, "é", "invalid value 'é': it must only contain alphanumeric and '., -, _, ~' characters"),
        (text.name, "a\n", "invalid value 'a\n': it must only contain alphanumeric and '., -, _, ~' characters"),
        (text.tag, "k8s-name:a b", None),
        (text.tag, "é 日本", None),
        (text.tag, "a,b", f"invalid tag 'a,b': {TAG}"),
        (text.tag, "a/b", f"invalid tag 'a/b': {TAG}"),
        (text.tag, "\x7f", f"invalid tag '\x7f': {TAG}"),
        (headers.header_name, "X-a_1", None),
        (headers.header_name, "x-a\n", None),
        (headers.header_name, "", "no header name provided"),
        (headers.header_name, "x:y", "bad header name 'x:y', allowed characters are A-Z, a-z, 0-9, '_', and '-'"),
        (headers.cookie_name, "a.b!", None),
        (headers.cookie_name, "", "no token provided"),
        (headers.cookie_name_until_3_5, "", "no cookie name provided"),
        (
            headers.cookie_name_until_3_5,
            "a.b",
            "bad cookie name 'a.b', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
        ),
    ],
)
def test_answers(check, value, message):
    assert check(value) == message


@pytest.mark.parametrize("value", ["a b", "a\tb", "a=b", "a[b", 'a"b', "a\\b", "é", "\x7f"])
def test_a_cookie_name_is_a_token(value):
    assert headers.cookie_name(value).startswith("contains one or more invalid characters. ASCII control characters")


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("C6EF0B16-8BC0-47D2-9CD7-2B3E4FEB1B76", True),
        ("c6ef0b16-8bc0-47d2-9cd7-2b3e4feb1b7", False),
        ("ſ6ef0b16-8bc0-47d2-9cd7-2b3e4feb1b76", False),
    ],
)
def test_uuids(value, valid):
    assert text.is_uuid(value) is valid


@given(st.text(st.characters(categories=["L", "N", "P", "Z", "C", "Cs"]), max_size=20))
def test_never_raises(value):
    for check in (text.utf8_name, text.name, text.tag, headers.header_name, headers.cookie_name):
        assert check(value) is None or isinstance(check(value), str)
