"""Argo CD's ApplicationSets: generators and templates."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import mappings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Limits, Tree
from gitops_kong.sources.globs import path_glob
from gitops_kong.sources.gotemplate import fill, go
from gitops_kong.sources.tools import Tools

Params = dict[str, Any]

_NOT_NAME = regex(r"[^a-z0-9.-]")
_MAX_PARAMS = 2000


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

    def params(self, generator: Mapping[str, Any], before: Params | None = None) -> list[Params]:
        """The parameters that a generator gives; `before` are those of a matrix so far. Raises `RenderError`."""
        if before is not None:
            (generator,) = fill(generator, [before], self.tools, self.limits, go_template=self.go_template)
        for name, generate in _GENERATORS.items():
            if isinstance(generator.get(name), dict):
                found = generate(self, generator[name])
                if len(found) > _MAX_PARAMS:
                    raise RenderError(f"the {name} generator gives more than {_MAX_PARAMS} applications")
                return [params for params in found if _selected(generator.get("selector"), params)]
        kind = next(iter(generator), "empty")
        raise NotKnown(f"what its {kind} generator gives is not in the repository")

    def with_values(self, generator: Mapping[str, Any], params: list[Params]) -> list[Params]:
        """`params` with the generator's own `values`, which may use them."""
        values = generator.get("values")
        if not isinstance(values, dict) or not params:
            return params
        filled = fill(values, params, self.tools, self.limits, go_template=self.go_template)
        if self.go_template:
            return [{**each, "values": found} for each, found in zip(params, filled, strict=True)]
        return [
            {**each, **{f"values.{name}": value for name, value in found.items()}}
            for each, found in zip(params, filled, strict=True)
        ]


def applications(found: K8sObject, generation: Generation) -> list[dict[str, Any]]:
    """The Applications that an ApplicationSet makes. Raises `RenderError`."""
    spec = found.spec
    made: list[dict[str, Any]] = []
    for generator in mappings(spec.get("generators")):
        params = generation.params(generator)
        own: Any = next(
            (each["template"] for each in generator.values() if isinstance(each, dict) and "template" in each), {}
        )
        template = _merged(spec.get("template") or {}, own)
        filled = fill(template, params, generation.tools, generation.limits, go_template=generation.go_template)
        patch = spec.get("templatePatch")
        if isinstance(patch, str) and patch and params:
            pairs = [(patch, each) for each in params]
            texts = go(pairs, generation.tools, generation.limits)
            filled = [
                _merged(application, next(iter(read_documents(text.encode(), "templatePatch")), {}))
                for application, text in zip(filled, texts, strict=True)
            ]
        made += filled
    return [
        {
            "apiVersion": found.api_version,
            "kind": "Application",
            "metadata": {"namespace": found.namespace, **(application.get("metadata") or {})},
            "spec": application.get("spec") or {},
        }
        for application in made
    ]


def _merged(base: Any, patch: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged[key], value) if key in merged else value
    return merged


def _selected(selector: Any, params: Params) -> bool:
    if not isinstance(selector, dict):
        return True
    return matches(selector, {str(key): value for key, value in flat(params).items()})


