"""What Flux leaves out of a source: `.sourceignore` files and `spec.ignore`, in its reading of `.gitignore`.

The last pattern that matches decides (fluxcd/pkg/sourceignore): those of the source itself, of deeper files, of files
further up, and those that every source has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from gitops_kong.errors import RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.base import Tree, join, parent
from gitops_kong.sources.globs import Match, go_path
from gitops_kong.sources.view import View

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


# the same, where nobody says more
_LEFT_OUT = regex(
    r"(?:^|/)(?:\.(?:github|circleci)/|(?:\.(?:travis|gitlab-ci|drone|goreleaser)\.yml|appveyor\.yml|cloudbuild\.yaml"
    r"|codeship-(?:services|steps)\.yml|\.sops\.yaml|\.flux\.yaml)(?:/|$))"
)


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
        files = sorted(tree.named(FILE), key=lambda file: parent(file).split("/") if parent(file) != "." else [])
        own: list[_Pattern] = []
        for file in files:
            try:
                own += _patterns(tree.read(file).decode("utf-8", "replace"), parent(file))
            except UserError:
                continue
        own += _patterns(ignore, ".")
        self._patterns = [*_patterns(_DEFAULT, "."), *own] if own else []

    def __call__(self, path: str) -> bool:
        """Whether the file at `path` is left out."""
        if not self._patterns:
            return _LEFT_OUT.search(path) is not None
        for pattern in reversed(self._patterns):
            if pattern.matches(path):
                return not pattern.kept
        return False


class _Shown(Mapping[str, Any]):
    """The files that are not left out."""

    def __init__(self, tree: Tree, ignored: Ignored) -> None:
        self._tree, self._ignored = tree, ignored

    def __contains__(self, path: object) -> bool:
        return path in self._tree.files and not self._ignored(str(path))

    def __getitem__(self, path: str) -> Any:
        if self._ignored(path):
            raise KeyError(path)
        return self._tree.files[path]

    def __iter__(self) -> Iterator[str]:
        return (path for path in self._tree.files if not self._ignored(path))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Visible(View):
    """The files of a source that Flux takes, read in the tree that they lie in."""

    def __init__(self, tree: Tree, ignore: str = "") -> None:
        super().__init__(tree)
        self._ignored = Ignored(tree, ignore)
        self._files = _Shown(tree, self._ignored)

    @property
    def files(self) -> Mapping[str, Any]:
        """All files that are not left out."""
        return self._files

    @property
    def missing(self) -> Callable[[str], str]:
        """Why a file is not there."""
        return lambda path: _OUTSIDE if self._hides(path) else self._tree.missing(path)

    def _hides(self, path: str) -> bool:
        return self._ignored(path) and path in self._tree.files

    def read(self, path: str) -> bytes:
        """Content of a file."""
        if self._hides(path):
            raise RenderError(f"{path}: {_OUTSIDE}")
        return self._tree.read(path)

    def under(self, directory: str) -> list[str]:
        """The files in a directory and below it."""
        return [path for path in self._tree.under(directory) if not self._ignored(path)]

    def is_directory(self, path: str) -> bool:
        """Whether there is a file below `path`."""
        return path == "." or bool(self.under(path))

    def objects(self, path: str) -> list[K8sObject]:
        """The objects of a file."""
        if self._hides(path):
            raise RenderError(f"{path}: {_OUTSIDE}")
        return self._tree.objects(path)

    def mentioning(self, word: bytes) -> list[str]:
        """Manifests and values that contain a word."""
        return [path for path in self._tree.mentioning(word) if not self._ignored(path)]

    def named(self, name: str) -> list[str]:
        """The files of a name, in any directory."""
        return [path for path in self._tree.named(name) if not self._ignored(path)]


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
