"""What Flux leaves out of a source: `.sourceignore` files and `spec.ignore`, in the format of `.gitignore`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.sources.base import Tree, join, parent
from gitops_kong.sources.globs import Match, path_glob

FILE = ".sourceignore"
# fluxcd/pkg/sourceignore: what is left out where nobody says more, as far as it is YAML
_DEFAULT = """
.github/
.circleci/
.travis.yml
.gitlab-ci.yml
appveyor.yml
.drone.yml
cloudbuild.yaml
codeship-services.yml
codeship-steps.yml
**/.goreleaser.yml
**/.sops.yaml
**/.flux.yaml
"""


class _Pattern(NamedTuple):
    match: Match
    whole: bool  # matched against the path from `base`, not against single names
    base: str
    directories: bool
    kept: bool

    def matches(self, path: str) -> bool:
        """Whether a file, or a directory that it lies in, is meant."""
        if self.base != "." and not path.startswith(self.base + "/"):
            return False
        names = (path if self.base == "." else path[len(self.base) + 1 :]).split("/")
        for end in range(1, len(names) + 1):
            if self.directories and end == len(names):
                return False
            if self.match("/".join(names[:end]) if self.whole else names[end - 1]):
                return True
        return False


class Ignored:
    """Tells whether Flux leaves a file out; the last pattern that matches decides."""

    def __init__(self, tree: Tree, ignore: str = "") -> None:
        patterns: list[_Pattern] = []
        for file in tree.named(FILE):
            try:
                patterns += _patterns(tree.read(file).decode("utf-8", "replace"), parent(file))
            except UserError:
                continue
        patterns += _patterns(ignore, ".")
        self._patterns = patterns or [*_patterns(_DEFAULT, ".")]

    def __call__(self, path: str) -> bool:
        """Whether the file at `path` is left out."""
        for pattern in reversed(self._patterns):
            if pattern.matches(path):
                return not pattern.kept
        return False


def _patterns(text: str, base: str) -> Iterator[_Pattern]:
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        directories = pattern.endswith("/")
        pattern = pattern.rstrip("/")
        whole = "/" in pattern
        if pattern := pattern.lstrip("/"):
            yield _Pattern(path_glob(pattern), whole, join(".", base), directories, kept)
