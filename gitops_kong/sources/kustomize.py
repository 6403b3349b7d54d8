"""Kustomize, through the real `kustomize` or `kubectl kustomize`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from gitops_kong.errors import ManifestError, RenderError, UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import mappings
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.yaml import read_documents, read_objects
from gitops_kong.sources.base import Limits, Problem, Rendered, Target, Tree, join, normal, parent
from gitops_kong.sources.kustomize_edit import Edit, added
from gitops_kong.sources.kustomize_secrets import without_secrets
from gitops_kong.sources.sops_generators import Encrypted, encrypted
from gitops_kong.sources.tools import Tools, contents

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

PatchKey = tuple[str, str, str]  # group, kind, name

ORIGIN = "config.kubernetes.io/origin"
_MAX_DEPTH = 50
_HELM_4 = "unknown shorthand flag: 'c' in -c"  # how Helm 4 answers kustomize before 5.8
_NO_FILE = "no such file"  # other reasons of `Tree.missing` say where it lies

# fields that name files or directories with more of the same; Go reads the names of fields in any case
_PATHS = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators")
_PATCHES = ("patches", "patchesjson6902", "replacements")
_PLUGINS = ("generators", "transformers", "validators")
# what tells a remote base: a URL, `host/org/repo`, `git@`, or `?ref=`
_REMOTE = regex(
    r"^[a-z+]+://|^git@|^[\w.-]+@[\w.-]+:|\?(?:ref|version|timeout|submodules)=|\.git(?:/|$)|^git::", re.IGNORECASE
)
_ACCUMULATION = regex(
    r"accumulating resources from '(?P<file>[^']+)': (?P<reason>(?:(?!accumulating resources).)+?)': "
    r"must build at directory"
)
_HOST = regex(r"^(?:github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)[/:]", re.IGNORECASE)
# what the built-in generators and transformers load, and the fields that a kustomization of such may have
_LOADED = frozenset(
    ("path", "paths", "files", "env", "envs", "valuesfile", "additionalvaluesfiles", "values", "repo", "chartrepo")
)
_PLAIN = frozenset(("apiversion", "kind", "metadata", "resources", "bases", "components"))


@dataclass(slots=True)
class Closure:
    """All that a kustomization reads: its files, other kustomizations, remote places, and what is wrong with it."""

    files: set[str] = field(default_factory=set)
    kustomizations: dict[str, str] = field(default_factory=dict)
    remote: list[tuple[str, str]] = field(default_factory=list)
    charts: set[str] = field(default_factory=set)
    missing_charts: list[tuple[str, str]] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    plugins: bool = False
    encrypted: dict[str, Encrypted] = field(default_factory=dict)  # by kustomization file

    @property
    def absent(self) -> list[Problem]:
        """One problem for each kustomization with parts that are not in the repository."""
        problems = []
        for file, bases in _by_file(self.remote).items():
            what = f"the remote base {bases[0]} is" if len(bases) == 1 else f"{len(bases)} remote bases are"
            copy = "a copy of it" if len(bases) == 1 else "copies of them"
            listed = "" if len(bases) == 1 else f": {', '.join(bases)}"
            way = f"keep {copy} in the repository, or give --allow-network"
            problems.append(Problem(f"{file}: {what} not fetched; {way}{listed}", file))
        for file, charts in _by_file(self.missing_charts).items():
            what = f"chart {charts[0]} is" if len(charts) == 1 else f"charts {', '.join(charts)} are"
            way = (
                "pull it below the kustomization's charts directory (`helm pull --untar`, into NAME-VERSION where "
                "repo and version are given), or give --allow-network"
            )
            problems.append(Problem(f"{file}: {what} not in the repository; {way}", file))
        return problems

    @property
    def lost(self) -> list[Problem]:
        """One problem for each kustomization that names files that are not there, one for each that is not here."""
        return [
            Problem(f"{file}: it names {', '.join(paths)}, and there is no such file or directory", file)
            for file, paths in _by_file(self.gone).items()
        ] + [Problem(f"{file}: {where}", file) for file, where in dict.fromkeys(self.unread)]


def _by_file(entries: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file, what in dict.fromkeys(entries):
        found.setdefault(file, []).append(what)
    return found


def kustomization_file(tree: Tree, directory: str) -> str | None:
    """The kustomization file of a directory, None where there is none."""
    for name in NAMES:
        path = join(directory, name)
        if path in tree.files:
            return path
    return None


def closure(tree: Tree, directory: str) -> Closure:
    """Follows a kustomization through all its bases. Raises `RenderError` or `ManifestError`."""
    found = Closure()
    _follow(tree, directory, found, 0)
    return found


def _follow(tree: Tree, directory: str, found: Closure, depth: int) -> None:
    if directory in found.kustomizations:
        return
    file = kustomization_file(tree, directory)
    if file is None:
        raise RenderError(f"{directory}: no kustomization.yaml")
    if depth > _MAX_DEPTH:
        raise RenderError(f"{file}: bases nested deeper than {_MAX_DEPTH}")
    found.kustomizations[directory] = file
    found.files.add(file)
    documents = read_documents(tree.read(file), file)
    value = folded(documents[0] if documents else None)
    _collect(value, tree, directory, found, depth)
    if isinstance(value, dict) and (hidden := encrypted(value.get("generators"), tree, directory)):
        found.encrypted[file] = hidden
        _collect({"resources": [*hidden.resources]}, tree, directory, found, depth)
    _charts(value, tree, directory, found)
    _check_plugins(value, tree, directory, file)
    found.plugins |= isinstance(value, dict) and any(value.get(name) for name in _PLUGINS)


def _collect(value: Any, tree: Tree, directory: str, found: Closure, depth: int) -> None:
    """Everything that the (folded) fields of the kustomization in `directory` name."""
    for path in _references(value):
        if is_remote(path, tree, directory):
            found.remote.append((found.kustomizations[directory], path))
            continue
        if "\n" in path:
            continue  # an inline patch
        place = normal(path, directory)
        if place in tree.files:
            found.files.add(place)
        elif tree.is_directory(place):
            if kustomization_file(tree, place):
                _follow(tree, place, found, depth + 1)
            else:
                found.files.update(tree.under(place))
        elif _is_link(tree, place):
            found.files.add(place)
        elif (why := tree.missing(place)).startswith(_NO_FILE):
            found.gone.append((found.kustomizations[directory], path))
        else:
            found.unread.append((found.kustomizations[directory], f"{path} lies {why}"))


def folded(value: Any) -> Any:
    """A value with the names of its fields as Go's JSON reader compares them: in any case."""
    if isinstance(value, dict):
        return {str(name).casefold(): folded(inner) for name, inner in value.items()}
    return [folded(inner) for inner in value] if isinstance(value, list) else value


