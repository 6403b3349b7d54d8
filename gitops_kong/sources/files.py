"""Plain YAML and JSON files."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.sources.base import NotSeen, Problem, Rendered, Target, Tree
from gitops_kong.sources.placeholders import is_template, templates

SUFFIXES = (".yaml", ".yml", ".json")

# An apiVersion at the start of a line, or of an indented document, or something in brackets: worth reading.
_MANIFEST = regex(rb"(?m)^(?:[\"']?apiVersion[\"']?[ \t]*:|\{)|(?:\A|^---[^\n]*\n)\s+[\"']?apiVersion[\"']?[ \t]*:")
# a version without a group that is not Kubernetes' own: machine configurations of Talos, lists of Helm
_OTHER_VERSION = regex(rb"(?m)^apiVersion:[ \t]*[\"']?(?!v1[\"']?[ \t]*(?:#|$))[\w.-]+[\"']?[ \t]*(?:#|$)")
_SCALAR = regex(rb"apiVersion[\"']?\s*:\s*[\"']?\w")


def looks_like_manifests(text: bytes) -> bool:
    """Whether a file has an apiVersion and a kind somewhere: values files, workflows and the like have not."""
    if b"apiVersion" not in text or b"kind" not in text:
        return False
    found = _MANIFEST.search(text)
    # a JSON Schema of objects names apiVersion too, with a mapping as its value
    return found is not None and (found[0] != b"{" or _SCALAR.search(text) is not None)


def is_of_another_tool(tree: Tree, path: str) -> bool:
    """Whether documents of a file have an API version that no cluster has, as settings of other tools do."""
    try:
        return _OTHER_VERSION.search(tree.read(path)) is not None
    except UserError:
        return False


def template_of(problem: Problem, tree: Tree) -> bool:
    """Whether the file of a problem is a template of another tool, and no YAML for that reason."""
    try:
        return bool(problem.line) and is_template(tree.read(problem.file), problem.file, problem.line)
    except UserError:
        return False


def render(target: Target, tree: Tree) -> Rendered:
    """All objects of the target's files; a file that cannot be read is a problem, the others are still read."""
    theirs = target.options.get("templates", ())
    paths = target.options.get("files") or (() if theirs else tree.under(target.path) or (target.path,))
    rendered = read_files(paths, tree)
    if theirs:
        rendered.not_seen.append(templates([*theirs]))
    for place in tree.absent:
        if target.path in (".", place) or place.startswith(target.path + "/"):
            why = "it is not checked out; run `git submodule update --init`"
            rendered.not_seen.append(NotSeen(f"what lies in the submodule {place}", why, place))
    return rendered


def read_files(paths: Iterable[str], tree: Tree) -> Rendered:
    """The objects of these files, those that are no manifests left out."""
    rendered = Rendered()
    unread: list[str] = []
    manifests = [path for path in paths if path.endswith(SUFFIXES)]
    with tree.parsing(manifests):
        for path in manifests:
            try:
                if looks_like_manifests(tree.read(path)):
                    rendered.objects.extend(tree.objects(path))
            except UserError as e:
                problem = Problem.of(e, path)
                if template_of(problem, tree):
                    unread.append(path)
                else:
                    rendered.problems.append(problem)
    if unread:
        rendered.not_seen.append(templates(unread))
    return rendered
