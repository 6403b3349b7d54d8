"""Helpers that write small repositories and render them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Limits, Rendered, Target
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import WorkTree
from tests import tools as real


def service(name: str, namespace: str = "", **fields: Any) -> str:
    """A Service as JSON, which is YAML too."""
    space = f", namespace: {namespace}" if namespace else ""
    more = "".join(f", {key}: {value}" for key, value in fields.items())
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}{space}}}\nspec: {{ports: [{{port: 80}}]{more}}}\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def tools(**settings: Any) -> Tools:
    return Tools(search=real.search(), **settings)


def targets(root: Path, config: Config | None = None) -> list[Target]:
    return discover(WorkTree(root), config or Config())


def rendered(root: Path, name: str = "", config: Config | None = None, limits: Limits | None = None) -> Rendered:
    """What the target `name`, or the only one, renders to."""
    tree = WorkTree(root)
    found = discover(tree, config or Config())
    (target,) = [each for each in found if not name or each.name == name]
    return render(target, tree, tools(), limits or Limits(seconds=60))


def names(result: Rendered) -> list[str]:
    return sorted(str(found.ref) for found in result.objects)


def printed(root: Path, *command: str) -> list[Any]:
    """The documents that a real tool prints in `root`."""
    path = real.search()
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, env={"PATH": path, "HOME": str(root)})
    return read_documents(done.stdout, "output")


def canonical(values: list[Any]) -> list[str]:
    return sorted(repr(sorted_value(value)) for value in values)


def sorted_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: sorted_value(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_value(item) for item in value]
    return value


def same(result: Rendered, expected: list[Any]) -> bool:
    """Whether a rendered target equals what a real tool printed, in any order of documents."""
    assert result.problems == []
    return canonical([found.data for found in result.objects]) == canonical(expected)
