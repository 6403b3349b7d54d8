"""What the git generator of an ApplicationSet reads: directories and files of a repository, and parameters of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.applicationset_params import Params, flat, normalized, texts
from gitops_kong.sources.base import Tree, normal, parent
from gitops_kong.sources.globs import Match, go_path, pathspec, tree_pattern

_WILD = regex(r"[*?\[{\\]")
_NEW_GLOBBING = (b"enable.new.git.file.globbing", b"ENABLE_NEW_GIT_FILE_GLOBBING", b"enable-new-git-file-globbing")


def directories(tree: Tree, entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The directories that a generator takes (`filterApps`); none that is hidden, or lies in a hidden one."""
    known = {
        path[:end]
        for path in _searched(tree, entries)
        for end in (position for position, char in enumerate(path) if char == "/")
    }
    shown = sorted(path for path in known if not any(part.startswith(".") for part in path.split("/")))
    return _chosen(shown, entries, go_path)


def files(tree: Tree, entries: Iterable[Mapping[str, Any]], *, newer: bool) -> list[str]:
    """The files that a generator takes, by the patterns of `git ls-files`; `newer` ones stay within a directory."""
    return _chosen(sorted(_searched(tree, entries)), entries, tree_pattern if newer else pathspec)


def _searched(tree: Tree, entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """The files below the directories that the patterns begin with."""
    found: set[str] = set()
    for entry in entries:
        if not entry.get("exclude"):
            path = normal(str(entry.get("path") or ""))
            start = _WILD.split(path, maxsplit=1)[0]
            found.update(tree.under(path if start == path and tree.is_directory(path) else parent(start)))
    return found


def _chosen(paths: list[str], entries: Iterable[Mapping[str, Any]], pattern: Callable[[str], Match]) -> list[str]:
    wanted: list[Match] = []
    unwanted: list[Match] = []
    for entry in entries:
        (unwanted if entry.get("exclude") else wanted).append(pattern(str(entry.get("path") or "")))
    return [path for path in paths if any(f(path) for f in wanted) and not any(f(path) for f in unwanted)]


def newer_patterns(tree: Tree) -> bool:
    """Whether a setting of the ApplicationSet controller in the repository turns on its newer patterns."""
    for name in _NEW_GLOBBING:
        for path in tree.mentioning(name):
            _, _, after = tree.read(path).partition(name)
            if b"true" in after[:60]:
                return True
    return False


def of_directory(path: str, prefix: str, *, flattened: bool) -> Params:
    """The parameters of a directory."""
    return _place(path, {}, prefix, flattened=flattened)


def of_file(path: str, content: bytes, prefix: str, *, flattened: bool) -> Iterator[Params]:
    """The parameters of each mapping in a file. Raises `RenderError` where there are others."""
    documents = read_documents(content, path)
    value = documents[0] if documents else None
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict | None):
            raise RenderError(f"{path}: neither a mapping nor a list of mappings")
        own = each or {}
        directory, _, name = path.rpartition("/")
        more = {"filename": name, "filenameNormalized": normalized(name)}
        place = _place(directory or ".", more, prefix, flattened=flattened)
        yield {**(texts(flat(own)) if flattened else own), **place}


def _place(directory: str, more: Mapping[str, str], prefix: str, *, flattened: bool) -> Params:
    base, segments = directory.rpartition("/")[2], directory.split("/")
    parts = {"basename": base, "basenameNormalized": normalized(base), **more}
    if not flattened:
        # a tuple: Go's list of strings, which selectors do not look into
        found: Params = {"path": {"path": directory, **parts, "segments": tuple(segments)}}
        return {prefix: found} if prefix else found
    name = f"{prefix}.path" if prefix else "path"
    numbered = {f"{name}[{number}]": segment for number, segment in enumerate(segments) if segment}
    return {name: directory, **{f"{name}.{part}": value for part, value in parts.items()}, **numbered}
