import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.gateway import catalogue
from gitops_kong.gateway.expressions import expression_error
from gitops_kong.gateway.formats import rust_regex
from gitops_kong.gateway.formats.plain_regex import is_plain
from gitops_kong.gateway.route_expressions import expression_of, route_error
from gitops_kong.gateway.validate import validate

FAILED = "Router Expression failed validation: "


@pytest.mark.parametrize(
    "expression",
    [
        'http.path == "/a" && (http.host =^ ".example" || !(net.dst.port >= 0x50))',
        'any(lower(http.headers.x_a)) ~ r#"^\\d+$"#',
        "net.src.ip in 10.0.0.0/8 || net.src.ip == fe80::1 || net.dst.ip not in fe80::/10",
        'net.port == 80\n&& http.queries.q contains "\\"x\\""',
        'http.path.segments.len == 017 && http.path.segments.0_1 == r#"a/b"#',
    ],
)
def test_takes(expression):
    assert expression_error(expression, is_stream=False, has_segments=True) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('http.nope == "x"', "Unknown LHS field"),
        ("http.path == 1", "Type mismatch between the LHS and RHS values of predicate"),
        ("lower(net.dst.port) == 80", "lower-case transformation function only supported with String type fields"),
        ('net.dst.port ~ "1"', "Regex operators only supports string operands"),
        ("net.dst.port ^= 1", "Regex/Prefix/Postfix operators only supports string operands"),
        (
            'http.path > "a"',
            "Greater/GreaterOrEqual/Lesser/LesserOrEqual operators only supports integer operands",
        ),
        ("net.src.ip in 10.0.0.1", "In/NotIn operators only supports IP in CIDR"),
        ("net.dst.port contains 1", "Contains operator only supports string operands"),
        ('http.path.segments.1_1 == "a"', "illformed http.path.segments.* field"),
        ("", " --> 1:1\n  |\n1 | \n  | ^---\n  |\n  = expected term"),
        ("! a == 1", " --> 1:1\n  |\n1 | ! a == 1\n  | ^---\n  |\n  = expected term"),
        ("a == 1 )", " --> 1:8\n  |\n1 | a == 1 )\n  |        ^---\n  |\n  = expected EOI, and_op, or or_op"),
        (
            "net.dst.port == 99999999999999999999",
            " --> 1:17\n  |\n1 | net.dst.port == 99999999999999999999\n  |                 ^------------------^\n  |\n"
            "  = number too large to fit in target type",
        ),
        (
            "foo(http.path) == 1",
            " --> 1:1\n  |\n1 | foo(http.path) == 1\n  | ^------------^\n  |\n  = unknown transformation function: foo",
        ),
    ],
)
def test_rejects(expression, message):
    assert expression_error(expression, is_stream=False, has_segments=True) == FAILED + message


def test_fields_and_negation_differ():
    assert expression_error('http.path == "/"', is_stream=True, has_segments=True) == FAILED + "Unknown LHS field"
    assert expression_error('http.path == "/"', is_stream=True, has_segments=False) is None
    assert expression_error("net.port == 80", is_stream=True, has_segments=False) is None
    assert expression_error('!(http.path == "/")', is_stream=False, has_segments=False).endswith("= expected term")


@pytest.mark.parametrize(
    ("pattern", "report"),
    [
        ("^/a(?P<n>\\d+)[a-z&&[^b]]\\pL{2,3}?$", None),
        ("^/(?!x)", ("    ^/(?!x)\n      ^^^", "look-around, including look-ahead and look-behind, is not supported")),
        ("^/(?P<=a)b", ("    ^/(?P<=a)b\n          ^", "invalid capture group character")),
        ("(a)\\1", ("    (a)\\1\n       ^^", "backreferences are not supported")),
        ("/[z", ("    /[z\n     ^", "unclosed character class")),
        ("/a(b", ("    /a(b\n      ^", "unclosed group")),
        ("a)", ("    a)\n     ^", "unopened group")),
        ("*", ("    *\n    ^", "repetition operator missing expression")),
        ("a{2,1}", ("    a{2,1}\n     ^^^^^", "invalid repetition count range, the start must be <= the end")),
        ("\\Z", ("    \\Z\n    ^^", "unrecognized escape sequence")),
        ("[b-a]", ("    [b-a]\n     ^^^", "invalid character class range, the start must be <= the end")),
        ("(?<n>a)(?<n>b)", ("    (?<n>a)(?<n>b)\n       ^      ^", "duplicate capture group name")),
    ],
)
def test_rust_patterns(pattern, report):
    expected = report and f"regex parse error:\n{report[0]}\nerror: {report[1]}"
    assert rust_regex.error(pattern) == expected


def route(**fields):
    return {"protocols": ["http", "https"], **fields}


