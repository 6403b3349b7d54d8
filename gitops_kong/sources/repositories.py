"""Which repository a source names: this one, another that is checked out, or one that is not here."""

from __future__ import annotations

from pathlib import Path

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.sources.base import Tree
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import WorkTree

_SCHEME = regex(r"^[a-z+]+://(?:[^@/]+@)?|^[\w.-]+@")


def identity(url: str) -> str:
    """A URL as `host/path`, so that SSH and HTTPS addresses of one repository are equal."""
    text = _SCHEME.sub("", url.strip()).removesuffix("/").removesuffix(".git")
    host, colon, path = text.partition(":")
    if colon and "/" not in host:
        port, _, rest = path.partition("/")
        text = f"{host}/{rest if port.isdigit() else path}"
    return text.lower()


def find(url: str, path: str, tree: Tree, tools: Tools) -> Tree | None:
    """The files of the repository at `url`, None where they are not here.

    A repository that has no remotes, or of which this is a fork, is told by its name or by the path being there.
    """
    wanted = identity(url)
    for other, place in tools.repositories.items():
        if identity(other) == wanted:
            if not Path(place).is_dir():
                raise RenderError(f"{place}: no such directory; it was named as the checkout of {other}")
            return WorkTree(Path(place))
    known = {identity(remote) for remote in tree.remotes}
    if wanted in known:
        return tree
    if known and not any(remote.rpartition("/")[2] == wanted.rpartition("/")[2] for remote in known):
        return None
    return tree if path in (".", "") or path in tree.files or tree.is_directory(path) else None
