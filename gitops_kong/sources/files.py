"""Plain YAML and JSON files."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.sources.base import NotSeen, Problem, Rendered, Target, Tree

SUFFIXES = (".yaml", ".yml", ".json")

# An apiVersion at the start of a line, or of an indented document, or something in brackets: worth reading.
_MANIFEST = regex(rb"(?m)^(?:[\"']?apiVersion[\"']?[ \t]*:|\{)|(?:\A|^---[^\n]*\n)\s+[\"']?apiVersion[\"']?[ \t]*:")
_SCALAR = regex(rb"apiVersion[\"']?\s*:\s*[\"']?\w")
# what starts a directive or a value of Jinja, Go templates, ERB and the like, where YAML could not have it
_TEMPLATE = regex(rb"\{%-? ?\w+|<%=? ?\w+|\{\{[-~#]? *[\w.$\"'(]+")


def looks_like_manifests(text: bytes) -> bool:
    """Whether a file has an apiVersion and a kind somewhere: values files, workflows and the like have not."""
    if b"apiVersion" not in text or b"kind" not in text:
        return False
    found = _MANIFEST.search(text)
    # a JSON Schema of objects names apiVersion too, with a mapping as its value
    return found is not None and (found[0] != b"{" or _SCALAR.search(text) is not None)


def template_of(problem: Problem, tree: Tree) -> NotSeen | None:
    """What a file is not seen to become, if the very line that is no YAML is one of a template of another tool."""
    try:
        lines = tree.read(problem.file).splitlines() if problem.line else []
    except UserError:
        return None
    found = _TEMPLATE.search(lines[problem.line - 1]) if 0 < problem.line <= len(lines) else None
    if found is None:
        return None
    why = f"line {problem.line} is no YAML, but a template that another tool fills in"
    return NotSeen(f"what {problem.file} becomes", why, problem.file)


def render(target: Target, tree: Tree) -> Rendered:
    """All objects of the target's files; a file that cannot be read is a problem, the others are still read."""
    rendered = read_files(target.options.get("files") or tree.under(target.path) or (target.path,), tree)
    for place in tree.absent:
        if target.path in (".", place) or place.startswith(target.path + "/"):
            why = "it is not checked out; run `git submodule update --init`"
            rendered.not_seen.append(NotSeen(f"what lies in the submodule {place}", why, place))
    return rendered


def read_files(paths: Iterable[str], tree: Tree) -> Rendered:
    """The objects of these files, those that are no manifests left out."""
    rendered = Rendered()
    manifests = [path for path in paths if path.endswith(SUFFIXES)]
    with tree.parsing(manifests):
        for path in manifests:
            try:
                if looks_like_manifests(tree.read(path)):
                    rendered.objects.extend(tree.objects(path))
            except UserError as e:
                problem = Problem.of(e, path)
                template = template_of(problem, tree)
                if template:
                    rendered.not_seen.append(template)
                else:
                    rendered.problems.append(problem)
    return rendered