def is_remote(path: str, tree: Tree, directory: str) -> bool:
    """Whether a path of a kustomization in `directory` is a URL or another repository."""
    if "\n" in path:
        return False
    return bool(_REMOTE.search(path) or (_HOST.match(path) and not tree.is_directory(normal(path, directory))))


def _check_plugins(value: Any, tree: Tree, directory: str, file: str) -> None:
    """Raises `RenderError` where a generator or transformer would load from the network.

    A kustomization that makes such a configuration may only list files: what patches make of it cannot be told.
    """
    for name in _PLUGINS:
        for path in _strings(value.get(name) if isinstance(value, dict) else None):
            if "\n" in path:
                _check_plugin(read_documents(path.encode(), file), file)
                continue
            if is_remote(path, tree, directory):
                continue
            place = normal(path, directory)
            if place not in tree.files and kustomization_file(tree, place):
                inner = closure(tree, place)
                for own in inner.kustomizations.values():
                    fields = folded(read_documents(tree.read(own), own)[:1] or [{}])[0]
                    if not isinstance(fields, dict) or not _PLAIN.issuperset(fields):
                        raise RenderError(f"{own}: {name} of {file} must be plain files here; write them out")
                places = sorted(inner.files)
            else:
                places = [place] if place in tree.files else tree.under(place)
            for each in places:
                _check_plugin(read_documents(tree.read(each), each), each)


def _check_plugin(value: Any, file: str, loaded: bool = False) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_plugin(inner, file, str(name).casefold() in _LOADED)
    elif isinstance(value, list):
        for inner in value:
            _check_plugin(inner, file, loaded)
    elif loaded and isinstance(value, str) and any(_REMOTE.search(part) for part in (value, value.partition("=")[2])):
        raise RenderError(f"{file}: {value} is not fetched; keep a copy of it in the repository")


