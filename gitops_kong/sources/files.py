"""Plain YAML and JSON files."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.base import Problem, Rendered, Target, Tree

SUFFIXES = (".yaml", ".yml", ".json")

# An apiVersion at the start of a line, or of an indented document, or something in brackets: worth reading.
_MANIFEST = regex(rb"(?m)^(?:[\"']?apiVersion[\"']?[ \t]*:|\{)|(?:\A|^---[^\n]*\n)\s+[\"']?apiVersion[\"']?[ \t]*:")
_SCALAR = regex(rb"apiVersion[\"']?\s*:\s*[\"']?\w")


def looks_like_manifests(text: bytes) -> bool:
    """Whether a file has an apiVersion and a kind somewhere: values files, workflows and the like have not."""
    if b"apiVersion" not in text or b"kind" not in text:
        return False
    found = _MANIFEST.search(text)
    # a JSON Schema of objects names apiVersion too, with a mapping as its value
    return found is not None and (found[0] != b"{" or _SCALAR.search(text) is not None)


def render(target: Target, tree: Tree) -> Rendered:
    """All objects of the target's files; a file that cannot be read is a problem, the others are still read."""
    return read_files(target.options.get("files") or tree.under(target.path) or (target.path,), tree)


def read_files(paths: Iterable[str], tree: Tree) -> Rendered:
    """The objects of these files, those that are no manifests left out."""
    rendered = Rendered()
    for path in paths:
        if path.endswith(SUFFIXES):
            rendered.extend(_read(path, tree))
    return rendered


def _read(path: str, tree: Tree) -> Rendered:
    try:
        if not looks_like_manifests(tree.read(path)):
            return Rendered()
        objects: list[K8sObject] = tree.objects(path)
    except UserError as e:
        return Rendered(problems=[Problem.of(e, path)])
    return Rendered(objects=objects)
