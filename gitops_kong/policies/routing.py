"""Which Kong routes get in each other's way: the same match in two objects, and routes that no request reaches.

The order is the router's: Kong `router/compat.lua` (3.4 to 3.6) and `router/transform.lua` (since 3.7) `get_priority`;
of equal priorities atc-router takes the greater id (`Router::execute` walks its ordered map from the end). The flavour
`traditional` leaves the order of equals open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from gitops_kong.cluster.options import RouterFlavor
from gitops_kong.controller.errors import object_of_tags
from gitops_kong.manifests.objects import Ref

_SPLIT = UUID("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")
_STREAM = frozenset(("tcp", "udp", "tls", "tls_passthrough"))
# Patterns that every path matches.
_ANYTHING = frozenset(f"~{start}/{rest}" for start in ("", "^") for rest in ("", ".*", "(.*)", ".*$", "(.*)$"))
_MAX_HEADERS = 255

_owner = lru_cache(maxsize=65536)(object_of_tags)
Priority = tuple[int, ...]


class Match(NamedTuple):
    """One route as the router holds it: paths of one length, or regular expressions; and the object it is from."""

    owner: Ref
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    others: tuple[Any, ...]  # methods, headers and SNIs
    priority: Priority
    id: tuple[str, str]  # the route's, and the name of its part where the router splits it

    def beats(self, other: Match) -> bool | None:
        """Whether the router tries this one first, None where the manifests do not say."""
        if self.priority != other.priority:
            return self.priority > other.priority
        return _id(self.id) > _id(other.id) if self.id[0] and other.id[0] else None


class Routing:
    """The routes of one declarative configuration."""

    def __init__(self, config: Mapping[str, Any], flavor: RouterFlavor, gateway_version: tuple[int, int]) -> None:
        self._ordered = flavor != "traditional"
        self._version = gateway_version
        self.matches = list(self._matches(config))

    def routes(self, config: Mapping[str, Any]) -> dict[Ref, list[Mapping[str, Any]]]:
        """The Kong routes that each object became."""
        found: defaultdict[Ref, list[Mapping[str, Any]]] = defaultdict(list)
        for route in _routes(config):
            owner = _owner(tuple(route.get("tags") or ()))
            if owner:
                found[owner].append(route)
        return found

    def duplicates(self) -> dict[Ref, list[dict[str, Any]]]:
        """For each object what another one matches just the same: `{object, match, wins}`; `wins` null: undecided."""
        first: dict[tuple[Any, ...], Match] = {}
        alike: defaultdict[tuple[Any, ...], list[Match]] = defaultdict(list)
        for match in self.matches:
            for host in match.hosts or ("",):
                for path in match.paths or ("",):
                    key = (host, path, match.others)
                    if first.setdefault(key, match) is not match:
                        alike[key].append(match)
        found: defaultdict[Ref, dict[Ref, dict[str, Any]]] = defaultdict(dict)
        for key, others in alike.items():
            matches = [first[key], *others]
            best = matches[0]
            for match in others:
                best = match if match.beats(best) else best
            for match in matches:
                self._note(found, match, best, matches, f"{key[0] or '*'}{key[1].removeprefix('~')}")
        return {ref: list(others.values()) for ref, others in found.items()}

    @staticmethod
    def _note(
        found: Mapping[Ref, dict[Ref, dict[str, Any]]], match: Match, best: Match, matches: list[Match], text: str
    ) -> None:
        for other in (best, *matches):
            if other.owner != match.owner:
                wins = match.beats(other)
                known = found[match.owner].setdefault(
                    other.owner, {"object": str(other.owner), "match": text, "wins": wins}
                )
                if known["wins"] and not wins:
                    known |= {"match": text, "wins": wins}
                return

    def unreachable(self) -> dict[Ref, list[dict[str, str]]]:
        """For each object the paths that a regular expression for every path of the host takes: `{path, by}`."""
        takers: dict[str, Match] = {}
        for match in self.matches:
            if match.hosts and not any(match.others) and not _ANYTHING.isdisjoint(match.paths):
                for host in match.hosts:
                    known = takers.get(host)
                    if known is None or match.beats(known):
                        takers[host] = match
        found: defaultdict[Ref, list[dict[str, str]]] = defaultdict(list)
        for match in self.matches if takers else ():
            for host in match.hosts:
                taker = takers.get(host)
                if taker is not None and taker is not match and taker.beats(match):
                    found[match.owner] += [{"path": host + p, "by": str(taker.owner)} for p in match.paths]
        return found

    def _matches(self, config: Mapping[str, Any]) -> Iterator[Match]:
        for route in _routes(config):
            owner = _owner(tuple(route.get("tags") or ()))
            if owner is None or not _STREAM.isdisjoint(route.get("protocols") or ()):
                continue
            if route.get("expression") is not None:
                ordered = route.get("id") or ""
                yield Match(owner, (), (route["expression"],), (), (route.get("priority") or 0,), (ordered, ""))
                continue
            others = _others(route)
            hosts = tuple(route.get("hosts") or ())
            groups = _groups(route.get("paths") or ())
            own = (route.get("id") or "") if self._ordered else ""
            for i, paths in enumerate(groups, 1):
                part = self._part(i, paths) if self._is_split(route, groups) else ""
                yield Match(owner, hosts, paths, others, _priority(route, hosts, paths, others), (own, part))

    def _is_split(self, route: Mapping[str, Any], groups: list[tuple[str, ...]]) -> bool:
        """Up to 3.7 the router makes new routes of each one with several paths, later only of several groups."""
        return len(groups) > 1 or (self._version < (3, 8) and len(route.get("paths") or ()) > 1)

    def _part(self, number: int, paths: tuple[str, ...]) -> str:
        """What names a part of a split route: its number, up to 3.7 the length of its paths or `true`."""
        if self._version >= (3, 8):
            return str(number)
        return "true" if paths[0].startswith("~") else str(len(paths[0].encode()))


def _id(route: tuple[str, str]) -> str:
    """The id that the router gives to a part of a route (`split_routes_and_services_by_path`)."""
    return str(uuid5(_SPLIT, f"{route[0]}#{route[1]}")) if route[1] else route[0]


def _routes(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for service in config.get("services") or ():
        yield from service.get("routes") or ()
    yield from config.get("routes") or ()


_NOTHING: tuple[tuple[Any, ...], ...] = ((), (), ())


def _others(route: Mapping[str, Any]) -> tuple[tuple[Any, ...], ...]:
    methods, headers, snis = route.get("methods"), route.get("headers"), route.get("snis")
    if not (methods or headers or snis):
        return _NOTHING
    return (
        tuple(sorted(methods or ())),
        tuple(sorted((name.lower(), tuple(values)) for name, values in (headers or {}).items())),
        tuple(sorted(snis or ())),
    )


def _groups(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """Regular expressions together, plain paths by their length, in the order of their first one."""
    groups: dict[int, list[str]] = {}
    for path in paths:
        groups.setdefault(0 if path.startswith("~") else len(path.encode()), []).append(path)
    return [tuple(group) for group in groups.values()] or [()]


def _priority(
    route: Mapping[str, Any], hosts: tuple[str, ...], paths: tuple[str, ...], others: tuple[Any, ...]
) -> Priority:
    weight = sum(map(bool, (route.get("sources"), route.get("destinations"), hosts, paths, *others)))
    regex = bool(paths) and paths[0].startswith("~")
    return (
        weight,
        bool(hosts) and not any("*" in host for host in hosts),
        min(len(others[1]), _MAX_HEADERS),
        regex,
        (route.get("regex_priority") or 0) if regex else 0,
        0 if regex or not paths else len(paths[0].encode()),
    )