def _is_link(tree: Tree, path: str) -> bool:
    try:
        tree.read(path)
    except RenderError as e:
        if "symbolic link" in str(e):
            raise
        return False
    return True


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item


def _references(value: Any) -> Iterator[str]:
    """Every path that a (folded) kustomization names."""
    if not isinstance(value, dict):
        return
    for name in (*_PATHS, "patchesstrategicmerge"):
        yield from _strings(value.get(name))
    for name in _PATCHES:
        for entry in mappings(value.get(name)):
            yield from _strings(entry.get("path"))
    openapi = value.get("openapi")
    if isinstance(openapi, dict):
        yield from _strings(openapi.get("path"))
    for name in ("configmapgenerator", "secretgenerator"):
        for entry in mappings(value.get(name)):
            yield from _strings(entry.get("env"))
            yield from _strings(entry.get("envs"))
            for text in _strings(entry.get("files")):
                yield text.partition("=")[2] or text
    for chart in mappings(value.get("helmcharts")):
        yield from _strings(chart.get("valuesfile"))
        yield from _strings(chart.get("additionalvaluesfiles"))
    for chart in mappings(value.get("helmchartinflationgenerator")):
        yield from _strings(chart.get("values"))


def _charts(value: Any, tree: Tree, directory: str, found: Closure) -> None:
    if not isinstance(value, dict):
        return
    settings = value.get("helmglobals")
    home = (settings.get("charthome") if isinstance(settings, dict) else None) or "charts"
    for chart in (*mappings(value.get("helmcharts")), *mappings(value.get("helmchartinflationgenerator"))):
        name = str(chart.get("name") or chart.get("chartname") or "")
        version = str(chart.get("version") or "")
        # kustomize/api/internal/builtins, absChartHome: what was pulled has the version in its path
        pulled = version and (chart.get("repo") or chart.get("chartrepo"))
        path = normal(f"{home}/{name}-{version}/{name}" if pulled else f"{home}/{name}", directory)
        if f"{path}/Chart.yaml" in tree.files:
            found.charts.add(path)
            found.files.update(tree.under(path))
        else:
            found.missing_charts.append((found.kustomizations[directory], f"{name} {version}".strip()))


def render(target: Target, tree: Tree, tools: Tools, limits: Limits) -> Rendered:
    """What `kustomize build` prints. Raises `RenderError` or `ManifestError`."""
    return build(target.path, tree, tools, limits, target.options.get("kustomize") or {})


def _override(tree: Tree, path: str, found: Closure, overrides: Any) -> None:
    """Adds what the (folded) overrides name. Raises `RenderError` for what is remote."""
    own = found.kustomizations[path]
    for place in _references(overrides):
        if is_remote(place, tree, path):
            raise RenderError(f"{own}: {place}, added to it, is not fetched; keep a copy of it in the repository")
    _collect(overrides, tree, path, found, 0)


class _Build(NamedTuple):
    """What a build is made from."""

    path: str
    tree: Tree
    found: Closure
    tools: Tools
    limits: Limits
    loose: bool = False
    edit: Edit = added


def build(
    path: str,
    tree: Tree,
    tools: Tools,
    limits: Limits,
    overrides: Mapping[str, Any] | None = None,
    loosely: Callable[[], bool] = lambda: False,
    edit: Edit = added,
) -> Rendered:
    """Builds the kustomization at `path`, with fields added to it as Argo CD and Flux do (`overrides`, by `edit`).

    `loosely` is asked where a kustomization reads files beside its own directory, which kustomize refuses by itself:
    whether the one who builds lets it (`--load-restrictor=LoadRestrictionsNone`). It stays within the repository.
    """
    found = closure(tree, path)
    _override(tree, path, found, folded(overrides or {}))
    problems = [] if tools.allow_network else found.absent
    this = _Build(path, tree, found, tools, limits, edit=edit)
    try:
        objects = _objects(this, overrides or {}, loosely)
    except UserError as e:
        if problems or found.lost:  # what is missing is why
            return Rendered(problems=[*problems, *found.lost])
        read = [(place, folded(_first(tree, file))) for place, file in found.kustomizations.items()]
        raise type(e)(without_secrets(str(e), tree, found.files, [*read, (path, folded(overrides))])) from None
    return Rendered(objects=objects, problems=problems)


