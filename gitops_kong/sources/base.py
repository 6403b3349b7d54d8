"""What every source shares: targets, what a target renders to, and the interface of a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from gitops_kong.errors import RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Ref

_PLACE = regex(r"(?P<file>[^\n]+?):(?P<line>\d+):(?P<column>\d+): ")


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster state that can be rendered.

    `path` is the directory or file that it starts from, relative to the repository's root (`.` for the root itself).
    `inputs` are the files and directories that it reads: a change elsewhere cannot reach it. `options` is what the
    source needs beyond the path (release name, values files …).
    """

    name: str
    source: str
    path: str
    inputs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def reached_by(self, changed: Iterable[str]) -> bool:
        """Whether a change of these files can change what the target renders to."""
        inputs = frozenset(self.inputs or (self.path,))
        above = {place for path in inputs for place in upwards(path)}  # what a link or a submodule was there
        return any(path in above or not inputs.isdisjoint(upwards(path)) for path in changed)


def upwards(path: str) -> Iterator[str]:
    """A path and all directories that it lies in, `.` among them."""
    while path and path != ".":
        yield path
        path = path.rpartition("/")[0]
    yield "."


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a target, or a part of it, could not be rendered, and what to do: one line. Lines and columns are from 1."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, error: UserError, file: str = "") -> Problem:
        """The problem that an error tells, with its place where the message starts with one."""
        message = " ".join(str(error).split())
        match = _PLACE.match(message)
        if match is None:
            return cls(message, file)
        return cls(message, match["file"], int(match["line"]), int(match["column"]))


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that is taken for granted because Git does not hold it.

    `ref` is the object assumed to exist; `made_by` the object in Git that will make it. `stand_in` is that object as
    far as it is known (a Secret has its labels and type, and no data); `keys` are the data keys that it will have,
    where they are known.
    """

    ref: Ref
    message: str
    made_by: K8sObject | None = None
    stand_in: K8sObject | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSeen:
    """A part of the cluster's state that lies elsewhere and was not rendered, and why."""

    what: str
    why: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a target renders to. With `problems` it is not complete.

    `releases` are the Applications and HelmReleases that were followed: some install a controller from elsewhere.
    """

    objects: list[K8sObject] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    not_seen: list[NotSeen] = field(default_factory=list)
    releases: list[K8sObject] = field(default_factory=list)

    def extend(self, other: Rendered) -> None:
        """Adds what another part of the same target rendered to."""
        self.objects.extend(other.objects)
        self.problems.extend(other.problems)
        self.assumptions.extend(other.assumptions)
        self.not_seen.extend(other.not_seen)
        self.releases.extend(other.releases)


@dataclass(frozen=True, slots=True)
class Limits:
    """What rendering one target may take."""

    seconds: float = 120.0
    output_bytes: int = 128 * 1024 * 1024
    depth: int = 20
    applications: int = 2000


@dataclass(frozen=True, slots=True)
class At:
    """The files that a revision names: None where it is not here, `assumed` where they are only taken to be those."""

    tree: Tree | None
    assumed: bool = False


class Tree(Protocol):
    """The files of one state of a repository; paths are relative to its root, with `/`."""

    @property
    def files(self) -> Mapping[str, Any]:
        """All files that are looked at, by path, sorted."""

    @property
    def links(self) -> Mapping[str, str]:
        """Symbolic links and what they point to."""

    @property
    def remotes(self) -> tuple[str, ...]:
        """The URLs of the repository, empty where it has none."""

    @property
    def missing(self) -> Callable[[str], str]:
        """Why a file is not there."""

    @property
    def absent(self) -> tuple[str, ...]:
        """Directories whose files are not here: submodules that are not checked out."""

    @property
    def at(self) -> Callable[[str, str], At]:
        """The files of a revision of the same repository, of which a path is wanted.

        This tree itself where it stands for that revision.
        """

    def resolve(self, path: str) -> str:
        """`path` with symbolic links followed. Raises `RenderError` where they leave the repository."""

    def read(self, path: str) -> bytes:
        """Content of a file. Raises `RenderError` for what is missing, leaves the repository or is too large."""

    def under(self, directory: str) -> list[str]:
        """The files in a directory and below it, sorted."""

    def is_directory(self, path: str) -> bool:
        """Whether there is a file below `path`."""

    def objects(self, path: str) -> list[K8sObject]:
        """The objects of a file, read once. Raises `ManifestError` or `RenderError`."""

    def parsing(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Other processes parse a part of these files ahead while the context lasts."""

    def mentioning(self, word: bytes) -> list[str]:
        """The YAML and JSON files that contain a word, sorted; files that cannot be read are left out."""

    def named(self, name: str) -> list[str]:
        """The files of a name, in any directory, sorted."""


def normal(path: str, base: str = ".") -> str:
    """`path`, written relative to `base`, relative to the root. Raises `RenderError` where it leaves the root."""
    parts: list[str] = [] if base == "." else base.split("/")
    if path.startswith("/"):
        raise RenderError(f"{path}: an absolute path; paths are relative within the repository")
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                raise RenderError(f"{path} (in {base}) leads out of the repository; nothing outside of it is read")
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or "."


def join(base: str, path: str) -> str:
    """`base/path`, with `.` for the root."""
    return path if base == "." else base if path == "." else f"{base}/{path}"


def parent(path: str) -> str:
    """The directory of `path`, `.` for the root."""
    return path.rpartition("/")[0] or "."
