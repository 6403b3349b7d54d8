"""What one run leaves for the next: the files it read, what is in them, and what became of each object.

Of a file's content only the names in it are kept, of a result only what a report says.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.model import TargetPrediction
from gitops_kong.reuse.links import Links, links, together, words
from gitops_kong.reuse.results import Plain, finding_to_plain, object_to_plain, prediction_to_plain
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.files import looks_like_manifests
from gitops_kong.sources.tree import FileTree, WorkTree

_MARK = b"gitops-kong"  # in every comment and annotation that suppresses findings
_RACY = 2_000_000_000  # nanoseconds: a file this young may change again without a new time

Stat = tuple[int, int, int, int]  # size, times of change of content and of the file (ns), number of the file

# A file: its state on disk (None where that proves nothing), the digest of its content (b"" where nothing read it),
# the links of its objects (None where it can have to do with anything), and whether comments in it suppress findings.
FileState = tuple["Stat | None", bytes, "Links | None", bool]
Index = Mapping[str, list[str]]  # files by a name that they define, use or share


class Words(NamedTuple):
    """A set of words that does not tell them."""

    salt: bytes
    digests: frozenset[bytes]

    @classmethod
    def of(cls, found: Iterable[str]) -> Words:
        """The set of these words."""
        salt = os.urandom(16)
        return cls(salt, frozenset(_salted(word, salt) for word in found))

    def has_any(self, found: Iterable[str]) -> bool:
        """Whether one of these words is among them."""
        return any(_salted(word, self.salt) in self.digests for word in found) if self.digests else False


def _salted(word: str, salt: bytes) -> bytes:
    return hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, salt=salt).digest()


class Result(NamedTuple):
    """A target's verdicts as plain values; `removed` are objects of the base that are gone."""

    predictions: list[Plain]
    findings: list[Plain]
    worse: list[tuple[str, ...]]
    removed: list[Plain]


@dataclass(frozen=True)
class Snapshot:
    """One run over one target of plain files.

    `day` is that of the run where verdicts can hang on it (certificates expire), else ''. `differs` are the files in
    which the base differs from the head, with digest and links of the base's version; None without a base.
    `context_words` are all words in files that can have to do with anything, as digests.
    """

    day: str
    target: tuple[str, str]  # name and path
    manifests: tuple[str, ...]
    files: Mapping[str, FileState]
    differs: Mapping[str, tuple[bytes, Links | None]] | None
    context_words: Words
    defines: Index
    uses: Index
    shares: Index
    result: Result

    def to_plain(self) -> Plain:
        """For the store."""
        files = {path: (stat, name, _plain(found), marked) for path, (stat, name, found, marked) in self.files.items()}
        differs = None
        if self.differs is not None:
            differs = {path: (name, _plain(found)) for path, (name, found) in self.differs.items()}
        index = self.defines, self.uses, self.shares
        return (
            self.day,
            self.target,
            self.manifests,
            files,
            differs,
            tuple(self.context_words),
            *index,
            tuple(self.result),
        )

    @classmethod
    def from_plain(cls, value: Plain) -> Snapshot:
        """From the store; links stay plain tuples, of which only few are looked at."""
        day, target, manifests, files, differs, found_words, defines, uses, shares, result = value
        return cls(day, target, manifests, files, differs, Words(*found_words), defines, uses, shares, Result(*result))


def _plain(found: Links | None) -> Plain:
    return None if found is None else tuple(found)


def digest(text: bytes) -> bytes:
    """The name of a content, as Git names blobs."""
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).digest()


def stats(tree: Tree, now: int) -> Mapping[str, Stat]:
    """What the file system says of each file, where it can be relied on; `now` in ns."""
    if not isinstance(tree, WorkTree):
        return {}
    found: dict[str, Stat] = {}
    root, lstat, latest = f"{tree.root}/", os.lstat, now - _RACY
    for path in tree.files:
        try:
            each = lstat(root + path)
        except OSError:
            continue
        if each.st_mtime_ns < latest and each.st_ctime_ns < latest:
            found[path] = (each.st_size, each.st_mtime_ns, each.st_ctime_ns, each.st_ino)
    return found


def file_links(text: bytes, objects: Iterable[K8sObject]) -> Links | None:
    """The links of a file's objects, None where one of them can have to do with anything."""
    if not looks_like_manifests(text):
        return None
    found = []
    for obj in objects:
        each = links(obj)
        if each is None:
            return None
        found.append(each)
    defined = [name for each in found for name in each.defines]
    return together(found) if len(defined) == len(set(defined)) > 0 else None


def read_links(tree: Tree, path: str) -> Links | None:
    """`file_links` of a file in a tree."""
    try:
        return file_links(tree.read(path), tree.objects(path))
    except UserError:
        return None


def take(
    head: FileTree,
    base: Tree | None,
    changed: Iterable[str],
    target: Target,
    rendered: Rendered,
    predicted: TargetPrediction,
    before: Mapping[str, Stat],
    today: date,
) -> Snapshot | None:
    """The snapshot of a run over one target of plain files; None where the next run could not build on it.

    `changed` are the files in which base and head differ; `before` are the states of files from before the run.
    """
    result = _result(predicted)
    if head.links or result is None or rendered.problems or rendered.not_seen or rendered.releases:
        return None
    manifests = tuple(target.options["files"])
    files: dict[str, FileState] = {}
    differs: dict[str, tuple[bytes, Links | None]] = {}
    context: set[str] = set()
    for path in head.files:
        text = head.known(path)
        files[path] = (before.get(path), digest(text) if text is not None else b"", None, bool(text and _MARK in text))
    for path in manifests:
        found = read_links(head, path)
        files[path] = (*files[path][:2], found, files[path][3])
        if found is None:
            context.update(_words(head, path))
    for path in changed if base is not None else ():
        found = None
        if base is not None and path in base.files:
            found = read_links(base, path) if path in manifests else None
            if found is None and path in manifests:
                context.update(_words(base, path))
        differs[path] = (digest(base.read(path)) if base is not None and path in base.files else b"", found)
    known = [(path, files[path][2]) for path in manifests]
    if any(len(paths) > 1 for paths in _index(known, 0).values()):
        return None  # which of two counts, and where it stands in the order, is not for a part to say
    known += [(path, found) for path, (_, found) in differs.items()]
    return Snapshot(
        str(today) if context else "",
        (target.name, target.path),
        manifests,
        files,
        differs if base is not None else None,
        Words.of(context),
        _index(known, 0),
        _index(known, 1),
        _index(known, 2),
        result,
    )


def _words(tree: Tree, path: str) -> Iterator[str]:
    """All words of a file but the values of Secrets."""
    try:
        objects = tree.objects(path)
    except UserError:
        return
    for obj in objects:
        yield from words({k: v for k, v in obj.data.items() if obj.kind != "Secret" or k not in ("data", "stringData")})


def _index(known: Iterable[tuple[str, Links | None]], kind: int) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, each in known:
        for name in each[kind] if each else ():
            found[name].append(path)
    return dict(found)


def _result(predicted: TargetPrediction) -> Result | None:
    """The verdicts, None where the verdict on some object can hang on any other."""
    if predicted.signs or predicted.assumptions or not predicted.all_well:
        return None
    if len({p.object.ref for p in predicted.predictions}) != len(predicted.predictions):
        return None
    try:
        return Result(
            [prediction_to_plain(p) for p in predicted.predictions],
            [finding_to_plain(f) for f in predicted.findings],
            sorted(tuple(ref) for ref in predicted.worse),
            [object_to_plain(obj) for obj in predicted.removed],
        )
    except ValueError:
        return None
