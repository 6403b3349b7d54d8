"""The generators of Argo CD's ApplicationSets (applicationset/generators of Argo CD v3.5)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.manifests.lenient import mapping, mappings, text
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources import applicationset_git as git
from gitops_kong.sources.applicationset_params import (
    Params,
    by_keys,
    combined,
    matches,
    normalized,
    over,
    selected,
)
from gitops_kong.sources.base import Limits, Tree
from gitops_kong.sources.gotemplate import fill
from gitops_kong.sources.repositories import find
from gitops_kong.sources.tools import Tools

_MAX_PARAMS = 2000
_IN_CLUSTER = "https://kubernetes.default.svc"
# annotations of clusters that are no parameters
_OWN_ANNOTATIONS = frozenset(
    (
        "argocd.argoproj.io/refresh",
        "argocd.argoproj.io/hydrate",
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
        "kubectl.kubernetes.io/last-applied-configuration",
    )
)


class NotKnown(RenderError):  # noqa: N818
    """What a generator would give is decided outside of the repository."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One ApplicationSet being expanded: where its files are, and the clusters that are known."""

    tree: Tree
    tools: Tools
    limits: Limits
    go_template: bool
    clusters: tuple[K8sObject, ...] = field(default=())
    options: tuple[str, ...] = ()  # goTemplateOptions
    newer_patterns: Callable[[], bool] | None = None  # whether Argo CD is told to have them; else it is looked for

    def top(self, generator: Mapping[str, Any]) -> Iterator[tuple[Any, list[Params]]]:
        """The own template and the parameters of each kind that a generator has. Raises `RenderError`."""
        for kind in self.kinds(generator):
            yield generator[kind].get("template"), self.of(kind, generator[kind], generator.get("selector"))

    def nested(self, generator: Mapping[str, Any], selector: Any) -> list[Params]:
        """The parameters of a generator within another one; `selector` is as it was written."""
        kinds = self.kinds(generator)
        if len(kinds) != 1:
            raise RenderError(f"a generator within another one is of one kind, not of {len(kinds)}")
        return self.of(kinds[0], generator[kinds[0]], selector)

    def kinds(self, generator: Mapping[str, Any]) -> list[str]:
        """The kinds of a generator, in Argo CD's order. Raises `NotKnown` for one that asks others."""
        other = [
            kind for kind, value in generator.items() if kind not in (*_GENERATORS, "selector") and value is not None
        ]
        if other:
            raise NotKnown(f"what its {other[0]} generator gives is not in the repository")
        return [kind for kind in _GENERATORS if isinstance(generator.get(kind), dict)]

    def of(self, kind: str, generator: Mapping[str, Any], selector: Any) -> list[Params]:
        """The parameters of one kind of generator that its selector takes."""
        found = _GENERATORS[kind](self, generator)
        if len(found) > _MAX_PARAMS:
            raise RenderError(f"the {kind} generator gives more than {_MAX_PARAMS} applications")
        return selected(selector, found)

    def fill(self, value: Any, params: Sequence[Params], options: Sequence[str] | None = None) -> list[Any]:
        """A value filled in with each of the parameters."""
        chosen = self.options if options is None else options
        return fill(value, params, self.tools, self.limits, go_template=self.go_template, options=chosen)

    def interpolated(self, generator: Mapping[str, Any], params: list[Params]) -> list[Any]:
        """The second generator of a matrix, filled in with each of the parameters of the first."""
        kind = next((each for each in _WITH_VALUES if isinstance(generator.get(each), dict)), "")
        values = mapping(mapping(generator.get(kind)).get("values"))
        if not self.go_template or not values:
            return self.fill(generator, params)
        bare = {**generator, kind: {key: value for key, value in generator[kind].items() if key != "values"}}
        filled = self.fill(bare, params)
        return [
            {**found, kind: {**found[kind], "values": self.foreseen(values, each)}}
            for found, each in zip(filled, params, strict=True)
        ]

    def foreseen(self, values: Mapping[str, Any], params: Params) -> dict[str, Any]:
        """Values that use the first generator's parameters; those that use others stay to be filled in later."""
        strict = [option for option in self.options if not option.startswith("missingkey=")] + ["missingkey=error"]
        found: dict[str, Any] = {}
        for key, value in values.items():
            try:
                (found[key],) = self.fill(value, [params], strict)
            except RenderError as e:
                if "no entry for key" not in str(e) and "wrong type for value; expected map" not in str(e):
                    raise
                found[key] = value
        return found

    def with_values(self, generator: Mapping[str, Any], params: list[Params]) -> list[Params]:
        """`params` with the generator's own `values`, which may use them."""
        values = generator.get("values")
        if not isinstance(values, dict) or not values:
            return params
        filled = [dict(zip(values, each, strict=True)) for each in self.fill([*values.values()], params)]
        if self.go_template:
            return [{**each, "values": found} for each, found in zip(params, filled, strict=True)]
        return [
            {**each, **{f"values.{name}": value for name, value in found.items()}}
            for each, found in zip(params, filled, strict=True)
        ]

    def in_repository(self, generator: Mapping[str, Any]) -> Tree:
        """The files that a git generator reads. Raises `NotKnown` where they are not here."""
        url, revision = text(generator.get("repoURL")), text(generator.get("revision"))
        tree = find(url, ".", self.tree, self.tools) if url else self.tree
        found = tree.at(revision, ".").tree if tree is not None else None
        if found is None:
            where = f"{url} at {revision}" if tree is not None else f"{url}; give --repo URL=PATH"
            raise NotKnown(f"its git generator reads {where}")
        return found