def _first(tree: Tree, file: str) -> Any:
    documents = read_documents(tree.read(file), file)
    return documents[0] if documents else None


def _objects(this: _Build, overrides: Mapping[str, Any], loosely: Callable[[], bool]) -> list[K8sObject]:
    try:
        return _built(this, overrides)
    except RenderError as e:
        # a generator in a file names more files, which are not looked at before: they stay restricted
        if "security; file" not in str(e) or this.found.plugins or not loosely():
            raise RenderError(_innermost(str(e), this.path)) from None
    try:
        return _built(this._replace(loose=True), overrides)
    except RenderError as e:
        raise RenderError(_innermost(str(e), this.path)) from None


def _innermost(message: str, path: str) -> str:
    """Why kustomize failed, without the bases on the way there: the file that it could not take in, and its reason."""
    if _HELM_4 in message:
        return f"{path}: this kustomize cannot run Helm v4 for its charts; use kustomize 5.8 or newer, or Helm v3"
    inside, _, last = message.rpartition("recursed accumulation of path '")
    directory = last.partition("'")[0] if inside else path
    for found in _ACCUMULATION.finditer(last):
        try:
            place = normal(found["file"], directory)
        except RenderError:
            break
        return f"{place}: {found['reason']}"
    return message


def _built(this: _Build, overrides: Mapping[str, Any]) -> list[K8sObject]:
    path, tree = this.path, this.tree
    places: list[Origin | None]
    patches = patches_of(tree, this.found)
    if _reads_annotations(tree, this.found):
        plain = read_objects(_run(this, overrides, annotate=False), path)
        try:
            marked = read_objects(_run(this, overrides, annotate=True), path)
        except RenderError:
            marked = []
        same = len(marked) == len(plain)
        places = [_origin(each, path, tree, patches) if same else None for each in (marked if same else plain)]
    else:
        marked = read_objects(_run(this, overrides, annotate=True), path)
        places = [_origin(each, path, tree, patches) for each in marked]
        plain = [_without_origin(each) for each in marked]
    own = Origin(this.found.kustomizations[path])
    return [K8sObject(each.data, place or own) for each, place in zip(plain, places, strict=True)]


def _reads_annotations(tree: Tree, found: Closure) -> bool:
    """Whether the build could differ with one annotation more: it is then built twice."""
    for file in found.files:
        text = tree.read(file)
        if b"metadata/annotations" in text or b"annotations: {}" in text or b"originAnnotations" in text:
            return True
        if file in found.kustomizations.values() and (b"replacements" in text or b"transformers" in text):
            return True
    return False


def _run(build_of: _Build, overrides: Mapping[str, Any], *, annotate: bool) -> bytes:
    path, tree, found, tools, limits, loose, edit = build_of
    texts = contents(tree, found.files)
    own = found.kustomizations[path]
    absent = () if tools.allow_network else (*found.remote, *found.missing_charts)
    incomplete = {*(file for file, _ in absent), *found.encrypted}
    for file in {own, *incomplete}:
        text = _without_absent(tree.read(file), file, found) if file in incomplete else tree.read(file)
        texts[file] = _changed(text, file, overrides, edit, annotate=annotate) if file == own else text
    for file in found.encrypted:
        for name, stub in _stubs(found, file).items():
            texts[join(parent(file), name)] = json.dumps(stub).encode()
    command = [*tools.kustomize, f"./{path}"]
    if loose:
        command.append("--load-restrictor=LoadRestrictionsNone")
    if found.charts or (tools.allow_network and found.missing_charts):
        command += ["--enable-helm", f"--helm-command={tools.helm}"]
        if tools.kustomize[1] == "build":
            command.append(f"--helm-kube-version={tools.kubernetes_version}")
            command += [f"--helm-api-versions={version}" for version in tools.api_versions]
    network = tools.allow_network and bool(found.remote or found.missing_charts)
    return tools.run_on(texts, command, limits, network=network)


def _stubs(found: Closure, file: str) -> dict[str, Any]:
    """What stands for Secrets that are made of encrypted files, by the name of a file beside the kustomization."""
    return {f"gitops-kong-secret-{n}.json": each for n, each in enumerate(found.encrypted[file].secrets)}


