import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.gateway.formats.pcre import error

GOOD = [
    r"/a\d{2}$",
    r"/(?<id>[0-9]+)/x",
    r"/é",
    r"/\p{L}+",
    r"^/(?i)foo(?:bar|baz)?$",
    r"/[]a]",
    r"/[^]a]",
    r"/a{,",
    r"/a{1,2",
    r"/(?!admin).*",
    r"/(?<=a|bc)d",
    r"/(a)\1",
    r"/(?P<n>a)(?P=n)\k<n>",
    r"/[[:alpha:]_-]+",
    r"/\Q(\E",
    r"(?x) a # (",
    r"/\x41\x{41}\o{101}",
    r"/a*+b++c??",
    r"/(?#comment)",
    r"[a\]b]",
    r"\/users\/(\d+)",
    r"(*UTF8)a",
    r"(?(1)a|b)(c)",
    r"(?R)?",
    r"/\N{3}",
]
BAD = [
    r"/[z",
    r"/a(b",
    r"/a)b",
    r"(",
    r"*",
    r"/a**",
    r"^*",
    r"(?<n>a)(?<n>b)",
    r"[b-a]",
    r"[[:foo:]]",
    r"/a{3,1}",
    r"/a{65536}",
    "/a\\",
    r"/\1",
    r"\k<n>",
    r"(?<1a>)",
    r"(?z)",
    r"(?#x",
    r"\x{zz}",
    r"\777",
    r"\p{",
    r"\L",
    r"[a-\d]",
    r"(?<=a+)b",
    r"[:alpha:]",
    r"\cé",
    r"[\N]",
    r"(?P",
    r"(?<n",
]


@pytest.mark.parametrize("pcre2", [False, True])
@pytest.mark.parametrize("pattern", GOOD)
def test_takes(pattern, pcre2):
    assert error(pattern, pcre2) is None


@pytest.mark.parametrize("pcre2", [False, True])
@pytest.mark.parametrize("pattern", BAD)
def test_rejects(pattern, pcre2):
    assert error(pattern, pcre2)


@pytest.mark.parametrize(
    ("pattern", "pcre", "pcre2"),
    [
        (r"\y", True, False),  # PCRE2 knows no escape for other letters
        (r"(?<=a{1,2})b", False, True),  # a lookbehind of variable length since PCRE2 10.43
        (r"(?<=\K)b", True, False),
        (r"[\d-z]", True, False),
        (r"[\B]", True, False),
        (r"\8", True, False),
    ],
)
def test_the_two_differ(pattern, pcre, pcre2):
    assert (error(pattern, False) is None) is pcre
    assert (error(pattern, True) is None) is pcre2


def test_depth_is_no_matter():
    assert error("(" * 5000) is None
    assert error("(" * 5000 + ")" * 5000) is None


@given(st.one_of(st.text(max_size=20), st.text(r"()[]{}?*+|\^$.<>=!:#PpkgxQEdw19-, a", max_size=20)), st.booleans())
def test_never_raises(pattern, pcre2):
    assert error(pattern, pcre2) is None or isinstance(error(pattern, pcre2), str)
