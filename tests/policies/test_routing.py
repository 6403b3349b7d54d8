"""Which route wins: Kong's order of priorities, and of ids where they are equal."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.policies.routing import Match, Routing

LOW, HIGH = "11111111-1111-5111-8111-111111111111", "ffffffff-ffff-5fff-8fff-ffffffffffff"


def route(name: str, ident: str, **fields: Any) -> dict[str, Any]:
    tags = [
        f"k8s-name:{name}",
        "k8s-namespace:shop",
        "k8s-kind:Ingress",
        "k8s-group:networking.k8s.io",
        "k8s-version:v1",
    ]
    return {"name": name, "id": ident, "tags": tags, **fields}


def routing(
    *routes: dict[str, Any], flavor: Any = "traditional_compatible", version: tuple[int, int] = (3, 9)
) -> Routing:
    return Routing({"services": [{"name": "s", "routes": list(routes)}]}, flavor, version)


def duplicates(found: Routing) -> dict[str, list[Any]]:
    return {ref.name: [(d["object"], d["match"], d["wins"]) for d in each] for ref, each in found.duplicates().items()}


def test_the_greater_id_wins_between_equals() -> None:
    same = {"hosts": ["a.example.com"], "paths": ["/x"]}
    found = duplicates(routing(route("a", LOW, **same), route("b", HIGH, **same)))
    assert found == {
        "a": [("Ingress shop/b", "a.example.com/x", False)],
        "b": [("Ingress shop/a", "a.example.com/x", True)],
    }
    undecided = duplicates(routing(route("a", LOW, **same), route("b", HIGH, **same), flavor="traditional"))
    assert [wins for each in undecided.values() for _, _, wins in each] == [None, None]


@pytest.mark.parametrize(
    ("version", "paths", "parts"),
    [
        ((3, 9), ["/x/", "~/x$"], ["1", "2"]),
        ((3, 7), ["/x/", "~/x$"], ["3", "true"]),
        ((3, 7), ["/x", "/y"], ["2"]),
        ((3, 8), ["/x", "/y"], [""]),
        ((3, 4), ["/x", "/y"], ["2"]),
        ((3, 4), ["/x"], [""]),
    ],
)
def test_parts_of_split_routes(version: tuple[int, int], paths: list[str], parts: list[str]) -> None:
    found = routing(route("a", LOW, hosts=["h"], paths=paths), version=version)
    assert [m.id for m in found.matches] == [(LOW, part) for part in parts]


def test_parts_of_split_routes_have_ids_of_their_own() -> None:
    """By the ids of the parts: 55dda528… of `LOW#1` loses to f34cc027… of `HIGH#1`, c9e85e74… wins over 5388a2b9…."""
    paths = {"hosts": ["h"], "paths": ["/x/", "~/x$"]}
    found = routing(route("a", LOW, **paths), route("b", HIGH, **paths))
    first, second = ({m.owner.name: m for m in found.matches if m.paths == (path,)} for path in ("/x/", "~/x$"))
    assert first["b"].beats(first["a"]) is True
    assert second["a"].beats(second["b"]) is True


def test_a_plain_host_wins_over_a_list_with_a_wildcard() -> None:
    found = duplicates(
        routing(
            route("plain", LOW, hosts=["a.example.com"], paths=["/x"]),
            route("wild", HIGH, hosts=["a.example.com", "*.example.org"], paths=["/x"]),
        )
    )
    assert found["plain"][0][2] is True


def test_other_methods_headers_and_streams_are_no_duplicates() -> None:
    given_routes = (
        route("a", LOW, hosts=["h"], paths=["/x"], methods=["GET"]),
        route("b", HIGH, hosts=["h"], paths=["/x"], methods=["POST"]),
        route("c", HIGH, hosts=["h"], paths=["/x"], headers={"x-tier": ["gold"]}),
        route("d", HIGH, hosts=["h"], paths=["/x"], protocols=["tcp"]),
    )
    assert duplicates(routing(*given_routes)) == {}


def test_expressions_that_are_equal() -> None:
    same = {"expression": 'http.path == "/x"'}
    found = duplicates(routing(route("a", LOW, priority=2, **same), route("b", HIGH, priority=1, **same)))
    assert found["a"][0][2] is True


@pytest.mark.parametrize(
    ("other", "reached"),
    [
        ({"paths": ["/api"]}, False),
        ({"paths": ["~/api$"], "regex_priority": 5}, True),
        ({"paths": ["~/api$"], "regex_priority": 0}, False),
        ({"paths": ["/api"], "methods": ["GET"]}, True),
    ],
)
def test_a_pattern_for_everything_takes_what_comes_after_it(other: dict[str, Any], reached: bool) -> None:
    found = routing(route("all", HIGH, hosts=["h"], paths=["~/.*"]), route("api", LOW, hosts=["h"], **other))
    assert ({ref.name for ref in found.unreachable()} == set()) is reached


@given(st.lists(st.tuples(st.sampled_from([LOW, HIGH]), st.integers(0, 3), st.booleans()), min_size=2, max_size=6))
def test_of_two_routes_at_most_one_is_first(parts: list[tuple[str, int, bool]]) -> None:
    routes = [
        route(f"r{i}", ident, hosts=["h"], paths=["~/x" if regex else "/x"], regex_priority=priority)
        for i, (ident, priority, regex) in enumerate(parts)
    ]
    matches: list[Match] = routing(*routes).matches
    for one in matches:
        for other in matches:
            assert not (one.beats(other) and other.beats(one))