def _list(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    found: list[Params] = []
    for element in generator.get("elements") or ():
        if not isinstance(element, dict):
            raise RenderError(f"an element of a list generator is a mapping, not {element!r}")
        found.append(element if generation.go_template else _texts(element))
    written = generator.get("elementsYaml")
    if isinstance(written, str) and written:
        documents = read_documents(written.encode(), "elementsYaml")
        elements = documents[0] if documents else []
        if not isinstance(elements, list) or not all(isinstance(each, dict) for each in elements):
            raise RenderError("elementsYaml is no list of mappings")
        found += elements
    return found


def _texts(element: Mapping[str, Any]) -> Params:
    """An element without Go templates: text, and text in `values`."""
    found: Params = {}
    for key, value in element.items():
        if key == "values" and isinstance(value, dict):
            found.update({f"values.{name}": inner for name, inner in value.items()})
        else:
            found[key] = value
    for key, value in found.items():
        if not isinstance(value, str):
            raise RenderError(f"{key} of an element of a list generator is no text: without goTemplate all are text")
    return found


def _clusters(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    selector = mapping(generator.get("selector"))
    selects = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
    secrets = {
        _secret_value(secret, "name"): secret for secret in generation.clusters if matches(selector, secret.labels)
    }
    found = [_cluster(name, secret, go_template=generation.go_template) for name, secret in secrets.items()]
    if not selects and all(_secret_value(secret, "server") != _IN_CLUSTER for secret in secrets.values()):
        found.append({"name": "in-cluster", "nameNormalized": "in-cluster", "server": _IN_CLUSTER, "project": ""})
    elif not found:
        raise NotKnown("its clusters generator selects clusters by labels, and their Secrets are not in the repository")
    found = generation.with_values(generator, found)
    return [{"clusters": found}] if generator.get("flatList") else found


def _cluster(name: str, secret: K8sObject, *, go_template: bool) -> Params:
    metadata: Params = {}
    annotations = {key: value for key, value in secret.annotations.items() if key not in _OWN_ANNOTATIONS}
    if secret.annotations:
        metadata["annotations"] = annotations
    if secret.labels:
        metadata["labels"] = dict(secret.labels)
    if go_template:
        metadata = {"metadata": metadata}
    else:
        metadata = {f"metadata.{part}.{key}": value for part, held in metadata.items() for key, value in held.items()}
    return {
        "name": name,
        "nameNormalized": normalized(name),
        "server": _secret_value(secret, "server"),
        "project": _secret_value(secret, "project"),
        **metadata,
    }


def _secret_value(secret: K8sObject, key: str) -> str:
    plain, encoded = secret.data.get("stringData"), secret.data.get("data")
    if isinstance(plain, dict) and key in plain:
        return str(plain[key])
    try:
        return base64.b64decode(encoded[key]).decode() if isinstance(encoded, dict) and key in encoded else ""
    except (TypeError, ValueError):
        return ""


def _git(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    directories, wanted = mappings(generator.get("directories")), mappings(generator.get("files"))
    if not directories and not wanted:
        raise RenderError("a git generator has directories or files")
    tree, prefix = generation.in_repository(generator), text(generator.get("pathParamPrefix"))
    flattened = not generation.go_template
    if directories:
        found = [git.of_directory(path, prefix, flattened=flattened) for path in git.directories(tree, directories)]
    else:
        newer = (generation.newer_patterns or partial(git.newer_patterns, generation.tree))()
        found = [
            params
            for path in git.files(tree, wanted, newer=newer)
            for params in git.of_file(path, tree.read(path), prefix, flattened=flattened)
        ]
    return generation.with_values(generator, found)


def _matrix(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    children = mappings(generator.get("generators"))
    if len(children) != 2:
        raise RenderError("a matrix generator has two generators")
    first = generation.nested(children[0], children[0].get("selector"))
    found: list[Params] = []
    for left, second in zip(first, generation.interpolated(children[1], first), strict=True):
        for right in generation.nested(second, children[1].get("selector")):
            found.append(over(right, left) if generation.go_template else combined(left, right))
        if len(found) > _MAX_PARAMS:
            break  # the caller says so
    return found


def _merge(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    keys = [*dict.fromkeys(str(key) for key in generator.get("mergeKeys") or ())]
    children = mappings(generator.get("generators"))
    if len(children) < 2 or not keys:
        raise RenderError("a merge generator has two or more generators and mergeKeys")
    first, *others = [by_keys(generation.nested(child, child.get("selector")), keys) for child in children]
    for other in others:
        for identity in first.keys() & other.keys():
            base, later = first[identity], other[identity]
            first[identity] = over(base, later) if generation.go_template else {**base, **later}
    return [*first.values()]


_GENERATORS: dict[str, Callable[[Generation, Mapping[str, Any]], list[Params]]] = {
    "list": _list,
    "clusters": _clusters,
    "git": _git,
    "matrix": _matrix,
    "merge": _merge,
}
_WITH_VALUES = ("clusters", "git")
