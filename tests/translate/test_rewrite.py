import pytest

from gitops_kong.translate.rewrite import RewriteError, template
from tests.translate.world import failures, ingress, path, routes, run, service

ON = {"RewriteURIs": True}
REWRITE = "konghq.com/rewrite"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/x", "/x"),
        ("/a$1", "/a$(uri_captures[1])"),
        ("/$12/$3x", "/$(uri_captures[12])/$(uri_captures[3])x"),
        ("$1$2", "$(uri_captures[1])$(uri_captures[2])"),
        ("/\\$1", "/$1"),
        ("/$1\\$", "/$(uri_captures[1])$"),
        ("", ""),
    ],
)
def test_template(uri, expected):
    assert template(uri) == expected


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("/a\\b", "unexpected b at pos 3"),
        ("/é$x", "unexpected x at pos 4"),
        ("/$$", "unexpected $ at pos 2"),
        ("/$", "unexpected end of string"),
        ("/\\", "unexpected end of string"),
        ("/$1\\", "unexpected end of string"),
    ],
)
def test_template_errors(uri, message):
    with pytest.raises(RewriteError, match=message.replace("$", r"\$")):
        template(uri)


@pytest.mark.parametrize(("uri", "expected"), [("/n/$1", "/n/$(uri_captures[1])"), ("", "/")])
def test_plugin(uri, expected):
    result = run(service(), ingress(annotations={REWRITE: uri}), feature_gates=ON)
    [plugin] = routes(result)["a.in.web.h.example.80"]["plugins"]
    assert plugin == {"name": "request-transformer", "config": {"replace": {"uri": expected}}}


@pytest.mark.parametrize(
    ("gate", "uri", "message"),
    [
        (False, "/x", "konghq.com/rewrite annotation not supported when rewrite uris disabled"),
        (True, "/$x", "unexpected x at pos 2"),
    ],
)
def test_a_bad_rewrite_takes_the_whole_service_away(gate, uri, message):
    result = run(
        service(),
        ingress(annotations={REWRITE: uri}),
        ingress(name="z", host="z.example"),
        feature_gates={"RewriteURIs": gate},
    )
    assert failures(result) == [(message, ["Ingress a/in"])]
    assert "services" not in result.config


@pytest.mark.parametrize(("version", "there"), [("3.3.1", False), ("3.4.0", True)])
def test_a_route_without_rewrite_ends_the_search_before_3_4(version, there):
    objects = (service(), ingress(name="a"), ingress(path("/z"), name="z", annotations={REWRITE: "/x"}))
    found = routes(run(*objects, version=version, feature_gates=ON))
    assert ("plugins" in found["a.z.web.h.example.80"]) is there