def test_the_expression_of_a_route():
    fields = route(
        snis=["*.example", "a.example."],
        methods=["GET"],
        hosts=["*.example:80", "a.example"],
        paths=["/a", "~/(?<id>\\d+)"],
        headers={"X-Id": ["A", "~*^B"]},
        sources=[{"ip": "10.1.2.3/8", "port": 80}, {"port": 81}],
    )
    assert expression_of(fields, "3.9") == (
        '(net.protocol != r#"https"# || (tls.sni =^ r#".example"# || tls.sni == r#"a.example"#)) && '
        '((net.src.ip in 10.0.0.0/8 && net.src.port == 80) || net.src.port == 81) && (http.method == r#"GET"#) && '
        '((http.host =^ r#".example"# && net.dst.port == 80) || http.host == r#"a.example"#) && '
        '(http.path ^= r#"/a"# || http.path ~ r#"^/(?P<id>\\d+)"#) && '
        '(any(lower(http.headers.x_id)) == r#"a"# || any(lower(http.headers.x_id)) ~ r#"^b"#)'
    )
    old = route(hosts=["a.example:80"], paths=["~/\\d"], headers={"X-Id": ["A"]})
    assert expression_of(old, "3.4") == (
        '((http.host == "a.example" && net.port == 80)) && (http.path ~ "^/\\\\d") && (any(http.headers.x_id) == "a")'
    )


@pytest.mark.parametrize("version", ["3.4", "3.6", "3.9"])
def test_a_path_that_only_pcre_compiles(version):
    message = route_error(route(paths=["~/(?!admin)"]), version)
    assert message.startswith(f"{FAILED} --> 1:")
    assert message.endswith("error: look-around, including look-ahead and look-behind, is not supported")
    assert route_error(route(paths=["~/a++$"], hosts=["a.example"]), version) is None


def test_headers_are_compiled_only_with_paths_until_3_5():
    fields = route(headers={"x": ["~*("]})
    assert route_error(fields, "3.5") is None
    assert route_error(fields, "3.6").endswith("error: unclosed group")


def test_ranges():
    fields = {"protocols": ["tcp"], "sources": [{"ip": "fe80::1/64"}]}
    assert route_error(fields, "3.9").endswith("= host part of address was not zero")
    fields = {"protocols": ["tcp"], "sources": [{"ip": "10.1.2.3/8"}], "destinations": [{"ip": "::1", "port": 9000}]}
    assert route_error(fields, "3.9") is None


def test_what_excludes_what():
    both = route(expression='http.path == "/"', paths=["/"])
    assert route_error(both, "3.6") is None
    assert route_error(both, "3.7").startswith(f"{FAILED}cannot set 'expression' with 'methods', ")
    only = route(expression='http.path == "/"', regex_priority=1)
    assert route_error(only, "3.7") is None
    assert route_error(only, "3.8") == f"{FAILED}cannot set 'regex_priority' with 'expression' simultaneously"
    assert route_error(route(paths=["/"], priority=1), "3.8").startswith(f"{FAILED}cannot set 'priority' with")
    assert route_error(route(), "3.7") is None


PIECES = [
    "http.path",
    "net.dst.port",
    "==",
    "~",
    " ",
    "(",
    ")",
    "!",
    '"a"',
    'r#"["#',
    "80",
    "10.0.0.0/8",
    "&&",
    "lower(",
    "é",
    "\n",
]


@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=10).map("".join), st.text(max_size=20)), st.booleans())
def test_never_raises(expression, flag):
    message = expression_error(expression, flag, not flag)
    assert message is None or message.startswith(FAILED)


@given(st.one_of(st.text(max_size=20), st.text(r"()[]{}?*+|\^$.<>=!:#PpxubQE19-,& a", max_size=20)))
def test_patterns_never_raise(pattern):
    assert rust_regex.error(pattern) is None or rust_regex.error(pattern).startswith("regex parse error:")


def answers(routes, flavor):
    config = {"_format_version": "3.0", "services": [{"name": "s", "host": "a.example", "routes": routes}]}
    verdict = validate(config, catalogue.load("3.9"), flavor)
    return {entry["entityName"] for entry in verdict.errors}


def test_a_known_shape_is_no_licence_for_another_expression():
    def made(name, expression, protocols, **rest):
        return {"name": name, "expression": expression, "protocols": protocols, "tags": ["k8s-name:x"], **rest}

    routes = [
        made("both", "net.dst.port == 1", ["tcp"]),
        made("http", 'http.path == "/"', ["http"], priority=1),
        made("http-on-tcp", 'http.path == "/"', ["tcp"]),
        made("more", 'http.path == "/b"', ["http"], priority=2),
        made("broken", "http.path == 1", ["http"], priority=3),
        made("excluded", 'http.path == "/c"', ["http"], regex_priority=1),
    ]
    assert answers(routes, "expressions") == {"http-on-tcp", "broken", "excluded"}


def test_a_known_shape_is_no_licence_for_another_path():
    paths = {
        "plain": "~/a/(?<id>[0-9]+)$",
        "also": "~/b(?:c|d)*",
        "ahead": "~/(?!x)",
        "broken": "~/[z",
        "prefix": "/x y",
    }
    routes = [{"name": name, "paths": [path], "tags": ["k8s-name:x"]} for name, path in paths.items()]
    assert answers(routes, "traditional_compatible") == {"ahead", "broken"}
    assert answers(routes, "traditional") == {"broken"}


@pytest.mark.parametrize(
    "pattern",
    ["^/a/(?<id>[0-9a-f-]+)/.*$", r"/v[0-9]{1,3}?/\d+\.json", "/(?:a|b(c|d)*)+", "/x y", "[^/]+", ""],
)
def test_plain_patterns_compile_everywhere(pattern):
    assert is_plain(pattern)
    assert rust_regex.error(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["/(?!x)", "/[z", "a**", "(?<a>x)(?<a>y)", r"\1", "a{2,1}", "*", "a|*", "(?i)a", "[z-a]"]
)
def test_patterns_that_are_not_plain(pattern):
    assert not is_plain(pattern)
