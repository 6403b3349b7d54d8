"""Values of Secrets in what kustomize says of an error: it repeats literals of generators and whole patches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.secrets import MASK, SHORTEST, scalars, secret_values
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Tree, normal


def without_secrets(message: str, tree: Tree, files: Iterable[str], kustomizations: Iterable[tuple[str, Any]]) -> str:
    """`message` without the values of Secrets that a build reads.

    `kustomizations` are the directories of all that take part, each with its content, names of fields in small letters.
    """
    values = {value for file in files for value in _of_file(file, tree)}
    for directory, content in kustomizations:
        values.update(_of_kustomization(mapping(content), directory, tree))
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST and value in message:
            message = message.replace(value, MASK)
    return message


def _of_file(file: str, tree: Tree) -> Iterator[str]:
    try:
        if b"Secret" in tree.read(file):
            for found in tree.objects(file):
                if found.kind == "Secret":
                    yield from secret_values(found)
                    yield from scalars(found.data.get("data"))
    except UserError:
        return  # no manifest


def _of_kustomization(content: Any, directory: str, tree: Tree) -> Iterator[str]:
    for entry in mappings(content.get("secretgenerator")):
        for literal in items(entry.get("literals")):
            yield from _parts(str(literal))
        sources = [entry.get("env"), *items(entry.get("envs")), *items(entry.get("files"))]
        for source in sources:
            yield from _lines(text(source).partition("=")[2] or text(source), directory, tree)
    for name in ("patches", "patchesjson6902", "patchesstrategicmerge"):
        for patch in items(content.get(name)):
            inline = text(mapping(patch).get("patch")) if isinstance(patch, dict) else text(patch)
            if "Secret" in (inline, text(mapping(mapping(patch).get("target")).get("kind"))) or "Secret" in inline:
                yield from _of_patch(inline)


def _of_patch(patch: str) -> Iterator[str]:
    """What a patch of a Secret sets; all of it where it cannot be read."""
    try:
        documents = read_documents(patch.encode("utf-8", "replace"), "patch")
    except UserError:
        yield patch
        yield from (line.strip() for line in patch.splitlines())
        return
    for document in documents:
        for operation in mappings(document):
            yield from scalars(operation.get("value"))
        for field in ("data", "stringData"):
            yield from scalars(mapping(document).get(field))


def _lines(path: str, directory: str, tree: Tree) -> Iterator[str]:
    try:
        content = tree.read(normal(path, directory)).decode("utf-8", "replace")
    except UserError:
        return
    for line in content.splitlines():
        yield from _parts(line.strip())


def _parts(line: str) -> Iterator[str]:
    yield line
    yield line.partition("=")[2].strip("\"'")
