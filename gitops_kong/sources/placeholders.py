"""Files and objects that another tool fills in before a cluster gets them: scaffolds, templates, tests of other tools.

Text that YAML cannot be read from is a template where it has a directive of one, outside of block scalars; an object is
one where what names it (its name, namespace, hosts) has a placeholder. A slip of the pen has neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import items, mapping, mappings
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.base import NotSeen

_LONGEST = 500  # characters of a name or a host that are looked at
NAMED = 3  # files and objects; of many the rest is counted

# what starts a directive or a value of Jinja, Go templates, ERB, FreeMarker and the like, where YAML could not have it
_INLINE = regex(rb"\{%-? ?\w+|<%=? ?\w+|\{\{[-~#]? *[\w.$\"'(]+|</?[#@]\w")
_DIRECTIVE = regex(rb"[ \t]*(?:- +)?(?:\{\{|\{%|\{#|<%|</?[#@]\w)")
_BLOCK_SCALAR = regex(rb"(?:^|[:-][ \t])[ \t]*[|>][-+0-9]{0,2}[ \t]*(?:#.*)?$")
_FILE = regex(r"\.(?:ftl|j2|jinja2?|tpl|tmpl|gotmpl|erb|mustache|hbs)\.[a-z]+$")
# `{{ x }}`, `${x}`, `$(x)`, `($x)`, `<x>`, `[[ x ]]`, `{% x %}`, `<% x %>`, `%X%`, `__X__`, `@X@`, `$X`
_PLACEHOLDER = regex(  # and `APP_NAME` where it is all of a text
    r"\{\{.*?\}\}|\$\{[^}]*\}|\$\([^)]*\)|\(\$[^)]*\)|<[^<>]+>|\[\[.*?\]\]|\{%.*?%\}"
    r"|%[A-Z][A-Z0-9_]*%|__[A-Z][A-Z0-9_]*__|@[A-Z][A-Z0-9_]*@|\$[A-Za-z_]\w+"
    r"|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$"
)
_PLAIN = regex(r"[a-z0-9.-]*")  # nearly all names: no placeholders
_CAPITALS = regex(r"[A-Z][A-Z0-9]+")


def is_template(text: bytes, file: str, line: int = 0) -> bool:
    """Whether a file that is no YAML (at `line`, from 1, where that is known) is a template of another tool."""
    lines = text.splitlines()
    if 0 < line <= len(lines) and _INLINE.search(lines[line - 1]):
        return True
    return bool(_FILE.search(file)) or any(_DIRECTIVE.match(each) for each in _outside_of_scalars(lines))


def _outside_of_scalars(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that are no text of a block scalar, as far as their indentation tells."""
    inside = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and (indent > inside or not line.strip()):
            continue
        rest = line[indent:].partition(b" #")[0].rstrip()
        inside = indent if rest[-3:].strip(b"-+0123456789")[-1:] in (b"|", b">") and _BLOCK_SCALAR.search(rest) else -1
        yield line


def placeholder(found: K8sObject) -> str:
    """What another tool fills in where an object is named, '' where there is nothing of the kind."""
    for text in _naming(found):
        match = _PLACEHOLDER.search(text[:_LONGEST])
        if match is not None:
            return match[0]
    return found.name if _in_capitals(found) else ""


def unnamed(found: K8sObject) -> bool:
    """Whether another tool fills in the name or the namespace of an object."""
    if _PLAIN.fullmatch(found.name) and _PLAIN.fullmatch(found.namespace):
        return False
    return _in_capitals(found) or any(_PLACEHOLDER.search(text[:_LONGEST]) for text in (found.name, found.namespace))


def _in_capitals(found: K8sObject) -> bool:
    """Whether both names stand for others, as in `NAMESPACE/NAME`; one alone is a slip."""
    return all(_CAPITALS.fullmatch(text) for text in (found.name, found.namespace))


def _naming(found: K8sObject) -> Iterator[str]:
    yield from (found.name, found.namespace)
    spec: Any = mapping(found.data.get("spec"))
    hosts = [rule.get("host") for rule in mappings(spec.get("rules"))]
    hosts += [host for entry in mappings(spec.get("tls")) for host in items(entry.get("hosts"))]
    hosts += [listener.get("hostname") for listener in mappings(spec.get("listeners"))]
    hosts += items(spec.get("hostnames"))
    yield from (host for host in hosts if isinstance(host, str))


def templates(files: list[str]) -> NotSeen:
    """What these files are not seen to become, in one line."""
    if len(files) == 1:
        return NotSeen(f"what {files[0]} becomes", "it is a template that another tool fills in", files[0])
    return NotSeen(
        f"what {len(files)} files become", f"they are templates that another tool fills in: {listed(files)}", files[0]
    )


def unfilled(found: list[K8sObject]) -> NotSeen:
    """What these objects are not seen to become, in one line."""
    places = ", ".join(list(dict.fromkeys(placeholder(each) for each in found))[:NAMED])
    what = str(found[0].ref) if len(found) == 1 else f"{len(found)} objects"
    why = f"another tool fills in {places}"
    refs = "" if len(found) == 1 else f": {listed([str(each.ref) for each in found])}"
    return NotSeen(f"what {what} become{'s' if len(found) == 1 else ''}", why + refs)


def listed(texts: list[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more
