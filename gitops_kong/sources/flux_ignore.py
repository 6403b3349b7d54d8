"""What Flux leaves out of a source: `.sourceignore` files and `spec.ignore`, in its reading of `.gitignore`.

The last pattern that matches decides (fluxcd/pkg/sourceignore): those of the source itself, of deeper files, of files
further up, and those that every source has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.sources.base import Tree, join, parent
from gitops_kong.sources.globs import Match, go_path
from gitops_kong.sources.tree import Selection

FILE = ".sourceignore"
_OUTSIDE = f"outside of the source: {FILE} or spec.ignore leaves it out"
# what every source leaves out, as far as it is YAML
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
    parts: tuple[Match | str, ...]  # `**` and the empty text stand for themselves
    base: str
    directories: bool
    kept: bool

    def matches(self, path: str) -> bool:
        """Whether a file, or a directory that it lies in, is meant."""
        if self.base != "." and not path.startswith(self.base + "/"):
            return False
        names = (path if self.base == "." else path[len(self.base) + 1 :]).split("/")
        if len(self.parts) == 1:
            return self._name(names)
        return self._path(names)

    def _name(self, names: list[str]) -> bool:
        match = self.parts[0]
        for position, name in enumerate(names):
            if not isinstance(match, str) and match(name):
                return not (self.directories and position == len(names) - 1)
        return False

    def _path(self, names: list[str]) -> bool:
        matched = anywhere = False
        for position, part in enumerate(self.parts):
            if isinstance(part, str):
                if part and position == len(self.parts) - 1:
                    break
                anywhere = bool(part)
                continue
            found = next((at for at, name in enumerate(names[: None if anywhere else 1]) if part(name)), None)
            if found is None and (not anywhere or not names):
                return False
            matched, anywhere = found is not None, False
            names = names[found + 1 :] if found is not None else []
        return matched and not (self.directories and not names)


class Ignored:
    """Tells whether Flux leaves a file out."""

    def __init__(self, tree: Tree, ignore: str = "") -> None:
        files = [file for file in tree.files if file == FILE or file.endswith("/" + FILE)]
        own: list[_Pattern] = []
        for file in sorted(files, key=lambda file: parent(file).split("/") if parent(file) != "." else []):
            try:
                own += _patterns(tree.read(file).decode("utf-8", "replace"), parent(file))
            except UserError:
                continue
        own += _patterns(ignore, ".")
        self.own = bool(own)
        self._patterns = [*_patterns(_DEFAULT, "."), *own]

    def __call__(self, path: str) -> bool:
        """Whether the file at `path` is left out."""
        for pattern in reversed(self._patterns):
            if pattern.matches(path):
                return not pattern.kept
        return False


def visible(tree: Tree, ignore: str = "") -> Tree:
    """The files of a source that Flux takes; the tree itself where it takes all that can matter."""
    ignored = Ignored(tree, ignore)
    if ignored.own:
        return _without(tree, ignored)
    hidden = any(path.endswith((".yaml", ".yml")) and ("/." in path or path[0] == ".") for path in tree.files)
    return _without(tree, ignored) if hidden else tree


def _without(tree: Tree, ignored: Ignored) -> Tree:
    found = Selection(tree, lambda path: not ignored(path))
    missing = found.missing
    found.missing = lambda path: _OUTSIDE if path in tree.files else missing(path)
    return found


def _patterns(text: str, base: str) -> Iterator[_Pattern]:
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        kept = line.startswith("!")
        pattern = line.removeprefix("!")
        pattern = pattern if pattern.endswith("\\ ") else pattern.rstrip(" ")
        directories = pattern.endswith("/")
        written = pattern.removesuffix("/").split("/")
        if len(written) == 1:
            parts: tuple[Match | str, ...] = (go_path(written[0]),)
        else:
            parts = tuple(
                part if part in ("", "**") else _refused if "**" in part else go_path(part) for part in written
            )
        yield _Pattern(parts, join(".", base), directories, kept)


def _refused(_: str) -> bool:
    return False