def matches(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a Kubernetes label selector takes these labels."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in mappings(selector.get("matchExpressions")):
        key, values = str(expression.get("key")), expression.get("values") or []
        tests: dict[Any, bool] = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not tests.get(expression.get("operator"), False):
            return False
    return True


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted names, as the templates without Go want them."""
    if isinstance(value, dict):
        items = [(f"{prefix}.{key}" if prefix else str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(f"{prefix}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {prefix: value if isinstance(value, str) else json.dumps(value)}
    return {key: text for name, item in items for key, text in flat(item, name).items()}


def normalized(text: str) -> str:
    """A name fit for Kubernetes, as Argo CD's `normalize` makes it."""
    return _NOT_NAME.sub("", text.lower())[:253].strip("-.")


def _list(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    elements = mappings(generator.get("elements"))
    text = generator.get("elementsYaml")
    if isinstance(text, str) and text:
        documents = read_documents(text.encode(), "elementsYaml")
        elements += mappings(documents[0]) if documents else []
    if not generation.go_template:
        elements = [
            {name: text for key, value in element.items() for name, text in flat(value, key).items()}
            for element in elements
        ]
    return generation.with_values(generator, elements)


def _clusters(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    selector = generator.get("selector") or {}
    found: list[Params] = []
    for secret in generation.clusters:
        if not matches(selector, secret.labels):
            continue
        name, server = _secret_value(secret, "name") or secret.name, _secret_value(secret, "server")
        known = {"labels": dict(secret.labels), "annotations": dict(secret.annotations)}
        params: Params = {"name": name, "nameNormalized": normalized(name), "server": server}
        params.update({"metadata": known} if generation.go_template else flat(known, "metadata"))
        found.append(params)
    if not selector:
        local: Params = {
            "name": "in-cluster",
            "nameNormalized": "in-cluster",
            "server": "https://kubernetes.default.svc",
        }
        found.append({**local, **({"metadata": {}} if generation.go_template else {})})
    elif not found:
        raise NotKnown("its clusters generator selects clusters by labels, and their Secrets are not in the repository")
    return generation.with_values(generator, found)


def _secret_value(secret: K8sObject, key: str) -> str:
    plain, encoded = secret.data.get("stringData"), secret.data.get("data")
    if isinstance(plain, dict) and key in plain:
        return str(plain[key])
    try:
        return base64.b64decode(encoded[key]).decode() if isinstance(encoded, dict) and key in encoded else ""
    except (TypeError, ValueError):
        return ""


def _git(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    prefix = str(generator.get("pathParamPrefix") or "")
    directories, files = mappings(generator.get("directories")), mappings(generator.get("files"))
    found: list[Params] = []
    if directories:
        known = {
            path[:end]
            for path in generation.tree.files
            for end in (position for position, char in enumerate(path) if char == "/")
        }
        for path in sorted(_chosen(known, directories)):
            if not any(part.startswith(".") for part in path.split("/")):
                found.append(_path_params(path, "", prefix, go_template=generation.go_template))
    for path in sorted(_chosen(generation.tree.files, files)):
        documents = read_documents(generation.tree.read(path), path)
        values = documents[0] if documents else {}
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                params: Params = dict(value) if generation.go_template else flat(value)
                directory, _, name = path.rpartition("/")
                params.update(_path_params(directory, name, prefix, go_template=generation.go_template))
                found.append(params)
    return generation.with_values(generator, found)


def _chosen(paths: Iterable[str], entries: list[dict[str, Any]]) -> list[str]:
    wanted = [path_glob(str(entry.get("path"))) for entry in entries if not entry.get("exclude")]
    unwanted = [path_glob(str(entry.get("path"))) for entry in entries if entry.get("exclude")]
    return [path for path in paths if any(f(path) for f in wanted) and not any(f(path) for f in unwanted)]


def _path_params(directory: str, name: str, prefix: str, *, go_template: bool) -> Params:
    base = directory.rpartition("/")[2]
    segments = directory.split("/") if directory else []
    params: Params = {"path": directory, "basename": base, "basenameNormalized": normalized(base), "segments": segments}
    if name:
        params |= {"filename": name, "filenameNormalized": normalized(name)}
    if go_template:
        return {prefix: {"path": params}} if prefix else {"path": params}
    key = f"{prefix}.path" if prefix else "path"
    found = {f"{key}.{part}": value for part, value in params.items() if part not in ("path", "segments")}
    found[key] = directory
    found.update({f"{key}[{number}]": segment for number, segment in enumerate(segments)})
    return found


def _matrix(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    children = mappings(generator.get("generators"))
    if len(children) != 2:
        raise RenderError("a matrix generator has two generators")
    found: list[Params] = []
    for first in generation.params(children[0]):
        found += [{**first, **second} for second in generation.params(children[1], first)]
        if len(found) > _MAX_PARAMS:
            break  # the caller says so
    return found


def _merge(generation: Generation, generator: Mapping[str, Any]) -> list[Params]:
    keys = [str(key) for key in generator.get("mergeKeys") or ()]
    children = mappings(generator.get("generators"))
    if len(children) < 2 or not keys:
        raise RenderError("a merge generator has two or more generators and mergeKeys")

    def identity(params: Params) -> tuple[str, ...]:
        known = flat(params)
        return tuple(str(known.get(key)) for key in keys)

    found = {identity(params): params for params in generation.params(children[0])}
    for child in children[1:]:
        for params in generation.params(child):
            if identity(params) in found:
                found[identity(params)] = _merged(found[identity(params)], params)
    return [*found.values()]


_GENERATORS: dict[str, Callable[[Generation, Mapping[str, Any]], list[Params]]] = {
    "list": _list,
    "clusters": _clusters,
    "git": _git,
    "matrix": _matrix,
    "merge": _merge,
}
