"""Which files a source means that names a revision of this very repository: the checkout, or another state of it.

A tag or a commit is read from Git. A branch is the checkout where the change is about to be merged into it; which one
that is a pull request's CI says, or `--base`. Without either, every branch is taken to be the checkout, so that no
change goes unseen, and that is said for each branch that is not the usual one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.sources.base import At, Tree
from gitops_kong.sources.ci import ci_target
from gitops_kong.sources.git import Repository, resolve, revision_tree
from gitops_kong.sources.semver import RANGE, Range, newest, parse
from gitops_kong.sources.tree import FileTree

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = regex(r"[A-Za-z0-9](?:[A-Za-z0-9+_/-]|\.(?!\.))*")
_COMMIT = regex(r"[0-9a-f]{7,40}|[0-9a-f]{64}")
_MAX_REVISIONS = 20  # of one run; each is listed from Git


@dataclass(frozen=True, slots=True)
class Merged:
    """The branches that the checkout stands for; where `sure` no other branch can be meant by it."""

    branches: frozenset[str]
    sure: bool


def merged_into(repository: Repository, environ: Mapping[str, str], requested: str | None = None) -> Merged:
    """The branch that a change is merged into: of a pull request, or the one named by `--base`; else a guess."""
    target = ci_target(environ)
    if requested is not None:
        name = requested.removeprefix("refs/heads/").removeprefix("refs/remotes/").removeprefix("origin/")
        if _exists(repository, f"refs/remotes/origin/{name}") or _exists(repository, f"refs/heads/{name}"):
            target = name
    if target:
        return Merged(frozenset((target,)), sure=True)
    usual = {"main", "master"}
    for reference in ("HEAD", "refs/remotes/origin/HEAD"):
        try:
            name = str(repository.repo.git.symbolic_ref("--quiet", "--short", reference))
        except Exception:  # noqa: BLE001, S112  # detached, or not known: GitPython has an error for each
            continue
        usual.add(name.removeprefix("origin/"))
    return Merged(frozenset(usual), sure=False)


def _exists(repository: Repository, reference: str) -> bool:
    try:
        resolve(repository, reference)
    except UserError:
        return False
    return True


@dataclass
class Revisions:
    """The revisions of one repository that sources name, each opened once; `base` is what `--base` names."""

    repository: Repository
    environ: Mapping[str, str]
    base: str | None = None
    work: FileTree | None = None
    opened: dict[tuple[str, bool], FileTree | None] = field(default_factory=dict)

    @cached_property
    def merged(self) -> Merged:
        """The branches that the checkout stands for."""
        return merged_into(self.repository, self.environ, self.base)

    def of(self, tree: FileTree) -> Callable[[str, str], At]:
        """What `tree.at` is for a state of the repository that stands for the checkout."""
        return lambda revision, path: self.at(revision, path, tree)

    def at(self, revision: str, path: str, tree: Tree) -> At:
        """The files at `revision`, where `tree` is the checkout; it is not taken for one that has a path it lacks."""
        if revision in ("", "HEAD"):
            return At(tree)
        if tag := self.newest(revision):
            revision = f"refs/tags/{tag}"
        branch = revision.removeprefix("refs/heads/")
        if branch in self.merged.branches:
            return At(tree)
        here = path in (".", *tree.files) or tree.is_directory(path)
        found = self.open(revision, branches=self.merged.sure or not here)
        if found is not None:
            return At(found)
        if self.merged.sure or not here or revision.startswith("refs/tags/") or _COMMIT.fullmatch(revision):
            return At(None)
        return At(tree, assumed=True)

    def newest(self, revision: str) -> str | None:
        """The tag with the newest version in a range; what is a version itself, or a commit, is none (`MaxVersion`)."""
        text = revision.removeprefix(RANGE)
        if text == revision and (parse(text) is not None or _COMMIT.fullmatch(text)):
            return None
        try:
            wanted = Range(text)
        except ValueError:
            return None
        return newest(self.tags, wanted, three=text != revision)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The names of all tags of this clone."""
        try:
            listed = str(self.repository.repo.git.for_each_ref("--format=%(refname:strip=2)", "refs/tags"))
        except Exception:  # noqa: BLE001  # GitPython has an error for each
            return ()
        return tuple(listed.splitlines())

    def open(self, revision: str, *, branches: bool) -> FileTree | None:
        """The files at a tag, a commit or a branch; None where it is not here."""
        key = (revision, branches)
        if key not in self.opened:
            self.opened[key] = self._open(revision, branches) if len(self.opened) < _MAX_REVISIONS else None
        return self.opened[key]

    def _open(self, revision: str, branches: bool) -> FileTree | None:
        if not _NAME.fullmatch(revision):
            return None  # a range of versions, or an expression that Git would evaluate
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        candidates = [] if revision.startswith("refs/heads/") else [f"refs/tags/{name}"]
        if branches and not revision.startswith("refs/tags/"):
            candidates += [f"refs/remotes/origin/{name}", f"refs/heads/{name}"]
        if _COMMIT.fullmatch(revision):
            candidates.append(revision)
        for candidate in candidates:
            try:
                return revision_tree(self.repository, candidate, self.work)
            except UserError:
                continue
        return None
