import pytest

from gitops_kong.translate import expressions as ex
from tests.translate.world import ingress, path, routes, run, service

KIND = ex.INGRESS_BITS << ex.KIND_SHIFT


def test_building_blocks():
    one, two = ex.predicate("http.path", ex.EQUAL, '/a"\\\n\t\r'), ex.predicate("net.dst.port", ex.EQUAL, 80)
    assert one == 'http.path == "/a\\"\\\\\\n\\t\\r"'
    assert two == "net.dst.port == 80"
    assert ex.all_of() == ex.any_of("", "") == ""
    assert ex.all_of(one, "") == one
    assert ex.any_of(one, two) == f"({one}) || ({two})"


def test_hosts_methods_snis_headers():
    assert ex.hosts(["*.x.example", "y.example", "bad_host"]) == (
        '(http.host =^ ".x.example") || (http.host == "y.example")'
    )
    assert ex.methods(["GET", "get"]) == 'http.method == "GET"'
    assert ex.snis(["a.example", "*.b.example"]) == 'tls.sni == "a.example"'
    assert ex.annotated_headers({"X-B": ["1", "~*^2"], "host": ["x"], "A": []}) == (
        '(http.headers.x_b == "1") || (http.headers.x_b ~ "^2")'
    )


def matchers(*paths, annotations=None, host="h.example", version="3.5.13"):
    result = run(
        service(),
        ingress(*paths, annotations=annotations or {}, host=host),
        version=version,
        router_flavor="expressions",
    )
    [route] = routes(result).values()
    return route["expression"], route["priority"] - KIND


@pytest.mark.parametrize(
    ("value", "path_type", "expression", "priority"),
    [
        ("/", "Prefix", 'http.path ^= "/"', 1 << 41 | 1 << 16 | 1),
        ("/foo/", "Prefix", '(http.path == "/foo") || (http.path ^= "/foo/")', 1 << 41 | 1 << 16 | 5),
        ("//é", "Exact", 'http.path == "/é"', 1 << 41 | 1 << 16 | 3),
        ("/foo", "ImplementationSpecific", 'http.path ^= "/foo"', 1 << 41 | 4),
        ("/~/v\\d", "ImplementationSpecific", 'http.path ~ "^/v\\\\d"', 1 << 41 | 1 << 16 | 4),
        ("/~^/v", "ImplementationSpecific", 'http.path ~ "^/v"', 1 << 41 | 1 << 16 | 3),
        ("/~", "ImplementationSpecific", 'http.path ~ "^/"', 1 << 41 | 1 << 16),
    ],
)
def test_paths(value, path_type, expression, priority):
    assert matchers(path(value, path_type), host="") == (expression, priority)


def test_everything_an_ingress_can_ask_for():
    annotations = {
        "konghq.com/host-aliases": "*.w.example",
        "konghq.com/methods": "get",
        "konghq.com/snis": "s.example",
        "konghq.com/headers.X-A": "1,2",
    }
    expression, priority = matchers(path("/a", "Exact"), path("/bcd", "Exact"), annotations=annotations)
    assert expression == (
        '((http.host == "h.example") || (http.host =^ ".w.example"))'
        ' && ((http.path == "/a") || (http.path == "/bcd"))'
        ' && ((http.headers.x_a == "1") || (http.headers.x_a == "2"))'
        ' && (http.method == "GET")'
        ' && (tls.sni == "s.example")'
    )
    assert priority == 5 << 41 | 1 << 33 | 1 << 16 | 4


def test_plain_hosts_go_first():
    assert matchers(host="h.example")[1] - matchers(host="*.h.example")[1] == 1 << 32


def test_methods_are_taken_as_written_before_3_4():
    assert matchers(annotations={"konghq.com/methods": "get"}, version="3.3.1")[0].count("method") == 0


@pytest.mark.parametrize(
    ("version", "expression"),
    [
        ("3.4.13", '(http.path ^= "/") && ((net.protocol == "http") || (net.protocol == "https"))'),
        ("3.4.14", 'http.path ^= "/"'),
    ],
)
def test_default_backend(version, expression):
    spec = {"rules": [], "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    found = run(service(), ingress(spec=spec), version=version, router_flavor="expressions")
    [route] = routes(found).values()
    assert (route["expression"], route["priority"]) == (expression, 0)
    assert "path_handling" not in route