def _without_absent(text: bytes, file: str, found: Closure) -> bytes:
    """A kustomization without the bases and charts that are not in the repository, and without what decrypts."""
    bases = {base for place, base in found.remote if place == file}
    charts = {chart.split(" ")[0] for place, chart in found.missing_charts if place == file}
    (value,) = read_documents(text, file)
    value = dict(value)
    for name in ("resources", "bases", "components"):
        if isinstance(value.get(name), list):
            value[name] = [entry for entry in value[name] if not isinstance(entry, str) or entry not in bases]
    for name in ("helmCharts", "helmChartInflationGenerator"):
        if isinstance(value.get(name), list):
            value[name] = [
                entry
                for entry in mappings(value[name])
                if str(entry.get("name") or entry.get("chartName") or "") not in charts
            ]
    if file in found.encrypted:
        value = found.encrypted[file].applied(value, _stubs(found, file))
    left = {*_references(folded(value))} & bases
    if left:
        raise RenderError(f"{file}: {left.pop()} is not fetched")
    return json.dumps(value, ensure_ascii=False).encode()


def _changed(text: bytes, file: str, overrides: Mapping[str, Any], edit: Edit, *, annotate: bool) -> bytes:
    documents = read_documents(text, file)
    value = documents[0] if documents else {}
    if not isinstance(value, dict):
        raise ManifestError(f"{file}:1:1: a kustomization must be a mapping")
    if not overrides and not annotate:
        return text
    try:
        value = edit(value, overrides) if overrides else dict(value)
    except RenderError as e:
        raise RenderError(f"{file}: {e}") from None
    if annotate:
        value["buildMetadata"] = [*{*(value.get("buildMetadata") or ()), "originAnnotations"}]
    return json.dumps(value, ensure_ascii=False).encode()


def _origin(found: K8sObject, path: str, tree: Tree, patches: Mapping[PatchKey, list[Origin]]) -> Origin | None:
    """The document that an object was made from, by its origin annotation, with the patches of that document."""
    text = found.annotations.get(ORIGIN)
    if not isinstance(text, str):
        return None
    try:
        (value,) = read_documents(text.encode(), ORIGIN)
        place = normal(value.get("path") or value.get("configuredIn"), path)
        if place.rpartition("/")[2] in NAMES:
            return Origin(place)
        source = _document(found, tree.objects(place))
        if source is None or source.origin is None:
            return Origin(place)
        return replace(source.origin, patches=tuple(patches.get((source.group, source.kind, source.name), ())))
    except (ManifestError, RenderError, ValueError, AttributeError):
        return None


def _document(found: K8sObject, candidates: list[K8sObject]) -> K8sObject | None:
    """The document of a file that became this object: of the same kind, with a name that the built one contains."""
    same = [each for each in candidates if each.kind == found.kind and each.group == found.group]
    like = [each for each in same if each.name == found.name] or [each for each in same if each.name in found.name]
    return max(like, key=lambda each: len(each.name), default=None)


def _without_origin(found: K8sObject) -> K8sObject:
    metadata = dict(found.metadata)
    annotations = {name: value for name, value in found.annotations.items() if name != ORIGIN}
    if annotations:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    return found.with_data({**found.data, "metadata": metadata})


def patches_of(tree: Tree, found: Closure) -> dict[PatchKey, list[Origin]]:
    """Patch files by group, kind and name of what they patch, bases first: where else a person edits an object."""
    patches: dict[PatchKey, list[Origin]] = {}
    for directory, file in reversed(found.kustomizations.items()):
        documents = read_documents(tree.read(file), file)
        value = documents[0] if documents and isinstance(documents[0], dict) else {}
        paths = [*_strings(value.get("patchesStrategicMerge"))]
        paths += [text for entry in mappings(value.get("patches")) for text in _strings(entry.get("path"))]
        for path in paths:
            if "\n" in path or (place := normal(path, directory)) not in tree.files:
                continue
            try:
                for patch in tree.objects(place):
                    key = (patch.group, patch.kind, patch.name)
                    patches.setdefault(key, []).append(patch.origin or Origin(place))
            except ManifestError:
                continue  # a JSON patch is no object
    return patches


def is_component(tree: Tree, directory: str) -> bool:
    """Whether a kustomization is a Component, which does not build alone."""
    file = kustomization_file(tree, directory)
    if file is None:
        return False
    documents = read_documents(tree.read(file), file)
    return bool(documents) and isinstance(documents[0], dict) and documents[0].get("kind") == "Component"
