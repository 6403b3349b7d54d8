"""Which part of a repository must be checked again after a change, so that the rest of an earlier run holds.

Of three sets of files each holds the one before: those that changed; those whose verdicts the change can reach (what
uses a changed object, what it uses, what shares a host with those: `affected`); and those that are needed to work these
verdicts out (`files`). Where any doubt is left, everything is checked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.reuse.links import Links, words_of
from gitops_kong.reuse.snapshot import Index, Snapshot, Stat, digest, read_links
from gitops_kong.sources.base import Tree, parent
from gitops_kong.sources.files import SUFFIXES

_MOST_CHANGED = 200  # files; after more of them everything is checked, and kept for the next time
_MOST = 0.4  # of the files, likewise

Known = Mapping[str, tuple[Links, ...]]  # what changed files had and have in them


class Part(NamedTuple):
    """`manifests` are the files of the whole target, in order; only those of `files` are checked, and of the verdicts
    on their objects those on objects in `affected` count.
    """

    manifests: tuple[str, ...]
    files: frozenset[str]
    affected: frozenset[str]


def part_to_check(
    snapshot: Snapshot, head: Tree, now: Mapping[str, Stat], base: Tree | None, changed: Iterable[str]
) -> Part | None:
    """What to check again; None: everything. `now` are the states of files, `changed` those that differ from base."""
    if (base is None) != (snapshot.differs is None):
        return None
    known = _changes(snapshot, head, now, base, frozenset(changed))
    if known is None or len(known) > _MOST_CHANGED:
        return None
    manifests = _manifests(snapshot, head, known)
    if manifests is None:
        return None
    graph = _Graph(snapshot, known)
    reached = graph.closure(known, graph.users) | graph.closure(known, graph.used)
    if _is_open(snapshot, [each for path in reached for each in graph.links(path)]):
        return None
    affected = reached | {other for path in reached for other in graph.peers(path)}
    files = graph.closure(graph.closure(affected, graph.users), graph.used)
    if len(files) > max(100, _MOST * len(manifests)):
        return None
    context = {path for path in manifests if path not in known and snapshot.files[path][2] is None}
    return Part(manifests, frozenset(files | context), frozenset(affected))


def _changes(
    snapshot: Snapshot, head: Tree, now: Mapping[str, Stat], base: Tree | None, changed: frozenset[str]
) -> Known | None:
    """The files that are not as they were, each with all its links, old and new; None where one can reach anything."""
    found: dict[str, tuple[Links, ...]] = {}
    digests: dict[str, bytes] = {}
    for path in head.files:
        state = snapshot.files.get(path)
        if state is None:
            digests[path] = digest(head.read(path)) if path.endswith(SUFFIXES) else b"?"
        elif state[1] and (state[0] is None or now.get(path) != state[0]):
            digests[path] = digest(head.read(path))
            if digests[path] == state[1]:
                del digests[path]
    gone = [path for path in snapshot.files if path not in head.files]
    differs = snapshot.differs or {}
    based = {path for path in changed | differs.keys() if _base_changed(snapshot, base, path, changed, digests)}
    for path in (*digests, *gone, *based):
        versions: list[Links | None] = []
        if path in head.files:
            versions.append(read_links(head, path) if path.endswith(SUFFIXES) else None)
        if path in snapshot.files:
            versions.append(snapshot.files[path][2])
        if base is not None and path in base.files and path in changed:
            versions.append(read_links(base, path))
        if path in differs and differs[path][0]:
            versions.append(differs[path][1])
        links = tuple(Links(*each) for each in versions if each is not None)
        if len(links) != len(versions):
            return None
        found[path] = links
    return found


def _base_changed(
    snapshot: Snapshot, base: Tree | None, path: str, changed: frozenset[str], digests: Mapping[str, bytes]
) -> bool:
    """Whether the base's version of a file is another one than it was."""
    if base is None:
        return False
    state = snapshot.files.get(path)
    head_then = state[1] if state else b""
    then = snapshot.differs[path][0] if snapshot.differs and path in snapshot.differs else head_then
    if path not in changed:
        current = digests.get(path, head_then)
    else:
        try:
            current = digest(base.read(path)) if path in base.files else b""
        except UserError:
            return True
    return current != then


def _manifests(snapshot: Snapshot, head: Tree, known: Known) -> tuple[str, ...] | None:
    """The files of the target as discovery would find them, None where it could find another target.

    A file that comes must lie beside others of the target, one that goes must leave some there; what it newly defines
    must be defined nowhere else.
    """
    then = frozenset(snapshot.manifests)
    come = [path for path in known if path in head.files and path not in then]
    gone = [path for path in known if path not in head.files and path in then]
    if any(path not in head.files and path not in then for path in known if path in snapshot.files):
        return None
    result = (then | set(come)) - set(gone)
    places = {parent(path) for path in then}
    if any(parent(path) not in places for path in come) or {parent(path) for path in result} != places:
        return None
    defined: defaultdict[str, set[str]] = defaultdict(set)
    for path in known:
        if path in head.files:
            for name in (read_links(head, path) or Links()).defines:
                defined[name].add(path)
    for name, paths in defined.items():
        others = set(snapshot.defines.get(name, ())) - known.keys()
        if len(paths) + len(others) > 1:
            return None
    return tuple(sorted(result)) if come or gone else snapshot.manifests


class _Graph:
    """Which files have to do with which, as they were and as they are."""

    def __init__(self, snapshot: Snapshot, known: Known) -> None:
        self._snapshot = snapshot
        self._known = known
        self._defines = _added(known, 0)
        self._uses = _added(known, 1)
        self._shares = _added(known, 2)

    def links(self, path: str) -> Iterator[Links]:
        """All links that a file had or has, in head and base."""
        if path in self._known:
            yield from self._known[path]
            return
        state = self._snapshot.files.get(path)
        differs = (self._snapshot.differs or {}).get(path)
        for found in (state and state[2], differs and differs[1]):
            if found:
                yield Links(*found)

    def users(self, path: str) -> Iterator[str]:
        """Files that use what this one defines."""
        for each in self.links(path):
            for name in each.defines:
                yield from (*self._snapshot.uses.get(name, ()), *self._uses.get(name, ()))

    def used(self, path: str) -> Iterator[str]:
        """Files that define what this one uses."""
        for each in self.links(path):
            for name in each.uses:
                yield from (*self._snapshot.defines.get(name, ()), *self._defines.get(name, ()))

    def peers(self, path: str) -> Iterator[str]:
        """Files that share something with this one."""
        for each in self.links(path):
            for name in each.shares:
                yield from (*self._snapshot.shares.get(name, ()), *self._shares.get(name, ()))

    @staticmethod
    def closure(start: Iterable[str], step: Callable[[str], Iterator[str]]) -> set[str]:
        """`start`, and all that `step` leads to from there."""
        found = set(start)
        pending = list(found)
        while pending:
            for other in step(pending.pop()):
                if other not in found:
                    found.add(other)
                    pending.append(other)
        return found


def _added(known: Known, kind: int) -> Index:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, versions in known.items():
        for each in versions:
            for name in each[kind]:
                found[name].append(path)
    return found


def _is_open(snapshot: Snapshot, reached: Iterable[Links]) -> bool:
    """Whether an object of a kind that can have to do with anything may mean one of these, or be meant."""
    if not snapshot.context_words.digests:
        return False
    for each in reached:
        names = (*each.defines, *each.uses, *each.shares)
        if "h " in names or snapshot.context_words.has_any(words_of(names)):
            return True
    return False
