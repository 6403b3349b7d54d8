"""Generators of Kustomize that decrypt with SOPS: KSOPS and SopsSecretGenerator.

They are programs, which are not run. The Secrets that they make are there all the same: their names and keys are not
encrypted, and their content is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.objects import CONTENT_UNKNOWN
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Tree, normal

_KINDS = (("viaduct.ai/", "ksops"), ("viaduct.ai/", "ksops-exec"), ("goabout.com/", "SopsSecretGenerator"))


class Encrypted(NamedTuple):
    """What a kustomization has through such generators.

    `entries` are those of its `generators`, `resources` encrypted manifests, `secrets` what stands for those that are
    made of other encrypted files, `generated` the same as entries of `secretGenerator`: their names get a hash.
    """

    entries: tuple[str, ...]
    resources: tuple[str, ...]
    secrets: tuple[Mapping[str, Any], ...]
    generated: tuple[Mapping[str, Any], ...]

    def applied(self, kustomization: Mapping[str, Any], stubs: Mapping[str, Any]) -> dict[str, Any]:
        """The kustomization with the Secrets (`stubs` by the name of the file that holds them) for the generators."""
        left = [each for each in items(kustomization.get("generators")) if each not in self.entries]
        return {
            **kustomization,
            "generators": left,
            "resources": [*items(kustomization.get("resources")), *self.resources, *stubs],
            "secretGenerator": [*items(kustomization.get("secretGenerator")), *self.generated],
        }


def encrypted(generators: Any, tree: Tree, directory: str) -> Encrypted | None:
    """What the `generators` of a kustomization in `directory` decrypt; None where none does."""
    entries: list[str] = []
    resources: dict[str, None] = {}
    secrets: list[Mapping[str, Any]] = []
    generated: list[Mapping[str, Any]] = []
    for entry in items(generators):
        documents = _documents(text(entry), tree, directory)
        if not documents or not all(_is_of_sops(each) for each in documents):
            continue
        entries.append(text(entry))
        for each in documents:
            if each.get("kind") == "SopsSecretGenerator":
                generated.append(_generated(each, tree, directory))
                continue
            resources.update(dict.fromkeys(text(path) for path in items(each.get("files")) if text(path)))
            secrets += [_stub(made, tree, directory) for made in mappings(each.get("secretFrom"))]
    return Encrypted(tuple(entries), tuple(resources), tuple(secrets), tuple(generated)) if entries else None


def _documents(entry: str, tree: Tree, directory: str) -> list[Mapping[str, Any]]:
    try:
        content = entry.encode("utf-8", "replace") if "\n" in entry else tree.read(normal(entry, directory))
        return [mapping(each) for each in read_documents(content, entry)]
    except UserError:
        return []


def _is_of_sops(document: Mapping[str, Any]) -> bool:
    version, kind = text(document.get("apiVersion")), document.get("kind")
    return any(version.startswith(group) and kind == name for group, name in _KINDS)


def _stub(made: Mapping[str, Any], tree: Tree, directory: str) -> Mapping[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": mapping(made.get("metadata")),
        "type": text(made.get("type")) or "Opaque",
        "data": dict.fromkeys(_keys(made, tree, directory), ""),
        "sops": {},
    }


def _generated(made: Mapping[str, Any], tree: Tree, directory: str) -> Mapping[str, Any]:
    metadata = mapping(made.get("metadata"))
    annotations = {**mapping(metadata.get("annotations")), CONTENT_UNKNOWN: "true"}
    options = {
        "annotations": annotations,
        "labels": mapping(metadata.get("labels")),
        "disableNameSuffixHash": made.get("disableNameSuffixHash") is True,
    }
    return {
        "name": text(metadata.get("name")),
        **({"namespace": metadata["namespace"]} if text(metadata.get("namespace")) else {}),
        **({"type": made["type"]} if text(made.get("type")) else {}),
        "literals": [f"{key}=?" for key in _keys(made, tree, directory)],
        "options": options,
    }


def _keys(made: Mapping[str, Any], tree: Tree, directory: str) -> Iterator[str]:
    """The keys of a Secret that is made of encrypted files: their names, or what dotenv files name."""
    for field in ("files", "binaryFiles"):
        for path in items(made.get(field)):
            key, named, _ = text(path).partition("=")
            yield key if named else key.rpartition("/")[2]
    for path in items(made.get("envs")):
        try:
            lines = tree.read(normal(text(path), directory)).decode("utf-8", "replace").splitlines()
        except UserError:
            continue
        for line in lines:
            key, named, _ = line.partition("=")
            if named and not key.startswith(("sops_", "#")):
                yield key.strip()
