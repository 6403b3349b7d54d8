"""Charts of chart repositories and OCI registries, fetched by helm where `--allow-network` is given."""

from __future__ import annotations

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.sources.base import Limits
from gitops_kong.sources.tools import Tools, run, workspace
from gitops_kong.sources.tree import MemoryTree, WorkTree

_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_URL = regex(r"(?:https?|oci)://[^\s]+")


def chart(url: str, name: str, version: str, tools: Tools, limits: Limits) -> tuple[MemoryTree, str]:
    """The files of a chart, and its directory among them; each is fetched once in a run. Raises `RenderError`.

    An address without a scheme is that of a registry, as in an Application of Argo CD.
    """
    address = url if "://" in url else f"oci://{url}"
    if not _NAME.fullmatch(name) or not _URL.fullmatch(address) or version.startswith("-"):
        raise RenderError(f"chart {name} {version} of {url}: no chart that could be fetched")
    key = (address, name, version)
    files = tools.fetched.get(key, lambda: _pull(address.rstrip("/"), name, version, tools, limits))
    return files, name.rpartition("/")[2]


def _pull(address: str, name: str, version: str, tools: Tools, limits: Limits) -> MemoryTree:
    what = [f"{address}/{name}"] if address.startswith("oci://") else [name, f"--repo={address}"]
    command = [tools.helm, "pull", *what, "--untar", "--untardir=."]
    if version:
        command.append(f"--version={version}")
    with workspace() as directory:
        try:
            run(command, directory, limits, network=True)
        except RenderError as e:
            raise RenderError(f"chart {name} {version} of {address} could not be fetched: {e}") from None
        tree = WorkTree(directory / "files")
        return MemoryTree({path: tree.read(path) for path in tree.files})
